"""Secrets in memory and in Secrets Manager keep the same promises; the cache neither hides a change nor costs calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from domain.errors import ConfigurationError, Unavailable
from domain.ports import SecretStore
from storage.secrets import SecretsManagerStore
from tests.fakes.secrets import MemorySecrets


@dataclass
class Subject:
    """A store, how to set a secret in it, and its clock."""

    store: SecretStore
    put: Callable[[str, str], object]
    now: list[float]


def memory() -> Subject:
    store = MemorySecrets()
    return Subject(store, store.values.__setitem__, [0.0])


def manager() -> Subject:
    client = boto3.client("secretsmanager")
    now = [1000.0]

    def put(name: str, text: str) -> None:
        try:
            client.create_secret(Name=f"dealwire/test/{name}", SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=f"dealwire/test/{name}", SecretString=text)

    return Subject(SecretsManagerStore(client, "dealwire/test", clock=lambda: now[0]), put, now)


@pytest.fixture(params=[memory, manager], ids=["memory", "secrets manager"])
def subject(request: pytest.FixtureRequest, aws: None) -> Subject:
    made: Subject = request.param()
    return made


def test_a_secret_is_given_by_its_name(subject: Subject) -> None:
    subject.put("webhooks/a", "one")
    subject.put("webhooks/b", "two")
    assert (subject.store.secret("webhooks/a"), subject.store.secret("webhooks/b")) == ("one", "two")


def test_a_changed_secret_is_seen_when_asked_afresh(subject: Subject) -> None:
    subject.put("webhooks/a", "old")
    assert subject.store.secret("webhooks/a") == "old"
    subject.put("webhooks/a", "new")
    assert subject.store.secret("webhooks/a") == "old"
    subject.now[0] += 61
    assert subject.store.secret("webhooks/a", fresh=True) == "new"
    assert subject.store.secret("webhooks/a") == "new"


def test_a_missing_secret_is_named_and_is_found_once_it_is_there(subject: Subject) -> None:
    with pytest.raises(ConfigurationError, match=r"secret .*webhooks/a does not exist; set it"):
        subject.store.secret("webhooks/a")
    subject.put("webhooks/a", "one")
    assert subject.store.secret("webhooks/a") == "one"


class Counted:
    """A client that counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        self.asked += 1
        return {"SecretString": f"text {self.asked}"}


def test_a_secret_is_held_for_five_minutes_and_doubted_once_a_minute_at_most() -> None:
    client, now = Counted(), [0.0]
    store = SecretsManagerStore(client, "p", clock=lambda: now[0])  # type: ignore[arg-type]
    given = []
    for at, fresh in [(0, False), (1, True), (59, True), (60, True), (61, True), (359, False), (360, False)]:
        now[0] = at
        given.append(store.secret("a", fresh=fresh))
    assert given == ["text 1", "text 1", "text 1", "text 2", "text 2", "text 2", "text 3"]


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        ("ResourceNotFoundException", ConfigurationError, "secret p/a does not exist; set it with `aws secretsmanager"),
        ("InvalidRequestException", ConfigurationError, "secret p/a does not exist"),
        ("AccessDeniedException", ConfigurationError, "allow secretsmanager:GetSecretValue"),
        ("InternalServiceError", Unavailable, "cannot read secret p/a now"),
        ("ThrottlingException", Unavailable, "cannot read secret p/a now"),
    ],
)
def test_a_fault_says_whether_a_person_or_time_cures_it(
    aws: None, code: str, error: type[Exception], message: str
) -> None:
    client = boto3.client("secretsmanager")
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", code)
        with pytest.raises(error, match=message):
            SecretsManagerStore(client, "p/").secret("a")


def test_a_secret_that_is_not_text_is_named(aws: None) -> None:
    client = boto3.client("secretsmanager")
    client.create_secret(Name="p/a", SecretBinary=b"\x00")
    with pytest.raises(ConfigurationError, match="secret p/a holds no text"):
        SecretsManagerStore(client, "p").secret("a")
