"""Sales tax on commissions: each leg carries it, computed on the leg and never on a net after fees (TAX-04).

What the payers add to the gross is on the company's account; it passes on what belongs to registered agents and other
brokerages, and keeps or remits the rest (https://realcalculators.ca/blog/hst-on-commission).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commissions.book import Book, Part, Side
from commissions.rounding import percent_of
from domain.commission.calculation import COMPANY, GROSS, Code, Line, Stage
from domain.commission.charges import ChargeCode
from domain.commission.plan import Tax


def taxes_of(parts: Sequence[Part], book: Book) -> list[Tax]:
    """The taxes on the commission of these parts' side: those of its plan that hold where the property lies."""
    return [tax for tax in parts[0].plan.tax if not tax.states or book.closing.state in tax.states]


#: Charges that are another agent's work on the deal, when an agent of it gets them.
LEG_CODES = frozenset({ChargeCode.TEAM, ChargeCode.OVERRIDE, ChargeCode.MENTOR, ChargeCode.REFERRAL})


@dataclass(frozen=True, slots=True)
class Leg:
    """What an agent of the deal gets of it beside a part of their own, in cents."""

    side: Side
    agent: str
    amount: int
    title: str


def add_tax(tax: Tax, side: Side, parts: Sequence[Part], others: Sequence[Leg], book: Book) -> int:
    """Write the lines of the tax on one side.

    Args:
        tax: of the plan of its agents.
        side: of the deal.
        parts: all that came out of it, those of leads and referred agents included.
        others: what registered agents get of it besides.
        book: of this computation, everything else written.

    Returns:
        What the company holds of it then, in cents; below zero where it passes on more than this side brought.
    """
    ours = [line for line in book.lines if line.side == side.label and line.stage is not Stage.TAX]
    legs = _Legs(tax, side, book)
    legs.collected([line for line in ours if line.stage is Stage.SOURCES and line.payee == GROSS])
    if "referrals" in tax.pass_on:
        # An agent's own leg comes below: after their split, or as what they get besides.
        agents = {part.agent.agent for part in parts} | {leg.agent for leg in others}
        legs.passed_on([line for line in ours if _is_referral(line) and line.payee not in agents])
    if "agents" in tax.pass_on:
        legs.of_agents([part for part in parts if part.agent.tax_registered])
        registered = {part.agent.agent for part in parts if part.agent.tax_registered}
        legs.passed_on([line for line in ours if _is_bonus(line) and line.payee in registered])
        legs.of_others(others)
    if tax.on_fees:
        legs.on_fees([line for line in ours if _is_fee(line)])
    return legs.held


def remit(tax: Tax, held: int, book: Book) -> None:
    """Write what the company pays on of a tax: what it holds of the whole deal, if that is anything."""
    if tax.remitted_to and held > 0:
        place = (Stage.TAX, Code.TAX, COMPANY, tax.remitted_to, held)
        book.post(*place, title=f"{tax.name} to remit")


def _is_bonus(line: Line) -> bool:
    return line.stage is Stage.OFF_THE_TOP and line.code is Code.BONUS


def _is_referral(line: Line) -> bool:
    return line.stage is Stage.OFF_THE_TOP and line.code is Code.REFERRAL and line.payee != COMPANY


def _is_fee(line: Line) -> bool:
    return line.code is Code.FEE and line.payee == COMPANY and bool(line.agent) and line.payer == line.agent


class _Legs:
    """The tax on each leg, and what of it is still with the company."""

    def __init__(self, tax: Tax, side: Side, book: Book) -> None:
        self._tax, self._side, self._book = tax, side, book
        self.held = 0

    def collected(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self.held += self._leg(line.payer, COMPANY, line.amount.cents, line.title, external=True)

    def passed_on(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self.held -= self._leg(COMPANY, line.payee, line.amount.cents, line.title)

    def of_agents(self, parts: Sequence[Part]) -> None:
        for part in parts:
            leg = max(0, (part.left if part.after_split is None else part.after_split) - part.passed_on)
            self.held -= self._leg(COMPANY, part.agent.agent, leg, "the agent's leg")

    def of_others(self, legs: Sequence[Leg]) -> None:
        for leg in legs:
            self.held -= self._leg(COMPANY, leg.agent, leg.amount, leg.title)

    def on_fees(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self.held += self._leg(line.payer, COMPANY, line.amount.cents, line.title)

    def _leg(self, payer: str, payee: str, leg: int, title: str, *, external: bool = False) -> int:
        raw = percent_of(leg, self._tax.percent)
        amount = self._book.rounded(raw)
        if amount:
            self._book.post(
                *(Stage.TAX, Code.TAX, payer, payee, amount),
                raw=raw,
                side=self._side.label,
                title=f"{self._tax.name} on {title}",
                of="leg",
                basis=leg,
                rate=self._tax.percent,
                external=external,
            )
        return amount
