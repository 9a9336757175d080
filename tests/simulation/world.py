"""One seed's stack: the real flows as functions of a simulated cloud, over stores in memory and a model of the CRM."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from crm.budget import burst
from crm.limits import Limits
from domain.crm.ports import SyncStore
from domain.crm.rows import Kind, RowKey, Standing
from domain.errors import Cause
from domain.event_log import State
from tests.simulation.cloud import Agenda, Environment, Function, Stream, consume, on_schedule
from tests.simulation.crm_side import OPERATION_S, Human, crm_model, holdings_of
from tests.simulation.evidence import Asked, Evidence
from tests.simulation.faults import Tally
from tests.simulation.functions import DELIVER_TIMEOUT_S, Handlers
from tests.simulation.office import Office
from tests.simulation.scheduler import EPOCH, Scheduler
from tests.simulation.seeds import PROMPT_S, Script
from tests.simulation.sqs import Oddities
from tests.simulation.stepping import Steps
from tests.simulation.stores import Stores
from tests.simulation.stories import Event
from tests.simulation.wire import MAX_REQUEST_S, Wire

#: How long the world may take to come to rest when nothing goes wrong any more.
REST_S = 4 * 3600.0
#: The most that clocks of two workers differ.
_SKEW_S = 4.0


class SimulatedWorld:
    """Runs one script to its end; `evidence` is what a checker may see."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.tally = Tally()
        self.tally.counts.update(script.tally.counts)
        self.chance = random.Random(f"world-{script.seed}")
        self.scheduler = Scheduler(random.Random(f"ties-{script.seed}"))
        self.steps = Steps(self.scheduler, self.chance, script.rates, self.tally)
        self.agenda = Agenda(self.scheduler)
        self.stores = Stores(script, self.scheduler, self.steps, self.agenda, self.chance)
        self.model = crm_model(script, lambda: EPOCH.timestamp() + self.scheduler.now, self.chance)
        self.wire = Wire(self.model, script, self.steps, self.chance, self.stores.permitted)
        self.limits = Limits(rate=script.rate, skew_s=_SKEW_S, probe_s=OPERATION_S + 10)
        self.accepted: dict[str, float] = {}
        self.environments: list[Environment[Any]] = []
        self.does = Handlers(self.stores, self.wire, self.scheduler, self.limits, self.chance)
        self.office = Office(
            self.stores, self.does.deliverer, self.model, self.scheduler, self.chance, self.does.new_id, self.tally
        )
        self.calm_from = 0.0
        self.priors = {one: dict(self.model.shown("Contacts", one)) for one in self.model.live("Contacts")}
        self._start()

    # ----------------------------------------------------------------------------------------------------- the stack

    def _start(self) -> None:
        script, stores = self.script, self.stores
        self._providers()
        process = Function("process", 30.0, self.does.process_ports, self.does.process)
        self._consumers(stores.queue, process, script.processing)
        self._consumers(stores.dlq, Function("bury", 30.0, lambda: None, self.does.bury), (0.0,))
        self._consumers(
            stores.bell_queue,
            Function("deliver", DELIVER_TIMEOUT_S, self.does.deliverer, self.does.deliver),
            script.delivering,
        )
        self._scheduled(Function("sweep", 50.0, lambda: None, self.does.sweep), 60.0, 7.0)
        answering = Function("operate", 60.0, self.office.ports, self.office.answer)
        self._answering = self._environment(answering)
        self._mending = self._environment(Function("reconcile", 60.0, self.office.ports, self.office.mend))
        self._settler()
        self._ringer()
        self._hands()

    def _environment(self, function: Function[Any]) -> Environment[Any]:
        found = Environment(function, self.scheduler, self.tally)
        self.environments.append(found)
        return found

    def _consumers(self, queue: Any, function: Function[Any], skews: Sequence[float]) -> None:
        self.environments += consume(self.scheduler, queue, function, self.tally, workers=skews)

    def _scheduled(self, function: Function[Any], every_s: float, first_s: float) -> None:
        on_schedule(self.scheduler, self._environment(function), every_s, first_s)

    def _settler(self) -> None:
        settle = Function("settle", 50.0, lambda: None, self.does.settle)
        self._scheduled(settle, 60.0, 31.0)
        self.settling = Stream(self.scheduler, self._environment(settle))
        self.settling.worker = self.scheduler.spawn("settle-stream", self.settling.run)

    def _ringer(self) -> None:
        ringing = Stream(self.scheduler, self._environment(Function("ring", 30.0, lambda: None, self.does.ring)))
        ringing.worker = self.scheduler.spawn("ring", ringing.run)

        def heard(keys: list[RowKey]) -> None:
            ringing.add(keys)
            if any(key.kind is Kind.DEAL for key in keys):
                self.settling.add(["bell"])

        self.stores.deal_rows.heard = heard
        self.stores.commission_rows.heard = heard

    # ----------------------------------------------------------------------------------------------- ingest and process

    def _providers(self) -> None:
        ingest = Function("ingest", 10.0, lambda: None, self.does.ingest)
        events = [*self.script.early]
        for number in range(2):
            mine = [event for event in events if hash_of(event.deal) % 2 == number]
            run = partial(self._send_all, mine, self._environment(ingest))
            self.scheduler.spawn(f"provider-{number}", run)
        self._prompter = self._environment(ingest)

    def _send_all(self, events: Sequence[Event], ingest: Environment[Any], start: float = 0.0) -> None:
        """Deliver each when its time has come; what was not accepted is sent again, as providers do."""
        due = sorted((start + at, event.id, 0, event) for event in events for at in (event.at, *event.again))
        while due:
            at, name, tries, event = due.pop(0)
            if at > self.scheduler.now:
                self.scheduler.wait(at)
            done, status = ingest.invoke(event)
            if done and status == 202:
                self.accepted.setdefault(event.id, self.scheduler.now)
                continue
            due.append((self.scheduler.now + 5.0 * 2 ** min(tries, 6), name, tries + 1, event))
            due.sort(key=lambda entry: entry[:2])

    # ------------------------------------------------------------------------------------ what happens around the stack

    def _hands(self) -> None:
        script, scheduler = self.script, self.scheduler
        human = Human(self.model, self.tally.add)
        acts: list[tuple[float, Callable[[], None]]] = [(act.at, partial(human.act, act)) for act in script.acts]
        acts += [(at, self.wire.forget_sessions) for at in script.expiries]
        acts += [(at, self._storm) for at in script.storms]
        acts += [(at, partial(self._replay, number)) for number, at in enumerate(script.replays)]
        for at, act in acts:
            self.agenda.at(at, act)
        for agent, at in script.joins.items():
            scheduler.spawn(f"import-{agent}", partial(self._import, agent), at=at)
        if script.answers:
            scheduler.spawn("office", partial(self._answer_some, sorted(script.answers)))
        self.wire.late_heard = lambda at: self.agenda.at(at, self._run_late)

    def _answer_some(self, times: Sequence[float]) -> None:
        for at in times:
            self.scheduler.wait(max(at, self.scheduler.now))
            self._answering.invoke(0.5)

    def _answer_all(self) -> None:
        while self._answering.invoke(1.0) != (True, 0):
            self.scheduler.wait(self.scheduler.now + 30.0)

    def _mend_all(self) -> None:
        """Page by page; one that was not done is asked for again."""
        after, done = "", False
        while not done or after:
            done, answer = self._mending.invoke(after)
            after = answer if done else after
            if not done:
                self.scheduler.wait(self.scheduler.now + 30.0)

    def _storm(self) -> None:
        self.wire.storm_until = self.scheduler.now + 30.0 + 60.0 * self.chance.random()

    def _replay(self, number: int) -> None:
        applied = sorted(self.stores.log_rows.known)
        if not applied:
            return
        record = self.stores.log_rows.known[self.chance.choice(applied)]
        self.tally.add("event", "replayed")
        again = replace(record.envelope, replay=f"{number:04d}-replay")
        self.stores.queue.send(again.to_json())

    def _import(self, agent: str) -> None:
        function = Function("import", 60.0, lambda: None, self.does.imported)
        environment = self._environment(function)
        while not environment.invoke(agent)[0]:
            self.scheduler.wait(self.scheduler.now + 5.0)

    def _run_late(self) -> None:
        self.model.run_late(EPOCH.timestamp() + self.scheduler.now)

    # ------------------------------------------------------------------------------------------------------- the phases

    def run(self) -> Evidence:
        """The time of faults, then rest, then two prompt changes; what the CRM shows then is judged."""
        scheduler = self.scheduler
        try:
            scheduler.run(self.script.calm_at)
            self._calm()
            self._rest()
            if self.script.tidies:
                self._tidy()
            self._prompt()
        finally:
            scheduler.close()
        return self._evidence()

    def _calm(self) -> None:
        self.steps.calm = self.wire.calm = True
        for queue in self.stores.queues:
            queue.oddities = Oddities()
        self.calm_from = self.scheduler.now

    def _rest(self, is_done: Callable[[], bool] = lambda: True) -> None:
        """Until nothing is on its way; a request of before may still be executed."""
        scheduler, until = self.scheduler, self.scheduler.now + REST_S
        at = scheduler.now + MAX_REQUEST_S + 30.0
        while True:
            scheduler.run(at)
            scheduler.now = max(scheduler.now, at)
            if (self.is_at_rest() and is_done()) or scheduler.now >= until:
                return
            self._operate()
            at = scheduler.now + 300.0

    def _operate(self) -> None:
        """What an operator does about letters that only an outage wrote: replay them."""
        for key in sorted(self.stores.log_rows.shut):
            record = self.stores.log_rows.shut[key]
            if record.state is State.DEAD and record.cause in (Cause.UNAVAILABLE, Cause.BUG):
                self.stores.queue.send(record.envelope.to_json())

    def is_at_rest(self) -> bool:
        """Whether nothing is queued or due; only to know when to look, the checker judges by the CRM."""
        stores = self.stores
        if any(map(len, stores.queues)) or stores.waiting_rows.rows or self.model.late:
            return False
        if any(not mark.needs for mark in stores.commission_rows.marks.values()):
            return False
        soon = EPOCH + timedelta(seconds=self.scheduler.now + 3600.0)
        due = [key for backfill in (False, True) for key in stores.sync_rows.due(soon, 10_000, backfill=backfill)]
        held = stores.sync_rows.rows(due)
        return all(key in held and held[key].standing in _RESTING for key in due)

    def _tidy(self) -> None:
        """Operators answer whatever is asked, then compare; each time it comes to rest."""
        for name, work in (("office-answers", self._answer_all), ("office-mends", self._mend_all)):
            done: list[str] = []
            self.scheduler.spawn(name, partial(_and_tell, work, name, done), at=self.scheduler.now)
            self._rest(partial(bool, done))

    def _prompt(self) -> None:
        scheduler, script = self.scheduler, self.script
        start = scheduler.now + 60.0
        scheduler.spawn("prompt", partial(self._send_all, script.prompt, self._prompter, start), at=start)
        agent, at = script.joins_late
        scheduler.spawn(f"import-{agent}", partial(self._import, agent), at=start + at)
        end = start + max(event.at for event in script.prompt) + PROMPT_S
        scheduler.run(end)
        scheduler.now = end

    # ---------------------------------------------------------------------------------------------------- the evidence

    def _evidence(self) -> Evidence:
        stores = self.stores
        dead = {r.envelope.event_id for r in stores.log_rows.shut.values() if r.state is State.DEAD}
        rows: SyncStore = stores.sync_rows
        asks = [row for row in rows.rows(list(stores.sync_rows.sync)).values() if row.standing is Standing.ASKS]
        return Evidence(
            script=self.script,
            accepted=self.accepted,
            filed=frozenset(dead),
            holdings=holdings_of(self.model),
            log=self.model.log,
            calls=self.wire.calls,
            writings=self.wire.writings,
            logins=self.wire.logins,
            throttled=self.wire.throttled,
            crashed=self.crashed,
            disturbed=self.steps.disturbed,
            asks=[Asked(row.key.kind, str(row.question), (row.remote_id, *row.candidates)) for row in asks],
            answers=self.office.answers,
            mended=self.script.tidies,
            priors={one: shown for one, shown in self.priors.items() if one.startswith("prior-")},
            refused_bells=len(stores.bells_dlq),
            rate=self.limits.rate,
            burst=burst(self.limits, 2 * len(self.script.delivering)),
            calm_from=self.calm_from,
            end=self.scheduler.now,
            counts=self.tally.counts,
            cleared=not len(stores.bell_queue),
        )

    @property
    def crashed(self) -> list[tuple[float, str]]:
        """When processes died, and which."""
        return [crash for environment in self.environments for crash in environment.crashes]


#: Rows that wait for nobody but a person, or for a record that does.
_RESTING = frozenset({Standing.ASKS, Standing.BEHIND, Standing.REFUSED, Standing.LEFT})


def _and_tell(work: Callable[[], None], name: str, done: list[str]) -> None:
    work()
    done.append(name)


def hash_of(text: str) -> int:
    """The same in every process, unlike `hash`."""
    return sum(map(ord, text))
