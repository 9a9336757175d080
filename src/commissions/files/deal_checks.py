"""Whether a deal makes sense by itself: its sides, who pays, who shares, charges and terms of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import get_args

from commissions.files.amount_checks import check_day, check_state
from commissions.files.basis_checks import OFF_THE_TOP, Scope
from commissions.files.charge_checks import RESERVED, check_charge
from commissions.files.problems import Found, Location, Problem, money
from commissions.files.side_checks import check_agreed, check_agreed_side, check_side_money
from commissions.files.terms_checks import check_agent_facts, check_terms
from domain.commission.agreement import DealAgreement, SideName
from domain.commission.closing import Closing, DealAgent, DealCharge
from domain.commission.plan import Section
from domain.money import CURRENCY_DIGITS
from mappings.plain_words import suggestion

_PAYERS = frozenset({"seller", "buyer", "listing_broker", "builder"})
#: What one agent is said to be on several sides must be the same.
_FACTS = ("plan", "anniversary", "joined", "left", "team", "lead", "mentor", "recruiter", "shared_cap")


def deal_problems(closing: Closing) -> tuple[Problem, ...]:
    """Every mistake in a deal that is known without the plans."""
    found = Found()
    _check_facts(closing, found)
    _check_sides(closing, found)
    for position, side in enumerate(closing.sides):
        at: Location = ("sides", position)
        check_side_money(side, at, closing, found)
        _check_agents(side.agents, at, found)
    _check_others(closing, found)
    _check_same_facts(closing, found)
    _check_charges(closing.charges, {side.side for side in closing.sides}, found)
    check_terms(closing.terms, ("terms",), found)
    _check_named(closing, found)
    _check_openings(closing, found)
    return tuple(found.problems)


def agreement_problems(agreement: DealAgreement) -> tuple[Problem, ...]:
    """Every mistake in what is agreed for a deal that is known without the deal."""
    found = Found()
    check_terms(agreement.terms, ("terms",), found)
    _check_charges(agreement.charges, get_args(SideName), found)
    for position, charge in enumerate(agreement.charges):
        check_agreed(charge, ("charges", position), found)
    for name, side in agreement.sides.given():
        check_agreed_side(side, ("sides", name), found)
    return tuple(found.problems)


def _check_facts(closing: Closing, found: Found) -> None:
    if closing.currency not in CURRENCY_DIGITS:
        found.add(("currency",), closing.currency, f"one of {', '.join(CURRENCY_DIGITS)}", "correct it")
    if closing.state is not None:
        check_state(closing.state, ("state",), found)
    if closing.price is not None and closing.concessions > closing.price:
        expected = f"at most the price of {money(closing.price)}"
        found.add(("concessions",), money(closing.concessions), expected, "correct one of them")
    for name in ("contract_date", "closing_date", "funded_date"):
        day = getattr(closing, name)
        if day is not None:
            check_day(day, (name,), found)
    if closing.contract_date is not None and closing.closing_date < closing.contract_date:
        expected = f"the contract date {closing.contract_date} or later"
        found.add(("closing_date",), closing.closing_date, expected, "correct one of the two days")


def _check_sides(closing: Closing, found: Found) -> None:
    ours: list[str] = []
    for position, side in enumerate(closing.sides):
        if ours and (side.side in ours or "both" in (side.side, *ours)):
            expected = "each side once, and `both` alone"
            found.add(("sides", position, "side"), side.side, expected, "put its agents and bonuses into one side")
        ours.append(side.side)


def _check_agents(agents: Sequence[DealAgent], at: Location, found: Found) -> None:
    seen: set[str] = set()
    for position, agent in enumerate(agents):
        place = (*at, "agents", position)
        _check_agent(agent, place, found)
        if agent.agent in seen:
            found.add((*place, "agent"), agent.agent, "each agent once on a side", "add the shares up into one entry")
        seen.add(agent.agent)
        if (agent.share is None) == (agent.flat is None):
            value = "neither" if agent.share is None else "both"
            remedy = "write `share: 1` for an agent alone, or the agent's part" if agent.share is None else "keep one"
            found.add(place, value, "exactly one of `share` and `flat`", remedy)
    shares = [agent.share for agent in agents if agent.share is not None]
    total = sum(shares, Fraction(0))
    if shares and total != 1:
        found.add((*at, "agents"), total, "shares that add up to 1 exactly", 'write thirds as "1/3", not as 33.33%')


def _check_agent(agent: DealAgent, at: Location, found: Found) -> None:
    """What can be wrong with an agent wherever they are named."""
    prefixed = agent.agent.startswith(("agent:", "team:", "shared:"))
    if prefixed or agent.agent in RESERVED | _PAYERS:
        expected = "an agent's id, not the name of a party or owner"
        found.add((*at, "agent"), agent.agent, expected, "write the id alone, such as a-17")
    for role in ("lead", "mentor", "recruiter"):
        if getattr(agent, role) == agent.agent:
            found.add((*at, role), agent.agent, f"another agent as {role}", f"correct `{role}`, or remove it")
    check_agent_facts(agent, at, found)
    check_terms(agent.terms, (*at, "terms"), found)
    for position, term in enumerate(agent.terms):
        if term.agent not in (None, agent.agent):
            expected = f"{agent.agent}, whose terms these are"
            found.add((*at, "terms", position, "agent"), term.agent, expected, "remove `agent` here")
    for position, charge in enumerate(agent.deductions):
        check_charge(charge, (*at, "deductions", position), Section.DEDUCTIONS.value, Scope(), found)
    _check_once([charge.rule for charge in agent.deductions], (*at, "deductions"), found)


def _check_others(closing: Closing, found: Found) -> None:
    named = {agent.agent for side in closing.sides for agent in side.agents}
    for position, agent in enumerate(closing.others):
        at: Location = ("others", position)
        _check_agent(agent, at, found)
        if agent.share is not None or agent.flat is not None:
            found.add(at, agent.agent, "no share and no flat amount", "put agents who have a part into their side")
        if agent.agent in named:
            found.add(
                (*at, "agent"), agent.agent, "an agent who is not named before", "say it all where they stand first"
            )
        named.add(agent.agent)


def _check_same_facts(closing: Closing, found: Found) -> None:
    first: dict[str, tuple[str, DealAgent]] = {}
    for at, agent in _co_agents(closing):
        place, before = first.setdefault(agent.agent, (f"{at[0]}[{at[1]}]", agent))
        for name in _FACTS:
            ours, theirs = getattr(agent, name), getattr(before, name)
            if ours is not None and theirs is not None and ours != theirs:
                found.add((*at, name), ours, f"{theirs}, as {place} says", "one agent has one; correct one of them")


def _co_agents(closing: Closing) -> Iterator[tuple[Location, DealAgent]]:
    for index, side in enumerate(closing.sides):
        for position, agent in enumerate(side.agents):
            yield ("sides", index, "agents", position), agent


def _check_charges(charges: Sequence[DealCharge], kinds: Collection[str], found: Found) -> None:
    for position, charge in enumerate(charges):
        at: Location = ("charges", position)
        check_charge(charge, at, charge.stage, Scope(), found)
        if charge.stage == OFF_THE_TOP:
            _check_top_charge(charge, at, kinds, found)
        else:
            _check_agent_charge(charge, at, found)
        if charge.agreed is not None:
            check_day(charge.agreed, (*at, "agreed"), found)
    _check_once([charge.rule for charge in charges], ("charges",), found)


def _check_top_charge(charge: DealCharge, at: Location, kinds: Collection[str], found: Found) -> None:
    if charge.agent is not None:
        expected = "no agent, because what is off the top is the side's"
        found.add((*at, "agent"), charge.agent, expected, "remove it, or write `stage: before_split`")
    if charge.side is not None and charge.side not in kinds:
        found.add((*at, "side"), charge.side, "a side of this deal", suggestion(charge.side, sorted(kinds)))


def _check_agent_charge(charge: DealCharge, at: Location, found: Found) -> None:
    if charge.stage is Section.SPLIT:
        expected = "another stage, because the split is no charge"
        found.add((*at, "stage"), charge.stage, expected, "write a term with `split`, or another stage")
    if charge.agent is None:
        expected = "an `agent` whose charge it is"
        found.add((*at, "agent"), None, expected, f"add `agent: ID`, because the stage is {charge.stage}")
    if charge.side is not None:
        expected = "no side, because the charge is the agent's"
        found.add((*at, "side"), charge.side, expected, "remove it, or write `stage: off_the_top`")


def _check_once(rules: Sequence[str], at: Location, found: Found) -> None:
    for position, rule in enumerate(rules):
        if rule in rules[:position]:
            found.add((*at, position, "rule"), rule, "a name of its own", "another one has this name; rename one")


def _check_named(closing: Closing, found: Found) -> None:
    """Agents and owners that are named must be those of the deal."""
    agents = {agent.agent for _, agent in _co_agents(closing)}
    everybody = [*(agent for _, agent in _co_agents(closing)), *closing.others]
    for name in ("charges", "terms"):
        for position, entry in enumerate(getattr(closing, name)):
            if entry.agent is not None and entry.agent not in agents:
                found.add(
                    (name, position, "agent"), entry.agent, "an agent of this deal", suggestion(entry.agent, agents)
                )
    owners = set(_referred(closing))
    for agent in everybody:
        owners |= {agent.agent, *filter(None, (agent.lead, agent.mentor, agent.recruiter))}
        owners |= {f"team:{agent.team}"} if agent.team else set()
        owners |= {f"shared:{agent.shared_cap}"} if agent.shared_cap else set()
    silent = agents - closing.opening.keys()  # whose counters would silently begin at nothing
    for owner in closing.opening:
        if owner not in owners and (silent or ":" in owner):
            remedy = f"{suggestion(owner, owners)}; or name the agent under `others`"
            found.add(("opening", owner), None, "an agent of this deal, team:NAME or shared:NAME of one", remedy)


def _check_openings(closing: Closing, found: Found) -> None:
    for owner, counters in closing.opening.items():
        for name, value in counters.items():
            if value < 0:
                remedy = "remove the minus sign; a counter that has not moved stands at 0"
                found.add(("opening", owner, name), money(value), "0 or more", remedy)


def _referred(closing: Closing) -> Iterator[str]:
    """Agents that charges pay by id."""
    agents = [agent for _, agent in _co_agents(closing)]
    for charge in (*closing.charges, *(charge for agent in agents for charge in agent.deductions)):
        if charge.payee.startswith("agent:"):
            yield charge.payee.removeprefix("agent:")
