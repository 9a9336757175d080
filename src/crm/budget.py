"""The rate budget and the circuit of one credential, shared by all workers: implements `crm.gate.Gate`.

One document (`budget/<credential>`) is read before each call: permits of an older epoch are void at once, everywhere.
It is written once for a slice of permits, and when something happens: a 429, a call without an answer, an allowance
that is used up. What good answers teach goes along with the next slice. How much the rate may be exceeded in any span
of time: `crm.limits.burst`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Event

from crm import adapting
from crm.adapting import Learnt
from crm.admitting import STOPPED_S, Go, Hand, Lease, Probe, Refuse, Wait, Wish, step
from crm.budget_row import BudgetRow, standing
from crm.headers import Told
from crm.headers import told as read_headers
from crm.limits import Limits, burst
from crm.worker import News, Pace, Worker
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRows
from domain.errors import Conflict, Unavailable

__all__ = ["Limits", "RateBudget", "budget_document", "burst", "standing"]

_log = logging.getLogger(__name__)

#: A Lambda never sleeps for more than a second: then it looks whether the CRM asks for a wait, or is down.
LONGEST_PAUSE_S = 1.0

#: Whoever has begun waits its turn, a second at a time: what it has read would have to be read again. Longer than from
#: one permit of a backfill to the next at the lowest rate that the budget falls to, so that a backfill gets on.
LONGEST_TURN_S = 6.0

#: How often a row is read again when another worker was first, and how long to step aside before, in seconds.
_ROUNDS = 16
_ASIDE_S = 0.02
_LONGEST_ASIDE_S = 0.1

#: How soon to ask again where our own storage does not answer, in seconds.
_STORAGE_S = 5.0


def budget_document(credential: str) -> str:
    """Name of the shared row of a credential's budget."""
    return f"budget/{credential}"


class RateBudget:
    """Admits calls of one credential at the rate that its CRM allows. One object serves one thread.

    Args:
        rows: shared by all workers.
        credential: name of it, e.g. `suitecrm`.
        limits: of it.
        fingerprint: digest of the user and password in use; a change of it lifts a stop.
        now: the time.
        jitter: a random number from 0 to below 1.
        pause: waits so many seconds.
        backfill: calls are for replays and backfills, and leave the reserved part to live ones.
        worker: what a gate for other calls of the same process knows; None for the first.
        begun: set from the first call of a run to its end; of all threads of a run the same. None: it is alone.
    """

    def __init__(
        self,
        rows: SharedRows,
        credential: str,
        limits: Limits,
        *,
        fingerprint: Callable[[], str],
        now: Callable[[], datetime],
        jitter: Callable[[], float],
        pause: Callable[[float], None],
        backfill: bool = False,
        worker: Worker | None = None,
        begun: Event | None = None,
    ) -> None:
        self._rows = rows
        self._credential = credential
        self._name = budget_document(credential)
        self._limits = limits
        self._fingerprint = fingerprint
        self._now = now
        self._jitter = jitter
        self._pause = pause
        self._backfill = backfill
        self._worker = worker or Worker()
        self._hand = Hand()
        self._pace = Pace()
        self._begun = begun or Event()

    def for_backfill(self) -> RateBudget:
        """The gate of the same process for replays and backfills."""
        return RateBudget(
            self._rows,
            self._credential,
            self._limits,
            fingerprint=self._fingerprint,
            now=self._now,
            jitter=self._jitter,
            pause=self._pause,
            backfill=True,
            worker=self._worker,
            begun=self._begun,
        )

    def admit(self, following: int = 0, longest_s: float = LONGEST_TURN_S) -> None:
        """Wait for a permit and take it, with those for calls that come right after it.

        The first of a run is waited for a second: if it takes longer, others are at work enough, and this run does not
        begin. Whoever has begun waits its turn, at most so many seconds.

        Raises:
            CrmFaulted: `throttled` or `quota`, `unavailable`, `auth_denied`, as `crm.gate.Gate` says; `unavailable`
                also if the shared row cannot be read or written.
        """
        self._worker.fingerprint = self._fingerprint()
        try:
            self._tell_what_is_left()
            self._admit(1 + following, longest_s)
        except Unavailable as fault:
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, f"no permit: {fault}", wait_s=_STORAGE_S)) from fault

    def answered(self, took_s: float, headers: Mapping[str, str]) -> None:
        """The CRM answered, if only with a fault of the request. Header names are in lower case."""
        worker = self._worker
        worker.calls += 1
        worker.took_ms += took_s * 1000
        self._pace.took(int(took_s * 1_000_000))
        learnt, told = self._learnt(), read_headers(headers, self._now())
        if adapting.heard(worker.seen, self._limits, learnt, told) != worker.seen:
            worker.news.append(lambda row: adapting.heard(row, self._limits, learnt, told))
        if worker.news or worker.probe or worker.seen.fails or worker.seen.ramping:
            self._tell()

    def failed(self, fault: Fault, headers: Mapping[str, str]) -> Fault:
        """The call failed as a whole; returns the fault with the wait that the credential keeps now."""
        self._worker.news.append(self._news(fault, read_headers(headers, self._now())))
        self._tell()
        wait_s = max(fault.wait_s, self._kept_s())
        return replace(fault, wait_s=max(wait_s, STOPPED_S) if fault.kind is FaultClass.AUTH_DENIED else wait_s)

    def give_back(self) -> None:
        """The worker stops for now: permits that it still holds are for others. For the end of each run."""
        held = self._hand
        self._hand = Hand()
        self._begun.clear()
        if held.slots:
            now_us = self._now_us()
            self._worker.news.append(lambda row: _returned(row, held, now_us))
            self._tell()

    def resume(self) -> None:
        """A person acted on refused credentials, or a login succeeded: calls go on.

        Raises:
            Unavailable: storage does not answer.
        """
        self._worker.news.append(adapting.resumed)
        self._tell()
        if self._worker.news:
            raise Unavailable("the CRM is not resumed: its shared row cannot be written now; try again")

    def _admit(self, count: int, longest_s: float) -> None:
        waited_us, longest_us = 0, int(LONGEST_PAUSE_S * 1_000_000)
        written: tuple[BudgetRow, int] | None = None
        for attempt in range(_ROUNDS):
            row, guard = written or self._read()
            written = None
            turn_s = min(LONGEST_TURN_S if self._begun.is_set() else LONGEST_PAUSE_S, longest_s)
            match step(row, self._hand, self._wish(int(turn_s * 1_000_000) - waited_us, count), self._now_us()):
                case Go() as go:
                    self._go(row, go)
                    return
                case Wait() as wait:
                    self._hand = wait.hand
                    nap_us = min(wait.us, longest_us)
                    waited_us += nap_us
                    self._pause(nap_us / 1_000_000)
                case Lease() as lease if self._wrote(told := self._with_answers(lease.row), guard):
                    self._take(lease)
                    written = told, guard + 1
                case Probe() if self._wrote(probing := adapting.probing(row, self._limits, self._now_ms()), guard):
                    self._worker.probe = probing.probe
                    self._let_through(probing)
                    return
                case Refuse() as refuse:
                    raise CrmFaulted(refuse.fault)
                case _:  # another worker wrote first
                    waited_us += self._step_aside(attempt)
        raise CrmFaulted(Fault(FaultClass.THROTTLED, "too many workers want a permit at once", wait_s=LONGEST_PAUSE_S))

    def _wish(self, left_us: int, count: int) -> Wish:
        return Wish(
            limits=self._limits,
            backfill=self._backfill,
            patience_us=max(0, left_us),
            stride_us=self._pace.stride_us,
            count=min(count, self._limits.slice_size) if self._pace.took_us else 1,
            fingerprint=self._worker.fingerprint,
        )

    def _take(self, lease: Lease) -> None:
        self._hand = lease.hand
        self._begun.set()
        self._worker.calls, self._worker.took_ms = 0, 0.0

    def _go(self, row: BudgetRow, go: Go) -> None:
        self._hand = go.hand
        self._let_through(row)

    def _let_through(self, row: BudgetRow) -> None:
        self._begun.set()
        self._worker.epoch = row.epoch
        self._worker.started_us = self._now_us()

    def _news(self, fault: Fault, told: Told) -> News:
        limits, learnt = self._limits, self._learnt()
        match fault.kind:
            case FaultClass.THROTTLED | FaultClass.QUOTA:
                asked = replace(told, retry_after_s=max(fault.wait_s, told.retry_after_s))
                quota = fault.kind is FaultClass.QUOTA
                return lambda row: adapting.throttled(row, limits, learnt, asked, quota=quota)
            case FaultClass.UNAVAILABLE | FaultClass.AMBIGUOUS:
                return lambda row: adapting.unanswered(row, limits, learnt, told)
            case FaultClass.AUTH_DENIED:
                fingerprint = self._worker.fingerprint or self._fingerprint()
                return lambda row: adapting.denied(row, limits, learnt, fault.words, fingerprint)
        return lambda row: adapting.answered(row, limits, learnt, calls=1, took_ms=0)

    def _learnt(self) -> Learnt:
        return Learnt(self._now_ms(), self._worker.epoch, self._worker.probe, self._jitter())

    def _kept_s(self) -> float:
        """The wait that the credential keeps now, in seconds."""
        seen = self._worker.seen
        until_ms = max(seen.blocked_until, seen.next_probe() if seen.is_open else 0)
        return max(0, until_ms - self._now_ms()) / 1000

    def _with_answers(self, row: BudgetRow) -> BudgetRow:
        worker = self._worker
        if not worker.calls:
            return row
        return adapting.answered(row, self._limits, self._learnt(), worker.calls, int(worker.took_ms / worker.calls))

    def _tell_what_is_left(self) -> None:
        """What a storage fault kept from the others comes before everything else."""
        if self._worker.news:
            self._tell()
        if self._worker.news:
            raise Unavailable("what the CRM said last cannot be told to other workers yet")

    def _tell(self) -> None:
        """Write what was learnt. If storage does not answer, it is kept, and told before the next call."""
        worker = self._worker
        try:
            for attempt in range(_ROUNDS):
                row, guard = self._read()
                changed = self._changed(row)
                if changed == row or self._wrote(changed, guard):
                    worker.seen = changed
                    worker.news.clear()
                    worker.calls, worker.took_ms, worker.probe = 0, 0.0, 0
                    return
                self._step_aside(attempt)
        except Unavailable:
            _log.warning("the CRM's shared budget cannot be written; it is tried again before the next call")
        worker.seen = self._changed(worker.seen.fitted(self._limits))

    def _step_aside(self, attempt: int) -> int:
        """Wait a random moment, so that workers who want the row at once do not meet again; returns microseconds."""
        wait_s = self._jitter() * min(_LONGEST_ASIDE_S, _ASIDE_S * 2**attempt)
        self._pause(wait_s)
        return int(wait_s * 1_000_000)

    def _changed(self, row: BudgetRow) -> BudgetRow:
        row = self._with_answers(row)
        for news in self._worker.news:
            row = news(row)
        return row

    def _read(self) -> tuple[BudgetRow, int]:
        stored = self._rows.read(self._name)
        row = BudgetRow.parse(stored.document).fitted(self._limits)
        self._worker.seen = row
        return row, stored.guard

    def _wrote(self, row: BudgetRow, guard: int) -> bool:
        try:
            self._rows.write(self._name, row.document(), guard)
        except Conflict:
            return False
        self._worker.seen = row
        return True

    def _now_us(self) -> int:
        return int(self._now().timestamp() * 1_000_000)

    def _now_ms(self) -> int:
        return self._now_us() // 1000


def _returned(row: BudgetRow, held: Hand, now_us: int) -> BudgetRow:
    if held.epoch != row.epoch:
        return row
    coming = [slot for slot in held.slots if row.calendar.begins_us(slot) > now_us]
    return row.with_calendar(row.calendar.give_back(coming))
