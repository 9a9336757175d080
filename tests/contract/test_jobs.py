"""Replays under way in memory and on DynamoDB keep the same promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import Conflict
from domain.event_log import Job
from domain.operate.ports import Jobs
from tests.builders import NOW
from tests.contract.logbook import Logbook, entry, logbook


@pytest.fixture(params=["memory", "dynamodb"])
def book(request: pytest.FixtureRequest) -> Logbook:
    return logbook(request.param, request)


@pytest.fixture
def jobs(book: Logbook) -> Jobs:
    return book.jobs


def job(total: int, **changes: Any) -> Job:
    return Job(
        **{"id": "j-1", "kind": "letters", "total": total, "who": "arn:ann", "why": "mended", "at": NOW, **changes}
    )


def keys_of(count: int, width: int = 4) -> list[str]:
    return [f"transactions#evt-{number:0{width}}" for number in range(count)]


def test_a_job_is_found_whole_with_its_audit_entry(book: Logbook) -> None:
    made = job(3, kind="events", pinned=True)
    book.jobs.create(made, keys_of(3), entry(subject="JOB#j-1"))
    assert book.jobs.load("j-1") == made
    assert book.jobs.keys("j-1", 0, 100) == keys_of(3)
    assert book.audit.about("JOB#j-1") == [entry(subject="JOB#j-1")]


def test_a_job_that_nobody_made_is_not_there(jobs: Jobs) -> None:
    assert jobs.load("never") is None
    assert jobs.keys("never", 0, 10) == []


def test_a_job_without_events_has_none(jobs: Jobs) -> None:
    jobs.create(job(0), [], entry())
    assert jobs.keys("j-1", 0, 10) == []


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1203])
def test_the_list_is_read_in_order_in_any_steps(jobs: Jobs, count: int) -> None:
    jobs.create(job(count), keys_of(count), entry())
    for step in (137, 500, 2000):
        read = [key for start in range(0, count + step, step) for key in jobs.keys("j-1", start, step)]
        assert read == keys_of(count)


def test_a_list_of_long_keys_is_kept_too(jobs: Jobs) -> None:
    keys = keys_of(600, width=1500)
    jobs.create(job(600), keys, entry())
    assert jobs.keys("j-1", 0, 600) == keys
    assert jobs.keys("j-1", 333, 40) == keys[333:373]


def test_a_job_advances_from_where_it_was_seen(jobs: Jobs) -> None:
    jobs.create(job(10), keys_of(10), entry())
    jobs.advance("j-1", 0, 4)
    jobs.advance("j-1", 4, 10)
    assert jobs.load("j-1") == job(10, done=10)


def test_two_runs_of_one_job_do_not_both_advance_it(jobs: Jobs) -> None:
    jobs.create(job(10), keys_of(10), entry())
    jobs.advance("j-1", 0, 4)
    with pytest.raises(Conflict):
        jobs.advance("j-1", 0, 5)
    with pytest.raises(Conflict):
        jobs.advance("never", 0, 5)
    assert jobs.load("j-1") == job(10, done=4)


def test_a_job_is_not_made_twice(book: Logbook) -> None:
    book.jobs.create(job(2), keys_of(2), entry("a-1"))
    book.jobs.advance("j-1", 0, 1)
    with pytest.raises(Conflict):
        book.jobs.create(job(2), keys_of(2), entry("a-2"))
    assert book.jobs.load("j-1") == job(2, done=1)


def test_a_job_whose_audit_entry_cannot_be_written_is_not_there(book: Logbook) -> None:
    book.audit.put(entry())
    with pytest.raises(Conflict):
        book.jobs.create(job(2), keys_of(2), entry())
    assert book.jobs.load("j-1") is None


def test_a_list_of_another_length_than_the_job_says_is_refused(jobs: Jobs) -> None:
    with pytest.raises(ValueError, match="says 3 events and lists 2"):
        jobs.create(job(3), keys_of(2), entry())
    assert jobs.load("j-1") is None


def test_jobs_are_told_apart(jobs: Jobs) -> None:
    jobs.create(job(2), keys_of(2), entry("a-1"))
    jobs.create(replace(job(1), id="j-2"), ["transactions#other"], entry("a-2"))
    assert jobs.keys("j-2", 0, 9) == ["transactions#other"]
    assert jobs.keys("j-1", 0, 9) == keys_of(2)
