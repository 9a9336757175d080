"""What the CRM store holds of a calculation: one commission record for each agent, and the draft of its CDA. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from domain.commission.calculation import Calculation, Code, Line
from domain.commission.cda import CdaRow, CdaState
from domain.commission.settlement import CommissionRecord
from domain.money import Money

if TYPE_CHECKING:
    from domain.commission.closing import Closing
    from domain.commission.settlement import PostedCalculation
    from domain.deal import Deal

#: States of a CDA in which somebody has signed it.
SIGNED = frozenset({CdaState.APPROVED, CdaState.SENT})

_SPLIT = frozenset({Code.SPLIT, Code.SPLIT_AFTER_CAP, Code.SPLIT_MINIMUM})


def records_of(calculation: Calculation, closing: Closing, number: int) -> list[CommissionRecord]:
    """One record for each agent on the deal, and for each other agent of ours whom it pays."""
    on_it = {agent.agent: agent for side in closing.sides for agent in side.agents}
    moved = {party for line in calculation.lines if not line.memo for party in (line.payer, line.payee)}
    others = {agent.agent: agent for agent in closing.others if agent.agent in moved}
    plans = {plan.agent: f"{plan.plan}@{plan.version}" for plan in calculation.governing}
    return [
        _record(
            calculation, account, number, name=agent.name, side=_side(closing, account), plan=plans.get(account, "")
        )
        for account, agent in {**others, **on_it}.items()
    ]


def retired(
    records: Iterable[CommissionRecord], kept: Iterable[CommissionRecord], number: int
) -> list[CommissionRecord]:
    """The active records of agents who are not among those kept, as they stand from now on."""
    accounts = {record.account for record in kept}
    gone = [record for record in records if record.status == "active" and record.account not in accounts]
    return [_emptied(record, number) for record in gone]


def cda_rows(posted: PostedCalculation, deal: Deal, held: CdaRow | None) -> tuple[CdaRow | None, CdaRow | None]:
    """The deal's CDA as it should be, and the signed version that it supersedes; None where there is nothing to write.

    A calculation that pays everybody what the one before paid them leaves a signed CDA as it is.
    """
    signed = held is not None and held.state in SIGNED
    rescinded = posted.calculation is None
    if (signed and posted.supersedes and not posted.adjustments) or (held is None and rescinded):
        return None, None
    row = CdaRow(
        deal_id=posted.deal_id,
        version=held.version if held else 0,
        number=posted.number,
        state=CdaState.VOID if rescinded else CdaState.DRAFT,
        guard=(held.guard if held else 0) + 1,
        reference=deal.details.reference or deal.source_id,
        closing_date=date.fromisoformat(posted.order[0]),
        note="the closing was rescinded" if rescinded else "",
    )
    return row, held.model_copy(update={"superseded_by": posted.number}) if held is not None and signed else None


def _record(
    calculation: Calculation, account: str, number: int, *, name: str, side: str, plan: str
) -> CommissionRecord:
    # What a lead gets out of another's part is told again as a part of theirs, where their own plan is applied to it.
    parts = _sum(line for line in calculation.lines if line.code is Code.PART and line.payee == account)
    lines = [line for line in calculation.lines if not line.memo]
    split = _sum(line for line in lines if line.code in _SPLIT and line.payer == account)
    paid = _sum(line for line in lines if line.payer == account)

    def money(cents: int) -> Money:
        return Money.of_cents(cents, calculation.currency)

    return CommissionRecord(
        deal_id=calculation.deal,
        account=account,
        name=name,
        number=number,
        closing_date=calculation.closing_date,
        side=side,
        plan=plan,
        gci=money(parts),
        company_dollar=money(split),
        fees=money(paid - split),
        net=calculation.payees.get(account, money(0)),
    )


def _sum(lines: Iterable[Line]) -> int:
    return sum(line.amount.cents for line in lines)


def _side(closing: Closing, account: str) -> str:
    sides = [side.side for side in closing.sides if any(agent.agent == account for agent in side.agents)]
    return "both" if len(sides) > 1 else "".join(sides)


def _emptied(record: CommissionRecord, number: int) -> CommissionRecord:
    nothing = Money.of_cents(0, record.net.currency)
    return replace(
        record, number=number, gci=nothing, company_dollar=nothing, fees=nothing, net=nothing, status="retired"
    )
