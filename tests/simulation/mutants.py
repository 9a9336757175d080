"""The code broken on purpose, one invariant at a time: a simulation that does not notice proves nothing.

Each mutant is the mistake that a hurried author would make, put in the place where the right thing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from typing import Any
from unittest.mock import patch

from crm import backoff
from crm.session import SharedSession
from crm.suitecrm import records as records_module
from crm.suitecrm.batching import Sight, State
from crm.suitecrm.calls import Broke, WireFault
from crm.suitecrm.links import LinkTask
from crm.suitecrm.reading import Seen
from crm.suitecrm.records import RecordTask
from domain import merging
from domain.crm.ports import Records, SyncStore
from domain.crm.rows import Question, RowKey, SyncRow
from domain.crm.sink import CrmSink
from domain.deal import Deal, DealFacts
from flows import deliver_rows
from flows import process_event as processing
from flows.delivery import deciding, lanes, resting
from flows.delivery.case import Do, Step
from flows.delivery.ports import DeliveryPorts
from tests.fakes.deals import MemoryDealStore
from tests.fakes.waiting import MemoryWaitingRoom
from tests.simulation import functions as functions_module
from tests.simulation import stores as stores_module
from tests.simulation.running import BROKEN, run_seeds
from tests.simulation.wire import WiredCalls

Mutant = Callable[[], AbstractContextManager[object]]

#: Seeds that one process tries before it looks whether another has caught the mutant.
_CHUNK = 10

#: More rows than a seed has.
_MANY = 10_000


def _set(target: Any, name: str, value: Any) -> Mutant:
    return lambda: patch.object(target, name, value)


def _sets(*parts: tuple[Any, str, Any]) -> Mutant:
    @contextmanager
    def all_of_them() -> Iterator[None]:
        with ExitStack() as stack:
            for target, name, value in parts:
                stack.enter_context(patch.object(target, name, value))
            yield

    return all_of_them


# --------------------------------------------------------------------------------------------------- confirmation


def _believed(_: RecordTask, rows: Sequence[Any]) -> dict[Any, Sight]:
    return {row.key: Sight(State.LIVE, dict(row.fields)) for row in rows}


def _believed_links(self: LinkTask, rows: Sequence[Any]) -> dict[Any, Sight]:
    return {row.key: Sight(State.ABSENT if self.take_off else State.LIVE) for row in rows}


def _confirm_then_write(self: lanes.Lane, steps: Sequence[Step], sink: CrmSink) -> None:
    for step in steps:
        case = self._cases[step.row.key]
        if case.content is None or step.write is None:
            continue
        done = resting.confirmed(step.row, case.content, step.write.fields, self.world.now(), self.policy.max_request)
        self._finish([Step(Do.REST, done)])
        verb = lanes._verb(step)
        if verb in lanes._LINKS:
            sink.link([step.write])
        elif verb in lanes._RETIRES:
            sink.retire(self.kind, [step.write])
        else:
            sink.upsert(self.kind, [step.write])


def _seen_live(row: Any, seen: Seen[dict[str, str]], _: object) -> Sight:
    return Sight(State.LIVE, seen.held.get(row.remote_id, dict(row.fields)))


# ------------------------------------------------------------------------------------------------- doubt and leases


def _look_only_when_told(row: SyncRow, *_: object) -> bool:
    return row.ever_sent and (row.sight or row.question is Question.GONE)


def _clear_what_is_there(finish: Callable[..., None]) -> Callable[..., None]:
    def mutated(self: lanes.Lane, steps: Sequence[Step]) -> None:
        self.records = replace(self.records, owed=self.ports.rows.load([step.row.key for step in steps]).owed)
        finish(self, steps)

    return mutated


class _LoadedFirst:
    """Sync rows whose records were loaded when the run began."""

    def __init__(self, rows: SyncStore, keys: Sequence[RowKey]) -> None:
        self._rows, self._keys, self._early = rows, frozenset(keys), rows.load(keys)

    def load(self, keys: Collection[RowKey]) -> Records:
        late, early = self._rows.load([key for key in keys if key not in self._keys]), self._early
        return Records(
            {**late.contacts, **early.contacts},
            {**late.deals, **early.deals},
            {**late.commissions, **early.commissions},
            {**late.owed, **early.owed},
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)


class _PortsLoadedFirst:
    def __init__(self, ports: DeliveryPorts, keys: Sequence[RowKey]) -> None:
        self._ports, self.rows = ports, _LoadedFirst(ports.rows, keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


def _load_first(go: Callable[..., None]) -> Callable[..., None]:
    def mutated(self: Any, asked: Sequence[RowKey]) -> None:
        due = self.ports.rows.due(self.world.now(), _MANY)
        self.ports = _PortsLoadedFirst(self.ports, [*dict.fromkeys([*asked, *due])])
        go(self, asked)

    return mutated


# ---------------------------------------------------------------------------------------------- events and their marks


def _marked_afterwards() -> AbstractContextManager[object]:
    """The event is acknowledged in one step, and marked as owed in the next."""
    process, late = processing.process_event, list[partial[None]]()

    def later(self: MemoryDealStore, *args: Any, **named: Any) -> None:
        late.append(partial(owe, self, *args, **named))

    def processed(envelope: Any, ports: Any, *rest: Any) -> Any:
        late.clear()
        outcome = process(envelope, ports, *rest)
        marks = list(late)
        late.clear()
        for _ in range(5 if marks else 0):
            ports.waiting.find("")  # any step: the process may die in it
        for mark in marks:
            mark()
        return outcome

    owe = MemoryDealStore.owe
    return _sets((MemoryDealStore, "owe", later), (processing, "process_event", processed))()


def _by_the_deals_newest(deal: Deal, facts: DealFacts, *, again: bool) -> dict[str, Any]:
    newest = max(deal.marks.values(), default=None)
    if newest is not None and facts.mark < newest:
        return {}
    return _NEWER_VALUES(deal, facts, again=again)


_NEWER_VALUES = merging._newer_values


# ---------------------------------------------------------------------------------------------------------- the wire


def _sent_again(call: Callable[..., Any]) -> Callable[..., Any]:
    def mutated(self: WiredCalls, *args: Any, **named: Any) -> Any:
        try:
            return call(self, *args, **named)
        except WireFault as fault:
            if fault.broke is not Broke.CUT:
                raise
            return call(self, *args, **named)

    return mutated


def _logs_in_again(self: SharedSession, _: str) -> None:
    self._known = type(self._known)()
    self._change(lambda row: replace(row, token="", born=0, login_at=0, lease_until=0))


MUTANTS: Mapping[str, Mutant] = {
    "skip read-back": _sets((RecordTask, "look", _believed), (LinkTask, "look", _believed_links)),
    "confirm before write": _set(lanes.Lane, "_write", _confirm_then_write),
    "keep the confirmed digest while an intent is open": _sets(
        (deciding, "must_look", _look_only_when_told), (deciding, "end_of_doubt", lambda *_: None)
    ),
    "clear dirty without comparing versions": _set(lanes.Lane, "_finish", _clear_what_is_there(lanes.Lane._finish)),
    "load before lease": _set(deliver_rows._Run, "go", _load_first(deliver_rows._Run.go)),
    "lease shorter than a call": _set(functions_module, "LEASE_S", 5.0),
    "trust a negative read-back at once": _sets(
        (deciding, "may_run_late", lambda *_: False), (resting, "may_run_late", lambda *_: False)
    ),
    "link before both ends exist": _set(SyncRow, "is_there", property(lambda self: bool(self.remote_id))),
    "ack before the owed mark": _marked_afterwards,
    "content-based deduplication on the bell": _set(stores_module, "dedup_id", lambda key, _: str(key)),
    "park without the condition check": _set(MemoryWaitingRoom, "park", MemoryWaitingRoom._put),
    "per-deal instead of per-field marks": _set(merging, "_newer_values", _by_the_deals_newest),
    "retry on time-out": _set(WiredCalls, "_call", _sent_again(WiredCalls._call)),
    "jitter below Retry-After": _set(backoff, "asked_s", lambda asked, _, jitter: asked * jitter),
    "re-login without comparing the session": _set(SharedSession, "expired", _logs_in_again),
    "ignore `deleted` on read-back": _set(records_module, "_sight", _seen_live),
}


def caught_after(names: Sequence[str], first: int, most: int, processes: int) -> dict[str, int]:
    """After how many seeds each mutant was caught; 0: not within `most`."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return {name: _hunt(name, first, most, pool, processes) for name in names}


def _hunt(name: str, first: int, most: int, pool: ProcessPoolExecutor, processes: int) -> int:
    chunks = [range(at, min(at + _CHUNK, first + most)) for at in range(first, first + most, _CHUNK)]
    for start in range(0, len(chunks), processes):
        found = [seed for seed in pool.map(partial(_failing, name), chunks[start : start + processes]) if seed >= 0]
        if found:
            return min(found) - first + 1
    return 0


def _failing(name: str, seeds: Sequence[int]) -> int:
    """The first of these seeds that catches the mutant; -1 if none does.

    Code that breaks is not code that is wrong: a seed that could not be run to its end catches nothing.
    """
    with MUTANTS[name]():
        for seed in seeds:
            failed = run_seeds([seed]).failed.get(seed, [BROKEN])
            if not any(BROKEN in words for words in failed):
                print(f"{name}: seed {seed}: {failed[0]}", flush=True)
                return seed
    return -1
