"""Why a line is what it is, in words, from the line's data alone; and a whole calculation, step by step.

Nothing is computed anew here: each figure of a sentence stands in the line, or in the calculation's counters and caps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from commissions.rounding import percent_of, to_cents
from commissions.wording_figures import basis_words, counted, dollars, exact_dollars, percent
from commissions.wording_plan import explain_plan
from domain.commission.calculation import (
    COMPANY,
    GROSS,
    OUTSIDE,
    Calculation,
    Code,
    CounterKey,
    Line,
    Stage,
)

__all__ = ["Step", "explain_calculation", "explain_plan", "sentence"]

_PARTIES = {
    COMPANY: "the company",
    GROSS: "the side's commission",
    OUTSIDE: "the company, from other money,",
    "listing_broker": "the listing broker",
    "seller": "the seller",
    "buyer": "the buyer",
    "builder": "the builder",
}

_HEADINGS = {
    Stage.SOURCES: "Who pays the commission",
    Stage.OFF_THE_TOP: "Off the top",
    Stage.ALLOCATE: "The agents' parts",
    Stage.BEFORE_SPLIT: "Before the split",
    Stage.TEAM: "Team",
    Stage.SPLIT: "Split with the company",
    Stage.ROYALTY: "Royalty",
    Stage.FEES: "Fees",
    Stage.OVERRIDES: "Overrides",
    Stage.DEDUCTIONS: "Deductions",
    Stage.TAX: "Sales tax",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Lines that belong together, in words.

    Attributes:
        stage: of them; None for what is said of the whole.
        heading: what they are about.
        sentences: one for each line.
    """

    stage: Stage | None
    heading: str
    sentences: tuple[str, ...]


def sentence(line: Line, calculation: Calculation | None = None, names: Mapping[str, str] | None = None) -> str:
    """Why the line is what it is.

    Args:
        line: of a calculation.
        calculation: adds the counters before and after the line, and the caps.
        names: party to the name it is called by; parties without one are called by their id.

    Returns:
        One or more short sentences in plain English.
    """
    return _Teller(line, calculation, names or {}).told()


def explain_calculation(calculation: Calculation, names: Mapping[str, str] | None = None) -> list[Step]:
    """The worked steps: the plans that governed, each line with its reason, and what everybody gets.

    Args:
        calculation: to explain.
        names: party to the name it is called by.
    """
    names = names or {}
    steps = [_governing(calculation, names)]
    for (stage, agent), lines in groupby(calculation.lines, key=_group):
        heading = f"{_HEADINGS[stage]}, {_party(agent, names)}" if agent else _HEADINGS[stage]
        steps.append(Step(stage, heading, tuple(sentence(line, calculation, names) for line in lines)))
    return [*steps, *_results(calculation, names)]


def _group(line: Line) -> tuple[Stage, str]:
    of_agent = line.stage not in (Stage.SOURCES, Stage.OFF_THE_TOP, Stage.ALLOCATE, Stage.TAX)
    return line.stage, line.agent if of_agent else ""


def _governing(calculation: Calculation, names: Mapping[str, str]) -> Step:
    told = []
    for one in calculation.governing:
        day = f"the cap year is that of {one.cap_day}, the tax year that of {one.tax_day}"
        note = f" Note: {one.note}." if one.note else ""
        told.append(f"{_party(one.agent, names)} is under plan {one.plan}, version {one.version}; {day}.{note}")
    told.append(f"Every line is rounded once, to the cent ({calculation.rounding}), in {calculation.currency}.")
    return Step(None, "Plans", tuple(told))


def _results(calculation: Calculation, names: Mapping[str, str]) -> list[Step]:
    parties = [f"{_party(party, names)}: {dollars(money.cents)}." for party, money in calculation.payees.items()]
    parties.append(f"Together: {dollars(calculation.gross.cents)}, which is what the payers pay.")
    steps = [Step(None, "What everybody gets", tuple(parties))]
    if calculation.receivables:
        owed = [
            f"{_party(one.agent, names)} still owes {_party(one.owed_to, names)} {dollars(one.amount.cents)}"
            + (f" of {one.rule}." if one.rule else ", because the deductions were more than the part.")
            for one in calculation.receivables
        ]
        steps.append(Step(None, "Still owed", tuple(owed)))
    return steps


def _party(party: str, names: Mapping[str, str]) -> str:
    return names.get(party) or _PARTIES.get(party, party)


class _Teller:
    """Puts one line into words."""

    def __init__(self, line: Line, calculation: Calculation | None, names: Mapping[str, str]) -> None:
        self._line = line
        self._calculation = calculation
        self._names = names
        self._policy = calculation.rounding if calculation is not None else "half_up"
        self._amount = dollars(line.amount.cents)
        self._basis = dollars(line.basis.cents) if line.basis is not None else ""

    def told(self) -> str:
        line = self._line
        title = line.title or line.rule.replace("_", " ") or line.code.value.replace("_", " ")
        reasons = [reason for reason in (self._computed(), self._limited(), self._paid()) if reason]
        sentences = [f"{title}: {'; '.join(reasons)}."]
        if line.term:
            sentences.append(f"Exception, {line.term}.")
        sentences += self._counters()
        if line.memo:
            sentences.append("Told only: no money of this deal moves by it.")
        return " ".join(sentences)

    def _name(self, party: str) -> str:
        return _party(party, self._names)

    def _of(self) -> str:
        whose = f"{self._name(self._line.agent)}'s" if self._line.agent else "the"
        return f"{basis_words(self._line.of, whose)}, {self._basis},"

    def _computed(self) -> str:
        """What the line's basis and rate come to; nothing for flat amounts."""
        line = self._line
        if line.limit == "waived" or line.basis is None:
            return ""
        if line.of == "offer":
            return f"{self._name(line.payer)} offered {self._basis}"
        if line.rate is None:
            if line.memo and line.code is Code.PART:
                return f"what {line.of} gave goes through the plan of {self._name(line.payee)}"
            return f"the percentages by level of {self._of()} come to {self._raw()}"
        return self._by_rate()

    def _by_rate(self) -> str:
        line = self._line
        if line.basis is None or line.rate is None:
            return ""
        rate, exact = percent(line.rate), percent_of(line.basis.cents, line.rate)
        if exact == line.raw:
            return f"{rate} of {self._of()} is {self._raw()}"
        if to_cents(exact, self._policy) == line.raw:
            return f"{rate} of {self._of()} is {self._raw()} when rounded"
        if line.limit == "maximum":
            return f"{rate} of {self._of()} is more than the rule takes at most, {self._raw()}"
        if line.limit == "minimum":
            return f"{rate} of {self._of()} is less than the rule takes at least, {self._raw()}"
        if line.code is Code.PART:
            return f"the share is {rate} of {self._of()} or {self._raw()}"
        return f"the rule goes by {rate} of {self._of()} and what falls to this line is {self._raw()}"

    def _raw(self) -> str:
        """The amount before rounding and cutting, and what it is rounded to."""
        line = self._line
        exact = exact_dollars(line.raw)
        if line.raw.denominator == 1:
            return exact
        if self._rounded() == line.amount.cents:
            return f"{exact}, rounded to {self._amount}"
        return f"{exact}, before odd cents are given out" if line.code is Code.PART else exact

    def _rounded(self) -> int:
        return to_cents(self._line.raw, self._policy)

    def _limited(self) -> str:
        """What cut the amount, or chose it."""
        line = self._line
        kind, _, counter = line.limit.partition(" ")
        if kind == "cap":
            return self._capped(counter)
        words = {
            "agreement": f"under the buyer agreement {self._amount} of it may be taken",
            "commission": f"no more than {self._amount} of it is due",
            "left": f"only {self._amount} was left to take it from, and the rest is owed",
            "lesser_of": "that is the least of the alternatives",
            "greater_of": "that is the greatest of the alternatives",
            "waived": "waived",
            "maximum": f"the most that may be taken leaves {self._amount}",
            "minimum": f"the least that is taken makes it {self._amount}",
        }
        told_before = kind in ("maximum", "minimum") and line.rate is not None and self._rounded() == line.amount.cents
        return "" if told_before else words.get(kind, "")

    def _capped(self, counter: str) -> str:
        line = self._line
        key = next((key for key in self._caps() if key.counter == counter), None)
        cap = f"the cap of {counted(counter, self._caps()[key])} on {counter}" if key else f"the cap on {counter}"
        if line.basis is not None and self._rounded() == line.amount.cents != 0:
            return f"the basis is what was left of {cap}"
        if not line.amount.cents:
            return f"{cap} was reached before, so nothing is taken"
        return f"only {self._amount} of {cap} was left"

    def _caps(self) -> Mapping[CounterKey, int]:
        """The caps that may have cut this line: those of the owners whose counters it moves, else all."""
        if self._calculation is None:
            return {}
        moved = {move.key for move in self._line.moves}
        caps = self._calculation.caps
        return {key: cap for key, cap in caps.items() if key in moved} or {
            key: cap for key, cap in caps.items() if key.owner == self._line.agent
        }

    def _paid(self) -> str:
        line = self._line
        payer, payee = self._name(line.payer), self._name(line.payee)
        if line.limit == "waived":
            return f"{payer} pays {payee} {self._amount}"
        if line.code is Code.SHORTFALL:
            return f"{payer} owes what no other payer covers of the agreed compensation, {self._amount}"
        if line.code is Code.PART:
            return f"{self._name(line.payee)} gets {self._amount}"
        if line.code is Code.BONUS and line.payer == GROSS:
            return f"{payee} gets all of it, {self._amount}, outside the split"
        if line.payee == GROSS:
            return f"{payer} pays {self._amount}"
        if line.payer == GROSS:
            return f"{payee} gets {self._amount} out of {payer}"
        return f"{payer} pays {payee} {self._amount}"

    def _counters(self) -> list[str]:
        """What the line does to each counter."""
        if self._calculation is None:
            return []
        return [self._moved(move.key, move.delta, self._calculation) for move in self._line.moves if move.delta]

    def _moved(self, key: CounterKey, delta: int, calculation: Calculation) -> str:
        earlier = [move for line in calculation.lines if line.seq < self._line.seq for move in line.moves]
        before = calculation.opening.get(key, 0) + sum(move.delta for move in earlier if move.key == key)
        whose = f"{self._name(key.owner)}'s" if ":" not in key.owner else f"{key.owner}'s"
        cap = f" of {counted(key.counter, calculation.caps[key])}" if key in calculation.caps else ""
        values = f"from {counted(key.counter, before)} to {counted(key.counter, before + delta)}"
        return f"It moves {whose} {key.counter} {values}{cap}."
