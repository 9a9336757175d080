"""A preview says what processing would do, and writes nothing; a replay corrects what was applied, or leaves it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from domain.envelope import Envelope
from domain.errors import Cause, Conflict, Deferred, Unavailable
from domain.operate.letters import Verdict, Would
from flows.outcome import Result
from flows.preview_event import preview_event, problems_of
from flows.process_event import last_attempt_failed
from tests.builders import agent
from tests.fakes.deals import MemoryDealStore
from tests.unit.flows.test_process_event import OURS, POLICY, Bench, Failing, OutOfOrder


@pytest.fixture
def bench() -> Bench:
    return Bench()


def preview(bench: Bench, message: Envelope) -> Verdict:
    held = copy.deepcopy((bench.deals.deals, bench.deals.events, bench.waiting.rows, bench.queues.sent))
    dead = list(bench.queues.dead)
    verdict = preview_event(message, bench.ports, POLICY, bench.clock.world())
    assert (bench.deals.deals, bench.deals.events, bench.waiting.rows, bench.queues.sent) == held
    assert bench.queues.dead == dead
    return verdict


def test_an_event_that_fits_applies_and_says_what_it_would_change(bench: Bench) -> None:
    verdict = preview(bench, bench.event(1, status="Active", reference="12 Elm"))
    assert (verdict.would, verdict.id) == (Would.APPLY, "transactions/evt-1")
    assert verdict.changes == ("reference", "stage", "stage history")


def test_a_deal_that_is_new_applies_even_if_it_says_nothing_else(bench: Bench) -> None:
    assert preview(bench, bench.event(1)).would is Would.APPLY


def test_an_event_that_was_applied_is_repeated(bench: Bench) -> None:
    message = bench.event(1, status="Active")
    bench.process(message)
    assert preview(bench, message).would is Would.REPEAT


def test_an_older_event_is_stale_even_though_its_stage_goes_into_the_history(bench: Bench) -> None:
    bench.process(bench.event(2, status="Closed", sale_price="100000", closing_date="2026-03-01"))
    assert preview(bench, bench.event(1, status="Active")).would is Would.STALE


def test_what_does_not_fit_still_fails_and_says_where_without_a_value(bench: Bench) -> None:
    verdict = preview(bench, bench.event(1, sale_price="a lot of money"))
    assert (verdict.would, verdict.cause) == (Would.FAIL, Cause.MAPPING)
    assert verdict.reason.startswith("1 field of the payload does not fit mapping transactions v1; data.sale_price")
    assert "a lot of money" not in verdict.reason


def test_an_agent_whom_nobody_knows_parks_it_uncounted_by_name(bench: Bench) -> None:
    verdict = preview(bench, bench.event(1, status="Active", participants=[OURS]))
    assert (verdict.would, verdict.cause) == (Would.PARK, Cause.UNKNOWN_AGENT)
    assert "A-1" not in verdict.reason


def test_a_directory_that_does_not_answer_defers_it(bench: Bench) -> None:
    message = bench.event(1, status="Active", participants=[OURS])
    bench.ports = replace(bench.ports, directory=OutOfOrder())
    verdict = preview(bench, message)
    assert (verdict.would, verdict.cause) == (Would.DEFER, Cause.UNAVAILABLE)


def test_a_source_that_is_gone_is_a_setting_to_mend(bench: Bench) -> None:
    verdict = preview(bench, replace(bench.event(1), source="nobody"))
    assert (verdict.would, verdict.cause) == (Would.DEFER, Cause.CONFIG)


def test_a_version_of_the_mapping_that_was_not_kept_is_said(bench: Bench) -> None:
    verdict = preview(bench, replace(bench.event(1, status="Active"), pinned=True, mapping_version=77))
    assert (verdict.would, verdict.cause) == (Would.DEFER, Cause.CONFIG)
    assert "version 77 of mapping transactions was not kept" in verdict.reason


def test_the_problems_of_a_payload_come_with_it_values_and_all(bench: Bench) -> None:
    message = bench.event(1, sale_price="a lot", list_price="more")
    payload, problems = problems_of(message, bench.ports, POLICY, bench.clock.world())
    assert payload["data"]["sale_price"] == "a lot"
    assert {problem.path for problem in problems} == {"data.sale_price", "data.list_price"}


def test_what_cannot_be_read_has_no_problems_to_show(bench: Bench) -> None:
    gone = replace(bench.event(1), body=None, archive_key="gone")
    assert problems_of(gone, bench.ports, POLICY, bench.clock.world()) == (None, [])


# -- replays of applied events


def replayed(message: Envelope, job: str = "job-1") -> Envelope:
    return replace(message, replay=job)


def test_a_replay_applies_an_applied_event_again_once(bench: Bench) -> None:
    message = bench.event(1, status="Active", reference="A")
    bench.process(message)
    assert bench.process(replayed(message)).result is Result.APPLIED
    assert bench.process(replayed(message)).result is Result.REPEATED
    assert bench.process(message).result is Result.REPEATED


def test_an_older_replay_that_comes_late_changes_nothing(bench: Bench) -> None:
    message = bench.event(1, status="Active", reference="A")
    bench.process(message)
    assert bench.process(replayed(message, "job-2")).result is Result.APPLIED
    assert bench.process(replayed(message, "job-1")).result is Result.REPEATED


def fails_now(bench: Bench, how: str) -> None:
    if how == "archive":
        bench.archive.objects.clear()
    elif how == "directory":
        bench.directory.rows.clear()
    else:
        bench.ports = replace(bench.ports, directory=OutOfOrder())


@pytest.mark.parametrize("how", ["archive", "directory", "outage"])
def test_a_replay_that_comes_to_nothing_leaves_what_was_applied_and_is_told(bench: Bench, how: str) -> None:
    bench.directory.add([agent()])
    message = bench.event(1, status="Active", participants=[OURS])
    bench.process(message)
    before = bench.deal
    fails_now(bench, how)
    outcome = bench.process(replayed(message.without_body() if how == "archive" else message))
    assert outcome.result is Result.DEAD
    ((_, _, reason),) = bench.queues.dead
    assert "what was applied stays" in reason
    assert bench.deal == before
    assert not bench.waiting.rows


def test_a_replay_that_meets_an_agent_who_left_counts_them_and_names_nobody(bench: Bench) -> None:
    bench.directory.add([agent()])
    message = bench.event(1, status="Active", participants=[OURS])
    bench.process(message)
    bench.directory.rows.clear()
    assert bench.process(replayed(message)).result is Result.DEAD
    ((_, cause, reason),) = bench.queues.dead
    assert cause is Cause.UNKNOWN_AGENT
    assert "1 of our agents" in reason
    assert "A-1" not in reason


@pytest.mark.parametrize("error", [Unavailable("throttled"), Conflict("busy"), KeyError("Ana Diaz")])
def test_a_replay_whose_last_attempt_fails_is_told_and_not_deferred_into_nothing(
    bench: Bench, error: Exception
) -> None:
    message = bench.event(1, status="Active")
    bench.process(message)
    outcome = last_attempt_failed(replayed(message), error, bench.ports, POLICY, bench.clock.world())
    assert outcome.result is Result.DEAD
    ((letter, _, reason),) = bench.queues.dead
    assert letter.replay == "job-1"
    assert "what was applied stays" in reason
    assert "Ana Diaz" not in reason


def test_a_replay_of_what_was_never_applied_is_deferred_like_any_event(bench: Bench) -> None:
    message = replayed(bench.event(1, status="Active"))
    fault = Unavailable("throttled")
    assert last_attempt_failed(message, fault, bench.ports, POLICY, bench.clock.world()).result is Result.DEFERRED
    assert bench.waiting.find(message.event_key) is not None


def test_a_replay_of_which_nobody_can_tell_whether_it_was_applied_leaves_a_letter(bench: Bench) -> None:
    class Down(MemoryDealStore):
        def was_applied(self, envelope: Envelope) -> bool:
            raise Unavailable("throttled")

    ports = replace(bench.ports, deals=Down())
    last_attempt_failed(replayed(bench.event(1)), Unavailable("throttled"), ports, POLICY, bench.clock.world())
    ((_, cause, _),) = bench.queues.dead
    assert cause is Cause.UNAVAILABLE


def test_a_replay_of_a_thin_webhook_whose_provider_is_down_is_told(bench: Bench) -> None:
    fault: Any = Failing(Deferred("503", cause=Cause.PROVIDER_API))
    bench.ports = replace(bench.ports, api=fault)
    message = replace(bench.event(1), source="dotloop", event_type="LOOP_UPDATED")
    assert preview(bench, message).would in {Would.FAIL, Would.DEFER}
