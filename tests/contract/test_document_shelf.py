"""Rendered documents in memory and on S3 keep the same promises; S3's faults arrive in our words."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pytest
from botocore.stub import Stubber

from domain.commission.ports import DocumentShelf
from domain.errors import ConfigurationError, Unavailable
from storage.commissions.documents import S3DocumentShelf
from tests.fakes.commissions import FakeDocumentShelf


def s3() -> S3DocumentShelf:
    client = boto3.client("s3")
    client.create_bucket(Bucket="documents")
    return S3DocumentShelf(client, "documents")


@pytest.fixture(params=[FakeDocumentShelf, s3], ids=["memory", "s3"])
def shelf(request: pytest.FixtureRequest, aws: None) -> DocumentShelf:
    make: Callable[[], DocumentShelf] = request.param
    return make()


def test_the_bytes_come_back_as_they_were_put(shelf: DocumentShelf) -> None:
    shelf.put("cda/D1/1-ab.pdf", bytes(range(256)))
    shelf.put("cda/D1/2-cd.json", b"{}")
    assert (shelf.get("cda/D1/1-ab.pdf"), shelf.get("cda/D1/2-cd.json")) == (bytes(range(256)), b"{}")


def test_storing_the_same_again_is_harmless(shelf: DocumentShelf) -> None:
    shelf.put("cda/D1/1-ab.pdf", b"one")
    shelf.put("cda/D1/1-ab.pdf", b"one")
    assert shelf.get("cda/D1/1-ab.pdf") == b"one"


def test_what_is_not_there_is_looked_up_in_vain(shelf: DocumentShelf) -> None:
    with pytest.raises(LookupError, match=r"cda/D1/9-ff\.pdf"):
        shelf.get("cda/D1/9-ff.pdf")


@pytest.mark.parametrize(
    ("key", "kind"),
    [("a.pdf", "application/pdf"), ("a.json", "application/json"), ("a", "application/octet-stream")],
)
def test_a_document_says_what_it_is(aws: None, key: str, kind: str) -> None:
    s3().put(key, b"%PDF")
    assert boto3.client("s3").head_object(Bucket="documents", Key=key)["ContentType"] == kind


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", ConfigurationError), ("NoSuchBucket", ConfigurationError), ("SlowDown", Unavailable)],
)
@pytest.mark.parametrize("operation", ["get_object", "put_object"])
def test_what_s3_answers_says_whether_a_person_or_time_cures_it(
    aws: None, operation: str, code: str, error: type[Exception]
) -> None:
    client = boto3.client("s3")
    shelf = S3DocumentShelf(client, "documents")
    with Stubber(client) as stubber:
        stubber.add_client_error(operation, code)
        with pytest.raises(error, match="bucket documents"):
            shelf.get("k") if operation == "get_object" else shelf.put("k", b"")
