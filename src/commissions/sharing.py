"""From the side's commission to the agents' parts: off-the-top deductions first, then the allocation.

Deductions that all co-agents' plans have in common, and those of the deal itself, are taken once from the side. What
only some plans have, and what depends on an agent (a counter, a role), is taken from those agents' parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from commissions.allocation import allocate
from commissions.book import Book, CounterOf, Part, Side
from commissions.charging import Charging
from commissions.conditions import asks_the_agent, side_applies
from domain.commission.calculation import GROSS, Code, Stage
from domain.commission.charges import Charge, ChargeCode
from domain.commission.closing import Closing, DealCharge
from domain.commission.plan import DEAL_MEASURES, Plan

#: The order of off-the-top deductions that do not say otherwise (research S4): the referral before the rebate before
#: levies before the franchise.
_RANKS = {
    ChargeCode.REFERRAL: 10,
    ChargeCode.REBATE: 20,
    ChargeCode.LEVY: 30,
    ChargeCode.ROYALTY: 40,
    ChargeCode.MARKETING: 50,
}
_LAST_RANK = 60


def rank(charge: Charge) -> int:
    """Where a deduction comes among the others."""
    return charge.rank if charge.rank is not None else _RANKS.get(charge.code, _LAST_RANK)


def in_common(plans: Sequence[Plan]) -> tuple[Charge, ...]:
    """The off-the-top deductions that are the side's: all of its plans have them, and they depend on no agent."""
    first, *others = plans
    shared = [charge for charge in first.off_the_top if not _depends_on_agent(charge)]
    different = [plan for plan in others if plan is not first]
    return tuple(charge for charge in shared if all(charge in plan.off_the_top for plan in different))


def _depends_on_agent(charge: Charge) -> bool:
    amounts = (charge, *charge.lesser_of, *charge.greater_of)
    by_counter = any(amount.tiers is not None and amount.tiers.by not in DEAL_MEASURES for amount in amounts)
    who = charge.payee in ("lead", "mentor", "recruiter", "agent")
    return bool(charge.capped_by or charge.counts or by_counter or who or asks_the_agent(charge.when))


def deduct(side: Side, plans: Sequence[Plan], book: Book) -> list[tuple[Charge, int, Part]]:
    """Write the side's own off-the-top deductions.

    Returns:
        Those whose payee's own plan comes next, with what the payee got and the side as they took it from.
    """
    deal = deal_charges(side, book.closing)
    ordered = sorted([*deal, *in_common(plans)], key=rank)  # stable: the deal's before the plans', else file order
    if not ordered:
        return []
    whole = Part(
        agent=side.side.agents[0],
        plan=plans[0],
        side=side,
        counters={},
        terms=tuple(term for term in book.closing.terms if term.agent is None),
        role=GROSS,
        amount=side.gross,
        bonus=side.bonus,
        left=side.left,
        amounts=side.amounts,
        of_price=Fraction(1),
    )
    charging, split = Charging(book, []), []
    for charge in ordered:
        if side_applies(charge.when, side, book):
            amount = charging.charge(charge, whole, Stage.OFF_THE_TOP)
            side.left = whole.left
            if charge.splits and amount:
                split.append((charge, amount, whole))
    return split


def deal_charges(side: Side, closing: Closing) -> list[DealCharge]:
    """The deal's own off-the-top deductions of this side."""
    charges = [charge for charge in closing.charges if charge.stage == "off_the_top"]
    return [charge for charge in charges if charge.side == side.side.side or (charge.side is None and not side.index)]


def share_out(side: Side, parts: Sequence[Part], book: Book) -> None:
    """Give each co-agent their part: flat amounts first, the rest by exact shares, to the last cent."""
    left = side.left
    rest = left - sum(part.agent.flat or 0 for part in parts)
    shares = [part.agent.share or Fraction(0) for part in parts]
    by_share = allocate(rest, shares) if any(shares) else [0] * len(parts)
    for part, share, amount in zip(parts, shares, by_share, strict=True):
        part.weight = share * rest if part.agent.flat is None else Fraction(part.agent.flat)
        part.allocated = part.amount = part.left = amount if part.agent.flat is None else part.agent.flat
    weights = [part.weight for part in parts]
    if not any(weights):
        weights = shares if any(shares) else [Fraction(1)] * len(parts)
    whole = sum(weights)
    names = {name for part in parts for name in part.counters}
    gains = {"volume": book.closing.price or 0, "units": 100 * side.sides}
    gained_by = {name: allocate(whole_of, weights) for name, whole_of in gains.items() if name in names}
    bonuses = allocate(side.bonus, weights) if side.bonus else [0] * len(parts)
    for position, part in enumerate(parts):
        part.of_price = weights[position] / whole
        part.bonus = min(part.amount, bonuses[position])
        gained = {"gci": part.amount, "deal_count": 100 if part.first else 0}
        gained |= {name: among[position] for name, among in gained_by.items()}
        by_flat = part.agent.flat is not None
        book.post(
            *(Stage.ALLOCATE, Code.PART, GROSS, part.agent.agent, part.amount),
            raw=part.weight if not by_flat else None,
            agent=part.agent.agent,
            side=side.label,
            title="Part of the commission",
            of="" if by_flat else "commission of the side",
            basis=None if by_flat else rest,
            rate=None if by_flat else shares[position] * 100,
            moves=credit(part, gained, book),
        )


def credit(part: Part, gained: dict[str, int], book: Book) -> list[tuple[CounterOf, int]]:
    """The counters of the plan that move by themselves, and by how much; noted on the part for tiers."""
    moves = []
    for name, delta in gained.items():
        if name in part.counters:
            counter = part.counters[name]
            part.starts[name], part.moved[name] = book.now(counter), delta
            moves.append((counter, delta))
    return moves
