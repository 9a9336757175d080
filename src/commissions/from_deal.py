"""From a deal of the CRM store to the closing that the engine computes: what is missing is refused, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from commissions.deal_terms import AgreedTerms, Notes, amount_of
from domain.commission.account import Account
from domain.commission.agreement import DealAgreement
from domain.commission.closing import Closing, DealAgent
from domain.errors import CommissionRefused
from domain.terms import DealType, Side

if TYPE_CHECKING:
    from domain.deal import AgentShare, Deal

#: Roles that an account names; who they are may decide what a plan charges.
ROLES = ("lead", "mentor", "recruiter")


def closing_of(
    deal: Deal, accounts: Mapping[str, Account], plans: Mapping[str, str], agreement: DealAgreement | None = None
) -> Closing:
    """The deal as the engine sees it, without opening counters.

    Args:
        deal: closed.
        accounts: by id: of its agents, and of whoever else their plans may pay.
        plans: account id to the name of the plan that governs, as far as known.
        agreement: what is agreed for this deal alone, its agents named by account.

    Raises:
        CommissionRefused: with every problem that was found: field, value, what was expected, next step.
    """
    return _Reader(deal, accounts, plans, agreement or DealAgreement()).closing()


def accounts_named(accounts: Iterable[Account]) -> frozenset[str]:
    """Whom these accounts name as lead, mentor or recruiter."""
    named = (getattr(account.details, role) for account in accounts for role in ROLES)
    return frozenset(one for one in named if one is not None)


class _Reader:
    """Reads one deal; collects every problem before it refuses."""

    def __init__(
        self, deal: Deal, accounts: Mapping[str, Account], plans: Mapping[str, str], agreement: DealAgreement
    ) -> None:
        self.deal, self.details = deal, deal.details
        self.accounts, self.plans, self.agreement = accounts, plans, agreement
        self.notes = Notes()

    def closing(self) -> Closing:
        self._check_days()
        currency = self._currency()
        agents = self._agents()
        terms = AgreedTerms(self.details, self.notes, self.agreement)
        details = self.details
        try:
            sides, charges = terms.sides(agents), terms.charges()
            if self.notes.problems or details.closing_date is None:
                raise self._refused()
            return Closing(
                deal=self.deal.id,
                number=details.reference or "",
                type=details.deal_type or DealType.SALE,
                currency=currency,
                state=details.property.state,
                property_type=details.property.type,
                price=amount_of(details.sale_price),
                concessions=amount_of(details.concessions) or 0,
                contract_date=details.contract_date,
                closing_date=details.closing_date,
                funded_date=details.funded_date,
                sides=tuple(sides),
                flags=self.agreement.flags,
                charges=tuple(charges),
                terms=self.agreement.terms,
                others=tuple(self._others(agents)),
            )
        except ValidationError as error:
            self._note_all(error)
            raise self._refused() from error

    def _refused(self) -> CommissionRefused:
        refused = CommissionRefused(
            "the deal does not say what its commission needs; correct it there", self.notes.problems
        )
        refused.deal = f"{self.deal.source}/{self.deal.source_id}"
        return refused

    def _note_all(self, error: ValidationError) -> None:
        for one in error.errors():
            field = ".".join(str(step) for step in one["loc"])
            self.notes.note(field, one.get("input"), f"{one['msg']}; correct it at the source")

    # ------------------------------------------------------------------------------------------------- days and money

    def _check_days(self) -> None:
        closing, contract = self.details.closing_date, self.details.contract_date
        if closing is None:
            self.notes.note("closing_date", None, "the day of the closing; set it at the source")
        elif contract is not None and contract > closing:
            self.notes.note("closing_date", closing, f"not before the contract of {contract}; correct it at the source")

    def _currency(self) -> str:
        details = self.details
        amounts = {
            "sale_price": details.sale_price,
            "concessions": details.concessions,
            "commission.flat": details.commission.flat,
            "buyer_compensation.flat": details.buyer_compensation.flat,
            "referral.flat": details.referral.flat,
        }
        given = {name: money.currency for name, money in amounts.items() if money is not None}
        main = given.get("sale_price") or next(iter(given.values()), "USD")
        for name, currency in given.items():
            if currency != main:
                self.notes.note(name, currency, f"{main} as the other amounts; correct it at the source")
        return main

    # --------------------------------------------------------------------------------------------------------- agents

    def _agents(self) -> dict[Side, list[DealAgent]]:
        found: dict[Side, list[DealAgent]] = {}
        for position, share in enumerate(self.deal.agents):
            agent = self._agent(f"agents[{position}]", share)
            if agent is None:
                continue
            others = found.setdefault(share.side, [])
            if any(other.agent == agent.agent for other in others):
                expected = f"each person once on the {share.side} side; two rows of the directory have this CRM contact"
                self.notes.note(f"agents[{position}]", agent.agent, expected)
            others.append(agent)
        if not self.deal.agents:
            self.notes.note("agents", None, "at least one agent of ours; add them at the source")
        for side, members in found.items():
            if sum(member.share or 0 for member in members) != 1 and not self.notes.problems:
                shares = " + ".join(str(member.share) for member in members)
                self.notes.note(
                    f"agents ({side})", shares, "shares that add up to exactly 1; correct them at the source"
                )
        return found

    def _agent(self, path: str, share: AgentShare) -> DealAgent | None:
        account = self.accounts.get(share.crm_contact_id)
        if not share.crm_contact_id:
            expected = "a CRM contact in the directory; import the agent with `dealwire agents import`"
            self.notes.note(path, f"{share.source}/{share.agent_id}", expected)
            return None
        if account is None:  # told by whoever looks for the plan, which lacks too
            return DealAgent(agent=share.crm_contact_id, name=share.name, share=share.share, licence=share.licence)
        licence = account.licence or share.licence
        if not licence:
            expected = "a licence number, in the directory or the account; import the agent anew"
            self.notes.note(f"{path}.licence", None, expected)
        name = account.name or share.name
        return _deal_agent(account, name=name, licence=licence, share=share.share, plan=self.plans.get(account.account))

    def _others(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealAgent]:
        on_it = {agent.agent for members in agents.values() for agent in members}
        others = [account for name, account in sorted(self.accounts.items()) if name not in on_it]
        return [
            _deal_agent(one, name=one.name, licence=one.licence, plan=self.plans.get(one.account)) for one in others
        ]


def _deal_agent(account: Account, **fields: Any) -> DealAgent:
    """The agent with everything that plans need to know; nothing of it is validated twice."""
    details = {name: getattr(account.details, name) for name in type(account.details).model_fields}
    return DealAgent.model_construct(**(_DEFAULTS | details | {"agent": account.account} | fields))


_DEFAULTS = {name: field.default for name, field in DealAgent.model_fields.items() if not field.is_required()}
