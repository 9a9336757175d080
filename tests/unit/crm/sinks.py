"""A sink over the CRM in memory, and rows for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.caller import Caller, FreshTokens, Line, Timing
from crm.suitecrm.calls import Broke, SoapCalls, SoapFault, WireFault
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from crm.suitecrm.modules import Batches, ModuleOf, Modules, ParentOf
from crm.suitecrm.sink import SuiteCrmSink
from dev.crm.model import CrmModel
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import ROLE, CrmRow, Result
from tests.fakes.crm_line import Break, BreakingCalls, OneSession, OpenGate

NOW = 1_790_000_000.0

MODULES = Modules(
    contact=ModuleOf(
        "Contacts",
        frozenset({"first_name", "last_name", "email1", "phone_mobile", "description", "dw_external_id_c"}),
        frozenset({"last_name"}),
    ),
    deal=ModuleOf(
        "Opportunities",
        frozenset(
            {"name", "amount", "date_closed", "sales_stage", "description", "dw_external_id_c", "dw_of_a_later_addon_c"}
        ),
        frozenset({"name"}),
        frozenset({"amount"}),
    ),
    commission=ModuleOf(
        "DW_Commissions",
        frozenset({"name", "amount", "commission_status", "dw_opp_ida", "dw_con_ida"}),
        frozenset({"name"}),
        frozenset({"amount"}),
        {
            "dw_opp_ida": ParentOf("dw_commissions_opportunities", "Opportunities", ours=True),
            "dw_con_ida": ParentOf("dw_commissions_contacts", "Contacts", ours=False),
        },
    ),
)

CUT = WireFault(Broke.CUT, "read timed out")
UNSENT = WireFault(Broke.UNSENT, "connection refused")
DIED = SoapFault("-1", "Unknown error in SOAP call: service died unexpectedly: Database failure")


@dataclass
class World:
    """The sink, and what it stands on.

    Attributes:
        clock: seconds of the process.
        left: seconds of the run.
    """

    model: CrmModel
    calls: BreakingCalls
    gate: OpenGate
    sessions: OneSession
    line: Line
    sink: SuiteCrmSink
    clock: list[float] = field(default_factory=lambda: [0.0])
    left: list[float] = field(default_factory=lambda: [60.0])

    def break_next(self, operation: str, error: Exception, *, applied: bool = False, times: int = 1) -> None:
        """The next calls of the operation break."""
        self.calls.next(operation, *[Break(error, applied=applied)] * times)

    def enter_deal(self, name: str = "12 Elm Street", record_id: str = "deal-1") -> str:
        """A deal that is there already."""
        return self.model.enter("Opportunities", {"name": name}, record_id)

    def enter_contact(self, record_id: str = "contact-1", **fields: str) -> str:
        """A contact that is there already."""
        return self.model.enter("Contacts", {"last_name": "Ng", **fields}, record_id)

    def sent_to(self, operation: str) -> int:
        """How many calls of the operation were made."""
        return self.calls.names().count(operation)


def world(*, schema: Any = None, batches: Batches | None = None, modules: Modules = MODULES) -> World:
    """A CRM in memory, and a sink for it."""
    model = CrmModel(lambda: NOW, schema=schema)
    return over(model, model, batches=batches, modules=modules)


def over(service: SoapCalls, model: CrmModel, *, batches: Batches | None = None, modules: Modules = MODULES) -> World:
    """A sink for a CRM that is reached in another way."""
    clock, left = [0.0], [60.0]
    calls = BreakingCalls(service)
    gate = OpenGate()
    line = Line(gate, WIRE_ERRORS, Timing(20.0, 5.0, 3.0, lambda: clock[0], lambda: left[0]))
    fresh = FreshTokens()
    sessions = OneSession(login_with(calls, line, fresh, lambda: Credentials("dealwire", "secret")))
    sink = SuiteCrmSink(calls, Caller(line, sessions, fresh), modules, batches)
    return World(model, calls, gate, sessions, line, sink, clock, left)


def outcomes(results: Sequence[Result]) -> list[str]:
    """The outcomes, and why."""
    return [f"{each.outcome}" + (f" {each.fault.kind}" if each.fault else "") for each in results]


def row(
    kind: Kind, number: int | str, fields: Mapping[str, str], *, create: bool = True, send: set[str] | None = None
) -> CrmRow:
    """A row of a record, whose id in the CRM is `kind-number`."""
    key = RowKey(kind, str(number), "account" if kind is Kind.COMMISSION else "")
    return CrmRow(key, f"{kind}-{number}", fields, frozenset(fields if send is None else send), create)


def contact_row(number: int | str, *, create: bool = True, send: set[str] | None = None, **fields: str) -> CrmRow:
    """A contact."""
    return row(Kind.CONTACT, number, {"last_name": "Ng", **fields}, create=create, send=send)


def deal_row(number: int | str, *, create: bool = True, send: set[str] | None = None, **fields: str) -> CrmRow:
    """A deal."""
    return row(Kind.DEAL, number, {"name": "12 Elm Street", **fields}, create=create, send=send)


def commission_row(number: int | str, *, create: bool = True, send: set[str] | None = None, **fields: str) -> CrmRow:
    """A commission record."""
    return row(Kind.COMMISSION, number, {"name": "12 Elm Street", **fields}, create=create, send=send)


def link_row(deal: str = "deal-1", contact: str = "contact-1", role: str = "Buyer", *, create: bool = True) -> CrmRow:
    """A link, given the CRM's ids of its ends."""
    key = RowKey(Kind.LINK, deal, contact)
    return CrmRow(key, f"{deal}/{contact}", {ROLE: role}, frozenset({ROLE}), create)
