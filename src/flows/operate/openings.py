"""Openings: the counters that somebody brought along when they joined, or when the brokerage moved to Dealwire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from commissions.years import Period, period
from domain.commission.account import Opening
from domain.commission.amounts import amount_text
from domain.commission.plan import CapYear
from domain.commission.settlement import ReplayMark
from domain.operate.plans import OpeningAnswer
from flows.operate.accounts import account_of, anniversary_of, check_anniversaries, check_counters
from flows.operate.aftermath import Reach, overtake, reach, settle_again
from flows.operate.errors import BadRequest, Taken
from flows.operate.parties import person
from flows.operate.plans import in_force, published, version_on

if TYPE_CHECKING:
    from domain.commission.account import Account
    from domain.commission.plan import Counter
    from domain.operate.plans import OpeningRequest
    from flows.operate.desk import Desk
    from flows.operate.parties import Person


def agents_opening(request: OpeningRequest, desk: Desk) -> OpeningAnswer:
    """Set the counters with which somebody begins; later deals of theirs that are settled are computed again.

    An opening of the same day is replaced.

    Raises:
        NotFound: there is no such agent.
        BadRequest: no plan says what these counters are, or it has no such counter.
        Taken: the year has another opening, or a deal before that day is settled already and would count twice.
    """
    who = person(request.agent, desk)
    held = account_of(who, desk)
    periods = _periods(request, who, held, desk)
    _check_year(request, who, held, periods, desk)
    told = {name: amount_text(value) for name, value in request.counters.items()}
    # As text: the model reads whole numbers as whole units.
    made = Opening.model_validate({"as_of": request.as_of, "counters": told, "why": request.why})
    others = tuple(one for one in held.openings if one.as_of != made.as_of)
    openings = tuple(sorted((*others, made), key=lambda opening: opening.as_of))
    before = next((one for one in held.openings if one.as_of == made.as_of), None)
    changed = before is None or dict(before.counters) != dict(made.counters)
    reach([who.account], request.as_of, None, desk)  # refuses what is too much before anything is written
    if changed:
        entry = desk.entry(
            "agents-opening", f"ACCOUNT#{who.account}", request.why, as_of=request.as_of.isoformat(), **told
        )
        update = {"openings": openings, "version": held.version + 1, "name": who.name}
        desk.ports.accounts.save(held.model_copy(update=update), entry)
    overtake(desk)
    later = reach([who.account], request.as_of, None, desk)
    if later.deals:
        # In closing order, each from the counters before it: an opening changes every one of them.
        first = (request.as_of.isoformat(), "", "")
        desk.ports.commissions.set_replay(ReplayMark(who.account, first, 0, desk.now))
    aftermath = settle_again(Reach(), desk).model_copy(update={"again": len(later.deals)})
    return OpeningAnswer(
        account=who.account, name=who.name, as_of=request.as_of, counters=told, changed=changed, aftermath=aftermath
    )


def _periods(request: OpeningRequest, who: Person, held: Account, desk: Desk) -> Mapping[str, Period]:
    """The year of each counter that the day lies in, where it can be told."""
    known, of = _counters_of_groups(who, desk) if who.is_group else _counters_of_plan(request, who, held, desk)
    check_counters(request.counters, known, of)
    counters = {name: known[name] for name in request.counters}
    if not who.is_group:
        check_anniversaries(who, counters.values(), held.details)
    return {
        name: period(counter, request.as_of, anniversary_of(counter, held.details))
        for name, counter in counters.items()
        if not _by_members(counter, held)
    }


def _by_members(counter: Counter, held: Account) -> bool:
    """Whether a group's counter goes by an anniversary that only the deals of its members tell."""
    return counter.year is CapYear.ANNIVERSARY and anniversary_of(counter, held.details) is None


def _counters_of_plan(
    request: OpeningRequest, who: Person, held: Account, desk: Desk
) -> tuple[Mapping[str, Counter], str]:
    assignment = in_force(held.assignments, request.as_of)
    if assignment is None:
        raise BadRequest(
            f"{who.name} has no plan on {request.as_of}, so nothing says what these counters are; "
            f"first `dealwire plan assign {request.agent} PLAN --from {request.as_of} --why TEXT`"
        )
    version = version_on(assignment.plan, published(assignment.plan, desk), request.as_of)
    own = {name: counter for name, counter in version.plan.counters.items() if counter.per == "agent"}
    return own, f"{version.id} for an agent"


def _counters_of_groups(who: Person, desk: Desk) -> tuple[Mapping[str, Counter], str]:
    kind = who.account.partition(":")[0]
    found: dict[str, Counter] = {}
    for versions in desk.ports.plans.versions(desk.ports.plans.names()).values():
        found |= {name: counter for name, counter in versions[-1].plan.counters.items() if counter.per == kind}
    return found, f"any published plan for a {kind}"


def _check_year(request: OpeningRequest, who: Person, held: Account, periods: Mapping[str, Period], desk: Desk) -> None:
    """Refuse what would count something twice."""
    for name, year in periods.items():
        for other in held.openings:
            if other.as_of != request.as_of and name in other.counters and year.holds(other.as_of):
                raise Taken(
                    f"{who.name} has an opening of {name} as of {other.as_of} in the same year; "
                    "give that day again to replace it"
                )
    until = request.as_of - timedelta(days=1)
    for entry in desk.ports.commissions.ledger(who.account, until=until):
        for name in request.counters:
            counted = entry.after.get(name)
            if counted is not None and _same_year(counted[0], request.as_of, periods.get(name)):
                raise Taken(
                    f"as_of is {request.as_of}, and deal {entry.deal_id} of {entry.order[0]} counts towards {name} of "
                    f"the same year already; give the counters before that deal, with as_of {entry.order[0]} or earlier"
                )


def _same_year(counted_in: str, day: date, year: Period | None) -> bool:
    """Whether what was counted in that period is of the year that the day lies in."""
    if year is not None:
        return counted_in == year.id
    starts = date.fromisoformat(counted_in)
    return starts <= day < starts + timedelta(days=366)
