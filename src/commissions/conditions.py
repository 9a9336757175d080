"""Whether a rule applies to an agent's part: every condition that is given must hold."""

from __future__ import annotations

from commissions.book import Book, Part, Side
from domain.commission.charges import CapState, When
from domain.commission.closing import Closing


def applies(when: When | None, part: Part, book: Book) -> bool:
    """Whether all the conditions of the rule hold for this part at this point."""
    if when is None:
        return True
    return (
        deal_fits(when, book.closing, part.side)
        and (not when.role or part.role in when.role)
        and _flags_fit(when, {*book.closing.flags, *part.agent.flags})
        and (when.part is None or when.part.holds(part.amount))
        and all(bounds.holds(book.before(part.counters[name])) for name, bounds in when.counter.items())
        and all(_cap_state(part, name, book) in states for name, states in when.cap.items())
    )


def side_applies(when: When | None, side: Side, book: Book) -> bool:
    """The same for a rule of the whole side, where no agent is in question yet."""
    if when is None:
        return True
    return deal_fits(when, book.closing, side) and _flags_fit(when, set(book.closing.flags))


def deal_fits(when: When, closing: Closing, side: Side) -> bool:
    """The conditions that are about the deal and its side."""
    return (
        (not when.deal_type or closing.type in when.deal_type)
        and (not when.property_type or closing.property_type in when.property_type)
        and (not when.state or closing.state in when.state)
        and (not when.side or side.side.side in when.side)
        and _closes_within(when, closing)
        and (when.price is None or when.price.holds(closing.price or 0))
        and (when.gross is None or when.gross.holds(side.gross))
    )


def asks_the_agent(when: When | None) -> bool:
    """Whether the rule depends on whose part it is."""
    return when is not None and bool(when.role or when.part or when.counter or when.cap)


def _flags_fit(when: When, flags: set[str]) -> bool:
    return flags.issuperset(when.flags) and flags.isdisjoint(when.without)


def _closes_within(when: When, closing: Closing) -> bool:
    if when.closing is None:
        return True
    starts, until = when.closing.starts, when.closing.until
    return (starts is None or closing.closing_date >= starts) and (until is None or closing.closing_date <= until)


def _cap_state(part: Part, name: str, book: Book) -> CapState:
    counter = part.counters[name]
    if counter.cap is None or book.now(counter) < counter.cap:
        return CapState.OPEN
    return CapState.BEFORE if book.before(counter) >= counter.cap else CapState.HERE
