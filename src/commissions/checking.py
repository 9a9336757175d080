"""What must hold before a deal is computed, and what must hold of the result.

Before: every contradiction between the deal and the plans of its agents, all at once, each with its remedy; a figure is
never guessed. After: the invariants of the money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn

from commissions.gross import commission_problems
from commissions.problems import problem
from commissions.references import reference_problems
from commissions.terms import cap_of, terms_of
from commissions.years import period, prorated
from domain.commission.amounts import amount_text, number_text
from domain.commission.calculation import GROSS, CounterKey
from domain.commission.charges import Amount
from domain.commission.closing import Closing, DealAgent, Term
from domain.commission.plan import CapYear, Counter, Plan, Split
from domain.errors import CommissionRefused, FieldProblem
from domain.money import CURRENCY_DIGITS

if TYPE_CHECKING:
    from commissions.book import Book, CounterOf
    from commissions.engine import GoverningPlan


def refuse(closing: Closing, path: str, value: str, expected: str) -> NoReturn:
    """Stop with one problem.

    Raises:
        CommissionRefused: always.
    """
    raise CommissionRefused(f"the commission of {closing.deal} cannot be computed", [problem(path, value, expected)])


def check_input(closing: Closing, plans: Mapping[str, GoverningPlan]) -> None:
    """Check a deal against the plans of its agents.

    Raises:
        CommissionRefused: lists every problem.
    """
    problems = [*_deal_problems(closing)]
    for index, side in enumerate(closing.sides):
        where = f"sides[{index}]"
        problems += commission_problems(side, closing, where)
        problems += _share_problems(side.agents, where)
        for position, agent in enumerate(side.agents):
            problems += _agent_problems(agent, plans.get(agent.agent), closing, f"{where}.agents[{position}]")
        problems += _unlike(side.agents, plans, where)
    problems += _pool_problems(closing, plans)
    problems += reference_problems(closing, plans)
    if problems:
        message = f"the commission of {closing.deal} cannot be computed"
        raise CommissionRefused(message, problems)


def _deal_problems(closing: Closing) -> Iterator[FieldProblem]:
    if closing.currency not in CURRENCY_DIGITS:
        yield problem("currency", closing.currency, f"one of {', '.join(CURRENCY_DIGITS)}")
    if closing.contract_date is not None and closing.closing_date < closing.contract_date:
        yield problem(
            "closing_date", closing.closing_date,
            f"a day not before the contract date {closing.contract_date}; correct one of them",
        )  # fmt: skip
    if closing.funded_date is not None and closing.funded_date < closing.closing_date:
        yield problem(
            "funded_date", closing.funded_date,
            f"a day not before the closing date {closing.closing_date}; correct one of them",
        )  # fmt: skip
    for position, other in enumerate(closing.others):
        yield from _licence_problems(other, closing, f"others[{position}]")
    if closing.price is not None and closing.concessions > closing.price:
        yield problem("concessions", amount_text(closing.concessions), "at most the price; correct one of them")
    kinds = [side.side for side in closing.sides]
    if len(set(kinds)) < len(kinds) or ("both" in kinds and len(kinds) > 1):
        yield problem("sides", ", ".join(kinds), "each side once, and `both` alone")


def _share_problems(agents: tuple[DealAgent, ...], where: str) -> Iterator[FieldProblem]:
    shares = [agent.share for agent in agents if agent.share is not None]
    for position, agent in enumerate(agents):
        if (agent.share is None) == (agent.flat is None):
            yield problem(f"{where}.agents[{position}].share", agent.share, "a share or a flat amount, one of both")
    if shares and sum(shares) != 1:
        yield problem(
            f"{where}.agents share", number_text(sum(shares, Fraction(0))),
            "shares that sum to exactly 1; write thirds as 1/3, not as 33.33%",
        )  # fmt: skip
    ids = [agent.agent for agent in agents]
    for twice in dict.fromkeys(ids):
        if ids.count(twice) > 1:
            yield problem(f"{where}.agents", twice, "each agent once on a side; add their shares together")


def _agent_problems(
    agent: DealAgent, governing: GoverningPlan | None, closing: Closing, where: str
) -> Iterator[FieldProblem]:
    if governing is None:
        yield problem(
            f"{where}.plan", agent.plan or "none",
            f"a plan for {agent.agent}; assign one with `dealwire plan assign {agent.agent} PLAN --from DATE`, or give "
            "its file with --plan",
        )  # fmt: skip
        return
    plan = governing.plan
    if plan.currency != closing.currency:
        yield problem(
            "currency", closing.currency,
            f"{plan.currency}, the currency of plan {plan.plan}; a plan in {closing.currency} is needed for this deal",
        )  # fmt: skip
    yield from _licence_problems(agent, closing, where)
    if agent.joined is not None and agent.joined > closing.closing_date:
        yield problem(
            f"{where}.joined", agent.joined, f"a day not after the closing day {closing.closing_date}; correct it"
        )
    for which in dict.fromkeys((plan.dates.cap_year, plan.dates.tax_year)):
        if deciding_day(closing, which) is None:
            yield problem(
                f"{which}_date",
                "none",
                f"a day, because plan {plan.plan} goes by the {which} day; enter it on the deal",
            )
            return
    if closing.price is None and needs_price(plan):
        yield problem("price", "none", f"the sale price, which plan {plan.plan} computes with; enter it on the deal")
    lacking = [p for name, counter in plan.counters.items() for p in _counter_problems(agent, name, counter, where)]
    yield from lacking
    if not lacking:
        yield from _leaving_problems(agent, plan, closing, where)


def _licence_problems(agent: DealAgent, closing: Closing, where: str) -> Iterator[FieldProblem]:
    if agent.licence_expires is not None and agent.licence_expires < closing.closing_date:
        yield problem(
            f"{where}.licence_expires", agent.licence_expires,
            f"a licence that is good on the closing day {closing.closing_date}; enter the renewed date, or pay nobody",
        )  # fmt: skip


def _counter_problems(agent: DealAgent, name: str, counter: Counter, where: str) -> Iterator[FieldProblem]:
    if counter.year is CapYear.ANNIVERSARY and anniversary_of(agent, counter) is None:
        key = "anniversary" if counter.anniversary == "start" else f"anniversaries.{counter.anniversary}"
        yield problem(
            f"{where}.{key}", "none",
            f"the day that the year of {agent.agent} begins, for counter {name}; enter it in the deal file, or with "
            f"`dealwire plan assign {agent.agent} PLAN --from DATE --anniversary DATE`",
        )  # fmt: skip
    if counter.prorate != "none" and counter.cap is not None and agent.joined is None:
        yield problem(
            f"{where}.joined", "none",
            f"the day that {agent.agent} joined, because the cap of {name} is prorated in the first year; enter it",
        )  # fmt: skip
    if counter.per == "team" and not agent.team:
        yield problem(
            f"{where}.team", "none", f"the team of {agent.agent}, for counter {name}, which is the team's; enter it"
        )
    if counter.per == "shared" and not agent.shared_cap:
        yield problem(
            f"{where}.shared_cap", "none", f"the group that shares counter {name} with {agent.agent}; enter it"
        )


def _leaving_problems(agent: DealAgent, plan: Plan, closing: Closing, where: str) -> Iterator[FieldProblem]:
    if agent.left is None or agent.left >= closing.closing_date:
        return
    if plan.after_leaving == "refuse":
        yield problem(
            f"{where}.left",
            agent.left,
            f"nobody who has left: plan {plan.plan} refuses; agree on a term, or another plan",
        )
        return
    name = plan.split.capped_by if plan.split and plan.split.capped_by else next(iter(plan.counters), None)
    if name is None:
        return
    counter = plan.counters[name]
    year = period(counter, agent.left, anniversary_of(agent, counter))
    day = deciding_day(closing, plan.dates.cap_year) or closing.closing_date
    if not year.holds(day):
        yield problem(
            f"{where}.left", agent.left,
            f"a closing in the year that they left in (to {year.ends}, exclusive); assign a plan for {day} if they are "
            "still to be paid by one",
        )  # fmt: skip


def _unlike(agents: tuple[DealAgent, ...], plans: Mapping[str, GoverningPlan], where: str) -> Iterator[FieldProblem]:
    """What the plans of one side's agents must have in common."""
    own = [plans[agent.agent].plan for agent in agents if agent.agent in plans]
    for plan in own[1:]:
        if plan is not own[0] and plan.tax != own[0].tax:
            yield problem(f"{where} tax", plan.plan, f"the same tax as plan {own[0].plan}: a side is taxed in one way")
        if plan.rounding != own[0].rounding:
            yield problem(f"{where} rounding", plan.rounding, f"{own[0].rounding}, as in plan {own[0].plan}")


def _pool_problems(closing: Closing, plans: Mapping[str, GoverningPlan]) -> Iterator[FieldProblem]:
    """A counter that several agents share is one counter: their plans must mean the same by it."""
    seen: dict[tuple[str, str], tuple[str, object]] = {}
    for agent in (*closing.others, *(agent for side in closing.sides for agent in side.agents)):
        if agent.agent not in plans:
            continue
        plan = plans[agent.agent].plan
        for name, counter in plan.counters.items():
            owner = {"team": agent.team, "shared": agent.shared_cap}.get(counter.per)
            if owner is None:
                continue
            meant = (counter.year, counter.starts, plan.dates.cap_year)
            first, before = seen.setdefault((f"{counter.per}:{owner}", name), (plan.plan, meant))
            if before != meant:
                yield problem(
                    f"counters.{name}", plan.plan,
                    f"the same year, and the same dates.cap_year, as in plan {first}: {owner} has one {name}",
                )  # fmt: skip


def deciding_day(closing: Closing, which: str) -> date | None:
    """The day of the deal that a plan goes by: `contract`, `closing` or `funded`."""
    days = {"contract": closing.contract_date, "closing": closing.closing_date, "funded": closing.funded_date}
    return days[which]


def anniversary_of(agent: DealAgent, counter: Counter) -> date | None:
    """The agent's anniversary that the counter goes by; the one of the start where there is none of that name."""
    return agent.anniversaries.get(counter.anniversary, agent.anniversary)


def counters_of(
    agent: DealAgent, plan: Plan, closing: Closing, terms: tuple[Term, ...] | None = None
) -> dict[str, CounterOf]:
    """The counters of an agent's plan: whose, in which year, with which cap. `check_input` has passed."""
    from commissions.book import CounterOf

    held = terms_of(agent, closing) if terms is None else terms
    day = deciding_day(closing, plan.dates.cap_year) or closing.closing_date
    found = {}
    for name, counter in plan.counters.items():
        year = period(counter, day, anniversary_of(agent, counter))
        owner = agent.agent if counter.per == "agent" else _group(agent, counter)
        cap = counter.cap
        if cap is not None:
            cap = prorated(cap + counter.cap_per_member * agent.team_members, counter, year, agent.joined)
        agreed = cap_of(name, held) if held else None
        found[name] = CounterOf(CounterKey(owner, name, year.id), counter, cap if agreed is None else agreed)
    return found


def _group(agent: DealAgent, counter: Counter) -> str:
    return f"team:{agent.team}" if counter.per == "team" else f"shared:{agent.shared_cap}"


def needs_price(plan: Plan) -> bool:
    """Whether something in the plan is computed from the sale price."""
    return "price" in _words_of(plan)


def _words_of(plan: Plan) -> set[str]:
    """The measures and bases that the plan's amounts go by; `price_net` counts as `price`."""
    words: set[str] = set()
    split = plan.split
    amounts: list[Amount | Split] = [] if split is None else [split]
    for charge in plan.every_charge():
        amounts += [charge, *charge.lesser_of, *charge.greater_of]
        words |= {"price"} if charge.when and charge.when.price else set()
        words |= {one.step.of for one in (charge, *charge.lesser_of, *charge.greater_of) if one.step}
    for amount in amounts:
        words |= {amount.tiers.by} if amount.tiers else set()
        words |= (
            {amount.of} if isinstance(amount.of, str) else set(amount.of.plus + amount.of.minus) if amount.of else set()
        )
    if split is not None and split.floor is not None and split.floor.percent is not None:
        words.add("price")
    return {"price" if word == "price_net" else word for word in words}


def check_book(book: Book) -> None:
    """The invariants of the money, on every computation.

    Raises:
        ArithmeticError: one does not hold; a bug, and nothing is posted.
    """
    paid_out = sum(amount for party, amount in book.balances.items() if party != GROSS)
    if book.has(GROSS) != 0 or paid_out != book.paid_in:
        message = f"{book.closing.deal}: payers {book.paid_in}, payees {paid_out}, left over {book.has(GROSS)} cents"
        raise ArithmeticError(message)
    moved: dict[CounterKey, int] = {}
    for line in book.lines:
        for move in line.moves:
            moved[move.key] = moved.get(move.key, 0) + move.delta
    for key, delta in book.movements.items():
        if moved.get(key, 0) != delta:
            raise ArithmeticError(f"{book.closing.deal}: counter {key} moved {delta}, its lines {moved.get(key, 0)}")
