"""One process of `deliver` as the runtime puts it together, in virtual time; session, budget, schema, sink are real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from bench.drain_crm import PASSWORD, USER
from bench.virtual import Virtual
from crm.budget import RateBudget
from crm.caller import Caller, FreshTokens, Line, Timing
from crm.limits import Limits
from crm.schemas import SharedSchema
from crm.session import Lifetime, SharedSession
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from crm.suitecrm.mapped import modules_of
from crm.suitecrm.sink import SuiteCrmSink
from flows.delivery.content import Drawing, followed
from mappings.crm.loader import crm_mapping
from runtime.wiring.suitecrm import LEAST_S, MARGIN_S, SIDES

if TYPE_CHECKING:
    from bench.drain_store import LargeSyncStore, SlowSharedRows
    from crm.suitecrm.calls import SoapCalls
    from domain.crm.ports import Records
    from domain.crm.rows import RowKey
    from domain.ports import DeadLetters
    from flows.delivery.content import Content, Parents
    from tests.fakes.deals import MemoryDealStore

CREDENTIAL = "suitecrm"
#: As template.yaml has it, in seconds.
OPERATION_S = 20.0


@dataclass(frozen=True, slots=True)
class Around:
    """What all processes have in common.

    Attributes:
        store: of the brokerage.
        shared: rows that they share.
        calls: to the CRM.
        virtual: its time.
        limits: of the rate.
        chance: from [0, 1).
        drawn: what was drawn.
    """

    store: LargeSyncStore
    shared: SlowSharedRows
    calls: SoapCalls
    virtual: Virtual
    limits: Limits
    chance: Callable[[], float]
    drawn: dict[object, Content | None] = field(default_factory=dict)


class Process:
    """Implements `flows.delivery.ports.DeliveryPorts`.

    Args:
        around: what all processes have in common.
    """

    def __init__(self, around: Around) -> None:
        store, shared, virtual = around.store, around.shared, around.virtual
        self.rows = store
        self.deals: MemoryDealStore = store.deals
        self.dead: DeadLetters = NoLetters()
        self._shared, self._calls, self._virtual, self._kept = shared, around.calls, virtual, around.drawn
        begun = Event()
        self._budgets = [
            RateBudget(
                shared,
                CREDENTIAL,
                around.limits,
                fingerprint=_fingerprint,
                now=virtual.clock,
                jitter=around.chance,
                pause=virtual.spend,
                begun=begun,
            )
            for _ in range(SIDES)
        ]
        self._sinks = [self._sink(budget) for budget in self._budgets]
        mapping = crm_mapping()
        self._schemas = SharedSchema(
            shared,
            CREDENTIAL,
            of=f"{mapping.crm} {mapping.version}",
            describe=self._sinks[0].preflight,
            now=virtual.clock,
        )

    def _sink(self, budget: RateBudget) -> SuiteCrmSink:
        fresh, virtual = FreshTokens(), self._virtual
        line = Line(
            budget, WIRE_ERRORS, Timing(OPERATION_S, LEAST_S, MARGIN_S, lambda: virtual.now, self._virtual.left)
        )
        session = SharedSession(
            self._shared,
            CREDENTIAL,
            login_with(self._calls, line, fresh, lambda: Credentials(USER, PASSWORD)),
            fingerprint=_fingerprint,
            now=virtual.clock,
            pause=virtual.spend,
            lifetime=Lifetime(lifetime_s=3600.0, login_s=OPERATION_S + 10),
        )
        return SuiteCrmSink(self._calls, Caller(line, session, fresh), modules_of(crm_mapping()))

    def drawing(self) -> Drawing:
        """What rows are drawn with."""
        return KeptDrawing(crm_mapping(), self._schemas.schema(), self._kept)

    def sink(self, side: int, *, backfill: bool) -> SuiteCrmSink:
        """The CRM, as this side of a run reaches it."""
        if backfill:
            raise AssertionError("nothing is owed by a backfill here")
        return self._sinks[side]

    def end(self) -> None:
        """A run ends: permits that it still holds are for others."""
        for budget in self._budgets:
            budget.give_back()


@dataclass(frozen=True, slots=True)
class KeptDrawing(Drawing):
    """Draws each version of a record once, whoever asks: drawing is pure, and takes no virtual time.

    Attributes:
        kept: what was drawn, of all processes.
    """

    kept: dict[object, Content | None] = field(default_factory=dict)

    def content(self, key: RowKey, records: Records, parents: Parents) -> Content | None:
        """What the row should hold."""
        deal, contact = records.deals.get(key.id), records.contacts.get(key.id)
        record = records.commissions.get((key.id, key.other))
        drawn_from = (
            key,
            deal.version if deal else 0,
            contact.version if contact else 0,
            record.number if record else 0,
            tuple(parents[one].remote_id if one in parents else "" for one in sorted(followed([key], records))),
        )
        if drawn_from not in self.kept:
            self.kept[drawn_from] = Drawing(self.mapping, self.schema).content(key, records, parents)
        return self.kept[drawn_from]


class NoLetters:
    """Implements `domain.ports.DeadLetters`: the CRM refuses nothing here."""

    def bury(self, envelope: object, cause: object, reason: str, *, deal: str = "", receives: int = 1) -> None:
        raise AssertionError(f"{envelope}: {cause}, {reason} ({deal}, {receives})")


def _fingerprint() -> str:
    return "one"
