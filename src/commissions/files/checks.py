"""Whether a plan, a deal or an account makes sense beyond its shape. Pure: the server checks again what it is sent."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence

from commissions.files.amount_checks import check_day, check_state
from commissions.files.basis_checks import OFF_THE_TOP, Scope, in_order, scope_of
from commissions.files.charge_checks import check_charge, check_party, check_split
from commissions.files.counter_checks import check_counters
from commissions.files.problems import Found, Problem
from commissions.files.sum_checks import check_sums
from commissions.files.terms_checks import check_agent_facts, check_terms
from domain.commission.account import AccountDetails
from domain.commission.charges import Charge
from domain.commission.plan import Plan, Section


def plan_problems(plan: Plan) -> tuple[Problem, ...]:
    """Every mistake in a plan that is known from the plan alone."""
    found = Found()
    _check_order(plan, found)
    _check_sources(plan, found)
    check_counters(plan, found)
    _check_names(plan, found)
    scope = scope_of(plan, found)
    for at, charge in in_order(plan):
        check_charge(charge, at, str(at[0]), scope, found)
    if plan.split is not None:
        check_split(plan.split, ("split",), scope, found)
    check_sums(plan, found)
    _check_tax(plan, found)
    return tuple(found.problems)


def account_problems(details: AccountDetails) -> tuple[Problem, ...]:
    """Every mistake in what an account says about its agent."""
    found = Found()
    check_agent_facts(details, (), found)
    check_terms(details.terms, ("terms",), found)
    check_deductions(details.deductions, found)
    return tuple(found.problems)


def check_deductions(deductions: Sequence[Charge], found: Found) -> None:
    """An agent's own deductions, outside a plan."""
    for position, charge in enumerate(deductions):
        check_charge(charge, ("deductions", position), Section.DEDUCTIONS.value, Scope(), found)


def _check_order(plan: Plan, found: Found) -> None:
    times = Tally(plan.order)
    for section, count in times.items():
        if count > 1:
            last = len(plan.order) - 1 - plan.order[::-1].index(section)
            found.add(("order", last), section, "each section once", "remove it here")
    missing = [section.value for section in Section if section not in times]
    if missing:
        value = ", ".join(section.value for section in plan.order)
        expected = f"all {len(Section)} sections"
        remedy = (
            f"add {', '.join(missing)}, also where the plan has no rules there, or remove `order` for the usual one"
        )
        found.add(("order",), value, expected, remedy)


def _check_sources(plan: Plan, found: Found) -> None:
    if plan.status == "verified" and not plan.sources:
        remedy = "add `sources` with url and day read, or write `status: example`"
        found.add(("status",), "verified", "sources that its figures were verified by", remedy)
    for position, source in enumerate(plan.sources):
        if not source.url.startswith(("https://", "http://")):
            found.add(("sources", position, "url"), source.url, "an address with https://", "write the whole address")
        check_day(source.read, ("sources", position, "read"), found)


def _check_names(plan: Plan, found: Found) -> None:
    first: dict[str, str] = {}
    for section in (OFF_THE_TOP, *(section.value for section in Section if section is not Section.SPLIT)):
        charges: Iterable[Charge] = getattr(plan, section)
        for position, charge in enumerate(charges):
            place = f"{section}[{position}]"
            if charge.rule in first:
                expected = f"a name of its own, because {first[charge.rule]} has this one"
                found.add((section, position, "rule"), charge.rule, expected, "rename one of the two")
            first.setdefault(charge.rule, place)


def _check_tax(plan: Plan, found: Found) -> None:
    for number, tax in enumerate(plan.tax):
        # One tax may stand without a list around it: then its lines are those of `tax` itself.
        at: tuple[str | int, ...] = ("tax",) if len(plan.tax) == 1 else ("tax", number)
        for position, state in enumerate(tax.states):
            check_state(state, (*at, "states", position), found)
        if tax.remitted_to is not None:
            check_party(tax.remitted_to, (*at, "remitted_to"), found)
