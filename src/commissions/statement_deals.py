"""One deal on an agent's statement: its lines in words, seen from the agent, and what changed after payment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commissions.wording import sentence
from domain.commission.calculation import COMPANY, GROSS, Calculation, Code, Line, Stage
from domain.commission.settlement import Adjustment, CommissionRecord, Head, PostedCalculation, Standing
from domain.commission.statement import DealStanding, StatementAdjustment, StatementDeal, StatementLine
from domain.money import Money

_TITLES = {
    Code.COMMISSION: "Commission",
    Code.SHORTFALL: "Owed by the buyer",
    Code.BONUS: "Bonus",
    Code.PART: "Part of the commission",
    Code.SPLIT: "Company's share",
    Code.SPLIT_AFTER_CAP: "Company's share after the cap",
    Code.SPLIT_MINIMUM: "Company's least share",
    Code.TAX: "Sales tax",
}


@dataclass(frozen=True, slots=True)
class Told:
    """To whom a statement tells what.

    Attributes:
        account: the agent's.
        records: deal to the agent's commission record.
        names: account to name, of everybody whom lines name.
        references: deal to its number or name.
    """

    account: str
    records: Mapping[str, CommissionRecord]
    names: Mapping[str, str]
    references: Mapping[str, str]

    def named(self, party: str) -> str:
        """What a party is called."""
        return self.names.get(party) or {COMPANY: "the company", GROSS: "the commission"}.get(party, party)

    def reference(self, deal_id: str) -> str:
        """What a deal is called."""
        return self.references.get(deal_id) or deal_id


def deal_of(history: Sequence[PostedCalculation], head: Head | None, told: Told) -> StatementDeal | None:
    """A deal of the statement.

    Args:
        history: its calculations by number, at least one.
        head: how it stands; without one it counts as settled and not paid.
        told: to whom it is told.

    Returns:
        None where the deal never gave this agent a line.
    """
    if not any(_is_about(one.calculation, told.account) for one in history):
        return None
    posted = history[-1]
    calculation = posted.calculation
    currency = next(one.calculation.currency for one in reversed(history) if one.calculation is not None)
    none = Money.of_cents(0, currency)
    record = told.records.get(posted.deal_id)
    counted = record if record is not None and calculation is not None else None
    lines = tuple(_lines(calculation, told)) if calculation else ()
    return StatementDeal(
        deal_id=posted.deal_id,
        reference=told.reference(posted.deal_id),
        closing_date=date.fromisoformat(posted.order[0]),
        standing=_standing(calculation, head),
        needs=head.needs if head and head.standing is Standing.NEEDS else "",
        calculation=posted.id,
        plan=_plan(calculation, told.account) if calculation else "",
        gci=counted.gci if counted else none,
        company_dollar=counted.company_dollar if counted else none,
        fees=counted.fees if counted else none,
        net=_net(calculation, told.account, none),
        paid=_paid(history, head, told.account, none),
        lines=lines,
        exceptions=_exceptions(calculation, told.account) if calculation else (),
    )


def payable(net: Money) -> Money:
    """What is paid of a net: whoever owes is paid nothing, and the debt stands among the receivables."""
    return net if net.cents > 0 else Money.of_cents(0, net.currency)


def adjustments_of(history: Sequence[PostedCalculation], told: Told) -> list[StatementAdjustment]:
    """What changed for the agent after they had been paid, line by line."""
    return [
        _adjustment(one, change, told)
        for one in history
        if one.after_payment
        for change in one.adjustments
        if change.delta.cents and not change.line.memo and told.account in (change.line.payer, change.line.payee)
    ]


def _adjustment(posted: PostedCalculation, change: Adjustment, told: Told) -> StatementAdjustment:
    def yours(amount: Money | None) -> Money:
        cents = amount.cents if amount else 0
        return Money.of_cents(cents if change.line.payee == told.account else -cents, change.delta.currency)

    return StatementAdjustment(
        deal=told.reference(posted.deal_id),
        calculation=posted.id,
        posted=posted.at.date(),
        title=_title(change.line),
        before=yours(change.before),
        after=yours(change.after),
        delta=yours(change.delta),
    )


def _is_about(calculation: Calculation | None, account: str) -> bool:
    return calculation is not None and any(
        account in (line.agent, line.payer, line.payee) for line in calculation.lines
    )


def _standing(calculation: Calculation | None, head: Head | None) -> DealStanding:
    if calculation is None or (head and head.standing is Standing.REVERSED):
        return DealStanding.REVERSED
    if head and head.standing is Standing.NEEDS:
        return DealStanding.NEEDS
    return DealStanding.PAID if head and head.paid else DealStanding.PENDING


def _net(calculation: Calculation | None, account: str, none: Money) -> Money:
    return calculation.payees.get(account, none) if calculation else none


def _paid(history: Sequence[PostedCalculation], head: Head | None, account: str, none: Money) -> Money | None:
    """What the CDA that was sent had: the calculation before the first one that came after payment."""
    if head is None or not head.paid:
        return None
    late = next((one for one in history if one.after_payment), None)
    number = late.supersedes if late else history[-1].number
    sent = next((one.calculation for one in history if one.number == number), None)
    return payable(_net(sent, account, none))


def _plan(calculation: Calculation, account: str) -> str:
    for one in calculation.governing:
        if one.agent == account:
            note = f"; {one.note}" if one.note else ""
            return f"{one.plan}@{one.version}{note}"
    return ""


def _lines(calculation: Calculation, told: Told) -> Iterator[StatementLine]:
    """The lines of the agent's own parts, and those of the side before them; nobody else's net."""
    account = told.account
    sides = {line.side for line in calculation.lines if line.agent == account}
    for line in calculation.lines:
        own = account in (line.agent, line.payer, line.payee)
        of_side = not line.agent and line.side in sides and line.stage in (Stage.SOURCES, Stage.OFF_THE_TOP)
        if own or of_side:
            yield StatementLine(
                title=_title(line),
                sentence=_why(line, calculation, told),
                amount=line.amount,
                yours=_yours(line, account),
            )


def _why(line: Line, calculation: Calculation, told: Told) -> str:
    """The sentence without the title, which stands above it."""
    why = sentence(line, calculation, told.names).removeprefix(f"{_title(line)}: ")
    return why[:1].upper() + why[1:]


def _yours(line: Line, account: str) -> Money | None:
    if line.memo or account not in (line.payer, line.payee):
        return None
    received = (line.payee == account) - (line.payer == account)
    return Money.of_cents(received * line.amount.cents, line.amount.currency)


def title_of(rule: str, calculation: Calculation) -> str:
    """What a rule is called on this deal; empty for no rule."""
    titles = (line.title for line in calculation.lines if line.rule == rule and line.title)
    return next(titles, rule.replace("_", " ")) if rule else ""


def _title(line: Line) -> str:
    return line.title or _TITLES.get(line.code) or line.code.replace("_", " ").capitalize()


def _exceptions(calculation: Calculation, account: str) -> tuple[str, ...]:
    told = [f"{_title(line)}: {line.term}" for line in calculation.lines if line.term and line.agent in (account, "")]
    return tuple(dict.fromkeys(told))
