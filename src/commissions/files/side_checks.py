"""What can be wrong with the money of a side: what it earns, who pays it, bonuses on top."""

from __future__ import annotations

from commissions.files.amount_checks import check_bounds, check_day, check_levels, check_not_negative
from commissions.files.charge_checks import RESERVED
from commissions.files.problems import Found, Location
from domain.commission.agreement import AgreedSide
from domain.commission.closing import Closing, CommissionSpec, DealCharge, DealSide
from mappings.plain_words import suggestion

_NESTED = ("less_cooperating", "in_house")
#: Names that people have for the company.
_OF_THE_HOUSE = frozenset({"company", "the company", "brokerage", "broker", "house", "office"})
#: What is said of an exception, beside the exception itself.
_AGREED = ("by", "why", "document", "agreed")


def check_side_money(side: DealSide, at: Location, closing: Closing, found: Found) -> None:
    """The commission of a side, its payers and its bonuses.

    Args:
        side: to check.
        at: where it stands.
        closing: the deal, for its price.
        found: takes the mistakes.
    """
    priced = closing.price is not None
    _check_specs(side, at, found, priced=priced)
    _check_ceiling(side, side.side, at, found)
    if side.commission is None and side.agreement is None:
        expected = "a `commission` or an `agreement`"
        found.add(at, "neither", expected, "say what the side earns; nothing is `commission: {flat: 0}`")
    _check_offers(side, at, found, priced=priced)
    _check_payer(side.payer, (*at, "payer"), found)
    _check_bonuses(side, at, found)
    ids = {agent.agent for agent in side.agents}
    for position, bonus in enumerate(side.bonuses):
        if bonus.to is not None:
            _check_on_side(bonus.to, (*at, "bonuses", position, "to"), ids, found)


def check_agreed_side(side: AgreedSide, at: Location, found: Found) -> None:
    """What is agreed for a side, whose price and agents the deal will say."""
    _check_specs(side, at, found, priced=True)
    _check_ceiling(side, str(at[-1]), at, found)
    for name in ("commission", "agreement"):
        spec: CommissionSpec | None = getattr(side, name)
        if spec is not None:
            check_agreed(spec, (*at, name), found)
    _check_offers(side, at, found, priced=True)
    if side.payer is not None:
        _check_payer(side.payer, (*at, "payer"), found)
    _check_bonuses(side, at, found)
    if side.payer is not None and side.offers:
        found.add((*at, "payer"), side.payer, "either `payer` or `offers`", "name the payer among the offers")
    if not (side.earns or side.offers or side.payer or side.bonuses):
        found.add(at, "nothing", "what is agreed for this side", "say it, or remove the side")


def check_agreed(entry: CommissionSpec | DealCharge, at: Location, found: Found) -> None:
    """An exception says who agreed to it, why, when, and where that is written."""
    missing = [name for name in _AGREED if not str(getattr(entry, name) or "").strip()]
    if missing:
        expected = f"{', '.join(_AGREED)} of whoever agreed to it"
        found.add(at, f"without {', '.join(missing)}", expected, f"add {', '.join(f'`{name}`' for name in missing)}")


def _check_specs(side: DealSide | AgreedSide, at: Location, found: Found, *, priced: bool) -> None:
    for name in ("commission", "agreement"):
        spec: CommissionSpec | None = getattr(side, name)
        if spec is not None:
            _check_spec(spec, (*at, name), found, priced=priced)


def _check_ceiling(side: DealSide | AgreedSide, kind: str, at: Location, found: Found) -> None:
    if side.agreement is not None and kind == "listing":
        expected = "the seller's terms, because an agreement is the buyer's ceiling"
        found.add((*at, "agreement"), "on the listing side", expected, "write them under `commission`")


def _check_bonuses(side: DealSide | AgreedSide, at: Location, found: Found) -> None:
    for position, bonus in enumerate(side.bonuses):
        place = (*at, "bonuses", position)
        _check_payer(bonus.payer, (*place, "payer"), found)
        if bonus.to is not None:
            _check_taker(bonus.to, (*place, "to"), found)


def _check_taker(to: str, at: Location, found: Found) -> None:
    """Money that goes past the split goes to the house or to an agent: a charge says what somebody else gets."""
    if to in ("company", "agent") or to.removeprefix("agent:").strip() not in ("", to.strip()):
        return
    expected = "company, agent (the first of the side) or agent:ID"
    word = to.strip().lower()
    remedy = "write company" if word in _OF_THE_HOUSE else f"write agent:ID, or pay {to} by a charge of the deal"
    if word in ("agent", "agent:"):
        remedy = "write agent, or the id too, such as agent:a-17"
    found.add(at, to, expected, remedy)


def _check_on_side(to: str, at: Location, ids: set[str], found: Found) -> None:
    agent = to.removeprefix("agent:")
    if to.startswith("agent:") and agent and agent not in ids:
        found.add(at, to, "an agent of this side", suggestion(agent, ids))


def _check_spec(spec: CommissionSpec, at: Location, found: Found, *, priced: bool) -> None:
    proportional = spec.percent is not None or bool(spec.brackets)
    if not proportional and spec.flat is None:
        expected = "one of percent, flat, brackets"
        found.add(at, "no amount", expected, "say what is earned; nothing is `flat: 0`")
    if spec.percent is not None and spec.brackets:
        found.add((*at, "brackets"), "both", "either `percent` or `brackets`", "remove one of them")
    if proportional and spec.base is None and not priced:
        remedy = "add `price` to the deal, or `base` here"
        found.add(at, "no price", "a price that the percentage is of", remedy)
    if spec.base is not None and spec.of != "price":
        found.add((*at, "of"), spec.of, "either `base` or `of`", "remove one of them")
    check_levels(spec.brackets, (*at, "brackets"), found)
    check_bounds(spec.minimum, spec.maximum, at, found)
    check_not_negative(spec.flat, (*at, "flat"), found)
    check_not_negative(spec.base, (*at, "base"), found)
    if spec.agreed is not None:
        check_day(spec.agreed, (*at, "agreed"), found)
    for name in _NESTED:
        inner: CommissionSpec | None = getattr(spec, name)
        if inner is None:
            continue
        if at[-1] == name:
            found.add((*at, name), "again", f"`{name}` once", "remove the inner one")
        if inner.told:
            expected = f"who agreed to it beside `{name}`, not in it"
            found.add((*at, name), inner.told, expected, "move `by`, `why`, `document` and `agreed` one level out")
        _check_spec(inner, (*at, name), found, priced=priced)


def _check_offers(side: DealSide | AgreedSide, at: Location, found: Found, *, priced: bool) -> None:
    spec = side.commission or side.agreement
    for position, offer in enumerate(side.offers):
        place = (*at, "offers", position)
        _check_payer(offer.payer, (*place, "payer"), found)
        if offer.percent is None and offer.flat is None:
            found.add(place, "no amount", "`percent` or `flat`", "say how much this payer offers")
        if offer.percent is not None and not priced and (spec is None or spec.base is None):
            expected = "a price that the percentage is of"
            found.add((*place, "percent"), offer.percent, expected, "add `price` to the deal, or write `flat`")


def _check_payer(payer: str, at: Location, found: Found) -> None:
    """Who pays the commission is outside the brokerage."""
    if payer.lower() in RESERVED or payer.startswith("agent:"):
        expected = "somebody outside the brokerage, such as seller, buyer, listing_broker, builder"
        found.add(at, payer, expected, "name who pays the commission")
