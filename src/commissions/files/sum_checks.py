"""What is always taken of one thing cannot be more than the thing: an agent would owe on every deal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import accumulate

from commissions.files.basis_checks import OFF_THE_TOP
from commissions.files.problems import Found, Location
from domain.commission.amounts import number_text
from domain.commission.charges import Basis, Charge
from domain.commission.plan import Plan, Section, Split

#: What is taken of the agent's part, rule by rule; deductions take what there is.
_OF_THE_PART = tuple(section for section in Section if section not in (Section.SPLIT, Section.DEDUCTIONS))

#: A rule that always takes its percentage: where it stands, its name, the percentage.
_Taken = tuple[Location, str, Fraction]


def check_sums(plan: Plan, found: Found) -> None:
    """Percentages of the gross, and those of the agent's part with the split's, are at most 100 together."""
    _check_sum(_always(plan.off_the_top, OFF_THE_TOP, Basis.GROSS), "the gross", found)
    _check_sum(_of_the_part(plan), "the agent's part", found)


def _check_sum(taken: Iterable[_Taken], of: str, found: Found) -> None:
    rules = list(taken)
    total = sum((percent for _, _, percent in rules), Fraction(0))
    if total > 100:
        sums = accumulate(percent for _, _, percent in rules)
        beyond = next(at for (at, _, _), so_far in zip(rules, sums, strict=True) if so_far > 100)
        names = ", ".join(f"{name} ({number_text(percent)})" for _, name, percent in rules)
        value = f"{number_text(total)} percent in all"
        found.add(beyond, value, f"at most 100 percent of {of}", f"lower one of {names}")


def _of_the_part(plan: Plan) -> Iterator[_Taken]:
    """In the order of the plan."""
    for section in plan.order:
        if section is Section.SPLIT and plan.split is not None:
            yield from _of_split(plan.split)
        elif section in _OF_THE_PART:
            yield from _always(plan.charges(section), section.value, Basis.PART)


def _of_split(split: Split) -> Iterator[_Taken]:
    """The company's percentage; of levels the highest, because some deal will meet it."""
    if split.of != Basis.PART or split.when is not None or split.maximum is not None:
        return
    percent = split.company if split.tiers is None else max(level.percent for level in split.tiers.levels)
    if percent is not None:
        yield ("split",), "split", percent


def _always(charges: Iterable[Charge], section: str, of: Basis) -> Iterator[_Taken]:
    """Those of this basis whose percentage nothing limits; of levels the lowest, taken whatever the measure."""
    for position, charge in enumerate(charges):
        if charge.of not in (None, of) or charge.borne_by in ("company", "outside") or _is_limited(charge):
            continue
        percent = charge.percent
        if charge.tiers is not None:
            percent = min(level.percent for level in charge.tiers.levels)
        if percent:
            yield (section, position), charge.rule, percent


def _is_limited(charge: Charge) -> bool:
    capped = charge.capped_by is not None and charge.cap_on == "amount"
    return capped or charge.when is not None or charge.only_if_left or charge.maximum is not None
