"""Canonical facts as plain JSON, for people, golden files and `--json`; the same facts always give the same text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from domain.deal import DealFacts, Value
from domain.money import Money


def facts_as_json(facts: DealFacts) -> dict[str, Any]:
    """The facts with every value as JSON can say it; amounts, percentages and shares as exact text."""
    people = facts.participants
    return {
        "source": facts.source,
        "source_id": facts.source_id,
        "merged_ids": list(facts.merged_ids),
        "event_id": facts.event_id,
        "event_type": facts.event_type,
        "mark": str(facts.mark),
        "occurred_at": facts.occurred_at.isoformat(),
        "stage_reason": facts.stage_reason,
        "values": {name: value_as_json(facts.values[name]) for name in sorted(facts.values)},
        "participants": None
        if people is None
        else [{"source_id": one.source_id, "role": one.role.value, "fields": one.fields} for one in people],
        "agents": None
        if facts.agents is None
        else [{**one.model_dump(), "side": one.side.value, "share": str(one.share)} for one in facts.agents],
    }


def value_as_json(value: Value) -> Any:
    """One canonical value as JSON can say it."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | Fraction):
        return str(value)
    return value
