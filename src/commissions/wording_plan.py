"""What a plan says, in plain sentences: every field of it."""

from __future__ import annotations

from collections.abc import Iterator

from commissions.files.basis_checks import OFF_THE_TOP, in_order
from commissions.files.counter_checks import caps_consulted
from commissions.wording_figures import counted, listed, percent
from commissions.wording_rules import charge, party, split
from domain.commission.plan import CapYear, Counter, Plan, Section, Tax

_ROUNDING = {
    "half_up": "half cents are rounded up, away from zero",
    "half_even": "half cents are rounded to the even cent",
    "half_down": "half cents are rounded down, towards zero",
}

_YEARS = {
    CapYear.CALENDAR: "starts anew each 1 January",
    CapYear.MONTH: "starts anew each month",
    CapYear.NEVER: "never starts anew",
}

_OWNERS = {
    "agent": "each agent has their own",
    "team": "the team has one",
    "shared": "the agents who share a cap have one",
}

_LEAP_DAYS = {"03-01": "1 March", "02-28": "28 February"}

_MOVED_BY = {
    "company_dollar": "adds up what the company gets by the split",
    "gci": "adds up the agents' parts",
    "volume": "adds up prices by share",
    "units": "counts sides by share",
    "deal_count": "counts deals",
}


def explain_plan(plan: Plan) -> list[str]:
    """The plan in sentences, in the order in which it is applied.

    Args:
        plan: without mistakes; see `commissions.files.checks`.
    """
    return [*_heading(plan), *_counters(plan), *_rules(plan), *_closing_words(plan)]


def _heading(plan: Plan) -> Iterator[str]:
    figures = {
        "verified": "Its figures are verified.",
        "example": "Its figures are examples and not verified; assigning it takes --accept-unverified.",
    }
    yield f"{plan.title} is plan {plan.plan}. {figures[plan.status]}"
    for source in plan.sources:
        says = f": {source.says}" if source.says else "."
        yield f"Read on {source.read} at {source.url}{says}"
    yield f"All amounts are {plan.currency}. Every line is rounded once, to the cent; {_ROUNDING[plan.rounding]}."
    dates = plan.dates
    if dates.cap_year == dates.tax_year:
        yield f"The {dates.cap_year} day decides the cap year and the tax year."
    else:
        yield f"The {dates.cap_year} day decides the cap year, the {dates.tax_year} day the tax year."


def _counters(plan: Plan) -> Iterator[str]:
    consulted = caps_consulted(plan)
    for name, counter in plan.counters.items():
        what = _MOVED_BY.get(name, "adds up what the rules below count towards it")
        yield f"Counter {name} {what}; {_OWNERS[counter.per]}; it {_year(counter)}. {_cap(name, counter)}"
        if counter.cap is not None and name not in consulted:
            yield f"No rule of this plan goes by the cap of {name}."


def _year(counter: Counter) -> str:
    if counter.year is CapYear.CUSTOM:
        return f"starts anew each {counter.starts} (month and day){_leap_day(counter)}"
    if counter.year is CapYear.ANNIVERSARY:
        which = "" if counter.anniversary == "start" else f" ({counter.anniversary})"
        return f"starts anew on the agent's anniversary{which}{_leap_day(counter)}"
    return _YEARS[counter.year]


def _leap_day(counter: Counter) -> str:
    return f" (29 February: on {_LEAP_DAYS[counter.leap_day]} in common years)"


def _cap(name: str, counter: Counter) -> str:
    if counter.cap is None:
        return "It has no cap."
    grows = f", plus {counted(name, counter.cap_per_member)} for each member of the team"
    prorated = {
        "none": " It is not reduced in a first year that is not whole.",
        "monthly": " In a first year that is not whole it is reduced by months.",
        "daily": " In a first year that is not whole it is reduced by days.",
    }
    cap = f"Its cap is {counted(name, counter.cap)}{grows if counter.cap_per_member else ''}."
    return cap + prorated[counter.prorate]


def _rules(plan: Plan) -> Iterator[str]:
    stages = [section.value.replace("_", " ") for section in plan.order]
    yield f"The order is: off the top, the agents' parts, {listed(stages)}."
    charges = list(in_order(plan))
    for stage in (OFF_THE_TOP, *(section.value for section in plan.order)):
        words = stage.replace("_", " ").capitalize()
        if stage == Section.SPLIT.value:
            if plan.split is None:
                yield "Split: there is none; all is the agent's."
            else:
                yield f"Split: {' '.join(split(plan.split))}"
        for at, rule in charges:
            if at[0] == stage:
                yield f"{words}: {charge(rule, stage)}"


def _closing_words(plan: Plan) -> Iterator[str]:
    yield from map(_tax, plan.tax)
    paid = "the closing agent" if plan.agents_paid_at == "closing" else "the brokerage"
    yield f"Agents are paid out by {paid}."
    if plan.after_leaving == "as_active":
        yield "An agent who left is paid as if active, in the cap year in which they left."
    else:
        yield "An agent who left is paid nothing by this plan; the deal waits for somebody to decide."


def _tax(tax: Tax) -> str:
    where = f"in {listed(tax.states)}" if tax.states else "everywhere"
    told = [f"{tax.name} of {percent(tax.percent)} is added to the commission {where}, by whoever pays it."]
    if tax.pass_on:
        told.append(f"It is passed on to {listed(tax.pass_on)} on their legs, to agents who are registered.")
    if tax.on_fees:
        told.append("The company's fees to agents carry it too.")
    if tax.remitted_to is not None:
        told.append(f"The rest is remitted to {party(tax.remitted_to)}.")
    else:
        told.append("The rest stays on the company's account.")
    return " ".join(told)
