"""The archive in memory and on S3 keep the same promises; S3's faults arrive in our words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from domain.errors import ConfigurationError, Unavailable
from domain.ports import Archive
from storage.archive import S3Archive
from tests.fakes.archive import MemoryArchive

FACTS = {"receipt": "r-1", "event-id": "sha256:00", "content-type": "application/json; charset=utf-8"}


@dataclass
class Subject:
    """An archive, and how to see the facts of what it holds."""

    archive: Archive
    facts: Callable[[str], dict[str, str]]


def memory() -> Subject:
    archive = MemoryArchive()
    return Subject(archive, lambda key: archive.objects[key][1])


def s3() -> Subject:
    client = boto3.client("s3")
    client.create_bucket(Bucket="archive")
    return Subject(S3Archive(client, "archive"), lambda key: client.head_object(Bucket="archive", Key=key)["Metadata"])


@pytest.fixture(params=[memory, s3], ids=["memory", "s3"])
def subject(request: pytest.FixtureRequest, aws: None) -> Subject:
    made: Subject = request.param()
    return made


@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)), b"x" * 4 * 1024 * 1024])
def test_the_bytes_come_back_as_they_were_put_with_their_facts(subject: Subject, body: bytes) -> None:
    subject.archive.put("2026-03-02/transactions/r-1", body, FACTS)
    assert subject.archive.get("2026-03-02/transactions/r-1") == body
    assert subject.facts("2026-03-02/transactions/r-1") == FACTS


def test_each_key_is_its_own(subject: Subject) -> None:
    subject.archive.put("a/b/1", b"one", {"receipt": "1"})
    subject.archive.put("a/b/2", b"two", {"receipt": "2"})
    assert (subject.archive.get("a/b/1"), subject.archive.get("a/b/2")) == (b"one", b"two")


def test_what_is_not_there_is_looked_up_in_vain(subject: Subject) -> None:
    with pytest.raises(LookupError, match="nothing in the archive under a/b/3"):
        subject.archive.get("a/b/3")


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_wrong_setting_is_named_with_its_remedy(aws: None, code: str) -> None:
    client = boto3.client("s3")
    with Stubber(client) as stub:
        for method in ("put_object", "get_object"):
            stub.add_client_error(method, code)
        archive = S3Archive(client, "archive")
        for call in (lambda: archive.put("k", b"", {}), lambda: archive.get("k")):
            with pytest.raises(ConfigurationError, match=r"bucket archive .*check ARCHIVE_BUCKET"):
                call()


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "RequestTimeout"])
def test_a_fault_of_s3_can_be_tried_again(aws: None, code: str) -> None:
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error("put_object", code)
        with pytest.raises(Unavailable, match=code):
            S3Archive(client, "archive").put("k", b"", {})


def test_an_unreachable_s3_can_be_tried_again(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://s3")

    client = boto3.client("s3")
    monkeypatch.setattr(client, "put_object", unreachable)
    with pytest.raises(Unavailable, match="ConnectTimeoutError"):
        S3Archive(client, "archive").put("k", b"", {})
