"""What can be wrong with a charge, or with the split, given what its names may refer to."""

from __future__ import annotations

from commissions.files.amount_checks import (
    check_amount,
    check_bounds,
    check_levels,
    check_when,
    has_figure,
)
from commissions.files.basis_checks import OFF_THE_TOP, Place, Scope, amounts_of, check_of
from commissions.files.counter_checks import check_capped, check_moved, check_not_self_moving, check_when_counters
from commissions.files.problems import Found, Location, money
from domain.commission.charges import Basis, Charge, TierMode, Tiers
from domain.commission.plan import DEAL_MEASURES, SELF_MOVING, Floor, Section, Split
from mappings.plain_words import suggestion

#: Names of parties that mean somebody in particular; written any other way they would be a stranger's name.
ROLES = frozenset({"lead", "mentor", "recruiter"})
RESERVED = frozenset({"agent", "company", "gross", "outside"}) | ROLES

_RANKED = frozenset({OFF_THE_TOP, Section.DEDUCTIONS.value})


def check_charge(charge: Charge, at: Location, stage: str, scope: Scope, found: Found) -> None:
    """One charge.

    Args:
        charge: to check.
        at: where it stands.
        stage: `off_the_top` or a section.
        scope: what names may refer to.
        found: takes the mistakes.
    """
    place = Place(stage, charge.rule)
    _check_figures(charge, at, found)
    for inner, amount in amounts_of(charge):
        check_amount(amount, (*at, *inner), found)
        check_of(amount.of, (*at, *inner, "of"), place, scope, found)
        if amount.step is not None:
            check_of(amount.step.of.value, (*at, *inner, "step", "of"), place, scope, found)
        if amount.tiers is not None:
            _check_measure(amount.tiers, (*at, *inner, "tiers"), stage, scope, found)
    _check_parties(charge, at, stage, found)
    _check_counters(charge, at, scope, found)
    _check_means_nothing(charge, at, stage, found)
    if charge.when is not None:
        check_when(charge.when, (*at, "when"), found)
        check_when_counters(charge.when, (*at, "when"), scope.counters, found)


def _check_figures(charge: Charge, at: Location, found: Found) -> None:
    """Exactly one way to say how much."""
    if charge.rule in set(Basis) | {"split"}:
        expected = "a name that is not a basis' name"
        found.add((*at, "rule"), charge.rule, expected, f"call it otherwise, such as {charge.rule}_fee")
    ways = [name for name in ("lesser_of", "greater_of") if getattr(charge, name)]
    if has_figure(charge):
        ways.insert(0, "an amount of its own")
    if not ways:
        expected = "one of flat, percent, tiers, step, lesser_of, greater_of"
        found.add(at, f"rule {charge.rule} without an amount", expected, "say how much it charges")
    if len(ways) > 1:
        expected = "one way to say how much"
        found.add(at, f"rule {charge.rule} with {' and '.join(ways)}", expected, "keep one, remove the others")
    for name in ("lesser_of", "greater_of"):
        alternatives = getattr(charge, name)
        if len(alternatives) == 1:
            expected = "two alternatives or more"
            found.add((*at, name), "1 alternative", expected, f"add another, or write the amount without `{name}`")
        for position, alternative in enumerate(alternatives):
            if not has_figure(alternative):
                expected = "one of flat, percent, tiers, step"
                found.add((*at, name, position), "no amount", expected, "say how much this alternative is")


def _check_measure(tiers: Tiers, at: Location, stage: str, scope: Scope, found: Found) -> None:
    if tiers.by in DEAL_MEASURES:
        if tiers.by == "part" and stage == OFF_THE_TOP:
            expected = "a measure of the deal, because nobody has a part yet"
            found.add((*at, "by"), "part", expected, "write gross or price")
    elif scope.counters is not None and tiers.by not in scope.counters:
        remedy = suggestion(tiers.by, [*scope.counters, *DEAL_MEASURES])
        if tiers.by in SELF_MOVING:
            remedy = f"add `{tiers.by}: {{}}` to `counters`"
        found.add((*at, "by"), tiers.by, "a counter of this plan, or price, gross, part", remedy)
    elif tiers.by not in SELF_MOVING and tiers.mode is not TierMode.ENTERING:
        written = tiers.mode if "mode" in tiers.model_fields_set else None
        expected = f"entering, because {tiers.by} is moved by rules and is read as it stands"
        found.add((*at, "mode"), written, expected, "write `mode: entering`")


def check_party(party: str, at: Location, found: Found) -> None:
    """A party that is nearly one of the reserved names would silently be somebody else."""
    if party in RESERVED - {"gross", "outside"}:
        return
    if party.startswith("agent:"):
        if not party.removeprefix("agent:").strip():
            found.add(at, party, "an agent's id after `agent:`", "add the id, such as agent:a-17")
        return
    if party.strip().lower() in RESERVED | {"the company", "brokerage"}:
        expected = "a payee: agent, company, lead, mentor, recruiter, agent:ID, or a third party's name"
        near = party.strip().lower()
        remedy = f"write {near}" if near in RESERVED - {"gross", "outside"} else "write company, or the payee's name"
        found.add(at, party, expected, remedy)


def _check_parties(charge: Charge, at: Location, stage: str, found: Found) -> None:
    check_party(charge.payee, (*at, "payee"), found)
    bearer = charge.borne_by or ("gross" if stage == OFF_THE_TOP else "agent")
    if (bearer == "gross") != (stage == OFF_THE_TOP):
        if stage == OFF_THE_TOP:
            expected, remedy = "gross, which bears what comes off the top", "remove it, or move the rule to a section"
        else:
            expected, remedy = "agent, company or outside", "correct it, or move the rule to `off_the_top`"
        found.add((*at, "borne_by"), bearer, expected, remedy)
    if charge.payee == bearer:
        expected = "somebody other than who bears it"
        found.add((*at, "payee"), charge.payee, expected, "correct `payee` or `borne_by`")
    if charge.splits and charge.payee not in ROLES and not charge.payee.startswith("agent:"):
        expected = "an agent: lead, mentor, recruiter or agent:ID, because `splits` applies their own plan"
        found.add((*at, "payee"), charge.payee, expected, "correct the payee, or remove `splits`")


def _check_counters(charge: Charge, at: Location, scope: Scope, found: Found) -> None:
    if charge.capped_by is not None:
        check_capped(charge.capped_by, (*at, "capped_by"), scope.counters, found)
        check_not_self_moving(charge.capped_by, (*at, "capped_by"), found)
    for position, name in enumerate(charge.counts):
        check_moved(name, (*at, "counts", position), scope.counters, found)
    if charge.cap_on == "basis":
        if charge.capped_by is None:
            found.add(
                (*at, "cap_on"), "basis", "a `capped_by` whose basis it is", "add `capped_by`, or remove `cap_on`"
            )
        if charge.percent is None and charge.tiers is None:
            expected = "a percentage, because a flat amount has no basis"
            found.add((*at, "cap_on"), "basis", expected, "write `percent`, or remove `cap_on`")


def _check_means_nothing(charge: Charge, at: Location, stage: str, found: Found) -> None:
    """Options that change nothing where they stand are misunderstandings."""
    if charge.rank is not None and stage not in _RANKED:
        expected = "no rank, because this section goes in the order of the file"
        found.add((*at, "rank"), charge.rank, expected, "remove it, and sort the rules")
    if charge.shared != "by_share" and charge.per == "agent":
        expected = "`per: deal` or `per: side` beside it, because what is charged per agent is not shared"
        found.add((*at, "shared"), charge.shared, expected, "add `per`, or remove `shared`")


def check_split(split: Split, at: Location, scope: Scope, found: Found) -> None:
    """The split."""
    if (split.company is None) == (split.tiers is None):
        value = "neither" if split.company is None else "both"
        found.add(at, value, "either `company` or `tiers`", "say what the company keeps in one of the two ways")
    if split.tiers is not None:
        check_levels(split.tiers.levels, (*at, "tiers", "levels"), found)
        _check_measure(split.tiers, (*at, "tiers"), Section.SPLIT.value, scope, found)
    check_of(split.of, (*at, "of"), Place(Section.SPLIT.value, "split"), scope, found)
    check_bounds(split.minimum, split.maximum, at, found)
    if split.floor is not None:
        _check_floor(split.floor, (*at, "floor"), found)
    _check_split_counters(split, at, scope, found)
    if split.when is not None:
        check_when(split.when, (*at, "when"), found)
        check_when_counters(split.when, (*at, "when"), scope.counters, found)


def _check_split_counters(split: Split, at: Location, scope: Scope, found: Found) -> None:
    if split.capped_by is not None:
        check_capped(split.capped_by, (*at, "capped_by"), scope.counters, found)
        check_not_self_moving(split.capped_by, (*at, "capped_by"), found)
    else:
        expected = "a `capped_by`, because without it no cap is ever reached"
        if split.straddle != "clip":
            found.add((*at, "straddle"), split.straddle, expected, "add `capped_by`, or remove `straddle`")
        if split.after_cap:
            found.add((*at, "after_cap"), split.after_cap, expected, "add `capped_by`, or remove `after_cap`")
    for position, name in enumerate(split.counts or ()):
        check_moved(name, (*at, "counts", position), scope.counters, found)


def _check_floor(floor: Floor, at: Location, found: Found) -> None:
    if floor.percent is None and floor.flat is None:
        found.add(at, "{}", "`percent` or `flat`", "say how much the least is, or remove `floor`")
    if floor.percent is not None and not 0 <= floor.percent <= 100:
        found.add((*at, "percent"), floor.percent, "a percentage of 0 to 100", "correct it")
    if floor.percent is None and floor.of != "price":
        found.add((*at, "of"), floor.of, "a `percent` that is taken of it", "add `percent`, or remove `of`")
    if floor.flat is not None and floor.flat < 0:
        found.add((*at, "flat"), money(floor.flat), "0 or more", "remove the minus sign")
