"""The audit trail in memory and on DynamoDB keeps the same promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.errors import Conflict
from domain.operate.ports import AuditTrail
from tests.contract.logbook import entry, logbook

DAY = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(params=["memory", "dynamodb"])
def audit(request: pytest.FixtureRequest) -> AuditTrail:
    return logbook(request.param, request).audit


def test_an_entry_is_found_whole(audit: AuditTrail) -> None:
    made = entry(at=DAY, details={"events": "12", "source": "transactions"})
    audit.put(made)
    assert audit.about(made.subject) == [made]
    assert audit.on("2026-11-22").items == [made]


def test_an_entry_is_never_replaced(audit: AuditTrail) -> None:
    audit.put(entry(why="the first"))
    with pytest.raises(Conflict):
        audit.put(entry(why="another"))
    assert [one.why for one in audit.about(entry().subject)] == ["the first"]


def test_the_entries_about_one_subject_come_oldest_first(audit: AuditTrail) -> None:
    times = [DAY + timedelta(seconds=n / 2) for n in (3, 1, 2, 0)]
    for number, at in enumerate(times):
        audit.put(entry(f"a-{number}", at=at))
    audit.put(entry("other", subject="CONTACT#c-1"))
    assert [one.at for one in audit.about(entry().subject)] == sorted(times)
    assert audit.about("AGENTS") == []


def test_the_entries_of_a_day_come_newest_first_page_by_page(audit: AuditTrail) -> None:
    for number in range(7):
        audit.put(entry(f"a-{number}", subject=f"JOB#{number}", at=DAY + timedelta(minutes=number)))
    seen, after = [], ""
    while True:
        page = audit.on("2026-11-22", after=after, limit=3)
        seen.append([one.id for one in page.items])
        after = page.next
        if not after:
            break
    assert seen == [["a-6", "a-5", "a-4"], ["a-3", "a-2", "a-1"], ["a-0"]]


def test_a_page_that_holds_all_that_is_left_is_the_last(audit: AuditTrail) -> None:
    for number in range(3):
        audit.put(entry(f"a-{number}", at=DAY))
    assert audit.on("2026-11-22", limit=3).next == ""


def test_a_day_is_one_of_utc_whatever_zone_the_time_is_told_in(audit: AuditTrail) -> None:
    denver = timezone(timedelta(hours=-7))
    audit.put(entry("in", at=DAY.astimezone(denver)))
    audit.put(entry("before", at=DAY - timedelta(microseconds=1)))
    audit.put(entry("after", at=DAY + timedelta(days=1)))
    assert [one.id for one in audit.on("2026-11-22").items] == ["in"]
    assert audit.on("2026-11-20").items == []
