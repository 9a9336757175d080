"""What agents and others were paid in a tax year, and whether Form 1099-NEC reports it.

Three figures are kept apart, because they are asked for separately: what was earned after splits, what was charged of
it, and what was paid. The tax year is that of the deal's tax day (`Governing.tax_day`: the closing, unless the plan
says otherwise). Mentors, recruiters and referring brokers are paid as well, and may have to be reported; corporations
and employees are not. A calculation cannot tell them apart, so everybody but the brokerage is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.commission.calculation import COMPANY, Calculation, Code, Line

#: Form 1099-NEC is a form of the United States: other currencies have forms of their own.
REPORTED_CURRENCY = "USD"

#: For payments from this year on, this threshold in cents; the latest year first
#: (https://sovos.com/regulatory-updates/trr/one-big-beautiful-bill-raises-1099-reporting-thresholds).
THRESHOLDS = ((2026, 200_000), (1, 60_000))

#: From this year on the threshold follows inflation; a later year's is known only once it is published.
INDEXED_FROM = 2027

#: What leaves an agent's part before it is theirs: income of somebody else, not a charge on theirs.
_NOT_EARNED = frozenset({Code.SPLIT, Code.SPLIT_AFTER_CAP, Code.SPLIT_MINIMUM, Code.TEAM, Code.REFERRAL})


@dataclass(frozen=True, slots=True)
class YearTotal:
    """A payee's tax year, in cents.

    Attributes:
        earned: what they got after splits, team shares and referrals.
        charged: fees, royalties, overrides and deductions taken of it.
        paid: what is left: their figures of all deals, money owed back included.
        reportable: whether `paid` reaches the threshold: the statute says "or more".
    """

    earned: int
    charged: int
    paid: int
    reportable: bool


def threshold(year: int) -> int:
    """From how much a year's payments to one payee are reported, in cents.

    Raises:
        ValueError: the year's threshold is not known here.

    Examples:
        >>> threshold(2025), threshold(2026)
        (60000, 200000)
    """
    if year >= INDEXED_FROM:
        raise ValueError(
            f"the 1099-NEC threshold of {year} is indexed and not known here; look it up and give it as `at_least`"
        )
    return next(cents for since, cents in THRESHOLDS if year >= since)


def totals(calculations: Iterable[Calculation], year: int, *, at_least: int | None = None) -> dict[str, YearTotal]:
    """Everybody's figures of a tax year.

    Args:
        calculations: the current one of each deal; those of other years and currencies are passed over.
        year: tax year.
        at_least: the threshold in cents; that of the year unless given.

    Returns:
        Payee to figures, in the order in which the calculations name them; the brokerage is not one.

    Raises:
        ValueError: no threshold is given and the year's is not known.
    """
    limit = threshold(year) if at_least is None else at_least
    paid: dict[str, int] = {}
    charged: dict[str, int] = {}
    for calculation in calculations:
        if calculation.currency != REPORTED_CURRENCY:
            continue
        for payee, amount in calculation.payees.items():
            if payee == COMPANY or _tax_year(calculation, payee) != year:
                continue
            paid[payee] = paid.get(payee, 0) + amount.cents
            charged[payee] = charged.get(payee, 0) + _charged(calculation.lines, payee)
    return {
        payee: YearTotal(cents + charged[payee], charged[payee], cents, reportable=cents >= limit)
        for payee, cents in paid.items()
    }


def _tax_year(calculation: Calculation, payee: str) -> int:
    """By the payee's own plan; who has none on this deal goes by that of the first agent."""
    own = [governing for governing in calculation.governing if governing.agent == payee]
    return (own or list(calculation.governing))[0].tax_day.year


def _charged(lines: Iterable[Line], payee: str) -> int:
    return sum(
        line.amount.cents for line in lines if line.payer == payee and not line.memo and line.code not in _NOT_EARNED
    )
