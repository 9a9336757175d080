"""What a later calculation of a deal changes: new less old, line by line. Posted lines are never edited.

Original and adjustments together are the truth (research pitfall 50;
https://mcasupport.kw.com/hc/en-us/articles/360038929014-Adjustment-DA-Overpayment-or-Underpayment-of-Royalty).
"""

from __future__ import annotations

from collections import defaultdict

from domain.commission.calculation import Calculation, CounterKey, Line, Movement
from domain.commission.settlement import Adjustment
from domain.money import Money


def adjustments(old: Calculation | None, new: Calculation | None) -> tuple[Adjustment, ...]:
    """Every line that differs, in the order of the newer calculation; lines that are gone come last.

    Args:
        old: as posted; None where nothing was.
        new: as it is right now; None where the closing was rescinded.

    Returns:
        Adjustments whose deltas, added to the old lines, give the new ones; nothing for lines that stay as they are.
    """
    before, after = _by_identity(old), _by_identity(new)
    found = []
    for identity in dict.fromkeys([*after, *before]):
        then, now = before.get(identity), after.get(identity)
        line = now or then
        if line is None or _same(then, now):
            continue
        zero = Money.of_cents(0, line.amount.currency)
        delta = (now.amount if now else zero).cents - (then.amount if then else zero).cents
        found.append(
            Adjustment(
                line=line,
                before=then.amount if then else None,
                after=now.amount if now else None,
                delta=Money.of_cents(delta, line.amount.currency),
                moves=_moved(then, now),
            )
        )
    return tuple(found)


def _by_identity(calculation: Calculation | None) -> dict[tuple[str, ...], Line]:
    """Lines by what makes them the same; the second of two alike is told by its place among them."""
    lines: dict[tuple[str, ...], Line] = {}
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    for line in calculation.lines if calculation else ():
        seen[line.identity] += 1
        lines[(*line.identity, str(seen[line.identity]))] = line
    return lines


def _same(then: Line | None, now: Line | None) -> bool:
    return then is not None and now is not None and (then.amount, set(then.moves)) == (now.amount, set(now.moves))


def _moved(then: Line | None, now: Line | None) -> tuple[Movement, ...]:
    deltas: dict[CounterKey, int] = defaultdict(int)
    for line, sign in ((now, 1), (then, -1)):
        for movement in line.moves if line else ():
            deltas[movement.key] += sign * movement.delta
    return tuple(Movement(key, delta) for key, delta in deltas.items() if delta)
