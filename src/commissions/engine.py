"""The engine: a deal and the plans of its agents in, an immutable calculation out. Pure, exact, to the cent.

Order of operations (docs/plan-language.md tells it at length): what each side earns and who pays it; off the top; each
co-agent's part; then every part through its own plan, in that plan's order; deductions of agents; sales tax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256

from commissions.bases import BY_SHARE
from commissions.book import Book, CounterOf, Part, Side
from commissions.charging import Charging
from commissions.checking import check_book, check_input, counters_of, deciding_day, refuse
from commissions.facts import with_facts_together
from commissions.gross import collect
from commissions.sharing import credit, deduct, in_common, rank, share_out
from commissions.splitting import split_part
from commissions.taxing import LEG_CODES, Leg, add_tax, remit, taxes_of
from commissions.terms import terms_of
from domain.commission.amounts import amount_text
from domain.commission.calculation import COMPANY, GROSS, Calculation, Code, Governing, Stage
from domain.commission.charges import Amount, Basis, Charge, ChargeCode
from domain.commission.closing import Closing, DealAgent
from domain.commission.plan import Plan, Section, Tax


@dataclass(frozen=True)
class GoverningPlan:
    """The plan that is applied to an agent, in the version of the deciding day (`file` in previews)."""

    plan: Plan
    version: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the plan's content."""
        return sha256(self.plan.model_dump_json().encode()).hexdigest()


def compute(closing: Closing, plans: Mapping[str, GoverningPlan]) -> Calculation:
    """Compute a deal.

    Args:
        closing: the deal, with the counters before it.
        plans: of each co-agent, and of every lead or referred agent whose own plan is applied to what they get.

    Returns:
        The calculation; its `inputs` is empty (see `inputs_digest`).

    Raises:
        CommissionRefused: something is missing or contradicts; lists every problem, each with its remedy.
        ArithmeticError: an invariant does not hold, which is a bug of the engine.
    """
    whole = with_facts_together(closing)
    check_input(whole, plans)
    return _Run(whole, plans).calculation()


def inputs_digest(closing: Closing, plans: Mapping[str, GoverningPlan]) -> str:
    """A digest of everything that a calculation is computed from: two of the same digest are the same to the cent."""
    text = [closing.model_dump_json(), *(f"{agent} {plans[agent].digest}" for agent in sorted(plans))]
    return sha256("\n".join(text).encode()).hexdigest()


class _Run:
    """One computation on its way through the stages."""

    def __init__(self, closing: Closing, plans: Mapping[str, GoverningPlan]) -> None:
        self.closing = closing
        self.plans = plans
        first = plans[closing.sides[0].agents[0].agent].plan
        self.book = Book(closing, first.rounding)
        self.sides = [Side(index, side) for index, side in enumerate(closing.sides)]
        self._counters: dict[str, dict[str, CounterOf]] = {}
        self.parts: list[Part] = []  # of the co-agents
        self._made: list[Part] = []  # of those who are paid out of them by their own plans
        self._referred: list[Part] = []  # the same, out of a whole side
        self._legs: list[Leg] = []  # what agents of the deal get besides
        self._known = {one.agent: one for one in (*closing.others, *(a for s in closing.sides for a in s.agents))}
        for side in self.sides:
            for agent in side.side.agents:
                self.parts.append(self._part(agent, side, role="agent"))
        self.charging = Charging(self.book, tuple(self.parts))

    def _part(self, agent: DealAgent, side: Side, *, role: str) -> Part:
        plan = self.plans[agent.agent].plan
        first = all(part.agent.agent != agent.agent for part in [*self.parts, *self._made])
        terms = terms_of(agent, self.closing)
        if agent.agent not in self._counters:
            counters = counters_of(agent, plan, self.closing, terms)
            self._counters[agent.agent] = counters
            for counter in counters.values():
                self.book.open(counter)
        charges = [charge for charge in self.closing.charges if role == "agent" and charge.agent == agent.agent]
        return Part(agent, plan, side, self._counters[agent.agent], terms, role, first=first, charges=tuple(charges))

    def calculation(self) -> Calculation:
        in_house = {side.side.side for side in self.sides} >= {"listing", "buying"}
        for side in self.sides:
            self._earn(side, in_house=in_house or side.side.side == "both")
        for part in [*self._referred, *self.parts]:
            self._through_plan(part)
        everybody = [*self.parts, *self._made]
        for agent in dict.fromkeys(part.agent.agent for part in everybody):
            self._deduct([part for part in everybody if part.agent.agent == agent])
        self._tax(everybody)
        self._owed_by_agents(everybody)
        check_book(self.book)
        return self._result(everybody)

    def _earn(self, side: Side, *, in_house: bool) -> None:
        missing = collect(side, self.book, in_house=in_house)
        where = f"sides[{side.index}]"
        if missing:
            offered = amount_text(self.book.has(GROSS))
            refuse(
                self.closing, f"{where}.offers", offered, f"offers that cover the commission; {amount_text(missing)} "
                "more, or an agreement under which the buyer owes the rest",
            )  # fmt: skip
        parts = [part for part in self.parts if part.side is side]
        for charge, amount, whole in deduct(side, [part.plan for part in parts], self.book):
            self._referred.append(self._made_for(whole.party(charge.payee), charge, amount, whole))
        flats = sum(part.agent.flat or 0 for part in parts)
        has_shares = any(part.agent.share is not None for part in parts)
        if side.left < 0:
            taken = ", ".join(f"{rule} {amount_text(amount)}" for rule, amount in side.amounts.items())
            refuse(
                self.closing, f"{where} off the top", taken,
                f"at most the side's commission of {amount_text(side.gross)} in all; lower one of them",
            )  # fmt: skip
        if flats > side.left or (not has_shares and flats != side.left):
            rest = side.left - flats
            remedy = (
                f"flat amounts of at most {amount_text(side.left)}, which the side has left; lower one of them"
                if rest < 0
                else f"somebody for the {amount_text(rest)} that is left; give one agent a share of 1"
            )
            refuse(self.closing, f"{where}.agents flat", amount_text(flats), remedy)
        share_out(side, parts, self.book)

    def _through_plan(self, part: Part) -> None:
        """Every stage of the part's plan but the deductions; then the parts that it made for others."""
        made: list[Part] = []
        for charge in self._left_to_part(part):
            self._charge(_of_part(charge), part, Stage.OFF_THE_TOP, made)
        for section, charges in part.plan.stages:
            if section is Section.SPLIT:
                split_part(part, self.book)
            elif section is not Section.DEDUCTIONS:
                for charge in charges:
                    self._charge(charge, part, Stage(section.value), made)
            for charge in part.charges:
                if charge.stage is section and section is not Section.DEDUCTIONS:
                    self._charge(charge, part, Stage(section.value), made)
        for one in made:
            self._through_plan(one)

    def _left_to_part(self, part: Part) -> list[Charge]:
        """The off-the-top deductions of the part's plan that were not the whole side's."""
        if part.role != "agent" or not part.plan.off_the_top:
            return []
        common = in_common([one.plan for one in self.parts if one.side is part.side])
        return sorted((charge for charge in part.plan.off_the_top if charge not in common), key=rank)

    def _charge(self, charge: Charge, part: Part, stage: Stage, made: list[Part]) -> None:
        amount = self.charging.charge(charge, part, stage)
        if amount and self._is_leg(charge, part):
            if (charge.borne_by or "agent") == "agent" and part.after_split is not None:
                part.passed_on += amount
            if not charge.splits:
                self._legs.append(Leg(part.side, part.party(charge.payee), amount, charge.title or charge.rule))
        if charge.splits and amount:
            made.append(self._made_for(part.party(charge.payee), charge, amount, part))

    def _is_leg(self, charge: Charge, part: Part) -> bool:
        """Whether it is another agent's leg of the commission, as sales tax sees it: their work, not a fee."""
        return charge.splits or (charge.code in LEG_CODES and part.party(charge.payee) in self._known)

    def _made_for(self, payee: str, charge: Charge, amount: int, out_of: Part) -> Part:
        """The part of somebody who is paid by another's plan and whose own plan comes next."""
        if payee in out_of.chain:
            refuse(
                self.closing, f"{charge.rule}.payee", " -> ".join((*out_of.chain, payee)),
                "parts that do not go round in a circle; correct who leads or is referred by whom, or drop splits",
            )  # fmt: skip
        if payee not in self.plans:
            refuse(
                self.closing, f"plan of {payee}", "none",
                f"a plan for {payee}, because rule {charge.rule} splits what they get; assign one, or drop splits",
            )  # fmt: skip
        agent = self._known.get(payee) or DealAgent(agent=payee)
        role = "lead" if charge.code is ChargeCode.TEAM else "referred"
        part = self._part(agent, out_of.side, role=role)
        part.chain = (*out_of.chain, payee)
        part.allocated = part.amount = part.left = amount
        part.of_price = out_of.of_price * amount / out_of.amount if out_of.amount else out_of.of_price
        self.book.take(
            *(part, Stage.ALLOCATE, Code.PART, payee, amount),
            payer=GROSS if out_of.role == GROSS else out_of.agent.agent,
            title="Part of the commission",
            of=charge.rule,
            basis=amount,
            moves=credit(part, {"gci": amount}, self.book),
            memo=True,
        )
        self._made.append(part)
        return part

    def _deduct(self, parts: list[Part]) -> None:
        """An agent's deductions: by rank, and within one rule by their parts."""
        owed = [
            (charge, part)
            for part in parts
            for charge in (
                *part.plan.deductions,
                *part.agent.deductions,
                *(charge for charge in part.charges if charge.stage is Section.DEDUCTIONS),
            )
        ]
        places = {charge.rule: place for place, (charge, _) in reversed(list(enumerate(owed)))}
        for charge, part in sorted(owed, key=lambda one: (one[0].rank is None, one[0].rank or 0, places[one[0].rule])):
            self.charging.charge(charge, part, Stage.DEDUCTIONS)

    def _tax(self, everybody: list[Part]) -> None:
        held: dict[str, tuple[Tax, int]] = {}
        for side in self.sides:
            parts = [part for part in everybody if part.side is side]
            legs = [leg for leg in self._legs if leg.side is side and self._known[leg.agent].tax_registered]
            for tax in taxes_of(parts, self.book):
                before = held[tax.name][1] if tax.name in held else 0
                held[tax.name] = (tax, before + add_tax(tax, side, parts, legs, self.book))
        for tax, amount in held.values():
            remit(tax, amount, self.book)

    def _owed_by_agents(self, everybody: list[Part]) -> None:
        """Whoever ends below zero is paid nothing and owes the rest to the brokerage."""
        for agent in dict.fromkeys(part.agent.agent for part in everybody):
            if self.book.has(agent) < 0:
                self.book.owe(agent, COMPANY, "", -self.book.has(agent))

    def _result(self, everybody: list[Part]) -> Calculation:
        book, closing = self.book, self.closing
        agents = dict.fromkeys(part.agent.agent for part in everybody)
        book.balances.pop(GROSS)
        shown = [*agents, COMPANY, *(party for party in book.balances if party != COMPANY and party not in agents)]
        return Calculation(
            deal=closing.deal,
            closing_date=closing.closing_date,
            currency=closing.currency,
            rounding=book.rounding,
            gross=book.money(book.paid_in),
            lines=tuple(book.lines),
            payees={party: book.money(book.has(party)) for party in shown},
            opening=book.opening,
            movements=book.movements,
            caps=book.caps,
            receivables=tuple(book.receivables),
            governing=tuple(self._governing(part) for part in everybody if part.first),
        )

    def _governing(self, part: Part) -> Governing:
        dates, agent = part.plan.dates, part.agent
        note = ""
        if agent.left is not None and agent.left < self.closing.closing_date:
            note = f"left the brokerage on {agent.left}; computed as if still active"
        return Governing(
            agent=agent.agent,
            plan=part.plan.plan,
            version=self.plans[agent.agent].version,
            cap_day=_day(self.closing, dates.cap_year),
            tax_day=_day(self.closing, dates.tax_year),
            note=note,
        )


def _day(closing: Closing, which: str) -> date:
    return deciding_day(closing, which) or closing.closing_date


def _of_part(charge: Charge) -> Charge:
    """An off-the-top deduction that is not the whole side's, as a charge on one agent's part of it."""
    update = _amount_of_part(charge) | {
        "per": "agent",
        "lesser_of": tuple(one.model_copy(update=_amount_of_part(one)) for one in charge.lesser_of),
        "greater_of": tuple(one.model_copy(update=_amount_of_part(one)) for one in charge.greater_of),
    }
    return charge.model_copy(update=update)


def _amount_of_part(amount: Amount) -> dict[str, object]:
    of = amount.of or Basis.GROSS
    return {"of": _OF_PART.get(of, of) if isinstance(of, str) else of}


_OF_PART: Mapping[str, str] = {
    Basis.GROSS: BY_SHARE[Basis.GROSS],
    Basis.GROSS_LEFT: Basis.LEFT,
    Basis.PRICE: BY_SHARE[Basis.PRICE],
    Basis.PRICE_NET: BY_SHARE[Basis.PRICE_NET],
}
