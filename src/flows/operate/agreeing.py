"""What is agreed for one deal alone: recorded with who, why and document, and taken in by its commission at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from domain.commission.agreement import AgreedSide, AgreedSides, DealAgreement, HeldAgreement
from domain.commission.closing import DealCharge, Term
from domain.errors import CommissionRefused, ConfigurationError, FieldProblem
from domain.operate.agreements import AgreeAnswer, AgreementAnswer
from domain.operate.plans import Aftermath
from flows.operate.aftermath import set_due
from flows.operate.errors import BadRequest, RequestRefused
from flows.operate.parties import called, deal_named, person
from flows.operate.previewing import settle_ports
from flows.operate.telling import refusal_told

if TYPE_CHECKING:
    from domain.deal import Deal
    from domain.operate.agreements import AgreementRequest, AgreeRequest
    from flows.operate.desk import Desk

_AGENT = "agent:"

#: Problems of a computation that what is agreed can be the reason of.
_ITS_OWN = re.compile(
    r"agreement|terms|charges|plan of (?!agent )|sides\[\d+\](\.(commission|agreement|offers)| off the top)"
)

_Entry = TypeVar("_Entry", Term, DealCharge)


def commission_agree(request: AgreeRequest, desk: Desk) -> AgreeAnswer:
    """Record what is agreed for a deal, open or closed; a settled one is computed again.

    Recording the very same again writes nothing, and sets going what an interruption may have left.

    Raises:
        NotFound: there is no such deal.
        BadRequest: the file has mistakes, names agents who are not on the deal, or does not fit the deal and the plans
            of its agents; all are named.
    """
    deal = deal_named(request.deal, desk)
    agreement = _Named(deal, desk).resolved(_checked(request))
    held = desk.ports.accounts.agreement(deal.id)
    changed = agreement != (held.agreement if held else DealAgreement())
    lacking = _lacking(deal, agreement, desk)
    version = held.version if held else 0
    if changed:
        version += 1
        sides = [name for name, _ in agreement.sides.given()]
        entry = desk.entry(
            "commission-agree",
            f"DEAL#{deal.id}",
            request.why,
            version=str(version),
            terms=str(len(agreement.terms)),
            charges=str(len(agreement.charges)),
            sides=", ".join(sides) or "none",
        )
        wanted = HeldAgreement(deal.id, version, agreement, desk.who, desk.now)
        desk.ports.accounts.save_agreement(wanted, entry)
    return AgreeAnswer(
        deal=deal.id,
        name=called(deal),
        version=version,
        changed=changed,
        lacking=lacking,
        aftermath=_settled_anew(deal, desk),
    )


def commission_agreement(request: AgreementRequest, desk: Desk) -> AgreementAnswer:
    """Tell what is agreed for a deal.

    Raises:
        NotFound: there is no such deal.
    """
    deal = deal_named(request.deal, desk)
    held = desk.ports.accounts.agreement(deal.id)
    return AgreementAnswer(
        deal=deal.id,
        name=called(deal),
        version=held.version if held else 0,
        by=held.by if held else "",
        at=held.at if held else None,
        agreement=held.agreement if held else DealAgreement(),
        agents={share.crm_contact_id: share.name for share in deal.agents if share.crm_contact_id},
    )


def _checked(request: AgreeRequest) -> DealAgreement:
    from commissions.files.reading import read_agreement

    try:
        return read_agreement(request.text, request.file)
    except ConfigurationError as mistakes:  # of the caller's file, not of our settings
        raise BadRequest("; ".join(str(mistakes).splitlines())) from mistakes


def _settled_anew(deal: Deal, desk: Desk) -> Aftermath:
    """A deal that was settled, or is about to be, is due again; an open one takes it in when it closes."""
    store = desk.ports.commissions
    head, mark = store.head(deal.id), store.mark(deal.id)
    if head.version == 0 and mark is None:
        return Aftermath()
    set_due(deal.id, desk)
    waits = mark is not None and bool(mark.needs)
    return Aftermath(released=int(waits), again=int(not waits))


def _lacking(deal: Deal, agreement: DealAgreement, desk: Desk) -> tuple[str, ...]:
    """What the deal would lack with this agreement.

    Raises:
        BadRequest: some of it is the agreement's own: without it, that would not be lacking.
    """
    found = _problems(deal, agreement, desk)
    known = _problems(deal, DealAgreement(), desk) if found else ()
    own = [one for one in found if one not in known and _ITS_OWN.match(one.path)]
    if own:
        told = refusal_told(CommissionRefused("", own))
        raise BadRequest(f"what is agreed does not fit deal {called(deal)}: {'; '.join(told)}")
    return tuple(refusal_told(CommissionRefused("", found)))


def _problems(deal: Deal, agreement: DealAgreement, desk: Desk) -> Sequence[FieldProblem]:
    """Why the deal cannot be computed by this agreement; nothing is written."""
    from flows.settle.computing import Ledgers, computed
    from flows.settle.preparing import prepared

    ports = settle_ports(desk)
    try:
        computed(prepared(deal, ports, agreement), Ledgers(deal.id, ports), (), ports)
    except CommissionRefused as refused:
        return refused.problems
    return ()


class _Named:
    """Finds the agents whom an agreement names; collects every problem before it refuses."""

    def __init__(self, deal: Deal, desk: Desk) -> None:
        self.deal, self.desk = deal, desk
        self.on_it = {
            share.crm_contact_id: f"{share.source}/{share.agent_id}" for share in deal.agents if share.crm_contact_id
        }
        self.problems: list[str] = []

    def resolved(self, agreement: DealAgreement) -> DealAgreement:
        """The agreement with every agent named by their account.

        Raises:
            BadRequest: lists everybody who is unknown, or not on the deal.
        """
        terms = self._entries("terms", agreement.terms)
        charges = tuple(
            one.model_copy(update={"payee": self._payee(f"charges[{position}].payee", one.payee)})
            for position, one in enumerate(self._entries("charges", agreement.charges))
        )
        update = {"terms": terms, "charges": charges, "sides": self._sides(agreement.sides)}
        if self.problems:
            raise BadRequest("; ".join(self.problems))
        return agreement.model_copy(update=update)

    def _entries(self, name: str, entries: Sequence[_Entry]) -> tuple[_Entry, ...]:
        return tuple(
            one
            if one.agent is None
            else one.model_copy(update={"agent": self._on_deal(f"{name}[{position}].agent", one.agent)})
            for position, one in enumerate(entries)
        )

    def _sides(self, sides: AgreedSides) -> AgreedSides:
        found: dict[str, AgreedSide] = {}
        for name, side in sides.given():
            bonuses = tuple(
                bonus.model_copy(update={"to": self._bonused(f"sides.{name}.bonuses[{position}].to", bonus.to)})
                for position, bonus in enumerate(side.bonuses)
            )
            found[name] = side.model_copy(update={"bonuses": bonuses})
        return sides.model_copy(update=found)

    def _payee(self, where: str, party: str) -> str:
        if not party.startswith(_AGENT):
            return party
        known = len(self.problems)
        account = self._account(where, party.removeprefix(_AGENT))
        # What somebody without an account gets would stand on no statement.
        if len(self.problems) == known and account not in self.on_it and not self.desk.ports.accounts.load([account]):
            expected = f"somebody with a plan; first `dealwire plan assign {account} PLAN --from DATE --why TEXT`"
            self.problems.append(f"{where} is {party!r}: expected {expected}")
        return f"{_AGENT}{account}"

    def _bonused(self, where: str, to: str | None) -> str | None:
        if to is None or not to.startswith(_AGENT):
            return to
        return f"{_AGENT}{self._on_deal(where, to.removeprefix(_AGENT))}"

    def _on_deal(self, where: str, named: str) -> str:
        known = len(self.problems)
        account = self._account(where, named)
        if len(self.problems) == known and account not in self.on_it:
            agents = ", ".join(self.on_it.values()) or "it has none yet"
            self.problems.append(f"{where} is {named!r}: expected an agent of this deal ({agents}); correct it")
        return account

    def _account(self, where: str, named: str) -> str:
        try:
            who = person(named, self.desk)
        except RequestRefused as refused:
            self.problems.append(f"{where}: {refused}")
            return named
        if who.is_group:
            self.problems.append(f"{where} is {named!r}: expected one agent; name each of the group")
        return who.account
