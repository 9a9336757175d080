"""The way to the CRM: each call takes its time, and may be lost, cut off, refused, done late or done unanswered."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from typing import Any, NoReturn, TypeVar

from crm.suitecrm.calls import (
    Broke,
    Entry,
    EntryPage,
    LinkCall,
    LinkCount,
    ModuleFields,
    SoapFault,
    WireFault,
)
from dev.crm.model import CrmModel
from dev.crm.quota import Quota
from tests.simulation.evidence import Call, Login, Throttled, Writing
from tests.simulation.scheduler import EPOCH, Scheduler
from tests.simulation.seeds import Outage, Script
from tests.simulation.stepping import Kind, Steps
from tests.simulation.workers import Crashed

T = TypeVar("T")

#: A request that nobody waits for any more is executed within this many seconds, or never.
MAX_REQUEST_S = 300.0
_CRM = Kind("crm", refuses=False)
_WRITES = frozenset({"set_entry", "set_entries", "set_relationships"})


class Wire:
    """What all workers' calls have in common.

    Attributes:
        calls: as they reached the CRM.
        throttled: replies that asked to wait.
        permitted: worker to when it last looked at the shared budget.
        writings: those of them that write.
        logins: those that were answered.
        calm: nothing goes wrong any more.
    """

    def __init__(
        self, model: CrmModel, script: Script, steps: Steps, chance: random.Random, permitted: Mapping[str, float]
    ) -> None:
        self.model = model
        self.script = script
        self.steps = steps
        self.tally = steps.tally
        self.chance = chance
        self.calls: list[Call] = []
        self.throttled: list[Throttled] = []
        self.permitted = permitted
        self.writings: list[Writing] = []
        self.logins: list[Login] = []
        self.calm = False
        self.storm_until = 0.0
        self.met: set[Outage] = set()
        self.tokens: set[str] = set()
        self.forgotten: set[str] = set()
        self.quota = Quota(int(script.quota)) if script.quota else None
        self.late_heard: Callable[[float], None] = lambda _: None

    @property
    def scheduler(self) -> Scheduler:
        """Whose time it is."""
        return self.steps.scheduler

    # ------------------------------------------------------------------------------------------------------ one call

    def call(self, operation: str, effect: Callable[[], T], timeout_s: float, ids: Sequence[str] = ()) -> T:
        """Send it, and whatever becomes of it."""
        begun, worker = self.scheduler.now, self.scheduler.running().name
        try:
            result: T = self.steps.step(lambda: self._sent(operation, effect, timeout_s, ids), _CRM, operation)
        finally:
            if operation in _WRITES:
                self.writings.append(Writing(begun, self.scheduler.now, worker, frozenset(ids)))
        return result

    def forget_sessions(self) -> None:
        """The CRM forgets every session, as after a restart."""
        self.forgotten |= self.tokens
        self.model.logins.expire()
        self.tally.add("session", "forgotten")

    def _sent(self, operation: str, effect: Callable[[], T], timeout_s: float, ids: Sequence[str]) -> T:
        self._note(operation)
        if self.calm:
            return self._answered(effect)
        if self._out():
            self._silent(timeout_s)
        self._hold_back()
        if operation in _WRITES and self.chance.random() < 5 * self.script.rates.crash:
            self.tally.add("crash", "in_flight")
            self._later(effect, ids, self.chance.random())
            raise Crashed(f"{self.scheduler.running().name} with a call in flight")
        rates, dice = self.script.crm, self.chance.random()
        if dice < rates.time_out:
            self._time_out(operation, effect, timeout_s, ids)
        if dice < rates.time_out + rates.broken:
            self._break(operation, effect)
        if dice < rates.time_out + rates.broken + rates.throttled:
            self._throttle(self.chance.choice(("plain", "retry_after_seconds", "retry_after_date")))
        return self._answered(effect)

    def _note(self, operation: str) -> None:
        scheduler = self.scheduler
        name = scheduler.running().name
        held_up = scheduler.now - self.permitted.get(name, scheduler.now) > 1.0
        self.calls.append(Call(scheduler.now, operation, name, held_up))

    def _answered(self, effect: Callable[[], T]) -> T:
        """The usual case; a fault of the service is an answer, too."""
        low, high = self.script.crm.latency_s
        latency = self.chance.uniform(low, high)
        share = self.chance.random()
        self.scheduler.spend(latency * share)
        try:
            return effect()
        finally:
            self.scheduler.spend(latency * (1 - share))

    def _out(self) -> bool:
        now = self.scheduler.now
        found = next((o for o in self.script.outages if o.start <= now < o.start + o.length), None)
        if found is not None and found not in self.met:
            self.met.add(found)
            self.tally.add("outage", found.form)
        return found is not None

    def _silent(self, timeout_s: float) -> NoReturn:
        """Nothing is done, whatever it looks like."""
        form = self.chance.choice(("unsent", "hangs", "bad_gateway", "empty"))
        if form == "hangs":
            self.scheduler.spend(timeout_s)
            raise WireFault(Broke.CUT, "timed out (simulated)")
        self.scheduler.spend(0.05)
        if form == "unsent":
            raise WireFault(Broke.UNSENT, "connection refused (simulated)")
        status = 502 if form == "bad_gateway" else 500
        raise WireFault(Broke.STATUS, "no SOAP answer (simulated)", status=status, empty=status == 500)

    # ---------------------------------------------------------------------------------------------------- time-outs

    def _time_out(self, operation: str, effect: Callable[[], object], timeout_s: float, ids: Sequence[str]) -> NoReturn:
        writes = operation in _WRITES
        form = self.chance.choice(("before", "after", "late", "late")) if writes else "before"
        if form == "late":
            self._later(effect, ids, self.chance.random())
        self.tally.add("time_out", form)
        self.scheduler.spend(timeout_s * 0.3)
        if form == "after":
            self._unheard(effect)
        self.scheduler.spend(timeout_s * 0.7)
        raise WireFault(Broke.CUT, "timed out (simulated)")

    def _later(self, effect: Callable[[], object], ids: Sequence[str], dice: float) -> None:
        now = self.scheduler.now
        longest = MAX_REQUEST_S - 15.0 - max(0.0, now - self.permitted.get(self.scheduler.running().name, now))
        at = now + 1.0 + dice * max(0.0, longest - 1.0)
        seen = len(self.model.log)

        def late() -> None:
            newer = {entry.id for entry in self.model.log[seen:] if entry.applied and entry.call_no}
            if newer & set(ids):
                self.tally.add("time_out", "late_over_newer")
            effect()

        self.model.later(EPOCH.timestamp() + at, late)
        self.late_heard(at)

    @staticmethod
    def _unheard(effect: Callable[[], object]) -> None:
        try:
            effect()
        except SoapFault:
            return

    # ------------------------------------------------------------------------------------------------ other breakages

    def _break(self, operation: str, effect: Callable[[], object]) -> NoReturn:
        form = self.chance.choice(("unsent", "reset", "bad_gateway", "unavailable", "empty_not_done", "empty_done"))
        self.tally.add("broken", form)
        self.scheduler.spend(self.chance.random())
        if form == "unsent":
            raise WireFault(Broke.UNSENT, "connection refused (simulated)")
        if form == "reset":
            if self.chance.random() < 0.5:
                self._unheard(effect)
            raise WireFault(Broke.CUT, "connection reset (simulated)")
        if form == "empty_done":
            self._unheard(effect)
        status = {"bad_gateway": 502, "unavailable": 503}.get(form, 500)
        raise WireFault(Broke.STATUS, "no SOAP answer (simulated)", status=status, empty=status == 500)

    # ---------------------------------------------------------------------------------------------------- throttling

    def _hold_back(self) -> None:
        now = self.scheduler.now
        if now < self.storm_until:
            self._throttle("storm")
        if self.quota is not None and (wait := self.quota.take(now)):
            self._throttle("by_quota", wait)

    def _throttle(self, form: str, wait_s: float = 0.0) -> NoReturn:
        self.tally.add("throttled", form)
        self.scheduler.spend(0.05)
        scheduler = self.scheduler
        headers: dict[str, str] = {}
        until = scheduler.now
        if form == "retry_after_seconds" or (form == "storm" and self.chance.random() < 0.5):
            seconds = self.chance.randint(2, 90) if form != "storm" else max(1, int(self.storm_until - scheduler.now))
            headers["retry-after"] = str(seconds)
            until += seconds
        elif form == "retry_after_date":
            at = scheduler.true_time().timestamp() // 1 + self.chance.randint(2, 90)
            headers["retry-after"] = format_datetime(EPOCH.fromtimestamp(at, EPOCH.tzinfo), usegmt=True)
            headers["date"] = format_datetime(scheduler.true_time().replace(microsecond=0), usegmt=True)
            until = at - EPOCH.timestamp()
        self.throttled.append(Throttled(scheduler.now, until, scheduler.running().name))
        raise WireFault(Broke.STATUS, "too many requests (simulated)", status=429, headers=headers)


class WiredCalls:
    """Implements `crm.suitecrm.calls.SoapCalls` for one process."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._model = wire.model

    def login(self, user: str, password: str, *, timeout_s: float) -> str:
        """The session id."""
        scheduler = self._wire.scheduler
        login = Login(scheduler.now, scheduler.running().name)
        token = self._call(self._model.login, timeout_s, user, password)
        self._wire.logins.append(login)
        self._wire.tokens.add(token)
        return str(token)

    def get_server_info(self, *, timeout_s: float) -> Mapping[str, str]:
        """What it is."""
        return self._call(self._model.get_server_info, timeout_s)

    def get_available_modules(self, session: str, *, timeout_s: float) -> Sequence[str]:
        """Names of modules."""
        return self._call(self._model.get_available_modules, timeout_s, session)

    def get_module_fields(self, session: str, module: str, *, timeout_s: float) -> ModuleFields:
        """Fields of a module."""
        return self._call(self._model.get_module_fields, timeout_s, session, module)

    def get_entries(
        self, session: str, module: str, ids: Sequence[str], fields: Sequence[str],
        links: Mapping[str, Sequence[str]], *, timeout_s: float,
    ) -> Sequence[Entry]:  # fmt: skip
        """Records by id."""
        return self._call(self._model.get_entries, timeout_s, session, module, list(ids), list(fields), dict(links))

    def get_entry_list(
        self, session: str, module: str, where: str, fields: Sequence[str], *,
        order_by: str, offset: int, limit: int, deleted: bool, timeout_s: float,
    ) -> EntryPage:  # fmt: skip
        """A list."""
        return self._call(self._model.get_entry_list, timeout_s, session, module, where, list(fields),
            order_by=order_by, offset=offset, limit=limit, deleted=deleted,
        )  # fmt: skip

    def set_entry(self, session: str, module: str, values: Mapping[str, str], *, timeout_s: float) -> str:
        """Write one."""
        return self._call(self._model.set_entry, timeout_s, session, module, dict(values), ids=[values.get("id", "")])

    def set_entries(
        self, session: str, module: str, rows: Sequence[Mapping[str, str]], *, timeout_s: float
    ) -> Sequence[str]:
        """Write several."""
        sent = [dict(row) for row in rows]
        return self._call(
            self._model.set_entries, timeout_s, session, module, sent, ids=[row.get("id", "") for row in sent]
        )

    def set_relationships(self, session: str, links: Sequence[LinkCall], *, timeout_s: float) -> LinkCount:
        """Link several."""
        ids = [f"{link.id}/{link.related}" for link in links]
        return self._call(self._model.set_relationships, timeout_s, session, list(links), ids=ids)

    def get_relationships(
        self, session: str, module: str, record_id: str, link: str, fields: Sequence[str], *, timeout_s: float
    ) -> Sequence[Entry]:
        """What is linked."""
        return self._call(self._model.get_relationships, timeout_s, session, module, record_id, link, list(fields))

    def _call(self, method: Callable[..., T], timeout_s: float, *args: Any, ids: Sequence[str] = (), **named: Any) -> T:
        wire = self._wire
        try:
            return wire.call(method.__name__, lambda: method(*args, **named, timeout_s=timeout_s), timeout_s, ids)
        except SoapFault as fault:
            if fault.code == "11" and args[0] not in wire.forgotten:
                wire.tally.add("session", "expired")
            raise
