"""What a side earns, and who pays it: the commission as agreed, its sources, and bonuses on top.

Buyer-broker compensation since 17 August 2024: the written buyer agreement is a ceiling over all sources together,
bonuses included; what is offered beyond it is not payable, what is missing the buyer owes
(https://www.hgar.com/you-cannot-keep-the-difference-buyer-agent-compensation-limits-and-fiduciary-duty-after-the-nar-settlement).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from commissions.book import Book, Side
from commissions.rounding import percent_of
from commissions.terms import side_told
from domain.commission.amounts import amount_text
from domain.commission.calculation import GROSS, Code, Stage
from domain.commission.closing import Bonus, Closing, CommissionSpec, DealSide, PayerOffer
from domain.errors import FieldProblem


def base_of(spec: CommissionSpec, price: int | None, concessions: int) -> int:
    """The base of a commission, in cents; 0 where there is no price."""
    if spec.base is not None:
        return spec.base
    if price is None:
        return 0
    return price - concessions if spec.of == "price_net" else price


def commission(spec: CommissionSpec, book: Book) -> int:
    """What the agreed terms come to, in cents: each slice rounded, then between minimum and maximum."""
    base = base_of(spec, book.closing.price, book.closing.concessions)
    total = spec.flat or 0
    if spec.percent is not None:
        total += book.rounded(percent_of(base, spec.percent))
    floor = 0
    for bracket in spec.brackets:
        end = base if bracket.up_to is None else min(base, bracket.up_to)
        total += book.rounded(percent_of(max(0, end - floor), bracket.percent))
        floor = max(floor, end)
    if spec.minimum is not None:
        total = max(total, spec.minimum)
    if spec.maximum is not None:
        total = min(total, spec.maximum)
    return total - commission(spec.less_cooperating, book) if spec.less_cooperating else total


def commission_problems(side: DealSide, closing: Closing, where: str) -> Iterator[FieldProblem]:
    """What keeps a side's commission from being computed."""
    terms = [("commission", side.commission), ("agreement", side.agreement)]
    for name, spec in terms:
        if spec is not None:
            yield from _spec_problems(spec, closing, f"{where}.{name}")
    if side.agreement is not None and side.side == "listing":
        expected = "the terms under `commission`: an agreement is the buyer's, and a ceiling on the buying side"
        yield FieldProblem(f"{where}.agreement", "on the listing side", expected, "agreement")
    if side.offers and all(spec is None for _, spec in terms):
        expected = "the commission that was agreed, or the buyer's agreement; an offer alone is not what is owed"
        yield FieldProblem(f"{where}.commission", "none", expected, "commission")


def _spec_problems(spec: CommissionSpec, closing: Closing, where: str) -> Iterator[FieldProblem]:
    if closing.price is None and spec.base is None and (spec.percent is not None or spec.brackets):
        yield FieldProblem(where, "no price", "the sale price, of which it is a percentage; enter it", "price")
    if (spec.flat or 0) < 0 or (spec.base or 0) < 0:
        value = amount_text(min(spec.flat or 0, spec.base or 0))
        yield FieldProblem(where, value, "amounts of zero or more; what is owed back is a rescission", "commission")
    cooperating = spec.less_cooperating
    if cooperating is not None and _most(cooperating, closing) > _most(spec, closing):
        expected = f"at most the commission of {amount_text(_most(spec, closing))}; correct one of them"
        value = amount_text(_most(cooperating, closing))
        yield FieldProblem(f"{where}.less_cooperating", value, expected, "less_cooperating")
    for name, inner in (("less_cooperating", spec.less_cooperating), ("in_house", spec.in_house)):
        if inner is not None:
            yield from _spec_problems(inner, closing, f"{where}.{name}")


def _most(spec: CommissionSpec, closing: Closing) -> int:
    """What terms come to before the other broker's part, in cents."""
    return commission(spec.model_copy(update={"less_cooperating": None}), Book(closing, "half_up"))


def collect(side: Side, book: Book, *, in_house: bool) -> int | None:
    """Write the lines of who pays this side, and set what it has.

    Args:
        side: of the deal.
        book: of this computation.
        in_house: this brokerage has both sides.

    Returns:
        None; or, where the payers do not cover the commission, how many cents are missing.
    """
    spec = side.side.commission
    if spec is not None and in_house and spec.in_house is not None:
        spec = spec.in_house
    earned = None if spec is None else commission(spec, book)
    agreement = side.side.agreement
    if agreement is not None and in_house and agreement.in_house is not None:
        agreement = agreement.in_house
    ceiling = None if agreement is None else commission(agreement, book)
    amounts = [amount for amount in (earned, ceiling) if amount is not None]
    due = min(amounts) if amounts else 0
    terms = spec or agreement
    left = _take_offers(side, book, due, terms, agreed=ceiling is not None)
    if left and ceiling is None:
        return left
    if ceiling is None:
        side.gross = due + _take_bonuses(side, book)
    else:
        left, away = _take_bonuses_within(side, book, left)
        side.gross = due - away
    if left:
        code = Code.SHORTFALL if side.side.offers else Code.COMMISSION
        book.post(
            *(Stage.SOURCES, code, "buyer", GROSS, left),
            side=side.label,
            title=_TITLES[code],
            term=side_told(side.side),
            external=True,
        )
    side.left = side.gross
    return None


_TITLES = {Code.COMMISSION: "Commission", Code.SHORTFALL: "Owed by the buyer", Code.BONUS: "Bonus"}


def _take_offers(side: Side, book: Book, due: int, terms: CommissionSpec | None, *, agreed: bool) -> int:
    """Take from each payer in order what is due; what is still missing then."""
    if not side.side.offers:
        if agreed or due == 0:
            return due
        _pay_all(side, book, due, terms)
        return 0
    for offer in side.side.offers:
        offered = _offered(offer, terms, book)
        used = min(due, offered)
        code = Code.BONUS if offer.bonus else Code.COMMISSION
        book.post(
            *(Stage.SOURCES, code, offer.payer, GROSS, used),
            raw=offered,
            side=side.label,
            title=_TITLES[code],
            of="offer",
            basis=offered,
            limit="" if used == offered else ("agreement" if agreed else "commission"),
            term=side_told(side.side),
            external=True,
        )
        side.bonus += used if offer.bonus else 0
        due -= used
    return due


def _pay_all(side: Side, book: Book, due: int, terms: CommissionSpec | None) -> None:
    """One payer for all of it; told with its percentage where that is all there is to it."""
    plain = terms is not None and terms.percent is not None
    if terms is None or not plain or terms.flat or terms.brackets or terms.less_cooperating:
        book.post(
            *(Stage.SOURCES, Code.COMMISSION, side.side.payer, GROSS, due),
            side=side.label,
            title=_TITLES[Code.COMMISSION],
            term=side_told(side.side),
            external=True,
        )
        return
    base = base_of(terms, book.closing.price, book.closing.concessions)
    raw = percent_of(base, terms.percent or Fraction(0))
    exact = book.rounded(raw)
    book.post(
        *(Stage.SOURCES, Code.COMMISSION, side.side.payer, GROSS, due),
        raw=raw,
        side=side.label,
        title=_TITLES[Code.COMMISSION],
        of="base" if terms.base is not None else terms.of,
        basis=base,
        rate=terms.percent,
        limit="" if due == exact else ("minimum" if due > exact else "maximum"),
        term=side_told(side.side),
        external=True,
    )


def _offered(offer: PayerOffer, terms: CommissionSpec | None, book: Book) -> int:
    base = base_of(terms or CommissionSpec(), book.closing.price, book.closing.concessions)
    return (offer.flat or 0) + book.rounded(percent_of(base, offer.percent or Fraction(0)))


def _take_bonuses(side: Side, book: Book) -> int:
    """Bonuses come on top of the commission; how much of them goes through the split."""
    for bonus in side.side.bonuses:
        _take_bonus(side, book, bonus, bonus.amount)
    return sum(bonus.amount for bonus in side.side.bonuses if bonus.to is None)


def _take_bonuses_within(side: Side, book: Book, left: int) -> tuple[int, int]:
    """Under a buyer agreement a bonus pays towards what is due and no more.

    Returns:
        What is missing then, and how much of the bonuses goes past the split to whom they are meant for.
    """
    away = 0
    for bonus in side.side.bonuses:
        used = min(left, bonus.amount)
        _take_bonus(side, book, bonus, used)
        left -= used
        away += used if bonus.to is not None else 0
    return left, away


def _take_bonus(side: Side, book: Book, bonus: Bonus, used: int) -> None:
    book.post(
        *(Stage.SOURCES, Code.BONUS, bonus.payer, GROSS, used),
        raw=bonus.amount,
        side=side.label,
        title=bonus.title,
        of="offer",
        basis=bonus.amount,
        limit="agreement" if used < bonus.amount else "",
        external=True,
    )
    if bonus.to is None:
        side.bonus += used
    elif used:
        payee = side.side.agents[0].agent if bonus.to == "agent" else bonus.to.removeprefix("agent:")
        book.post(Stage.OFF_THE_TOP, Code.BONUS, GROSS, payee, used, side=side.label, title=bonus.title)
