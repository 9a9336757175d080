"""What percentages are taken of: a name that exists, is known at that stage, comes earlier, and not in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from commissions.files.problems import Found, Location
from commissions.sharing import rank
from domain.commission.charges import Amount, Basis, Charge, Sum
from domain.commission.plan import Counter, Plan, Section
from mappings.plain_words import suggestion

#: The stage before the parts are allocated, beside the sections.
OFF_THE_TOP = "off_the_top"

_NAMES = frozenset(basis.value for basis in Basis)
_SIDE_ONLY = frozenset({Basis.GROSS_LEFT.value})
_AFTER_SPLIT = frozenset({Basis.COMPANY_DOLLAR.value, Basis.AFTER_SPLIT.value})
_OF_THE_AGENT = _AFTER_SPLIT | {Basis.PART.value, Basis.PART_WITHOUT_BONUS.value, Basis.LEFT.value}


@dataclass(frozen=True, slots=True)
class Scope:
    """What names may refer to.

    Attributes:
        counters: of the plan; None where the plan is not at hand, as in deal files.
        rules: of the plan, to their places in the order of things; None likewise.
        order: of the stages; None likewise.
        splits: whether the plan has a split, without which there is no company dollar.
        split_at: how many rules are charged before the split.
        circular: rules whose bases go round in a circle, which is told once and not again as "comes later".
    """

    counters: Mapping[str, Counter] | None = None
    rules: Mapping[str, int] | None = None
    order: tuple[Section, ...] | None = None
    splits: bool = True
    split_at: int = 0
    circular: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the order of things a rule belongs: `off_the_top` or a section, and its name (`split`: the split)."""

    stage: str
    rule: str


def scope_of(plan: Plan, found: Found) -> Scope:
    """What the names in a plan may refer to; tells circles on the way."""
    rules: dict[str, int] = {}
    places: dict[str, Location] = {}
    charges: dict[str, Charge] = {}
    for place, (at, charge) in enumerate(in_order(plan)):
        rules.setdefault(charge.rule, place)
        places.setdefault(charge.rule, at)
        charges.setdefault(charge.rule, charge)
    split_at = sum(not _comes_after_split(str(at[0]), plan.order) for at, _ in in_order(plan))
    circular: set[str] = set()
    for circle in _circles({rule: _references(charge, rules) for rule, charge in charges.items()}):
        first = min(circle, key=rules.__getitem__)
        start = circle.index(first)
        chain = " -> ".join([*circle[start:], *circle[:start], first])
        remedy = "take one of them of something else"
        found.add((*places[first], "of"), chain, "a basis that does not come back to the rule itself", remedy)
        circular.update(circle)
    return Scope(plan.counters, rules, plan.order, plan.split is not None, split_at, frozenset(circular))


def in_order(plan: Plan) -> Iterator[tuple[Location, Charge]]:
    """Every charge with its place in the file, in the order in which they are charged."""
    top = sorted(enumerate(plan.off_the_top), key=lambda entry: rank(entry[1]))
    yield from (((OFF_THE_TOP, position), charge) for position, charge in top)
    for section in dict.fromkeys((*plan.order, *Section)):  # those that `order` forgot are mistakes, and checked
        entries = list(enumerate(plan.charges(section)))
        if section is Section.DEDUCTIONS:
            entries.sort(key=lambda entry: (entry[1].rank is None, entry[1].rank or 0))
        yield from (((section.value, position), charge) for position, charge in entries)


def amounts_of(charge: Charge) -> Iterator[tuple[Location, Amount]]:
    """The charge's own amount and its alternatives, each with its place within the charge."""
    yield (), charge
    for name in ("lesser_of", "greater_of"):
        for position, alternative in enumerate(getattr(charge, name)):
            yield (name, position), alternative


def names_in(of: str | Sum | None) -> Iterator[tuple[Location, str]]:
    """The names a basis is made of, each with its place within it."""
    if isinstance(of, str):
        yield (), of
    elif of is not None:
        for sign, names in (("plus", of.plus), ("minus", of.minus)):
            yield from (((sign, position), name) for position, name in enumerate(names))


def _references(charge: Charge, rules: Mapping[str, int]) -> list[str]:
    return [name for _, amount in amounts_of(charge) for _, name in names_in(amount.of) if name in rules]


def _circles(references: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Each circle once, as the rules on it."""
    done: set[str] = set()

    def follow(rule: str, path: list[str]) -> Iterator[list[str]]:
        if rule in path:
            yield path[path.index(rule) :]
        elif rule not in done:
            for following in references[rule]:
                yield from follow(following, [*path, rule])
            done.add(rule)

    for rule in references:
        yield from follow(rule, [])


def check_of(of: str | Sum | None, at: Location, place: Place, scope: Scope, found: Found) -> None:
    """The names of a basis.

    Args:
        of: the basis.
        at: where it stands.
        place: of the rule whose basis it is.
        scope: what names may refer to.
        found: takes the mistakes.
    """
    for inner, name in names_in(of):
        if name in _NAMES:
            _check_stage(name, (*at, *inner), place.stage, scope, found)
        elif scope.rules is not None:
            _check_rule(name, (*at, *inner), place.rule, scope, found)
    if isinstance(of, Sum):
        for position, name in enumerate(of.minus):
            if name in of.plus:
                found.add((*at, "minus", position), name, "a name that is not also in `plus`", "remove it from both")


def _check_stage(name: str, at: Location, stage: str, scope: Scope, found: Found) -> None:
    if stage == OFF_THE_TOP:
        if name in _OF_THE_AGENT:
            expected = "a basis of the deal or the side, because nobody has a part yet"
            found.add(
                at, name, expected, "write price, price_net, gross or gross_left, or move the rule to a later stage"
            )
    elif name in _SIDE_ONLY:
        expected = "a basis other than gross_left, which there is only off the top"
        found.add(at, name, expected, "write gross, part or left")
    elif name in _AFTER_SPLIT and scope.order is not None and not _comes_after_split(stage, scope.order):
        expected = "a basis that is known before the split"
        remedy = "write part or left, or put the rule into a section that comes after `split` in `order`"
        found.add(at, name, expected, remedy)
    elif name == Basis.COMPANY_DOLLAR.value and not scope.splits:
        found.add(at, name, "a plan with a split that gives one", "add `split`, or take something else")


def _comes_after_split(stage: str, order: tuple[Section, ...]) -> bool:
    names = [section.value for section in order]
    return "split" in names and stage in names and names.index(stage) > names.index("split")


def _check_rule(name: str, at: Location, rule: str, scope: Scope, found: Found) -> None:
    rules = scope.rules or {}
    place = rules.get(rule, scope.split_at)
    if name not in rules:
        earlier = [other for other, at_place in rules.items() if at_place < place]
        found.add(at, name, "a basis, or the name of an earlier rule", suggestion(name, [*_NAMES, *earlier]))
        return
    if name in scope.circular and rule in scope.circular:
        return
    if rules[name] >= place:
        expected = "the name of an earlier rule"
        found.add(at, name, expected, f"{name} is charged later; move it before this one, or take something else")
