"""The CRM of a simulation, people who work in it, and how a delivering process is put together below its port."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Event

from crm.budget import RateBudget
from crm.caller import Caller, FreshTokens, Line, Timing
from crm.limits import Limits
from crm.schemas import SharedSchema
from crm.session import Lifetime, SharedSession
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from crm.suitecrm.mapped import modules_of
from crm.suitecrm.modules import Modules
from crm.suitecrm.sink import SuiteCrmSink
from dev.crm.model import CrmModel
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES, Fields, with_addon
from domain.crm.ports import Records
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import Schema
from flows.delivery.content import Content, Drawing, Parents, followed
from mappings.crm.loader import crm_mapping
from tests.simulation.cloud import left_s
from tests.simulation.evidence import Holdings
from tests.simulation.scheduler import Scheduler
from tests.simulation.seeds import HumanAct, Script
from tests.simulation.stores import Stores
from tests.simulation.wire import WiredCalls

USER, PASSWORD = "dealwire", "secret"
CREDENTIAL = "suitecrm"
#: As the composition root sets it, in seconds.
OPERATION_S = 20.0
_MODULES = {Kind.CONTACT: CONTACTS, Kind.DEAL: OPPORTUNITIES, Kind.COMMISSION: COMMISSIONS}
_TYPES = {"money": ("decimal", "18,2"), "decimal": ("decimal", "9,6"), "date": ("date", ""), "integer": ("int", "")}
#: Fields that are people's, and fields that are ours, which people edit all the same.
THEIRS = {CONTACTS: ("title", "department"), OPPORTUNITIES: ("next_step", "description"), COMMISSIONS: ("description",)}
_OURS = {CONTACTS: ("first_name",), OPPORTUNITIES: ("dw_office_c", "amount"), COMMISSIONS: ("fees",)}


@lru_cache(maxsize=1)
def crm_schema() -> Mapping[str, Fields]:
    """What a CRM with our add-on can hold: stock, and every field that the mapping names beside it."""
    stock = with_addon()
    addon: dict[str, dict[str, tuple[str, str | int]]] = {}
    for kind, module in _MODULES.items():
        for line in crm_mapping().kinds[kind].sent:
            if line.name not in stock[module] and not line.link:
                addon.setdefault(module, {})[line.name] = _TYPES.get(line.form, ("varchar", line.length or 255))
    return with_addon(addon)


@lru_cache(maxsize=1)
def _modules() -> Modules:
    return modules_of(crm_mapping())


def crm_model(script: Script, now: Callable[[], float], chance: random.Random) -> CrmModel:
    """The CRM as it is before we arrive: our agents' contacts, and people whom we do not know of."""
    model = CrmModel(
        now, schema=crm_schema(), users={USER: PASSWORD}, idle_s=script.idle_s, lifetime_s=script.lifetime_s
    )
    for agent in (*script.agents, script.joins_late[0]):
        model.enter(CONTACTS, {"first_name": "Agent", "last_name": agent}, f"contact-{agent}")
    for number, prior in enumerate(script.priors):
        person = prior.person
        fields = {"last_name": person.last_name}
        fields |= {"email1": person.email} if person.email else {"phone_work": person.phones[0]}
        if person.phones and not person.email:
            fields["phone_home"] = person.phones[-1]  # found by whichever an event names first
        fields |= {name: chance.choice(("Somebody", "Else")) for name in prior.filled if name == "first_name"}
        fields |= {name: "+14065550000" for name in prior.filled if name == "phone_mobile"}
        for copy in range(prior.copies):
            model.enter(CONTACTS, fields, f"prior-{number}-{copy}")
    return model


class Human:
    """Somebody who works in the CRM."""

    def __init__(self, model: CrmModel, count: Callable[[str, str], None]) -> None:
        self.model = model
        self.count = count

    def act(self, act: HumanAct) -> None:
        """Do it to some record, if there is one."""
        chance = random.Random(act.dice)
        ours = [
            (module, one)
            for module in _MODULES.values()
            for one in self.model.live(module)
            if self._is_ours(module, one)
        ]
        if act.form == "merge":
            ours = [(module, one) for module, one in ours if module == CONTACTS]
        if not ours:
            return
        module, record = chance.choice(ours)
        if act.form == "edit":
            name = chance.choice((THEIRS if chance.random() < 0.6 else _OURS)[module])
            self.model.edit(module, record, {name: "123" if name in ("amount", "fees") else "as people have it"})
        elif act.form == "delete":
            self.model.delete(module, record)
        else:
            self._merge(record)
        self.count("human", act.form)

    def _merge(self, record: str) -> None:
        shown = self.model.shown(CONTACTS, record)
        fields = {name: shown[name] for name in ("first_name", "last_name", "email1") if shown.get(name)}
        made = self.model.enter(CONTACTS, fields, f"human-{len(self.model.log)}")
        self.model.merge(CONTACTS, made, record)

    def _is_ours(self, module: str, record: str) -> bool:
        name = "external_id" if module == COMMISSIONS else "dw_external_id_c"
        return bool(self.model.text(module, record, name))


def holdings_of(model: CrmModel) -> Holdings:
    """What the CRM holds, as a person sees it."""
    live: dict[str, dict[str, Mapping[str, str]]] = {}
    gone: dict[str, dict[str, Mapping[str, str]]] = {}
    for module in _MODULES.values():
        for record_id, record in model.records.get(module, {}).items():
            place = gone if record.deleted else live
            place.setdefault(module, {})[record_id] = model.shown(module, record_id)
    links: dict[str, dict[tuple[str, str], Mapping[str, str]]] = {}
    for relation, left, right, columns in model.links.rows():
        links.setdefault(relation, {})[left, right] = dict(columns)
    emails = {
        one: shown.get("email1", "") for one, shown in {**live.get(CONTACTS, {}), **gone.get(CONTACTS, {})}.items()
    }
    return Holdings(live, gone, emails, links)


class Drawings:
    """What was drawn of which records: drawing is pure, and most of what a worker draws another has drawn before."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[object, ...], tuple[tuple[object, ...], Content | None]] = {}
        self._schemas: dict[int, tuple[Schema, Schema]] = {}

    def content(self, drawing: Drawing, key: RowKey, records: Records, parents: Parents) -> Content | None:
        """What the row should hold, by the same records the same."""
        drawn_from = (
            self._one(drawing.schema),
            records.contacts.get(key.id) if key.kind is Kind.CONTACT else None,
            records.deals.get(key.id),
            records.commissions.get((key.id, key.other)),
        )
        seen = sorted(followed([key], records))
        ends = tuple(parents[one].remote_id if one in parents else None for one in seen)
        by = (key, ends, *map(id, drawn_from))
        if by not in self._drawn:
            content = drawing.content(key, records, parents)
            self._drawn[by] = (drawn_from, content)  # keeps them, so that no other record gets the same `id`
        return self._drawn[by][1]

    def _one(self, schema: Schema) -> Schema:
        """The first that is the same: each process parses its own."""
        if id(schema) not in self._schemas:
            same = next((one for one, _ in self._schemas.values() if one == schema), schema)
            self._schemas[id(schema)] = same, schema
        return self._schemas[id(schema)][0]


@dataclass(frozen=True, slots=True)
class QuickDrawing(Drawing):
    """Draws everything once."""

    drawings: Drawings = field(default_factory=Drawings)

    def content(self, key: RowKey, records: Records, parents: Parents) -> Content | None:
        """What the row should hold."""
        return self.drawings.content(Drawing(self.mapping, self.schema), key, records, parents)


class Lane:
    """One thread's way to the CRM, for live rows and for those of a backfill."""

    def __init__(
        self,
        stores: Stores,
        wire: WiredCalls,
        scheduler: Scheduler,
        limits: Limits,
        chance: random.Random,
        begun: Event,
    ) -> None:
        def print_of_secret() -> str:
            return "print"

        budget = RateBudget(
            stores.shared,
            CREDENTIAL,
            limits,
            fingerprint=print_of_secret,
            now=scheduler.clock,
            jitter=chance.random,
            pause=scheduler.spend,
            begun=begun,
        )
        self.budgets = (budget, budget.for_backfill())
        fresh, timing = FreshTokens(), Timing(OPERATION_S, 4.0, 3.0, lambda: scheduler.now, lambda: left_s(scheduler))
        self.sinks = []
        for gate in self.budgets:
            line = Line(gate, WIRE_ERRORS, timing)
            session = SharedSession(
                stores.shared,
                CREDENTIAL,
                login_with(wire, line, fresh, lambda: Credentials(USER, PASSWORD)),
                fingerprint=print_of_secret,
                now=scheduler.clock,
                pause=scheduler.spend,
                lifetime=Lifetime(lifetime_s=3600.0, login_s=OPERATION_S + 10),
            )
            self.sinks.append(SuiteCrmSink(wire, Caller(line, session, fresh), _modules()))


class Process:
    """What a delivering process remembers; implements `flows.delivery.ports.DeliveryPorts`."""

    def __init__(
        self,
        stores: Stores,
        wire: WiredCalls,
        scheduler: Scheduler,
        limits: Limits,
        chance: random.Random,
        drawings: Drawings,
    ) -> None:
        self.rows = stores.sync
        self._drawings = drawings
        self.dead = stores.events
        self.deals = stores.deals
        begun = Event()
        self._sides = [Lane(stores, wire, scheduler, limits, chance, begun) for _ in range(3)]
        describe, of = self._sides[0].sinks[0].preflight, f"{crm_mapping().crm} {crm_mapping().version}"
        self._schemas = SharedSchema(stores.shared, CREDENTIAL, of=of, describe=describe, now=scheduler.clock)

    def drawing(self) -> Drawing:
        """What rows are drawn with."""
        return QuickDrawing(crm_mapping(), self._schemas.schema(), self._drawings)

    def sink(self, side: int, *, backfill: bool) -> SuiteCrmSink:
        """The CRM, as this thread of a run reaches it."""
        return self._sides[side].sinks[backfill]

    def end(self) -> None:
        """A run ends: permits that it still holds are for others."""
        for side in self._sides:
            for budget in side.budgets:
                budget.give_back()
