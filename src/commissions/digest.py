"""The hash that ties a document to the calculation it was made from."""

from __future__ import annotations

import hashlib
import json

from domain.commission.calculation import Calculation, Line


def digest(calculation: Calculation) -> str:
    """SHA-256, in hex, over everything that a calculation says; the same wherever and whenever it is taken."""
    counters = {str(key): [value, calculation.movements.get(key, 0)] for key, value in calculation.opening.items()}
    told = {
        "deal": calculation.deal,
        "closing_date": calculation.closing_date.isoformat(),
        "rounding": calculation.rounding,
        "gross": str(calculation.gross),
        "lines": [_line(line) for line in calculation.lines],
        "payees": {party: str(amount) for party, amount in calculation.payees.items()},
        "counters": counters,
        "caps": {str(key): cap for key, cap in calculation.caps.items()},
        "receivables": [[owed.agent, owed.owed_to, owed.rule, str(owed.amount)] for owed in calculation.receivables],
        "governing": [
            [plan.agent, plan.plan, plan.version, plan.cap_day.isoformat(), plan.tax_day.isoformat(), plan.note]
            for plan in calculation.governing
        ],
        "inputs": calculation.inputs,
    }
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(line: Line) -> list[object]:
    moves = [[str(move.key), move.delta] for move in line.moves]
    basis = None if line.basis is None else str(line.basis)
    rate = None if line.rate is None else str(line.rate)
    amounts = [basis, rate, str(line.raw), str(line.amount)]
    return [line.seq, *line.identity, line.title, *amounts, line.limit, moves, line.term, line.memo, line.pay_at]
