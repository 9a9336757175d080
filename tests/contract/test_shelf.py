"""The archive as a whole, in memory and on S3, keeps the same promises; what it erases is gone with every version."""

from __future__ import annotations

import logging
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ConfigurationError, Unavailable
from domain.event_log import Delivery, Disposition
from storage.archive import S3Archive
from storage.shelf import S3Shelf
from tests.builders import NOW
from tests.fakes.archive import MemoryArchive
from tests.fakes.shelf import MemoryShelf

DAY = "2026-03-02"


def facts(receipt: str, **changes: str) -> dict[str, str]:
    found = {
        "receipt": receipt,
        "source": "transactions",
        "event-type": "deal.updated",
        "event-id": f"evt-{receipt}",
        "received-at": NOW.isoformat(),
        "mapping-version": "3",
        "content-type": "application/json",
        "disposition": "accepted",
    }
    return {name.replace("_", "-"): value for name, value in (found | changes).items()}


def key(receipt: str, source: str = "transactions", day: str = DAY) -> str:
    return f"{day}/{source}/{receipt}"


def s3(client: Any) -> tuple[S3Archive, S3Shelf]:
    client.create_bucket(Bucket="archive")
    client.put_bucket_versioning(Bucket="archive", VersioningConfiguration={"Status": "Enabled"})
    return S3Archive(client, "archive"), S3Shelf(client, "archive")


@pytest.fixture(params=["memory", "s3"])
def both(request: pytest.FixtureRequest, aws: None) -> tuple[Any, Any]:
    if request.param == "s3":
        return s3(boto3.client("s3"))
    archive = MemoryArchive()
    return archive, MemoryShelf(archive)


@pytest.fixture
def archive(both: tuple[Any, Any]) -> Any:
    return both[0]


@pytest.fixture
def shelf(both: tuple[Any, Any]) -> Any:
    return both[1]


def test_keys_come_in_order_of_their_receipts_from_behind_the_last(archive: Any, shelf: Any) -> None:
    for one in (
        key("b"),
        key("a"),
        key("c"),
        key("a", "dotloop"),
        key("a", day="2026-03-01"),
        "edits/transactions/x/1",
    ):
        archive.put(one, b"{}", facts("a"))
    assert list(shelf.keys("transactions", DAY)) == [key("a"), key("b"), key("c")]
    assert list(shelf.keys("transactions", DAY, after=key("a"))) == [key("b"), key("c")]
    assert list(shelf.keys("transactions", DAY, after=key("z", day="2026-03-01"))) == [key("a"), key("b"), key("c")]
    assert list(shelf.keys("transactions", DAY, after=key("c"))) == []
    assert list(shelf.keys("brokermint", DAY)) == []


def test_facts_are_what_ingest_noted_and_what_is_gone_is_left_out(archive: Any, shelf: Any) -> None:
    archive.put(key("a"), b"{}", facts("a"))
    archive.put(key("b"), b"{}", facts("b", disposition="unlisted", event_type="x.y"))
    found = shelf.facts([key("a"), key("gone"), key("b")])
    assert found == [
        Delivery(
            key="transactions#evt-a",
            receipt="a",
            archive_key=key("a"),
            received_at=NOW,
            source="transactions",
            event_type="deal.updated",
            disposition=Disposition.ACCEPTED,
            mapping_version=3,
            content_type="application/json",
        ),
        Delivery(
            key="transactions#evt-b",
            receipt="b",
            archive_key=key("b"),
            received_at=NOW,
            source="transactions",
            event_type="x.y",
            disposition=Disposition.UNLISTED,
            mapping_version=3,
            content_type="application/json",
        ),
    ]
    assert shelf.facts([]) == []


def test_the_facts_of_many_come_in_the_order_asked_for(archive: Any, shelf: Any) -> None:
    receipts = [f"{number:03}" for number in range(40)]
    for receipt in receipts:
        archive.put(key(receipt), b"{}", facts(receipt))
    asked = [key(receipt) for receipt in reversed(receipts)]
    assert [one.archive_key for one in shelf.facts(asked)] == asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"disposition": "odd"},
        {"received-at": "today"},
        {"received-at": "2026-03-02T09:00:00"},
        {"mapping-version": "x"},
    ],
)
def test_an_object_that_is_not_ingests_is_left_out_and_its_key_is_logged(
    aws: None, caplog: pytest.LogCaptureFixture, wrong: dict[str, str]
) -> None:
    archive, shelf = s3(boto3.client("s3"))
    archive.put(key("odd"), b"{}", facts("odd") | wrong)
    archive.put(key("none"), b"{}", {})
    archive.put(key("a"), b"{}", facts("a"))
    with caplog.at_level(logging.WARNING, logger="storage.shelf"):
        found = shelf.facts([key("odd"), key("none"), key("a")])
    assert [one.receipt for one in found] == ["a"]
    warned = sorted(record.getMessage().split()[2] for record in caplog.records)
    assert warned == [key("none"), key("odd")]


def test_what_is_erased_is_gone_and_nothing_else(archive: Any, shelf: Any) -> None:
    for one in (key("a"), key("ab"), key("b")):
        archive.put(one, b"{}", facts("a"))
    assert shelf.erase([key("a"), key("never"), key("a")]) == 1
    with pytest.raises(LookupError):
        archive.get(key("a"))
    assert list(shelf.keys("transactions", DAY)) == [key("ab"), key("b")]
    assert shelf.erase([key("a")]) == 0
    assert shelf.erase([]) == 0


def test_every_version_and_delete_marker_is_erased(aws: None) -> None:
    client = boto3.client("s3")
    archive, shelf = s3(client)
    archive.put(key("a"), b"one", facts("a"))
    archive.put(key("a"), b"two", facts("a"))
    client.delete_object(Bucket="archive", Key=key("a"))
    archive.put(key("a"), b"three", facts("a"))
    archive.put(key("ab"), b"other", facts("ab"))
    client.delete_object(Bucket="archive", Key=key("c"))
    assert shelf.erase([key("a"), key("c")]) == 1
    left = client.list_object_versions(Bucket="archive")
    assert [one["Key"] for one in left.get("Versions", [])] == [key("ab")]
    assert left.get("DeleteMarkers", []) == []


def test_an_erasure_that_s3_did_in_part_says_so(aws: None) -> None:
    client = boto3.client("s3")
    archive, shelf = s3(client)
    archive.put(key("a"), b"one", facts("a"))
    versions = client.list_object_versions(Bucket="archive")
    with Stubber(client) as stub:
        stub.add_response("list_object_versions", {"Versions": versions["Versions"], "IsTruncated": False})
        stub.add_response("delete_objects", {"Errors": [{"Key": key("a"), "Code": "InternalError"}]})
        with pytest.raises(Unavailable, match=r"1 of 1 versions .*\(InternalError\); erase again"):
            shelf.erase([key("a")])


@pytest.mark.parametrize(
    ("code", "error"),
    [("AccessDenied", ConfigurationError), ("NoSuchBucket", ConfigurationError), ("503", Unavailable)],
)
def test_a_fault_of_s3_is_ours_to_set_right_or_can_be_tried_again(aws: None, code: str, error: type[Exception]) -> None:
    client = boto3.client("s3")
    shelf = S3Shelf(client, "archive")
    with Stubber(client) as stub:
        for method in ("list_objects_v2", "head_object", "list_object_versions"):
            stub.add_client_error(method, code)
        for call in (
            lambda: list(shelf.keys("transactions", DAY)),
            lambda: shelf.facts(["k"]),
            lambda: shelf.erase(["k"]),
        ):
            with pytest.raises(error, match="bucket archive"):
                call()


def test_what_lies_below_a_prefix_is_found_and_nothing_beside_it(archive: Any, shelf: Any) -> None:
    for name in ("edits/t/abc/x/1", "edits/t/abc/original", "edits/t/abcd/x/1", "edits/t/ab"):
        archive.put(name, b"", facts("r"))
    assert list(shelf.below("edits/t/abc/")) == ["edits/t/abc/original", "edits/t/abc/x/1"]
    assert list(shelf.below("edits/t/none/")) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.text("ab", min_size=1, max_size=3)), st.sets(st.text("ab", min_size=1, max_size=3)))
def test_erasing_takes_exactly_what_it_names(archive: Any, shelf: Any, kept: set[str], named: set[str]) -> None:
    before = {one.rpartition("/")[2] for one in shelf.keys("transactions", DAY)}
    for receipt in kept:
        archive.put(key(receipt), b"", facts(receipt))
    assert shelf.erase([key(receipt) for receipt in named]) == len((before | kept) & named)
    assert {one.rpartition("/")[2] for one in shelf.keys("transactions", DAY)} == (before | kept) - named
