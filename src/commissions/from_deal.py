"""From a deal of the CRM store to the closing that the engine computes: what is missing is refused, never guessed.

What the transaction system states about commissions is read so (docs/commissions.md tells it to people):

- `commission` is what our side earns; where we are on the buying side, `buyer_compensation` is the buyer's own agreement
  and a ceiling. Where we are on both sides, `commission` is the listing side's and `buyer_compensation` the buying side's;
  without the latter, one agreement covers both sides, provided that the same agents share both alike.
- An outgoing referral is taken off the top of the side, of its gross. An incoming one is what we earn ourselves: its
  amount, or its percentage of the `commission` that the other brokerage earns.
- The commission as the system has added it up (`commission.stated_amount`) is not computed with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from domain.commission.account import Account
from domain.commission.closing import Closing, CommissionSpec, DealAgent, DealCharge, DealSide, PayerOffer
from domain.commission.plan import ChargeCode
from domain.errors import CommissionRefused, FieldProblem
from domain.terms import DealType, PaidBy, ReferralDirection, RepresentedSide, Side

if TYPE_CHECKING:
    from domain.deal import AgentShare, Deal
    from domain.money import Money

#: Roles that an account names; who they are may decide what a plan charges.
ROLES = ("lead", "mentor", "recruiter")

#: `PaidBy.SPLIT` does not say who pays how much; the line names both.
_PAYERS = {PaidBy.SPLIT: "seller and buyer"}

_SideName = Literal["listing", "buying", "both", "referral"]


def closing_of(deal: Deal, accounts: Mapping[str, Account], plans: Mapping[str, str]) -> Closing:
    """The deal as the engine sees it, without opening counters.

    Args:
        deal: closed.
        accounts: by id: of its agents, and of those whom these name as lead, mentor or recruiter.
        plans: account id to the name of the plan that governs, as far as known.

    Raises:
        CommissionRefused: with every problem that was found: field, value, what was expected, next step.
    """
    return _Reader(deal, accounts, plans).closing()


def accounts_named(accounts: Iterable[Account]) -> frozenset[str]:
    """Whom these accounts name as lead, mentor or recruiter."""
    named = (getattr(account.details, role) for account in accounts for role in ROLES)
    return frozenset(one for one in named if one is not None)


class _Reader:
    """Reads one deal; collects every problem before it refuses."""

    def __init__(self, deal: Deal, accounts: Mapping[str, Account], plans: Mapping[str, str]) -> None:
        self.deal, self.details = deal, deal.details
        self.accounts, self.plans = accounts, plans
        self.problems: list[FieldProblem] = []

    def closing(self) -> Closing:
        self._check_days()
        currency = self._currency()
        agents = self._agents()
        sides = self._sides(agents)
        charges = self._referral_out()
        if self.problems or self.details.closing_date is None:
            raise self._refused()
        details = self.details
        try:
            return Closing(
                deal=self.deal.id,
                number=details.reference or "",
                type=details.deal_type or DealType.SALE,
                currency=currency,
                state=details.property.state,
                property_type=details.property.type,
                price=_amount(details.sale_price),
                concessions=_amount(details.concessions) or 0,
                contract_date=details.contract_date,
                closing_date=self.details.closing_date,
                funded_date=details.funded_date,
                sides=tuple(sides),
                charges=tuple(charges),
                others=tuple(self._others(agents)),
            )
        except ValidationError as error:
            self._note_all(error)
            raise self._refused() from error

    def _refused(self) -> CommissionRefused:
        refused = CommissionRefused("the deal does not say what its commission needs; correct it there", self.problems)
        refused.deal = f"{self.deal.source}/{self.deal.source_id}"
        return refused

    def _problem(self, field: str, value: object, expected: str) -> None:
        self.problems.append(FieldProblem(field, "nothing" if value in (None, "") else str(value), expected, field))

    def _note_all(self, error: ValidationError) -> None:
        for one in error.errors():
            field = ".".join(str(step) for step in one["loc"])
            self._problem(field, one.get("input"), f"{one['msg']}; correct it at the source")

    # ------------------------------------------------------------------------------------------------- days and money

    def _check_days(self) -> None:
        closing, contract = self.details.closing_date, self.details.contract_date
        if closing is None:
            self._problem("closing_date", None, "the day of the closing; set it at the source")
        elif contract is not None and contract > closing:
            self._problem("closing_date", closing, f"not before the contract of {contract}; correct it at the source")

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
                self._problem(name, currency, f"{main} as the other amounts; correct it at the source")
        return main

    def _spec(self, group: Literal["commission", "buyer_compensation"]) -> CommissionSpec | None:
        """What one agreement comes to; None where it states neither a percentage nor an amount."""
        terms = getattr(self.details, group)
        if terms.percent is None and terms.flat is None:
            return None
        for name in ("percent", "flat"):
            value = getattr(terms, name)
            if value is not None and (value if name == "percent" else value.amount) < 0:
                self._problem(f"{group}.{name}", value, "not below zero; correct it at the source")
                return None
        if terms.percent is not None and terms.percent > 100:
            self._problem(f"{group}.percent", terms.percent, "at most 100; correct it at the source")
            return None
        if terms.percent is not None and self.details.sale_price is None:
            self._problem("sale_price", None, f"what {group}.percent is a percentage of; set it at the source")
        percent = None if terms.percent is None else Fraction(terms.percent)
        return CommissionSpec(percent=percent, flat=_amount(terms.flat))

    def _needed(self, group: Literal["commission", "buyer_compensation"], whose: str) -> None:
        stated = self.details.commission.stated_amount if group == "commission" else None
        told = f"only a stated total of {stated}" if stated is not None else None
        self._problem(f"{group}.percent", told, f"a percentage, or an amount in {group}.flat: {whose}")

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
                self._problem(f"agents[{position}]", agent.agent, expected)
            others.append(agent)
        if not self.deal.agents:
            self._problem("agents", None, "at least one agent of ours; add them at the source")
        for side, members in found.items():
            if sum(member.share or 0 for member in members) != 1 and not self.problems:
                shares = " + ".join(str(member.share) for member in members)
                self._problem(f"agents ({side})", shares, "shares that add up to exactly 1; correct them at the source")
        return found

    def _agent(self, path: str, share: AgentShare) -> DealAgent | None:
        account = self.accounts.get(share.crm_contact_id)
        if not share.crm_contact_id:
            expected = "a CRM contact in the directory; import the agent with `dealwire agents import`"
            self._problem(path, f"{share.source}/{share.agent_id}", expected)
            return None
        if account is None:  # told by whoever looks for the plan, which lacks too
            return DealAgent(agent=share.crm_contact_id, name=share.name, share=share.share, licence=share.licence)
        licence = account.licence or share.licence
        if not licence:
            expected = "a licence number, in the directory or the account; import the agent anew"
            self._problem(f"{path}.licence", None, expected)
        name = account.name or share.name
        return _deal_agent(account, name=name, licence=licence, share=share.share, plan=self.plans.get(account.account))

    def _others(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealAgent]:
        on_it = {agent.agent for members in agents.values() for agent in members}
        named = accounts_named(self.accounts[one] for one in on_it if one in self.accounts)
        # Whom a lead names is needed too: the lead's part goes through the lead's own plan.
        named |= accounts_named(self.accounts[one] for one in named if one in self.accounts)
        others = [self.accounts[one] for one in sorted(named - on_it) if one in self.accounts]
        return [
            _deal_agent(one, name=one.name, licence=one.licence, plan=self.plans.get(one.account)) for one in others
        ]

    # ---------------------------------------------------------------------------------------------------------- sides

    def _sides(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        if not agents:
            return []
        if self.details.referral.direction is ReferralDirection.INCOMING or self._is(DealType.REFERRAL):
            return self._referral_in(agents)
        if len(agents) == 2:
            return self._two_sides(agents)
        (side,) = agents
        if self.details.represented_side is RepresentedSide.BOTH:
            return self._one_for_both(side, agents[side])
        if side is Side.LISTING:
            return self._listing(agents[side])
        return self._buying(agents[side], self._spec("commission"))

    def _two_sides(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        listing, buying = agents[Side.LISTING], agents[Side.BUYING]
        if self._spec("buyer_compensation") is not None:
            return [*self._listing(listing), *self._buying(buying, None)]
        if [(one.agent, one.share) for one in listing] == [(one.agent, one.share) for one in buying]:
            return self._one_for_both(Side.LISTING, listing)
        self._needed("buyer_compensation", "what the buying side earns, which has agents of its own")
        return []

    def _one_for_both(self, side: Side, members: list[DealAgent]) -> list[DealSide]:
        spec = self._spec("commission")
        if self._spec("buyer_compensation") is not None:
            missing = Side.BUYING if side is Side.LISTING else Side.LISTING
            expected = f"the agents of the {missing} side as well, which has an agreement of its own; add them there"
            self._problem("agents", f"only the {side} side's", expected)
            return []
        if spec is None:
            self._needed("commission", "what both sides together earn")
            return []
        return [self._side("both", members, commission=spec, payer=self._payer())]

    def _listing(self, members: list[DealAgent]) -> list[DealSide]:
        spec = self._spec("commission")
        if spec is None:
            self._needed("commission", "what the listing side earns")
            return []
        return [self._side("listing", members, commission=spec, payer=self._payer())]

    def _buying(self, members: list[DealAgent], commission: CommissionSpec | None) -> list[DealSide]:
        agreement = self._spec("buyer_compensation")
        if agreement is None and commission is None:
            self._needed("buyer_compensation", "what the buyer has agreed to")
            return []
        payer = self._buyers_payer()
        if agreement is None:
            return [self._side("buying", members, commission=commission, payer=payer)]
        offered = commission or agreement
        offer = PayerOffer(payer=payer, percent=offered.percent, flat=_text_of(offered.flat))
        return [self._side("buying", members, commission=commission, agreement=agreement, offers=(offer,))]

    def _side(self, side: _SideName, members: list[DealAgent], **fields: Any) -> DealSide:
        return DealSide(side=side, agents=tuple(members), **fields)

    def _is(self, kind: DealType) -> bool:
        return self.details.deal_type is kind

    def _payer(self) -> str:
        return "landlord" if self._is(DealType.LEASE) else "seller"

    def _buyers_payer(self) -> str:
        paid_by = self.details.buyer_compensation.paid_by
        return self._payer() if paid_by is None else _PAYERS.get(paid_by, paid_by.value)

    # ------------------------------------------------------------------------------------------------------ referrals

    def _referral_in(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        referral = self.details.referral
        if len(agents) > 1:
            self._problem("agents", "both sides", "agents of one side on a referral that comes in; correct it there")
            return []
        (members,) = agents.values()
        spec = self._referral_spec()
        payer = referral.company or referral.agent_name or "other brokerage"
        return [] if spec is None else [self._side("referral", members, commission=spec, payer=payer)]

    def _referral_spec(self) -> CommissionSpec | None:
        referral, earned = self.details.referral, self.details.commission
        if referral.flat is not None and referral.percent is None:
            return CommissionSpec(flat=_amount(referral.flat))
        if referral.percent is None:
            spec = self._spec("commission")
            if spec is None:
                self._problem("referral.percent", None, "what we get of the other brokerage's commission")
            return spec
        if not 0 <= referral.percent <= 100:
            self._problem("referral.percent", referral.percent, "0 to 100; correct it at the source")
            return None
        if referral.flat is None and earned.flat is not None and earned.percent is None:
            return CommissionSpec(percent=Fraction(referral.percent), base=_amount(earned.flat))
        if referral.flat is None and earned.percent is not None and earned.flat is None:
            whole = self._spec("commission")
            percent = None if whole is None or whole.percent is None else whole.percent
            return None if percent is None else CommissionSpec(percent=percent * Fraction(referral.percent) / 100)
        self._problem("referral.flat", referral.flat, "the fee as one amount, or one percentage of one amount")
        return None

    def _referral_out(self) -> list[DealCharge]:
        referral = self.details.referral
        if referral.direction is ReferralDirection.INCOMING or self._is(DealType.REFERRAL):
            return []
        if referral.direction is None:
            if referral.percent is not None or referral.flat is not None:
                self._problem("referral.direction", None, "incoming or outgoing; set it at the source")
            return []
        if referral.percent is None and referral.flat is None:
            self._problem("referral.percent", None, "the outgoing fee in percent, or its amount in referral.flat")
            return []
        if referral.percent is not None and not 0 <= referral.percent <= 100:
            self._problem("referral.percent", referral.percent, "0 to 100; correct it at the source")
            return []
        return [
            DealCharge(
                rule="referral",
                code=ChargeCode.REFERRAL,
                title="Referral fee",
                payee=(referral.company or referral.agent_name or "referring brokerage")[:80],
                percent=None if referral.percent is None else Fraction(referral.percent),
                flat=_amount(referral.flat),
                of=None if referral.percent is None else "gross",
            )
        ]


def _deal_agent(account: Account, **fields: Any) -> DealAgent:
    """The agent with everything that plans need to know; nothing of it is validated twice."""
    details = {name: getattr(account.details, name) for name in type(account.details).model_fields}
    return DealAgent.model_construct(**(_DEFAULTS | details | {"agent": account.account} | fields))


_DEFAULTS = {name: field.default for name, field in DealAgent.model_fields.items() if not field.is_required()}


def _amount(money: Money | None) -> Any:
    """An amount as the models of files read it: in units, not in cents."""
    return None if money is None else money.amount


def _text_of(cents: int | None) -> Any:
    return None if cents is None else f"{cents // 100}.{cents % 100:02d}"
