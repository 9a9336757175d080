"""What can be wrong with the money of a side: what it earns, who pays it, bonuses on top."""

from __future__ import annotations

from commissions.files.amount_checks import check_bounds, check_levels, check_not_negative
from commissions.files.charge_checks import RESERVED, check_party
from commissions.files.problems import Found, Location
from domain.commission.closing import Closing, CommissionSpec, DealSide
from mappings.plain_words import suggestion

_NESTED = ("less_cooperating", "in_house")


def check_side_money(side: DealSide, at: Location, closing: Closing, found: Found) -> None:
    """The commission of a side, its payers and its bonuses.

    Args:
        side: to check.
        at: where it stands.
        closing: the deal, for its price.
        found: takes the mistakes.
    """
    for name in ("commission", "agreement"):
        spec: CommissionSpec | None = getattr(side, name)
        if spec is not None:
            _check_spec(spec, (*at, name), closing, found)
    if side.commission is None and side.agreement is None:
        expected = "a `commission` or an `agreement`"
        found.add(at, "neither", expected, "say what the side earns; nothing is `commission: {flat: 0}`")
    _check_offers(side, at, closing, found)
    _check_payer(side.payer, (*at, "payer"), found)
    ids = {agent.agent for agent in side.agents}
    for position, bonus in enumerate(side.bonuses):
        place = (*at, "bonuses", position)
        _check_payer(bonus.payer, (*place, "payer"), found)
        if bonus.to is not None:
            check_party(bonus.to, (*place, "to"), found)
            _check_on_side(bonus.to, (*place, "to"), ids, found)


def _check_on_side(to: str, at: Location, ids: set[str], found: Found) -> None:
    agent = to.removeprefix("agent:")
    if to.startswith("agent:") and agent and agent not in ids:
        found.add(at, to, "an agent of this side", suggestion(agent, ids))


def _check_spec(spec: CommissionSpec, at: Location, closing: Closing, found: Found) -> None:
    proportional = spec.percent is not None or bool(spec.brackets)
    if not proportional and spec.flat is None:
        expected = "one of percent, flat, brackets"
        found.add(at, "no amount", expected, "say what is earned; nothing is `flat: 0`")
    if spec.percent is not None and spec.brackets:
        found.add((*at, "brackets"), "both", "either `percent` or `brackets`", "remove one of them")
    if proportional and spec.base is None and closing.price is None:
        remedy = "add `price` to the deal, or `base` here"
        found.add(at, "no price", "a price that the percentage is of", remedy)
    if spec.base is not None and spec.of != "price":
        found.add((*at, "of"), spec.of, "either `base` or `of`", "remove one of them")
    check_levels(spec.brackets, (*at, "brackets"), found)
    check_bounds(spec.minimum, spec.maximum, at, found)
    check_not_negative(spec.flat, (*at, "flat"), found)
    check_not_negative(spec.base, (*at, "base"), found)
    for name in _NESTED:
        inner: CommissionSpec | None = getattr(spec, name)
        if inner is None:
            continue
        if at[-1] == name:
            found.add((*at, name), "again", f"`{name}` once", "remove the inner one")
        _check_spec(inner, (*at, name), closing, found)


def _check_offers(side: DealSide, at: Location, closing: Closing, found: Found) -> None:
    spec = side.commission or side.agreement
    for position, offer in enumerate(side.offers):
        place = (*at, "offers", position)
        _check_payer(offer.payer, (*place, "payer"), found)
        if offer.percent is None and offer.flat is None:
            found.add(place, "no amount", "`percent` or `flat`", "say how much this payer offers")
        if offer.percent is not None and closing.price is None and (spec is None or spec.base is None):
            expected = "a price that the percentage is of"
            found.add((*place, "percent"), offer.percent, expected, "add `price` to the deal, or write `flat`")


def _check_payer(payer: str, at: Location, found: Found) -> None:
    """Who pays the commission is outside the brokerage."""
    if payer.lower() in RESERVED or payer.startswith("agent:"):
        expected = "somebody outside the brokerage, such as seller, buyer, listing_broker, builder"
        found.add(at, payer, expected, "name who pays the commission")
