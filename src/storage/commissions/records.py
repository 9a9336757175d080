"""Commission records and amounts, as stored and as read; apart, for `deliver` needs nothing else of commissions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from domain.commission.settlement import CommissionRecord
from domain.money import Money
from storage.commissions import keys


def money_text(money: Money) -> str:
    """An amount as it is stored: `285.50 USD`."""
    return str(money)


def money_from(text: str) -> Money:
    """The amount that `money_text` wrote."""
    amount, _, currency = text.partition(" ")
    return Money(Decimal(amount), currency)


def record_columns(record: CommissionRecord) -> dict[str, Any]:
    """A commission record as it is stored, its key left out, for people and for the delivery to the CRM."""
    return {
        "calculation": record.number,
        "closing_date": record.closing_date.isoformat(),
        "name": record.name,
        "side": record.side,
        "plan": record.plan,
        "gci": money_text(record.gci),
        "company_dollar": money_text(record.company_dollar),
        "fees": money_text(record.fees),
        "net": money_text(record.net),
        "status": record.status,
    }


def record_from(row: Mapping[str, Any]) -> CommissionRecord:
    """The commission record that was stored with `record_columns`."""
    return CommissionRecord(
        deal_id=row["pk"].removeprefix(keys.deal_partition("")),
        account=row["sk"].removeprefix(keys.RECORDS),
        number=int(row["calculation"]),
        closing_date=date.fromisoformat(row["closing_date"]),
        name=row["name"],
        side=row["side"],
        plan=row["plan"],
        status=row["status"],
        gci=money_from(row["gci"]),
        company_dollar=money_from(row["company_dollar"]),
        fees=money_from(row["fees"]),
        net=money_from(row["net"]),
    )
