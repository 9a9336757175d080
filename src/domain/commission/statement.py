"""An agent's statement of a year: every deal with every line that explains it, what is pending, what was paid."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from domain.commission.calculation import CounterKey
from domain.deal import Frozen
from domain.money import Money


class DealStanding(StrEnum):
    """Where the money of a deal is, as statements say it.

    `pending`: settled, the CDA was not sent. `paid`: it was sent. `needs`: it could not be computed. `reversed`: the
    closing was rescinded; nothing is due.
    """

    PENDING = "pending"
    PAID = "paid"
    NEEDS = "needs"
    REVERSED = "reversed"


class StatementCap(Frozen):
    """A counter of the agent as it stands.

    Attributes:
        key: whose, which, of which year.
        used: its value, in hundredths.
        cap: in hundredths; None: it only counts.
        left: the distance to the cap, in hundredths; None without a cap.
    """

    key: CounterKey
    used: int
    cap: int | None
    left: int | None


class StatementLine(Frozen):
    """One line of a deal.

    Attributes:
        title: what it is.
        sentence: why, in words.
        amount: of the line.
        yours: what it gives to the agent (negative: takes); None where others pay each other.
    """

    title: str
    sentence: str
    amount: Money
    yours: Money | None


class StatementDebt(Frozen):
    """What the agent still owes out of a deal.

    Attributes:
        deal: reference of the deal.
        owed_to: whom.
        what: the rule, in words.
        amount: of it, above zero.
    """

    deal: str
    owed_to: str
    what: str
    amount: Money


class StatementAdjustment(Frozen):
    """A line that changed after the agent had been paid.

    Attributes:
        deal: reference of the deal.
        calculation: that changed it.
        posted: the day.
        title: of the line.
        before: what the agent was paid for by this line, signed as `StatementLine.yours`.
        after: what is right.
        delta: after less before.
    """

    deal: str
    calculation: str
    posted: date
    title: str
    before: Money
    after: Money
    delta: Money


class StatementDeal(Frozen):
    """A deal of the year.

    Attributes:
        deal_id: our id of it.
        reference: its number or name.
        closing_date: closed.
        standing: where its money is.
        needs: what is missing, where something is.
        calculation: id of the current calculation; empty if there is none.
        plan: that was applied, with its version and whatever must be said about it.
        gci: the agent's part.
        company_dollar: what the company got by the split.
        fees: what else was taken from the agent.
        net: what the agent gets; negative: owes.
        paid: what the agent was paid: `net` as it was when the CDA was sent; None before.
        lines: in order.
        exceptions: terms that were followed, each with who agreed, why, and where it is written.
    """

    deal_id: str
    reference: str
    closing_date: date
    standing: DealStanding
    needs: str
    calculation: str
    plan: str
    gci: Money
    company_dollar: Money
    fees: Money
    net: Money
    paid: Money | None
    lines: tuple[StatementLine, ...]
    exceptions: tuple[str, ...]


class StatementDocument(Frozen):
    """Everything that a statement prints; the same document is always the same bytes.

    Attributes:
        account: the agent's.
        name: of the agent.
        licence: of the agent; empty if not known.
        brokerage: legal name; empty if none is set up.
        year: of the closings.
        as_of: the day of the statement.
        currency: of every amount.
        gci: year to date.
        company_dollar: year to date.
        fees: year to date.
        net: year to date.
        pending: settled, the CDA not sent.
        paid: as the CDAs that were sent had it.
        adjusted: what changed after payment: still to be paid to the agent; negative: owed back. Debts come on top.
        caps: counters with a cap first.
        deals: by closing day.
        adjustments: after payment, in the order in which they were posted.
        debts: what the agent still owes.
        rounding: the policies that rounded the lines, in words.
    """

    account: str
    name: str
    licence: str
    brokerage: str
    year: int
    as_of: date
    currency: str
    gci: Money
    company_dollar: Money
    fees: Money
    net: Money
    pending: Money
    paid: Money
    adjusted: Money
    caps: tuple[StatementCap, ...]
    deals: tuple[StatementDeal, ...]
    adjustments: tuple[StatementAdjustment, ...]
    debts: tuple[StatementDebt, ...]
    rounding: tuple[str, ...]
