"""What all workers share, in memory and on DynamoDB, is written by one of them at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.crm.ports import SharedRow, SharedRows
from domain.errors import Conflict
from storage.delivery.shared import DynamoSharedRows
from tests.fakes.delivery import MemorySharedRows
from tests.template import tables

DOCUMENT: dict[str, Any] = {
    "token": "s3ss10n",
    "epoch": 2**53 + 1,
    "stopped": False,
    "slices": [1, 2],
    "fields": {"Contacts": {"first_name": {"length": 100, "label": "Zoë 🏡"}}},
    "nothing": {},
}


@pytest.fixture(params=["memory", "dynamodb"])
def rows(request: pytest.FixtureRequest) -> SharedRows:
    if request.param == "memory":
        return MemorySharedRows()
    return DynamoSharedRows(request.getfixturevalue("dynamodb"), tables()["RecordsTable"]["TableName"])


def test_what_nobody_wrote_is_empty(rows: SharedRows) -> None:
    assert rows.read("session") == SharedRow({}, 0)


def test_what_is_written_is_what_is_read(rows: SharedRows) -> None:
    rows.write("session", DOCUMENT, 0)
    assert rows.read("session") == SharedRow(DOCUMENT, 1)
    rows.write("session", {}, 1)
    assert rows.read("session") == SharedRow({}, 2)
    assert rows.read("budget") == SharedRow({}, 0)


@pytest.mark.parametrize("guard", [0, 1, 3])
def test_who_read_something_else_does_not_write(rows: SharedRows, guard: int) -> None:
    rows.write("session", {"token": "a"}, 0)
    rows.write("session", {"token": "b"}, 1)
    with pytest.raises(Conflict, match="session"):
        rows.write("session", {"token": "c"}, guard)
    assert rows.read("session") == SharedRow({"token": "b"}, 2)


def test_what_is_not_there_is_not_replaced(rows: SharedRows) -> None:
    with pytest.raises(Conflict, match="session"):
        rows.write("session", {"token": "a"}, 1)
    assert rows.read("session") == SharedRow({}, 0)


def test_what_was_read_is_nobody_elses_to_change(rows: SharedRows) -> None:
    document = {"slices": [1]}
    rows.write("budget", document, 0)
    document["slices"].append(2)
    found = rows.read("budget").document
    assert found == {"slices": [1]}
    found["slices"].append(3)
    assert rows.read("budget").document == {"slices": [1]}


def test_of_workers_who_write_at_once_each_counts() -> None:
    rows = MemorySharedRows()

    def count(_: int) -> None:
        while True:
            held = rows.read("budget")
            try:
                rows.write("budget", {"count": held.document.get("count", 0) + 1}, held.guard)
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    assert rows.read("budget") == SharedRow({"count": 200}, 200)
