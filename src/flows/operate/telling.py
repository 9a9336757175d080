"""Calculations and plans as the operators' API and `commission preview` tell them: amounts as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from domain.commission.amounts import amount_text, number_text
from domain.commission.calculation import GROSS
from domain.operate.cda import CdaTold
from domain.operate.commissions import (
    AdjustmentTold,
    CalculationTold,
    GoverningTold,
    LineTold,
    PostedRow,
    ReceivableTold,
    RecordTold,
)
from domain.operate.plans import VersionRow

if TYPE_CHECKING:
    from domain.commission.account import PlanVersion
    from domain.commission.calculation import Calculation, CounterKey, Line
    from domain.commission.cda import CdaRow
    from domain.commission.settlement import Adjustment, CommissionRecord, PostedCalculation
    from domain.errors import CommissionRefused
    from domain.money import Money


def calculation_told(calculation: Calculation) -> CalculationTold:
    """Everything about a calculation but its raw amounts."""
    after = {key: calculation.after(key) for key in (*calculation.opening, *calculation.movements)}
    return CalculationTold(
        deal=calculation.deal,
        closing_date=calculation.closing_date,
        currency=calculation.currency,
        rounding=calculation.rounding,
        gross=_text(calculation.gross),
        lines=tuple(_line(line) for line in calculation.lines),
        payees={party: _text(money) for party, money in calculation.payees.items() if party != GROSS},
        counters_after=_by_owner(after.items()),
        receivables=tuple(
            ReceivableTold(agent=one.agent, owed_to=one.owed_to, rule=one.rule, amount=_text(one.amount))
            for one in calculation.receivables
        ),
        governing=tuple(
            GoverningTold(
                agent=one.agent,
                plan=one.plan,
                version=one.version,
                cap_day=one.cap_day,
                tax_day=one.tax_day,
                note=one.note,
            )
            for one in calculation.governing
        ),
    )


def _line(line: Line) -> LineTold:
    return LineTold(
        seq=line.seq,
        stage=line.stage.value,
        code=line.code.value,
        payer=line.payer,
        payee=line.payee,
        basis=None if line.basis is None else _text(line.basis),
        rate=None if line.rate is None else number_text(line.rate),
        amount=_text(line.amount),
        counters=_by_owner(_summed(line).items()),
        rule=line.rule,
        title=line.title,
        agent=line.agent,
        side=line.side,
        of=line.of,
        limit=line.limit,
        term=line.term,
        memo=line.memo,
    )


def _summed(line: Line) -> Mapping[CounterKey, int]:
    deltas: dict[CounterKey, int] = {}
    for move in line.moves:
        deltas[move.key] = deltas.get(move.key, 0) + move.delta
    return deltas


def _by_owner(counters: Iterable[tuple[CounterKey, int]]) -> dict[str, dict[str, str]]:
    """Owner to counter to value. A counter whose deal falls into two of its years names the year: `gci 2026-01-01`."""
    values = dict(counters)
    names = [(key.owner, key.counter) for key in values]
    found: dict[str, dict[str, str]] = {}
    for key, value in values.items():
        name = key.counter if names.count((key.owner, key.counter)) == 1 else f"{key.counter} {key.period}"
        found.setdefault(key.owner, {})[name] = amount_text(value)
    return found


def posted_row(posted: PostedCalculation) -> PostedRow:
    """One calculation in the history of a deal."""
    return PostedRow(
        id=posted.id,
        number=posted.number,
        reason=posted.reason.value,
        at=posted.at,
        supersedes=posted.supersedes,
        after_payment=posted.after_payment,
        gross=None if posted.calculation is None else _text(posted.calculation.gross),
        adjustments=tuple(_adjustment(one) for one in posted.adjustments),
    )


def _adjustment(made: Adjustment) -> AdjustmentTold:
    return AdjustmentTold(
        code=made.line.code.value,
        rule=made.line.rule,
        title=made.line.title,
        agent=made.line.agent,
        payer=made.line.payer,
        payee=made.line.payee,
        before=None if made.before is None else _text(made.before),
        after=None if made.after is None else _text(made.after),
        delta=_text(made.delta),
    )


def record_told(record: CommissionRecord) -> RecordTold:
    """One agent's commission record."""
    return RecordTold(
        account=record.account,
        name=record.name,
        side=record.side,
        plan=record.plan,
        gci=_text(record.gci),
        company_dollar=_text(record.company_dollar),
        fees=_text(record.fees),
        net=_text(record.net),
        status=record.status,
    )


def version_row(version: PlanVersion) -> VersionRow:
    """A published version without its text."""
    return VersionRow(
        id=version.id,
        effective=version.effective,
        number=version.number,
        status=version.plan.status,
        digest=version.digest,
        by=version.by,
        at=version.at,
    )


def cda_told(row: CdaRow) -> CdaTold:
    """A CDA's way so far."""
    return CdaTold(
        deal=row.deal_id,
        reference=row.reference,
        closing_date=row.closing_date,
        version=row.version,
        number=row.number,
        state=row.state,
        digest=row.digest,
        pdf_key=row.pdf_key,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        sent_to=row.sent_to,
        sent_at=row.sent_at,
        note=row.note,
        superseded_by=row.superseded_by,
    )


def _text(money: Money) -> str:
    return amount_text(money.cents)


def refusal_told(refused: CommissionRefused) -> list[str]:
    """Every reason why a commission cannot be computed: field, value, what was expected and what to do."""
    return [f"{one.path} = {one.value}: expected {one.expected}" for one in refused.problems]
