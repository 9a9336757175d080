"""What becomes of a row after its write, for each class of fault (research: crm.md §4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.crm.faults import Fault, FaultClass
from domain.crm.rows import Confirmation, Intent, Kind, Question, RowKey, Standing, SyncRow, Verb
from domain.crm.sink import Outcome, Result
from flows.delivery.case import Step
from flows.delivery.content import Content
from flows.delivery.outcomes import REFUSED_AFTER, settled, unread, wait
from tests.builders import NOW

DEAL = RowKey(Kind.DEAL, "d1")
CONTENT = Content(DEAL, 3, {"name": "12 Elm St"})
BEFORE = Confirmation(NOW, 2, {}, {})
OPEN = SyncRow(DEAL, remote_id="r1", intent=Intent(Verb.UPDATE, NOW, 3, {}), before=BEFORE)


def after(outcome: Outcome, kind: FaultClass | None = None, row: SyncRow = OPEN, **fault: object) -> Step:
    given = Fault(kind, "the CRM's words", **fault) if kind else None  # type: ignore[arg-type]  # the test names them
    result = Result(DEAL, outcome, given, held={"name": "12 Elm St"} if kind is None else None)
    return settled(row, CONTENT, result, now=NOW, max_request=timedelta(seconds=300), jitter=0.5)


@pytest.mark.parametrize("outcome", [Outcome.CREATED, Outcome.ADOPTED, Outcome.UPDATED, Outcome.UNCHANGED])
def test_what_was_read_back_is_confirmed(outcome: Outcome) -> None:
    row = after(outcome).row
    assert (row.standing, row.intent, row.due_at) == (Standing.CLEAN, None, None)
    assert row.confirmed is not None
    assert row.confirmed.version == 3


def test_an_unknown_outcome_keeps_the_intent_and_is_read_soon() -> None:
    row = after(Outcome.UNKNOWN, FaultClass.AMBIGUOUS).row
    assert row.intent == OPEN.intent
    assert row.confirmed is None
    assert row.doubted_at == NOW
    assert row.due_at is not None
    assert NOW < row.due_at <= NOW + timedelta(seconds=5)


def test_an_answered_fault_leaves_nothing_that_could_run_late() -> None:
    row = after(Outcome.UNKNOWN, FaultClass.AMBIGUOUS, answered=True).row
    assert row.intent == OPEN.intent
    assert row.doubted_at is None


def test_a_row_that_alone_meets_an_answered_fault_again_and_again_is_refused_with_the_crms_words() -> None:
    tired = replace(OPEN, attempts=REFUSED_AFTER - 1)
    step = after(Outcome.UNKNOWN, FaultClass.AMBIGUOUS, tired, answered=True)
    assert step.row.standing is Standing.REFUSED
    assert step.refusal == "the CRM's words"


def test_an_outage_never_makes_a_row_dead() -> None:
    tired = replace(OPEN, attempts=1000)
    for kind in (FaultClass.UNAVAILABLE, FaultClass.THROTTLED, FaultClass.QUOTA, FaultClass.AUTH_DENIED):
        step = after(Outcome.DEFERRED, kind, tired)
        assert not step.refusal
        assert step.row.attempts == 1000
        assert step.row.standing is Standing.OPEN
    assert not after(Outcome.UNKNOWN, FaultClass.AMBIGUOUS, tired).refusal


def test_what_surely_was_not_done_leaves_the_row_as_it_was_before_its_intent() -> None:
    row = after(Outcome.DEFERRED, FaultClass.UNAVAILABLE, wait_s=7.0).row
    assert (row.intent, row.confirmed, row.before) == (None, BEFORE, None)
    assert row.due_at == NOW + timedelta(seconds=7)


def test_a_record_that_is_gone_waits_for_a_person() -> None:
    row = after(Outcome.DEFERRED, FaultClass.GONE).row
    assert (row.standing, row.question, row.intent) == (Standing.ASKS, Question.GONE, None)


def test_contention_is_tried_again_after_a_short_random_wait() -> None:
    row = after(Outcome.DEFERRED, FaultClass.CONTENTION).row
    assert row.due_at == NOW + timedelta(seconds=2)


def test_a_crm_that_is_not_set_up_for_it_is_asked_again_later() -> None:
    row = after(Outcome.DEFERRED, FaultClass.CONFIG).row
    assert row.due_at == NOW + timedelta(minutes=15)


def test_a_missing_parent_puts_the_row_behind_it() -> None:
    link = RowKey(Kind.LINK, "d1", "c1")
    row = replace(OPEN, key=link)
    assert after(Outcome.DEFERRED, FaultClass.DEFERRED, row).row.behind == RowKey(Kind.CONTACT, "c1")


def test_a_refusal_names_the_field_and_the_crms_words() -> None:
    step = after(Outcome.REJECTED, FaultClass.REJECTED, field="amount")
    assert step.refusal == "amount: the CRM's words"
    assert (step.row.standing, step.row.confirmed, step.row.due_at) == (Standing.REFUSED, BEFORE, None)


@pytest.mark.parametrize(
    "step",
    [
        after(Outcome.REJECTED, FaultClass.REJECTED, answered=True),
        after(Outcome.UNKNOWN, FaultClass.AMBIGUOUS, replace(OPEN, attempts=REFUSED_AFTER - 1), answered=True),
    ],
)
def test_what_the_crm_had_before_it_refused_it_is_read_before_anything_else_happens_to_it(step: Step) -> None:
    assert step.row.sight
    assert not after(Outcome.REJECTED, FaultClass.REJECTED).row.sight  # a rule of ours: nothing was sent


def test_a_row_that_cannot_be_read_waits_and_what_a_person_is_asked_stays() -> None:
    fault = Fault(FaultClass.CONFIG, "Access Denied")
    row = unread(OPEN, fault, NOW, 0.5).row
    assert (row.standing, row.reason, row.intent) == (Standing.OPEN, "Access Denied", OPEN.intent)
    assert row.due_at == NOW + timedelta(minutes=15)
    asks = replace(OPEN, standing=Standing.ASKS, question=Question.GONE, reason="deleted")
    assert unread(asks, fault, NOW, 0.5).row == replace(asks, due_at=row.due_at)


def test_a_row_that_the_crm_fails_to_read_is_read_later_and_later_with_its_write_still_open() -> None:
    fault = Fault(FaultClass.UNAVAILABLE, "service died", answered=True)
    first = unread(OPEN, fault, NOW, 0.999).row
    assert (first.standing, first.reason, first.intent) == (Standing.OPEN, "service died", OPEN.intent)
    second = unread(first, fault, NOW, 0.999).row
    assert first.due_at is not None
    assert second.due_at is not None
    assert NOW < first.due_at < second.due_at


def test_waits_grow_below_a_ceiling_and_are_never_nothing() -> None:
    assert wait(1, 0.0) == timedelta(seconds=1)
    assert wait(3, 0.999) <= timedelta(seconds=16)
    assert wait(60, 0.999) <= timedelta(minutes=5)


def test_a_sink_that_does_not_say_why_is_a_bug() -> None:
    with pytest.raises(ValueError, match="must say why"):
        after(Outcome.DEFERRED)
