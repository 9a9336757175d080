"""Charges: everything beside the split that somebody pays to somebody, at its place in the order.

What a charge takes of the deal or the side is shared out among the co-agents to the last cent; what it takes of an
agent's own figures is that agent's already (research S8-S11; pitfalls 6, 8, 42).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from commissions.allocation import allocate
from commissions.bases import is_shared, of_part, told
from commissions.book import Book, CounterOf, Part
from commissions.conditions import applies
from commissions.rounding import percent_of
from commissions.terms import charge_term, charge_told
from commissions.tiers import slices
from commissions.worth import NOTHING, Exact, Worth
from domain.commission.calculation import COMPANY, GROSS, OUTSIDE, Code, Stage
from domain.commission.charges import Amount, Basis, Charge, Step, Sum
from domain.commission.closing import Term


class Charging:
    """Applies charges to parts; knows who the co-agents are that share what is charged once."""

    def __init__(self, book: Book, co_parts: Sequence[Part]) -> None:
        """Charge within this book, among these parts of co-agents, in the order of the deal."""
        self._book = book
        self._co_parts = co_parts
        self._charged: set[tuple[str, str]] = set()  # (agent, rule): what is once for an agent was charged

    def charge(self, charge: Charge, part: Part, stage: Stage) -> int:
        """Apply a charge to a part.

        Returns:
            What the payee got, for charges whose payee's own plan comes next; 0 where nothing was charged.
        """
        book = self._book
        payee = part.party(charge.payee)
        if not payee or not applies(charge.when, part, book):
            return 0
        term = charge_term(part, charge.rule)
        if term is not None and term.waive:
            return self._waived(charge, part, stage, payee, term)
        wanted: Amount = charge if term is None else agreed(charge, term, stage)
        worth = self._capped(charge, wanted, part, stage)
        if worth.amount:
            self._charged.add((part.agent.agent, charge.rule))  # also where all of it is carried
        if (stage is Stage.DEDUCTIONS or charge.only_if_left) and charge.borne_by in (None, "agent"):
            worth = self._if_left(worth, charge, part)
        if worth.amount == 0:
            return 0
        lowers = stage is Stage.OFF_THE_TOP and part.role != GROSS
        book.take(
            part,
            stage,
            Code(charge.code.value),
            payee,
            worth.amount,
            payer={"company": COMPANY, "outside": OUTSIDE}.get(charge.borne_by or "agent"),
            charge=charge,
            raw=worth.raw,
            of=worth.of,
            basis=worth.basis,
            rate=worth.rate,
            limit=worth.limit,
            moves=_moves(charge, worth, part) + (_lowered(part, worth.amount) if lowers else []),
            term=charge_told(charge, term),
            memo=charge.borne_by == "outside",
        )
        return worth.amount

    def _was_charged(self, charge: Charge, part: Part) -> bool:
        """Whether an earlier part of this agent has paid what is charged once."""
        return (part.agent.agent, charge.rule) in self._charged

    def _waived(self, charge: Charge, part: Part, stage: Stage, payee: str, term: Term) -> int:
        # A line of nothing: the statement shows what was waived, and on whose word.
        self._book.take(part, stage, Code(charge.code.value), payee, 0, charge=charge, limit="waived", term=term.told)
        return 0

    def _capped(self, charge: Charge, wanted: Amount, part: Part, stage: Stage) -> Worth:
        """The charge as far as its cap leaves room."""
        if charge.capped_by is None:
            return self._least_or_greatest(charge, wanted, part, stage)
        room = self._book.room(part.counters[charge.capped_by])
        if charge.cap_on == "basis":
            return self.worth(wanted, charge, part, stage, most=room)
        worth = self._least_or_greatest(charge, wanted, part, stage)
        if room is not None and worth.amount > room:
            worth = replace(worth, amount=room, limit=f"cap {charge.capped_by}")
        return worth

    def _if_left(self, worth: Worth, charge: Charge, part: Part) -> Worth:
        """No more than the agent has left; the rest is owed."""
        agent = part.agent.agent
        room = max(0, self._book.has(agent))
        if worth.amount <= room:
            return worth
        self._book.owe(agent, part.party(charge.payee), charge.rule, worth.amount - room)
        return replace(worth, amount=room, limit="left")

    def _least_or_greatest(self, charge: Charge, wanted: Amount, part: Part, stage: Stage) -> Worth:
        if wanted is charge and (charge.lesser_of or charge.greater_of):
            alternatives = charge.lesser_of or charge.greater_of
            worths = [self.worth(one, charge, part, stage) for one in alternatives]
            least = min(worths, key=_amount) if charge.lesser_of else max(worths, key=_amount)
            return replace(least, limit=least.limit or ("lesser_of" if charge.lesser_of else "greater_of"))
        return self.worth(wanted, charge, part, stage)

    def worth(self, wanted: Amount, charge: Charge, part: Part, stage: Stage, *, most: int | None = None) -> Worth:
        """What an amount comes to for this part, once rounded.

        Args:
            wanted: flat, percentage and step of it.
            charge: that it belongs to, which says how it is shared.
            part: whose.
            stage: sets the basis where none is named.
            most: of the basis counts, in cents; None: all of it.
        """
        of = wanted.of or default_basis(stage)
        basis = self._basis(of, charge, part)
        cut = most is not None and most < basis
        basis = most if most is not None and cut else basis
        taken, rate = self._percentage(wanted, basis, part)
        flat = wanted.flat or 0
        stepped = _stepped(wanted.step, part, self._book) if wanted.step else 0
        if charge.per == "agent" or part.role == GROSS:
            raw, limit = _between(wanted, taken + stepped + (0 if self._was_charged(charge, part) else flat))
        elif part.role != "agent":
            return NOTHING
        else:
            times = part.side.sides if charge.per == "side" else 1
            raw, limit = self._shared_out(wanted, charge, part, (taken, stepped, flat * times))
        amount = self._book.rounded(raw)
        named = wanted.percent is not None or wanted.tiers is not None
        return Worth(
            amount, raw, told(of) if named else "", self._book.rounded(basis) if named else None, rate,
            limit or (f"cap {charge.capped_by}" if cut else ""),
        )  # fmt: skip

    def _basis(self, of: str | Sum, charge: Charge, part: Part) -> Exact:
        """The basis at this point; for what is charged once for the deal, the commission of all its sides."""
        if charge.per == "deal" and part.role != GROSS and of in (Basis.GROSS, Basis.GROSS_LEFT):
            sides = {one.side.index: one.side for one in self._co_parts}
            return sum(side.gross if of == Basis.GROSS else side.left for side in sides.values())
        return of_part(of, part, self._book)

    def _percentage(self, wanted: Amount, basis: Exact, part: Part) -> tuple[Exact, Fraction | None]:
        if wanted.tiers is not None:
            pieces = list(slices(wanted.tiers, basis, part, self._book))
            rate = pieces[0][1].percent if len(pieces) == 1 else None
            return sum((percent_of(piece, level.percent) for piece, level in pieces), Fraction(0)), rate
        if wanted.percent is None:
            return 0, None
        return percent_of(basis, wanted.percent), wanted.percent

    def _shared_out(
        self, wanted: Amount, charge: Charge, part: Part, exact: tuple[Exact, Exact, int]
    ) -> tuple[Exact, str]:
        """This part's portion of what is charged once, and what is its own; between minimum and maximum.

        `exact`: what the percentage, the steps and the flat amount come to.
        """
        taken, stepped, flat = exact
        named = wanted.percent is not None or wanted.tiers is not None
        own_percentage = named and not is_shared(wanted.of or Basis.PART)
        own_steps = wanted.step is not None and not is_shared(wanted.step.of)
        own = (taken if own_percentage else 0) + (stepped if own_steps else 0)
        once = taken + stepped + flat - own
        if own_percentage or own_steps:
            return _between(wanted, own + self._portion(charge, part, self._book.rounded(once)))
        whole, limit = _between(wanted, once)
        return self._portion(charge, part, self._book.rounded(whole)), limit

    def _portion(self, charge: Charge, part: Part, whole: int) -> int:
        among = [one for one in self._co_parts if charge.per == "deal" or one.side is part.side]
        mine = next(position for position, one in enumerate(among) if one is part)
        if charge.shared == "each":
            return whole if charge.per == "side" or not self._was_charged(charge, part) else 0
        if charge.shared == "first":
            return whole if mine == 0 else 0
        weights = [one.weight for one in among]
        if not any(weights):
            weights = [one.of_price for one in among]
        return allocate(whole, weights)[mine]


def default_basis(stage: Stage) -> str:
    """What a percentage is of where the rule does not say."""
    return {Stage.DEDUCTIONS: Basis.LEFT, Stage.OFF_THE_TOP: Basis.GROSS}.get(stage, Basis.PART)


def agreed(charge: Charge, term: Term, stage: Stage) -> Amount:
    """The amount of a charge as a term sets it."""
    of: str | Sum = charge.of or default_basis(stage)
    return Amount.model_construct(flat=term.flat, percent=term.percent, of=of)


def _moves(charge: Charge, worth: Worth, part: Part) -> list[tuple[CounterOf, int]]:
    """The counters that a line moves: by what is paid, or by the basis where that is what its cap counts."""
    moves = [(part.counters[name], worth.amount) for name in charge.counts if name != charge.capped_by]
    if charge.capped_by is not None:
        by = (worth.basis or 0) if charge.cap_on == "basis" else worth.amount
        moves.insert(0, (part.counters[charge.capped_by], by))
    return moves


def _lowered(part: Part, amount: int) -> list[tuple[CounterOf, int]]:
    """What is off the top of a part is not the agent's: the part is smaller by it, and so is their GCI."""
    part.amount -= amount
    part.bonus = min(part.bonus, max(0, part.amount))
    if "gci" not in part.counters:
        return []
    part.moved["gci"] -= amount
    return [(part.counters["gci"], -amount)]


def _amount(worth: Worth) -> int:
    return worth.amount


def _between(wanted: Amount, raw: Exact) -> tuple[Exact, str]:
    if wanted.maximum is not None and raw > wanted.maximum:
        return wanted.maximum, "maximum"
    if wanted.minimum is not None and raw < wanted.minimum:
        return wanted.minimum, "minimum"
    return raw, ""


def _stepped(step: Step, part: Part, book: Book) -> Fraction:
    """So much for each step: one that is begun counts whole, not at all, or in proportion."""
    steps = Fraction(of_part(step.of, part, book), step.each)
    if step.partial == "prorated":
        return steps * step.flat
    whole = steps.numerator // steps.denominator
    begun = whole + (1 if step.partial == "full" and steps.denominator != 1 else 0)
    return Fraction(begun * step.flat)
