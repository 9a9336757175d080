"""Whom the closing agent pays: a calculation in, the lines of its CDA out.

A line exists only for what the closing agent pays
(https://bookssupport.skyslope.com/hc/en-us/articles/15432966482715-Disbursement-Authorization-vs-Trade-Sheet). Whatever
is not paid there, franchisor, overrides, the agents' own deductions, goes to the brokerage, which pays it on. So the
brokerage gets the remainder, and the lines always add up to what the closing agent has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from domain.commission.calculation import COMPANY, GROSS, OUTSIDE, Calculation, Code, Line
from domain.money import Money

#: Who pays a party out.
PaidAt = Literal["closing", "brokerage"]

#: What the brokerage pays out itself unless the rule says `pay_at: closing`.
BY_BROKERAGE = frozenset({
    Code.ROYALTY, Code.MARKETING, Code.LEVY, Code.OVERRIDE, Code.MENTOR, Code.REVENUE_SHARE, Code.DEDUCTION,
})  # fmt: skip


class PayeeKind(StrEnum):
    """Who stands on a line of the CDA."""

    AGENT = "agent"
    THIRD_PARTY = "third_party"
    BROKERAGE = "brokerage"


@dataclass(frozen=True, slots=True)
class Payout:
    """What the closing agent pays to one party.

    Attributes:
        party: as the calculation names it.
        kind: of it.
        code: of the first line that pays a third party; `part` for agents, `commission` for the brokerage.
        titles: what it is paid for, each once.
        amount: above zero.
        rest: what the brokerage pays of it, because the closing agent does not have that much; zero if nothing.
    """

    party: str
    kind: PayeeKind
    code: Code
    titles: tuple[str, ...]
    amount: Money
    rest: Money


@dataclass(frozen=True, slots=True)
class _Claim:
    party: str
    kind: PayeeKind
    code: Code
    titles: tuple[str, ...]
    cents: int


def agents_of(calculation: Calculation) -> tuple[str, ...]:
    """The agents that a calculation is about, co-agents in the order of the deal first."""
    named = [governing.agent for governing in calculation.governing]
    named += [line.agent for line in calculation.lines if line.agent]
    return tuple(dict.fromkeys(named))


def disbursement_lines(
    calculation: Calculation, *, paid_at: Mapping[str, PaidAt] | None = None, retained: int = 0
) -> tuple[Payout, ...]:
    """The lines of a CDA: agents, third parties, and the brokerage last with the remainder.

    Args:
        calculation: of the deal.
        paid_at: agent to who pays them, as their plan's `agents_paid_at` says; the closing agent unless named.
        retained: what the brokerage already holds and keeps of the gross (earnest money), in cents.

    Returns:
        Lines above zero that add up to the gross less `retained`. An agent who owes has none: what they owe is between
        them and the brokerage. Where the closing agent has less than everybody should get, third parties come first
        (their amounts stand on the settlement statement), then the agents in order; the brokerage pays the rest.
    """
    agents = agents_of(calculation)
    third_parties = _third_parties(calculation, agents)
    claims = [_agent(calculation, agent) for agent in agents if (paid_at or {}).get(agent) != "brokerage"]
    left = calculation.gross.cents - retained
    paid: dict[str, Payout] = {}
    for claim in (*third_parties, *claims):
        cents = min(claim.cents, left)
        if cents <= 0:
            continue
        left -= cents
        paid[claim.party] = Payout(
            claim.party,
            claim.kind,
            claim.code,
            claim.titles,
            Money.of_cents(cents, calculation.currency),
            Money.of_cents(claim.cents - cents, calculation.currency),
        )
    lines = [paid[claim.party] for claim in (*claims, *third_parties) if claim.party in paid]
    if left > 0:
        amount, none = Money.of_cents(left, calculation.currency), Money.of_cents(0, calculation.currency)
        lines.append(Payout(COMPANY, PayeeKind.BROKERAGE, Code.COMMISSION, ("Commission",), amount, none))
    return tuple(lines)


def _third_parties(calculation: Calculation, agents: tuple[str, ...]) -> list[_Claim]:
    ours = {COMPANY, GROSS, OUTSIDE, *agents}
    lines: dict[str, list[Line]] = {}
    for line in calculation.lines:
        if not line.memo and line.payee not in ours:
            lines.setdefault(line.payee, []).append(line)
    claims = []
    for party, theirs in lines.items():
        at_closing = [line for line in theirs if line.code is not Code.TAX and _at_closing(line)]
        if not at_closing:
            continue
        # The tax on a referral goes where the referral goes; a tax that is paid to nobody else is the brokerage's.
        cents = sum(line.amount.cents for line in (*at_closing, *[line for line in theirs if line.code is Code.TAX]))
        titles = tuple(dict.fromkeys(line.title for line in at_closing if line.title))
        claims.append(_Claim(party, PayeeKind.THIRD_PARTY, at_closing[0].code, titles, cents))
    return claims


def _agent(calculation: Calculation, agent: str) -> _Claim:
    received = paid = later = 0
    for line in calculation.lines:
        if line.memo or line.payer == line.payee:
            continue
        if line.payee == agent:
            received += line.amount.cents
            later += 0 if _at_closing(line) else line.amount.cents
        elif line.payer == agent:
            paid += line.amount.cents
    net = received - paid
    return _Claim(agent, PayeeKind.AGENT, Code.PART, ("Commission",), net - later)


def _at_closing(line: Line) -> bool:
    return line.pay_at == "closing" if line.pay_at else line.code not in BY_BROKERAGE
