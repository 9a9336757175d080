"""One event through the flow: applied once, or kept with the cause for which it cannot be applied."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.deal import Deal
from domain.envelope import Envelope
from domain.errors import Cause, Conflict, Deferred, PermanentError, Unavailable
from domain.event_log import State
from domain.ports import Change, Waiting
from domain.stages import Stage
from flows.outcome import Outcome, Result
from flows.process_event import Policy, last_attempt_failed, process_event
from flows.release_waiting import Released, ReleasePorts, import_agents, sweep
from flows.set_aside import deferral_s
from tests.builders import NOW, agent, envelope
from tests.contract.logbook import dead, filing
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.deals import MemoryDealStore
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.ports import MemoryPorts
from tests.fakes.queues import MemoryQueues
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock

POLICY = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))


class Failing:
    """A provider's API that always answers with the same error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def fetch(self, source: str, paths: Any) -> Any:
        raise self.error


class OutOfOrder(MemoryAgentDirectory):
    """A directory that does not answer."""

    def lookup(self, keys: Any, *, fresh: bool = False) -> Any:
        raise Unavailable("throttled")


@dataclass
class Bench:
    """Every port in memory, with the knobs a test turns."""

    directory: MemoryAgentDirectory = field(default_factory=MemoryAgentDirectory)
    clock: Clock = field(default_factory=Clock)
    queues: MemoryQueues = field(default_factory=MemoryQueues)
    archive: MemoryArchive = field(default_factory=MemoryArchive)

    def __post_init__(self) -> None:
        self.waiting = MemoryWaitingRoom(directory=self.directory)
        self.deals = MemoryDealStore(waiting=self.waiting)
        nobody = Failing(AssertionError("no provider is asked"))
        self.ports = MemoryPorts(self.archive, self.directory, self.deals, self.waiting, self.queues, nobody)

    def event(self, number: int, event_type: str = "deal.updated", **data: Any) -> Envelope:
        body = {"id": f"evt-{number}", "type": event_type, "occurred_at": (NOW + timedelta(minutes=number)).isoformat()}
        document = {**body, "data": {"id": "T-1", "version": number, **data}}
        message = envelope(f"evt-{number}", event_type=event_type, body=json.dumps(document).encode())
        self.archive.put(message.archive_key, message.body or b"", {})
        return message

    def process(self, message: Envelope) -> Outcome:
        return process_event(message, self.ports, POLICY, self.clock.world())

    def sweep(self) -> Released:
        ports = ReleasePorts(self.waiting, self.directory, self.queues)
        return sweep(ports, now=self.clock.now(), time_left=lambda: self.clock.left_s)

    def process_queued(self) -> list[Outcome]:
        messages, self.queues.sent[:] = list(self.queues.sent), []
        return [self.process(message) for message in messages]

    @property
    def deal(self) -> Deal:
        deal = self.deals.deal("transactions", "T-1")
        assert deal is not None
        return deal


@pytest.fixture
def bench() -> Bench:
    return Bench()


OURS = {"role": "listing_agent", "side": "listing", "agent_id": "A-1"}
CO_LISTED = [{**OURS, "share": "1/3"}, {**OURS, "role": "co_listing_agent", "agent_id": "A-2", "share": "2/3"}]


def test_an_event_is_applied(bench: Bench) -> None:
    outcome = bench.process(bench.event(1, status="Active", reference="12 Elm"))
    assert outcome.result is Result.APPLIED
    assert outcome.deal_id == bench.deal.id
    assert (bench.deal.details.stage, bench.deal.details.reference) == (Stage.ACTIVE, "12 Elm")


def test_a_repeated_event_changes_nothing(bench: Bench) -> None:
    message = bench.event(1, status="Active")
    bench.process(message)
    before = bench.deal
    assert bench.process(replace(message, receipt="another delivery")).result is Result.REPEATED
    assert bench.deal == before


def test_the_body_comes_from_the_archive_when_the_message_does_not_carry_it(bench: Bench) -> None:
    assert bench.process(bench.event(1, status="Active").without_body()).result is Result.APPLIED


def test_a_body_that_left_the_archive_is_a_dead_letter_that_says_so(bench: Bench) -> None:
    message = replace(bench.event(1, status="Active"), body=None, archive_key="gone")
    assert bench.process(message).result is Result.DEAD
    assert "gone" in bench.queues.dead[0][2]


def test_a_status_only_event_may_come_before_the_full_one(bench: Bench) -> None:
    bench.process(bench.event(2, "deal.status_changed", status="Under Contract", status_reason="accepted"))
    bench.process(bench.event(1, status="Active", reference="12 Elm"))
    assert (bench.deal.details.stage, bench.deal.details.reference) == (Stage.UNDER_CONTRACT, "12 Elm")
    assert [seen.reason for seen in bench.deals.stage_history(bench.deal.id)] == [None, "accepted"]


def test_a_closing_records_the_fact_and_what_is_due_and_computes_nothing(bench: Bench) -> None:
    bench.directory.add([agent("A-1")])
    closing = {"status": "Closed", "sale_price": "525000", "dates": {"closing": "2026-03-01"}, "participants": [OURS]}
    bench.process(bench.event(1, "deal.closed", represented_side="listing", **closing))
    assert bench.deal.details.stage is Stage.CLOSED
    assert bench.deals.commission_due(bench.deal.id) == bench.deal.version


def test_what_does_not_fit_is_dead_at_once_with_every_failing_field_and_no_value(bench: Bench) -> None:
    outcome = bench.process(bench.event(1, status="Bewitched", sale_price="1.234,56"))
    assert (outcome.result, outcome.cause) == (Result.DEAD, Cause.MAPPING)
    ((message, cause, reason),) = bench.queues.dead
    assert (message.event_id, cause) == ("evt-1", Cause.MAPPING)
    assert "data.status" in reason
    assert "data.sale_price" in reason
    assert "Bewitched" not in reason
    assert "1.234,56" not in reason


def test_an_unknown_agent_of_ours_parks_the_event_under_each_missing_id(bench: Bench) -> None:
    bench.directory.add([agent("A-1")])
    outcome = bench.process(bench.event(1, represented_side="listing", participants=CO_LISTED))
    assert (outcome.result, outcome.cause) == (Result.PARKED, Cause.UNKNOWN_AGENT)
    (waiting,) = bench.waiting.parked_for([AgentKey("transactions", "A-2")])
    assert waiting.deal == "transactions/T-1"
    assert waiting.envelope.body is None
    assert bench.deals.deals == {}


def test_what_can_never_succeed_does_not_wait_for_an_agent_first(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS], sale_price="a lot")
    assert bench.process(message).result is Result.DEAD


def test_the_other_sides_agent_parks_nothing(bench: Bench) -> None:
    outside = {"role": "buyers_agent", "name": "Lee Park", "company": "Else Realty", "licence": "L9"}
    assert bench.process(bench.event(1, represented_side="listing", participants=[outside])).result is Result.APPLIED


def test_importing_the_last_missing_agent_releases_the_events_in_the_order_of_the_deal(bench: Bench) -> None:
    late = replace(bench.event(2, represented_side="listing", participants=CO_LISTED), received_at=NOW)
    early = bench.event(1, represented_side="listing", participants=[OURS])
    early = replace(early, received_at=NOW - timedelta(hours=1))
    bench.process(late)
    bench.process(early)
    ports = ReleasePorts(bench.waiting, bench.directory, bench.queues)
    assert import_agents([agent("A-2")], ports, now=bench.clock.now()).queued == 0
    assert import_agents([agent("A-1")], ports, now=bench.clock.now()).queued == 2
    assert [message.event_id for message in bench.queues.sent] == ["evt-1", "evt-2"]
    assert [outcome.result for outcome in bench.process_queued()] == [Result.APPLIED, Result.APPLIED]
    assert [share.agent_id for share in bench.deal.agents] == ["A-1", "A-2"]
    assert bench.waiting.rows == {}


def test_the_sweeper_finds_a_parked_event_whose_wake_up_was_lost(bench: Bench) -> None:
    bench.process(bench.event(1, represented_side="listing", participants=[OURS]))
    bench.directory.add([agent("A-1")])  # behind the back of `agents import`
    bench.clock.move(hours=1)
    assert bench.sweep().queued == 1
    assert [outcome.result for outcome in bench.process_queued()] == [Result.APPLIED]


def test_an_agent_that_appears_while_the_event_is_being_parked_applies_it(bench: Bench) -> None:
    class AppearsWhileParking(MemoryWaitingRoom):
        def park(self, waiting: Any) -> None:
            bench.directory.add([agent("A-1")])
            super().park(waiting)

    room = AppearsWhileParking(directory=bench.directory)
    bench.deals.waiting = room
    ports = replace(bench.ports, waiting=room)
    message = bench.event(1, represented_side="listing", participants=[OURS])
    assert process_event(message, ports, POLICY, bench.clock.world()).result is Result.APPLIED


def test_a_directory_outage_defers_and_the_sweeper_brings_the_event_back(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS])
    ports = replace(bench.ports, directory=OutOfOrder())
    outcome = process_event(message, ports, POLICY, bench.clock.world())
    assert (outcome.result, outcome.cause) == (Result.DEFERRED, Cause.UNAVAILABLE)
    bench.directory.add([agent("A-1")])
    bench.clock.move(minutes=1)
    assert bench.sweep().queued == 1
    assert [outcome.result for outcome in bench.process_queued()] == [Result.APPLIED]
    assert bench.waiting.rows == {}


def thin(bench: Bench) -> Envelope:
    body = json.dumps(
        {"eventId": "d-1", "eventType": "LOOP_UPDATED", "profileId": "7", "event": {"id": "34308"}}
    ).encode()
    message = envelope("d-1", source="dotloop", event_type="LOOP_UPDATED", body=body)
    bench.archive.put(message.archive_key, body, {})
    return message


def test_a_provider_that_is_down_defers_with_growing_waits_and_after_a_day_the_event_is_dead(bench: Bench) -> None:
    message = thin(bench)
    ports = replace(bench.ports, api=Failing(Deferred("503", cause=Cause.PROVIDER_API)))
    waits: list[timedelta] = []
    outcome = process_event(message, ports, POLICY, bench.clock.world())
    while outcome.result is Result.DEFERRED:
        row = bench.waiting.rows[message.event_key]
        waits.append(row.due_at - bench.clock.now())
        bench.clock.at = row.due_at
        bench.sweep()
        assert [queued.event_id for queued in bench.queues.sent] == ["d-1"]
        bench.queues.sent.clear()
        outcome = process_event(message, ports, POLICY, bench.clock.world())
    assert (outcome.result, outcome.cause) == (Result.DEAD, Cause.PROVIDER_API)
    assert bench.clock.now() - NOW >= timedelta(hours=24)
    assert waits[:-1] == sorted(waits[:-1])  # the last one only lasts until the event is dead
    assert bench.waiting.rows == {}
    assert "24 h" in bench.queues.dead[0][2]


def test_days_spent_parked_are_not_days_of_a_later_fault(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS])
    bench.process(message)
    bench.clock.move(days=3)
    down = replace(bench.ports, directory=OutOfOrder())
    assert process_event(message, down, POLICY, bench.clock.world()).result is Result.DEFERRED
    assert bench.waiting.parked_for([AgentKey("transactions", "A-1")])


def failed_for_good(bench: Bench, message: Envelope, error: Exception, **changes: Any) -> Outcome:
    return last_attempt_failed(message, error, replace(bench.ports, **changes), POLICY, bench.clock.world())


def test_an_event_that_is_given_up_as_a_bug_waits_no_longer(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS])
    bench.process(message)
    failed_for_good(bench, message, KeyError("x"))
    assert bench.waiting.find(message.event_key) is None


@dataclass
class FiledAtOnce(MemoryQueues):
    """Its letters are filed before their sender goes on, as a warm `bury` does."""

    log: MemoryEventLog = field(default_factory=MemoryEventLog)

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        super().bury(envelope, cause, reason, deal=deal, receives=receives)
        self.log.file(
            filing(f"m-{len(self.dead)}", cause=cause, reason=reason),
            dead(envelope=envelope.without_body(), cause=cause, reason=reason),
        )


def test_an_event_that_is_filed_before_its_sender_goes_on_is_not_forgotten(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS])
    bench.process(message)
    assert bench.waiting.find(message.event_key) is not None
    log = MemoryEventLog(waiting=bench.waiting)
    failed_for_good(bench, message, KeyError("x"), dead=FiledAtOnce(log=log))
    assert log.find([message.event_key])[message.event_key].state is State.DEAD


def test_an_edit_that_waits_is_not_replaced_by_the_provider_s_bytes_that_come_again(bench: Bench) -> None:
    message = bench.event(1, represented_side="listing", participants=[OURS])
    edited = replace(message.without_body(), archive_key="edits/transactions/a/1")
    bench.archive.put(edited.archive_key, message.body or b"", {})
    bench.process(edited)
    assert bench.process(message).result is Result.PARKED
    failed_for_good(bench, message, Unavailable("throttled"))
    held = bench.waiting.find(message.event_key)
    assert held is not None
    assert held.envelope == edited


def test_a_last_attempt_that_met_an_outage_or_had_no_time_is_deferred_not_dead(bench: Bench) -> None:
    message = bench.event(1, status="Active")
    outcome = failed_for_good(bench, message, Unavailable("no time is left in this batch"))
    assert (outcome.result, outcome.cause) == (Result.DEFERRED, Cause.UNAVAILABLE)
    bench.clock.move(hours=1)
    assert bench.sweep().queued == 1
    assert [outcome.result for outcome in bench.process_queued()] == [Result.APPLIED]
    assert bench.queues.dead == []


def test_a_wait_is_never_under_what_the_provider_asked_for() -> None:
    assert deferral_s(1, 0.0, at_least_s=120) >= 120
    assert deferral_s(1, 0.99, at_least_s=120) >= 120
    assert deferral_s(40, 0.99) <= 3600


def test_a_thing_that_the_provider_no_longer_has_is_dead_at_once(bench: Bench) -> None:
    gone = PermanentError("no such loop", cause=Cause.PROVIDER_API)
    ports = replace(bench.ports, api=Failing(gone))
    assert process_event(thin(bench), ports, POLICY, bench.clock.world()).cause is Cause.PROVIDER_API


def test_a_wait_ends_when_the_event_is_dead_whatever_the_provider_asks_for(bench: Bench) -> None:
    asks = Deferred("429", cause=Cause.PROVIDER_API, retry_after_s=1e12)
    process_event(thin(bench), replace(bench.ports, api=Failing(asks)), POLICY, bench.clock.world())
    (row,) = bench.waiting.rows.values()
    assert row.due_at == NOW + POLICY.longest_deferral


def test_our_own_mistake_defers_the_event_instead_of_emptying_the_queue(bench: Bench) -> None:
    mistake = replace(POLICY, zone="America/Nowhere")
    outcome = process_event(bench.event(1, status="Active"), bench.ports, mistake, bench.clock.world())
    assert (outcome.result, outcome.cause) == (Result.DEFERRED, Cause.CONFIG)
    assert "America/Nowhere" in outcome.reason


def test_a_source_that_was_taken_out_of_the_catalogue_defers_its_events(bench: Bench) -> None:
    outcome = bench.process(replace(bench.event(1), source="gone"))
    assert (outcome.result, outcome.cause) == (Result.DEFERRED, Cause.CONFIG)
    assert "sources.yaml" in outcome.reason


def test_an_archive_that_does_not_answer_defers(bench: Bench) -> None:
    class Down(MemoryArchive):
        def get(self, key: str) -> bytes:
            raise Unavailable("slow down")

    ports = replace(bench.ports, archive=Down())
    outcome = process_event(bench.event(1).without_body(), ports, POLICY, bench.clock.world())
    assert (outcome.result, outcome.cause) == (Result.DEFERRED, Cause.UNAVAILABLE)


def test_without_time_left_the_queue_keeps_the_event_and_a_provider_is_not_asked(bench: Bench) -> None:
    policy = replace(POLICY, event_s=5.0, fetch_s=15.0)
    bench.clock.left_s = 14.0
    assert process_event(thin(bench), bench.ports, policy, bench.clock.world()).result is Result.DEFERRED
    bench.clock.left_s = 4.0
    with pytest.raises(Unavailable, match="no time is left"):
        process_event(bench.event(1), bench.ports, policy, bench.clock.world())


def test_a_repeat_that_no_longer_fits_or_whose_agent_left_is_a_repeat_not_a_dead_letter(bench: Bench) -> None:
    bench.directory.add([agent("A-1")])
    message = bench.event(1, represented_side="listing", participants=[OURS])
    bench.process(message)
    bench.directory.rows.clear()
    assert bench.process(message).result is Result.REPEATED
    broken = replace(message, body=b'{"id": "evt-1", "type": "deal.updated", "data": {"id": "T-1"}}')
    assert bench.process(broken).result is Result.REPEATED
    assert (bench.queues.dead, bench.waiting.rows) == ([], {})


def test_an_event_that_cannot_be_queued_does_not_hold_up_the_others(bench: Bench) -> None:
    for number, source in enumerate(("gone", "transactions", "transactions"), start=1):
        stored = Waiting(replace(bench.event(number), source=source), Cause.CONFIG, "r", NOW, NOW)
        bench.waiting.defer(stored)
    assert bench.sweep() == Released(queued=2, stuck=1)
    assert [queued.event_id for queued in bench.queues.sent] == ["evt-2", "evt-3"]


def test_a_sweep_stops_when_its_time_is_up_and_the_rest_is_due_in_the_next(bench: Bench) -> None:
    bench.waiting.page = 2
    for number in range(5):
        bench.waiting.defer(Waiting(bench.event(number), Cause.CONFIG, "r", NOW, NOW))
    bench.clock.left_s = 1.0
    assert bench.sweep().queued == 2
    bench.clock.left_s = 30.0
    assert bench.sweep().queued == 3


def test_a_failing_store_leaves_the_message_to_the_queue(bench: Bench) -> None:
    class Down(MemoryDealStore):
        def commit(self, change: Change, now: Any) -> None:
            raise Unavailable("throttled")

    ports = replace(bench.ports, deals=Down())
    with pytest.raises(Unavailable):
        process_event(bench.event(1, status="Active"), ports, POLICY, bench.clock.world())
    assert bench.queues.dead == []


class Closed(MemoryWaitingRoom):
    """A waiting room whose table does not answer."""

    def find(self, event_key: str) -> Any:
        raise Unavailable("throttled")

    def close(self, event_key: str) -> None:
        raise Unavailable("throttled")


@pytest.mark.parametrize(
    ("error", "cause"),
    [(Unavailable("DynamoDB answered Throttling"), Cause.UNAVAILABLE), (KeyError("Ana Diaz"), Cause.BUG)],
)
def test_a_last_attempt_that_cannot_even_be_stored_leaves_one_dead_letter_with_a_cause_and_no_payload(
    bench: Bench, error: Exception, cause: Cause
) -> None:
    assert failed_for_good(bench, bench.event(1), error, waiting=Closed()).cause is cause
    ((_, filed, reason),) = bench.queues.dead
    assert filed is cause
    assert "Ana Diaz" not in reason
    assert "replay" in reason


def test_a_writer_that_loses_every_race_leaves_the_message_to_the_queue(bench: Bench) -> None:
    class Busy(MemoryDealStore):
        def commit(self, change: Change, now: Any) -> None:
            raise Conflict("busy")

    with pytest.raises(Conflict):
        process_event(bench.event(1), replace(bench.ports, deals=Busy()), POLICY, bench.clock.world())


def test_the_same_event_fifty_times_at_once_is_applied_once(bench: Bench) -> None:
    message = bench.event(1, status="Active", participants=[{"role": "buyer", "id": "P1", "name": "Ana Diaz"}])
    results = in_threads(bench, [message] * 50)
    assert results.count(Result.APPLIED) == 1
    assert results.count(Result.REPEATED) == 49
    assert bench.deal.version == 1
    assert len(bench.deals.people) == 1


def test_concurrent_events_of_one_deal_lose_no_update(bench: Bench) -> None:
    names = ["reference", "office", "lead_source", "title_file_number"]
    messages = [bench.event(number, **{name: "set"}) for number, name in enumerate(names, start=1)]
    assert set(in_threads(bench, messages)) == {Result.APPLIED}
    assert [getattr(bench.deal.details, name) for name in names] == ["set"] * 4


def in_threads(bench: Bench, messages: list[Envelope]) -> list[Result]:
    results: list[Result] = []
    started = threading.Barrier(len(messages))

    def run(message: Envelope) -> None:
        started.wait()
        results.append(bench.process(message).result)

    threads = [threading.Thread(target=run, args=[message]) for message in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
