"""Posted calculations as JSON: exact, and the same again after reading.

Amounts are `285.50 USD`, percentages and raw cents are fractions (`23/8`), counters are hundredths. What is empty is
left out. An adjustment names its line by `seq` where the calculation has that line, or carries it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from domain.commission.calculation import (
    Calculation,
    Code,
    CounterKey,
    Governing,
    Line,
    Movement,
    Receivable,
    Stage,
)
from domain.commission.settlement import Adjustment, PostedCalculation, Reason
from storage.commissions.records import money_from, money_text

#: Fields of a line that are text, and are left out where they are empty.
_TEXTS = ("rule", "title", "agent", "side", "payer", "payee", "of", "limit", "term", "pay_at")


def posted_to_json(posted: PostedCalculation) -> str:
    """The calculation as it is stored."""
    lines = posted.calculation.lines if posted.calculation else ()
    document = {
        "deal_id": posted.deal_id,
        "number": posted.number,
        "deal_version": posted.deal_version,
        "reason": posted.reason.value,
        "at": posted.at.isoformat(),
        "supersedes": posted.supersedes,
        "after_payment": posted.after_payment,
        "order": list(posted.order),
        "calculation": _calculation_document(posted.calculation) if posted.calculation else None,
        "adjustments": [_adjustment_document(adjustment, lines) for adjustment in posted.adjustments],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def posted_from_json(text: str) -> PostedCalculation:
    """The calculation that `posted_to_json` wrote."""
    document = json.loads(text)
    made = document["calculation"]
    calculation = _calculation(made) if made else None
    lines = calculation.lines if calculation else ()
    closing_day, number, deal = document["order"]
    return PostedCalculation(
        deal_id=document["deal_id"],
        number=document["number"],
        deal_version=document["deal_version"],
        calculation=calculation,
        reason=Reason(document["reason"]),
        adjustments=tuple(_adjustment(one, lines) for one in document["adjustments"]),
        at=datetime.fromisoformat(document["at"]),
        supersedes=document["supersedes"],
        after_payment=document["after_payment"],
        order=(closing_day, number, deal),
    )


def _calculation_document(made: Calculation) -> dict[str, Any]:
    return {
        "deal": made.deal,
        "closing_date": made.closing_date.isoformat(),
        "currency": made.currency,
        "rounding": made.rounding,
        "gross": money_text(made.gross),
        "lines": [_line_document(line) for line in made.lines],
        "payees": {party: money_text(amount) for party, amount in made.payees.items()},
        "opening": _counted(made.opening),
        "movements": _counted(made.movements),
        "caps": _counted(made.caps),
        "receivables": [[one.agent, one.owed_to, one.rule, money_text(one.amount)] for one in made.receivables],
        "governing": [_governing_document(one) for one in made.governing],
        "inputs": made.inputs,
    }


def _calculation(document: Mapping[str, Any]) -> Calculation:
    return Calculation(
        deal=document["deal"],
        closing_date=date.fromisoformat(document["closing_date"]),
        currency=document["currency"],
        rounding=document["rounding"],
        gross=money_from(document["gross"]),
        lines=tuple(map(_line, document["lines"])),
        payees={party: money_from(amount) for party, amount in document["payees"].items()},
        opening=_counters(document["opening"]),
        movements=_counters(document["movements"]),
        caps=_counters(document["caps"]),
        receivables=tuple(
            Receivable(agent, owed_to, rule, money_from(amount))
            for agent, owed_to, rule, amount in document["receivables"]
        ),
        governing=tuple(map(_governing, document["governing"])),
        inputs=document["inputs"],
    )


def _line_document(line: Line) -> dict[str, Any]:
    document: dict[str, Any] = {"seq": line.seq, "stage": line.stage.value, "code": line.code.value}
    document |= {name: text for name in _TEXTS if (text := getattr(line, name))}
    if line.basis is not None:
        document["basis"] = money_text(line.basis)
    if line.rate is not None:
        document["rate"] = str(line.rate)
    document |= {"raw": str(line.raw), "amount": money_text(line.amount)}
    if line.moves:
        document["moves"] = _moved(line.moves)
    if line.memo:
        document["memo"] = True
    return document


def _line(document: Mapping[str, Any]) -> Line:
    texts = {name: document.get(name, "") for name in _TEXTS}
    return Line(
        seq=document["seq"],
        stage=Stage(document["stage"]),
        code=Code(document["code"]),
        basis=money_from(document["basis"]) if "basis" in document else None,
        rate=Fraction(document["rate"]) if "rate" in document else None,
        raw=Fraction(document["raw"]),
        amount=money_from(document["amount"]),
        moves=_moves(document.get("moves", ())),
        memo=document.get("memo", False),
        **texts,
    )


def _adjustment_document(adjustment: Adjustment, lines: tuple[Line, ...]) -> dict[str, Any]:
    line = adjustment.line
    held = 0 < line.seq <= len(lines) and lines[line.seq - 1] == line
    document: dict[str, Any] = {"line": line.seq if held else _line_document(line)}
    if adjustment.before is not None:
        document["before"] = money_text(adjustment.before)
    if adjustment.after is not None:
        document["after"] = money_text(adjustment.after)
    document["delta"] = money_text(adjustment.delta)
    if adjustment.moves:
        document["moves"] = _moved(adjustment.moves)
    return document


def _adjustment(document: Mapping[str, Any], lines: tuple[Line, ...]) -> Adjustment:
    named = document["line"]
    return Adjustment(
        line=lines[named - 1] if isinstance(named, int) else _line(named),
        before=money_from(document["before"]) if "before" in document else None,
        after=money_from(document["after"]) if "after" in document else None,
        delta=money_from(document["delta"]),
        moves=_moves(document.get("moves", ())),
    )


def _governing_document(one: Governing) -> list[str]:
    return [one.agent, one.plan, one.version, one.cap_day.isoformat(), one.tax_day.isoformat(), one.note]


def _governing(document: list[str]) -> Governing:
    agent, plan, version, cap_day, tax_day, note = document
    return Governing(agent, plan, version, date.fromisoformat(cap_day), date.fromisoformat(tax_day), note)


def _counted(counters: Mapping[CounterKey, int]) -> list[list[Any]]:
    return [[key.owner, key.counter, key.period, value] for key, value in counters.items()]


def _counters(rows: Iterable[list[Any]]) -> dict[CounterKey, int]:
    return {CounterKey(owner, counter, period): value for owner, counter, period, value in rows}


def _moved(moves: Iterable[Movement]) -> list[list[Any]]:
    return [[move.key.owner, move.key.counter, move.key.period, move.delta] for move in moves]


def _moves(rows: Iterable[list[Any]]) -> tuple[Movement, ...]:
    return tuple(Movement(CounterKey(owner, counter, period), delta) for owner, counter, period, delta in rows)
