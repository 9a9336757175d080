"""Every accepted delivery gets an outcome or is found without one; what is open is counted for the alarms."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.agents import AgentKey
from domain.envelope import Envelope
from domain.errors import Cause, Unavailable
from domain.event_log import Delivery, Disposition, EventRecord, Filing, State
from domain.ports import Waiting
from flows.tally import Tally, tally, tie_out
from flows.walk_archive import CHUNK, RESERVE_S, Rules, WalkPorts
from tests.builders import NOW, envelope
from tests.fakes.archive import MemoryArchive
from tests.fakes.deliveries import MemoryDeliveryLog, MemoryWalk
from tests.fakes.event_log import MemoryEventLog
from tests.fakes.queues import MemoryQueues
from tests.fakes.shelf import MemoryShelf

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARGIN, REDRIVE_AFTER = timedelta(minutes=1), timedelta(minutes=15)
RULES = Rules(MARGIN, REDRIVE_AFTER, {"transactions": 72, "brokermint": 168, "dotloop": None})


@dataclass
class CountedDeliveries(MemoryDeliveryLog):
    """Counts how often each delivery becomes settled."""

    settled: Counter[str] = field(default_factory=Counter)

    def add(self, deliveries: Sequence[Delivery]) -> None:
        before = self._open()
        super().add(deliveries)
        new = {one.receipt for one in deliveries if one.settled} - before.keys()
        self.settled.update(new | self._closed(before))

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self.settled.update(one.receipt for one in deliveries)
        super().settle(deliveries)

    def _open(self) -> dict[str, bool]:
        return {one.receipt: one.settled for one in self.rows.values()}

    def _closed(self, before: dict[str, bool]) -> set[str]:
        return {receipt for receipt, settled in self._open().items() if settled and before.get(receipt) is False}


@dataclass
class World:
    """Ingest, the queue and processing as far as watching sees them."""

    at: datetime = NOW
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    deliveries: CountedDeliveries = field(default_factory=CountedDeliveries)
    walked: MemoryWalk = field(default_factory=MemoryWalk)
    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    queue: MemoryQueues = field(default_factory=MemoryQueues)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    left_s: Callable[[], float] = lambda: 50.0

    @property
    def ports(self) -> WalkPorts:
        return WalkPorts(MemoryShelf(self.archive), self.deliveries, self.walked, self.log, self.log, self.queue)

    def arrive(
        self,
        event_id: str = "evt-1",
        disposition: str = "accepted",
        *,
        source: str = "transactions",
        lost: bool = False,
        ago: timedelta = timedelta(0),
    ) -> str:
        """A verified delivery that was received some time `ago` and is stored now; gives its receipt."""
        received = self.at - ago
        receipt = f"{(received - EPOCH) // timedelta(milliseconds=1):012x}{next(self.numbers):020x}"
        sent = envelope(event_id, receipt=receipt, source=source, received_at=received)
        sent = replace(sent, archive_key=f"{received:%Y-%m-%d}/{source}/{receipt}")
        facts = {"receipt": receipt, "source": source, "event-type": sent.event_type, "event-id": event_id}
        facts |= {"received-at": received.isoformat(), "mapping-version": "1", "content-type": "application/json"}
        self.archive.put(sent.archive_key, b"{}", facts | {"disposition": disposition})
        if disposition == "accepted" and not lost:
            self.queue.sent.append(sent)
        return receipt

    def work(self) -> None:
        """Process the oldest message of the queue."""
        if self.queue.sent:
            self.apply(self.queue.sent.pop(0))

    def apply(self, event: Envelope) -> None:
        self.log.apply(EventRecord(event.event_key, State.APPLIED, event, self.at, self.at))

    def lose(self) -> None:
        self.queue.sent.clear()

    def watch(self, **later: float) -> Tally:
        self.at += timedelta(**later)
        return tally(self.ports, RULES, now=self.at, time_left=self.left_s)

    def tie_out(self, **later: float) -> Tally:
        self.at += timedelta(**later)
        return tie_out(self.ports, RULES, now=self.at, time_left=self.left_s)

    def pending(self) -> list[str]:
        return [one.receipt for one in self.deliveries.pending(limit=10_000)]


@pytest.fixture
def world() -> World:
    return World()


def test_a_delivery_is_filed_once_it_is_older_than_ingest_may_take_to_store_it(world: World) -> None:
    receipt = world.arrive()
    assert world.watch(seconds=59).pending == 0
    assert world.deliveries.rows == {}
    assert world.watch(seconds=1).pending == 1
    assert world.pending() == [receipt]


def test_a_delivery_whose_event_has_a_state_is_settled_as_it_is_filed(world: World) -> None:
    world.arrive()
    world.work()
    again = world.arrive()
    assert world.watch(minutes=1).pending == 0
    assert (len(world.deliveries.rows), world.deliveries.settled[again]) == (2, 1)


@pytest.mark.parametrize("disposition", ["ignored", "unlisted"])
def test_what_nobody_uses_needs_no_outcome(world: World, disposition: str) -> None:
    world.arrive(disposition=disposition)
    assert world.watch(minutes=1).pending == 0
    assert [one.settled for one in world.deliveries.rows.values()] == [True]


@pytest.mark.parametrize("state", list(State))
def test_a_pending_delivery_is_settled_by_whatever_state_its_event_comes_to(world: World, state: State) -> None:
    receipt = world.arrive()
    assert world.watch(minutes=1).pending == 1
    (event,) = world.queue.sent
    if state is State.APPLIED:
        world.apply(event)
    elif state in (State.WAITING, State.PARKED):
        world.log.waiting.rows[event.event_key] = waits(event, parked=state is State.PARKED)
    else:
        world.log.shut[event.event_key] = dead(event, Cause.MAPPING, state)
    assert world.watch(minutes=1).pending == 0
    assert world.deliveries.settled[receipt] == 1


def waits(event: Envelope, *, parked: bool = False, since: datetime = NOW) -> Waiting:
    cause = Cause.UNKNOWN_AGENT if parked else Cause.PROVIDER_API
    missing = frozenset({AgentKey("transactions", "A-71")} if parked else ())
    return Waiting(event, cause, "wait", since, since + timedelta(hours=1), missing=missing)


def dead(event: Envelope, cause: Cause, state: State = State.DEAD) -> EventRecord:
    return EventRecord(event.event_key, state, event, NOW, NOW, cause=cause, reason="x")


def test_a_delivery_whose_message_was_lost_is_sent_again_and_stays_pending_until_there_is_an_outcome(
    world: World,
) -> None:
    receipt = world.arrive(lost=True)
    for _ in range(14):
        assert world.watch(minutes=1).sent_again == 0
    assert world.watch(minutes=1).sent_again == 1
    (sent,) = world.queue.sent
    assert (sent.receipt, sent.event_key, sent.body) == (receipt, "transactions#evt-1", None)
    assert world.archive.get(sent.archive_key) == b"{}"
    assert world.pending() == [receipt]
    world.work()
    assert world.watch(minutes=1).pending == 0
    assert world.deliveries.settled[receipt] == 1


def test_a_slow_queue_is_not_flooded_with_what_it_holds_already(world: World) -> None:
    world.arrive()
    sent = [world.watch(minutes=1).sent_again for _ in range(8 * 60)]
    assert 6 <= sum(sent) <= 12  # at a quarter of an hour, and each time that has doubled, by at most two runs


def test_what_a_watch_finds_late_is_sent_again_at_once(world: World) -> None:
    world.arrive(lost=True)
    assert world.watch(minutes=47).sent_again == 1  # no turn of the usual ones


def test_a_source_without_a_queue_does_not_hold_up_the_others(world: World) -> None:
    world.queue.sources = ("transactions",)
    world.arrive("evt-1", source="dotloop", lost=True)
    world.arrive("evt-2", lost=True)
    assert world.watch(minutes=15).sent_again == 1
    assert [sent.event_id for sent in world.queue.sent] == ["evt-2"]


def test_a_bad_payload_whose_letter_was_lost_is_filed_and_never_taken_for_an_event(world: World) -> None:
    receipt = world.arrive(disposition="bad_payload")
    assert world.watch(minutes=15).sent_again == 1
    assert world.queue.sent == []
    record = world.log.find(["transactions#evt-1"])["transactions#evt-1"]
    assert (record.state, record.cause, record.envelope.receipt) == (State.DEAD, Cause.BAD_PAYLOAD, receipt)
    assert world.watch(minutes=1).pending == 0


def test_midnight_and_days_without_a_watch_lose_nothing(world: World) -> None:
    world.at = datetime(2026, 3, 2, 23, 59, 30, tzinfo=UTC)
    world.arrive("evt-1")
    world.watch(minutes=2)
    world.at = datetime(2026, 3, 3, 12, tzinfo=UTC)
    world.arrive("evt-2")
    world.at = datetime(2026, 3, 5, 12, tzinfo=UTC)
    world.arrive("evt-3")
    world.watch(minutes=2)
    assert sorted(key for key, _ in world.deliveries.rows) == [f"transactions#evt-{n}" for n in (1, 2, 3)]


def test_quiet_days_are_listed_once_and_not_again_each_minute(world: World) -> None:
    listed: list[str] = []

    class Counted(MemoryShelf):
        def keys(self, source: str, day: str, *, after: str = "") -> itertools.chain[str]:
            listed.append(day)
            return itertools.chain(super().keys(source, day, after=after))

    world.arrive()
    world.watch(minutes=2)
    ports = replace(world.ports, shelf=Counted(world.archive))
    for _ in range(3):
        listed.clear()
        tally(ports, RULES, now=NOW + timedelta(days=30), time_left=world.left_s)
    assert Counter(listed) == {"2026-03-31": 3, "2026-04-01": 3}
    assert world.walked.last_received() == {"transactions": NOW}  # silence is still measured from the last webhook
    world.at = NOW + timedelta(days=30)
    world.arrive("evt-2")
    assert world.watch(minutes=1).pending == 2


def test_a_walk_that_runs_out_of_time_goes_on_where_it_stopped(world: World) -> None:
    for number in range(3 * CHUNK):
        world.arrive(f"evt-{number}")
    left = iter([50.0, 50.0, RESERVE_S - 1])
    world.left_s = lambda: next(left)
    assert world.watch(minutes=1).pending == 2 * CHUNK
    world.left_s = lambda: 50.0
    assert world.watch(minutes=1).pending == 3 * CHUNK


def test_an_object_that_is_gone_does_not_stop_the_walk(world: World) -> None:
    gone, kept = world.arrive("evt-1"), world.arrive("evt-2")
    shelf = MemoryShelf(world.archive)
    keys = list(shelf.keys("transactions", "2026-03-02"))

    class Listed(MemoryShelf):
        def keys(self, source: str, day: str, *, after: str = "") -> itertools.chain[str]:
            return itertools.chain(key for key in keys if key.startswith(f"{day}/{source}/") and key > after)

    shelf.erase([key for key in keys if key.endswith(gone)])
    tally(replace(world.ports, shelf=Listed(world.archive)), RULES, now=NOW + MARGIN, time_left=world.left_s)
    assert world.pending() == [kept]


# ------------------------------------------------------------------------------------------------------------- gauges


def test_everything_that_is_open_is_counted_and_so_is_what_there_is_none_of(world: World) -> None:
    gauges = world.watch().gauges
    assert {f"Dead{name}" for name in ("BadPayload", "Mapping", "Bug", "Unavailable")} < gauges.keys()
    assert set(gauges.values()) == {0}
    for number, cause in enumerate((Cause.MAPPING, Cause.MAPPING, Cause.BUG)):
        world.log.shut[f"transactions#d-{number}"] = dead(envelope(f"d-{number}"), cause)
    world.log.waiting.rows = {
        "transactions#w": waits(envelope("w")),
        "transactions#p": waits(envelope("p"), parked=True),
    }
    gauges = world.watch().gauges
    counted = {name: value for name, value in gauges.items() if value}
    assert counted == {"DeadMapping": 2, "DeadBug": 1, "EventsWaiting": 1, "EventsParked": 1}


def test_the_oldest_without_an_end_is_pending_or_waits(world: World) -> None:
    world.arrive()
    assert world.watch(minutes=5).gauges["OldestUnappliedSeconds"] == 300
    world.log.waiting.rows["transactions#w"] = waits(envelope("w"), since=NOW - timedelta(minutes=5))
    assert world.watch().gauges["OldestUnappliedSeconds"] == 600
    world.log.waiting.rows.clear()
    world.work()
    gauges = world.watch().gauges
    assert (gauges["OldestUnappliedSeconds"], gauges["EventsPending"]) == (0, 0)


def test_a_source_that_says_nothing_for_too_long_is_silent_and_one_never_heard_is_not(world: World) -> None:
    world.arrive("evt-1")
    world.arrive("evt-2", source="dotloop")  # which may be silent for ever
    world.watch(minutes=1)
    seen = world.watch(hours=72, minutes=-1)
    assert (seen.gauges["SilentSources"], seen.silence_hours) == (0, {"transactions": 72, "dotloop": 72})
    assert world.watch(minutes=1).gauges["SilentSources"] == 1
    world.arrive("evt-3")
    assert world.watch(minutes=1).gauges["SilentSources"] == 0


def test_what_fails_does_not_hide_the_rest(world: World) -> None:
    class Down(MemoryShelf):
        def keys(self, source: str, day: str, *, after: str = "") -> itertools.chain[str]:
            raise Unavailable("S3 is down")

    world.arrive(lost=True)
    world.watch(minutes=14)
    world.log.shut["transactions#d"] = dead(envelope("d"), Cause.MAPPING)
    ports = replace(world.ports, shelf=Down(world.archive))
    seen = tally(ports, RULES, now=world.at + timedelta(minutes=1), time_left=world.left_s)
    assert [str(fault) for fault in seen.faults] == ["S3 is down"]
    assert (seen.gauges["DeadMapping"], seen.pending, seen.sent_again) == (1, 1, 1)


# ------------------------------------------------------------------------------------------------------------ tie-out


def test_books_that_agree_differ_by_nothing(world: World) -> None:
    world.arrive()
    world.work()
    assert world.tie_out(minutes=30).gauges == {"TieOutDifference": 0}


def test_a_delivery_that_was_stored_behind_the_walk_is_found_filed_and_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.arrive("evt-1")
    world.work()
    world.watch(minutes=30)
    late = world.arrive("evt-2", lost=True, ago=timedelta(minutes=40))
    assert world.watch(minutes=1).pending == 0  # the walk has passed it by
    with caplog.at_level(logging.WARNING, "flows.tally"):
        seen = world.tie_out()
    assert (seen.gauges["TieOutDifference"], seen.sent_again) == (1, 1)
    assert caplog.records[-1].__dict__["receipts"] == [late]
    world.work()
    assert world.tie_out(hours=1).gauges == {"TieOutDifference": 0}
    assert world.deliveries.settled[late] == 1


def test_what_is_pending_for_too_long_is_a_difference_each_hour_and_is_sent_each_hour(world: World) -> None:
    world.arrive(lost=True)
    world.watch(minutes=1)
    assert world.tie_out(minutes=10).gauges["TieOutDifference"] == 0
    for _ in range(3):
        seen = world.tie_out(hours=1)
        assert (seen.gauges["TieOutDifference"], seen.sent_again) == (1, 1)


def test_yesterday_is_tied_out_too(world: World) -> None:
    world.at = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    world.arrive("evt-1")
    world.work()
    world.at = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
    world.arrive("evt-2")
    world.work()
    world.watch(minutes=2)
    world.arrive("evt-3", lost=True, ago=timedelta(hours=1, minutes=10))
    assert world.tie_out(minutes=10).gauges["TieOutDifference"] == 1


# ----------------------------------------------------------------------------------------------------- whatever happens


STEPS = st.one_of(
    st.tuples(
        st.just("arrive"),
        st.integers(0, 5),
        st.sampled_from(["accepted", "accepted", "accepted", "ignored", "bad_payload"]),
        st.booleans(),
        st.sampled_from([0, 0, 0, 3, 20]),
    ),
    st.sampled_from([("work",), ("lose",), ("cut off",), ("tie out",)]),
    st.tuples(st.just("watch"), st.integers(0, 30)),
)


def happen(world: World, step: tuple[object, ...]) -> None:
    match step:
        case ("arrive", int(event), str(disposition), bool(lost), int(ago)):
            # What a body is does not change from delivery to delivery of one event.
            world.arrive(f"{disposition}-{event}", disposition, lost=lost, ago=timedelta(minutes=ago))
        case ("work",):
            world.work()
        case ("lose",):
            world.lose()
        case ("cut off",):
            world.left_s = lambda: 0.0
            world.watch()
            world.left_s = lambda: 50.0
        case ("tie out",):
            world.tie_out()
        case ("watch", int(minutes)):
            world.watch(minutes=minutes)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_whatever_is_lost_every_delivery_is_settled_once_and_none_is_sent_again_that_had_a_state(
    steps: list[tuple[object, ...]],
) -> None:
    log = MemoryEventLog()

    @dataclass
    class Strict(MemoryQueues):
        """Only watching sends here."""

        def send(self, envelopes: Sequence[Envelope]) -> None:
            assert not log.find([one.event_key for one in envelopes]), "sent again although it has a state"
            super().send(envelopes)

    world = World(log=log, queue=Strict())
    for step in steps:
        happen(world, step)
    for _ in range(3):  # from now on nothing is lost
        world.tie_out(minutes=30)
        while world.queue.sent:
            world.work()
        world.watch(minutes=1)
    stored = {key.rpartition("/")[2] for key in world.archive.objects}
    assert {one.receipt for one in world.deliveries.rows.values()} == stored
    assert world.pending() == []
    assert world.deliveries.settled == dict.fromkeys(stored, 1)
    assert world.tie_out(hours=1).gauges == {"TieOutDifference": 0}


def test_a_filing_names_the_letter_by_the_receipt_so_that_it_is_filed_once(world: World) -> None:
    receipt = world.arrive(disposition="bad_payload")
    world.watch(minutes=15)
    filings: Sequence[Filing] = world.log.story("transactions#evt-1").filings
    assert [(filing.message_id, filing.queue) for filing in filings] == [(receipt, "watch")]
    assert Disposition.BAD_PAYLOAD.value == filings[0].cause.value
