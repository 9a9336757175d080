"""What a charge comes to for one part, and who pays it (S6, S8 to S11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from tests.oracle.books import Books, Data, Part
from tests.oracle.figures import allotted, cents, rate
from tests.oracle.whens import SHARED, applies, basis, slices

RANKS = {"referral": 10, "rebate": 20, "levy": 30, "royalty": 40, "marketing": 50}


def rank(charge: Data) -> int:
    """The lower first."""
    return int(charge["rank"]) if charge.get("rank") is not None else RANKS.get(charge["code"], 60)


def party(part: Part, name: str) -> str | None:
    """Who that is for this agent; None: this agent has nobody of that role."""
    if name == "agent":
        return str(part.agent["agent"])
    if name in {"lead", "mentor", "recruiter"}:
        return part.agent.get(name)
    return name.removeprefix("agent:")


def charge_part(books: Books, part: Part, charge: Data, section: str) -> int:
    """One rule on one part.

    Returns:
        What the payee got.
    """
    payee = party(part, charge["payee"])
    per = charge.get("per", "agent")
    if payee is None or not applies(books, part, charge.get("when")) or (part.role != "agent" and per != "agent"):
        return 0
    agreed = _as_agreed(books, part, charge)
    if agreed is None:
        return 0
    amount, counted = _capped(books, part, {"of": "left" if section == "deductions" else "part"} | agreed)
    if amount:
        books.charged.add((part.agent["agent"], charge["rule"]))
    borne = charge.get("borne_by") or "agent"
    if borne == "agent" and (section == "deductions" or charge.get("only_if_left")):
        amount = _only_what_is_left(books, part, payee, amount)
    if amount:
        _write(books, part, charge, payee, borne, amount, counted)
    return amount


def _as_agreed(books: Books, part: Part, charge: Data) -> Data | None:
    """The rule as the first exception to it has it; None: it is waived."""
    for term in books.terms(part):
        if term.get("waive") == charge["rule"]:
            books.seen.add("term_waive")
            return None
        if term.get("charge") == charge["rule"]:
            books.seen.add("term_charge")
            return instead(charge, term)
    return charge


def _write(books: Books, part: Part, charge: Data, payee: str, borne: str, amount: int, counted: int) -> None:
    books.pay(charge["code"], part.agent["agent"] if borne == "agent" else borne, payee, amount)
    part.rules[charge["rule"]] = amount
    if borne == "agent":
        part.left -= amount
    if charge.get("capped_by"):
        books.move(part, charge["capped_by"], counted if charge.get("cap_on") == "basis" else amount)
    for name in charge.get("counts", []):
        books.move(part, name, amount)


def without_amount(charge: Data) -> Data:
    """All of a rule except how much."""
    return {key: value for key, value in charge.items() if key not in AMOUNT_WORDS}


def instead(charge: Data, term: Data) -> Data:
    """The rule with the amount that was agreed."""
    kept = without_amount(charge)
    if "flat" in term:
        return {**kept, "flat": term["flat"]}
    rated = kept | {"percent": term["percent"]}
    return rated | {"of": charge["of"]} if "of" in charge else rated


AMOUNT_WORDS = {"flat", "percent", "tiers", "of", "step", "minimum", "maximum", "lesser_of", "greater_of"}


def _capped(books: Books, part: Part, charge: Data) -> tuple[int, int]:
    """The amount, and the basis that was used."""
    name = charge.get("capped_by")
    room = books.room(part, name) if name else None
    if name and charge.get("cap_on") == "basis":
        base = basis(books, part, charge["of"])
        if room is not None and base > room:
            books.seen.add("cap_on_basis_cut")
            base = Fraction(room)
        return books.round(base * rate(charge["percent"])), books.round(base)
    amount = _whole(books, part, charge)
    if room is not None and amount > room:
        books.seen.add("fee_cap_cut")
        amount = room
    return amount, 0


def _only_what_is_left(books: Books, part: Part, payee: str, amount: int) -> int:
    taken = min(amount, max(0, books.payees[part.agent["agent"]]))
    if taken < amount:
        books.seen.add("ran_out")
        books.owed[part.agent["agent"], payee] += amount - taken
    return taken


def _whole(books: Books, part: Part, charge: Data) -> int:
    for word, choose in (("lesser_of", min), ("greater_of", max)):
        if charge.get(word):
            return choose(_amount(books, part, charge, amount) for amount in charge[word])
    return _amount(books, part, charge, charge)


def _amount(books: Books, part: Part, charge: Data, amount: Data) -> int:
    """One amount: the deal's own, shared out; and the agent's own."""
    per = charge.get("per", "agent")
    together, own, any_together, any_own = Fraction(0), Fraction(0), False, False
    if "flat" in amount:
        flat = Fraction(cents(amount["flat"]))
        if per != "agent":
            together += flat * 2 if per == "side" and part.side["side"] == "both" else flat
            any_together = True
        elif _first_time(books, part, charge):
            own, any_own = own + flat, True
    for of, value in _rates(books, part, charge, amount):
        if per != "agent" and isinstance(of, str) and of in SHARED:
            together, any_together = together + value(_deal_basis(books, part, of, per)), True
        else:
            own, any_own = own + value(basis(books, part, of)), True
    if any_together and any_own:
        return books.round(own + _mine(books, part, charge, books.round(together)))
    if any_together:
        return _mine(books, part, charge, _clamped(books.round(together), amount))
    return _clamped(books.round(own), amount) if any_own else 0


def _first_time(books: Books, part: Part, charge: Data) -> bool:
    """What is once for a deal and agent: on the first of their parts on which it applies."""
    return (part.agent["agent"], charge["rule"]) not in books.charged


def _rates(
    books: Books, part: Part, charge: Data, amount: Data
) -> Iterator[tuple[Any, Callable[[Fraction], Fraction]]]:
    if "percent" in amount:
        yield amount.get("of") or charge["of"], lambda base: base * rate(amount["percent"])
    if amount.get("tiers"):
        yield (
            amount["of"],
            lambda base: sum(
                (piece * factor for piece, factor in slices(books, part, amount["tiers"], base)), Fraction(0)
            ),
        )
    if amount.get("step"):
        yield amount["step"].get("of", "part"), lambda base: steps(amount["step"], base)


def steps(step: Data, base: Fraction) -> Fraction:
    """So much for each so much."""
    count = base / cents(step["each"])
    whole = count.numerator // count.denominator
    if step.get("partial", "full") == "full" and count > whole:
        whole += 1
    return (count if step.get("partial") == "prorated" else Fraction(whole)) * cents(step["flat"])


def _clamped(amount: int, bounds: Data) -> int:
    if "minimum" in bounds:
        amount = max(amount, cents(bounds["minimum"]))
    if "maximum" in bounds:
        amount = min(amount, cents(bounds["maximum"]))
    return amount


def _deal_basis(books: Books, part: Part, of: str, per: str) -> Fraction:
    if of in {"price", "price_net"} or per == "side":
        return basis(books, part, of)
    sides = {other.number: other for other in books.everyone}.values()
    return Fraction(sum(other.gross if of == "gross" else other.gross_left for other in sides))


def _mine(books: Books, part: Part, charge: Data, total: int) -> int:
    how, per = charge.get("shared", "by_share"), charge.get("per")
    among = [other for other in books.everyone if per == "deal" or other.number == part.number]
    place = next(place for place, other in enumerate(among) if other is part)
    if how == "first":
        return total if place == 0 else 0
    if how == "each":
        return total if per == "side" or _first_time(books, part, charge) else 0
    weights = [other.weight for other in among]
    if not any(weights):
        weights = [other.share for other in among]
    return allotted(total, weights)[place]
