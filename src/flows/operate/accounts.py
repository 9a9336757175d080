"""Commission accounts: which plan is an agent's from when on, and which counters they brought along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from commissions.files.checks import account_problems
from domain.commission.account import Account, AccountDetails, Assignment
from domain.commission.plan import CapYear, Counter
from domain.operate.plans import AssignAnswer, AssignmentRow
from flows.operate.aftermath import overtake, reach, settle_again
from flows.operate.errors import BadRequest, Taken
from flows.operate.parties import Person, person
from flows.operate.plans import published

if TYPE_CHECKING:
    from domain.commission.account import PlanVersion
    from domain.operate.plans import AssignRequest
    from flows.operate.desk import Desk

#: As many mistakes of details as one line names.
_MOST_MISTAKES = 5


def plan_assign(request: AssignRequest, desk: Desk) -> AssignAnswer:
    """Make a plan an agent's from a day on, and set what else plans need to know about them.

    Deals that closed on that day or later and are settled already are computed again.

    Raises:
        NotFound: there is no such agent or plan.
        BadRequest: a day, a detail or the plan does not fit; says which and what to do.
        Taken: the agent would have two plans at once.
    """
    who = person(request.agent, desk)
    if who.is_group:
        raise BadRequest(f"agent is {request.agent!r}; a plan is assigned to each agent of a team by itself")
    if request.until is not None and request.until < request.starts:
        raise BadRequest(f"until is {request.until}, before the first day {request.starts}; give a later day")
    versions = _versions(request, desk)
    held = account_of(who, desk)
    details = _details(request, held.details)
    check_anniversaries(who, [one for version in versions for one in version.plan.counters.values()], details)
    wanted = Assignment(plan=request.plan, starts=request.starts, until=request.until)
    changed = held.model_copy(
        update={
            "name": who.name,
            "licence": who.licence or held.licence,
            "details": details,
            "assignments": assigned(who, held.assignments, wanted, replace=request.replace),
        }
    )
    # Without an end: the assignment may have had a later one until now.
    reach([who.account], request.starts, None, desk)  # refuses what is too much before anything is written
    if changed != held:
        accepted = "yes" if any(one.plan.status == "example" for one in versions) else "not needed"
        said = {"plan": request.plan, "from": request.starts.isoformat(), "unverified_accepted": accepted}
        said |= {"until": request.until.isoformat()} if request.until else {}
        said |= {"details": ", ".join(sorted(request.details))} if request.details else {}
        entry = desk.entry("plan-assign", f"ACCOUNT#{who.account}", request.why, **said)
        desk.ports.accounts.save(changed.model_copy(update={"version": held.version + 1}), entry)
    overtake(desk)
    reached = reach([who.account], request.starts, None, desk)
    return AssignAnswer(
        account=who.account,
        name=who.name,
        assignments=tuple(
            AssignmentRow(plan=one.plan, starts=one.starts, until=one.until) for one in changed.assignments
        ),
        changed=changed != held,
        aftermath=settle_again(reached, desk),
    )


def account_of(who: Person, desk: Desk) -> Account:
    """The account as it is stored; a new one of version 0 where there is none."""
    held = desk.ports.accounts.load([who.account]).get(who.account)
    return held if held is not None else Account(account=who.account, name=who.name, licence=who.licence)


def assigned(who: Person, held: Iterable[Assignment], wanted: Assignment, *, replace: bool) -> tuple[Assignment, ...]:
    """The assignments with the new one, by their first days, each with the day before the next begins as its last.

    One of the same plan and day takes the place of the other. Where an end was agreed, it is never moved.

    Raises:
        Taken: two plans at once.
    """
    others = []
    for one in held:
        if one.starts != wanted.starts:
            others.append(one)
        elif one.plan != wanted.plan and not replace:
            raise Taken(
                f"{who.name} has plan {one.plan} from {one.starts} on already; give another --from, "
                "or --replace if that one was a mistake"
            )
    ordered = sorted((*others, wanted), key=lambda assignment: assignment.starts)
    found = []
    for one, following in zip(ordered, [*ordered[1:], None], strict=True):
        last = following.starts - timedelta(days=1) if following else None
        if following and one.until is not None and one.until >= following.starts:
            raise Taken(
                f"{who.name} would have two plans at once: {one.plan} from {one.starts} until {one.until}, and "
                f"{following.plan} from {following.starts} on; first assign {one.plan} --from {one.starts} "
                f"--until {last}"
            )
        found.append(one if one.until is not None else one.model_copy(update={"until": last}))
    return tuple(found)


def _versions(request: AssignRequest, desk: Desk) -> Sequence[PlanVersion]:
    """The versions that will be in force, the first of them on the first day."""
    versions = published(request.plan, desk)
    first = versions[0].effective
    if first > request.starts:
        raise BadRequest(
            f"from is {request.starts}, and the first version of plan {request.plan} takes effect on {first}; "
            f"assign it from {first} on, or publish a version that takes effect earlier"
        )
    begun = [one for one in versions if one.effective <= request.starts]
    later = [one for one in versions if one.effective > request.starts]
    wanted = [begun[-1], *(one for one in later if request.until is None or one.effective <= request.until)]
    unverified = [one.id for one in wanted if one.plan.status == "example"]
    if unverified and not request.accept_unverified:
        raise BadRequest(
            f"status of {', '.join(unverified)} is 'example': its figures are not verified; check them and publish "
            "the plan with `status: verified`, or give --accept-unverified"
        )
    return wanted


def _details(request: AssignRequest, held: AccountDetails) -> AccountDetails:
    """What is held, and over it what the request gives."""
    said: dict[str, Any] = dict(request.details)
    if request.anniversary is not None:
        day = request.anniversary.isoformat()
        if str(said.setdefault("anniversary", day)) != day:
            raise BadRequest(f"anniversary is {day}, and in the details {said['anniversary']}; give it once")
    try:
        new = AccountDetails.model_validate(said)
    except ValidationError as error:
        raise BadRequest(_mistakes(error)) from error
    problems = account_problems(new)
    if problems:
        raise BadRequest(_together([f"details: {one}" for one in problems]))
    return held.model_copy(update={name: getattr(new, name) for name in new.model_fields_set})


def _mistakes(error: ValidationError) -> str:
    told = []
    for one in error.errors(include_url=False, include_context=False):
        place = ".".join(str(step)[:60] for step in one["loc"])
        told.append(f"details: {place} = {str(one['input'])[:60]}: {one['msg']}")
    return _together(told)


def _together(mistakes: Sequence[str]) -> str:
    more = f"; and {len(mistakes) - _MOST_MISTAKES} more" if len(mistakes) > _MOST_MISTAKES else ""
    return "; ".join(mistakes[:_MOST_MISTAKES]) + more


def anniversary_of(counter: Counter, details: AccountDetails) -> date | None:
    """The agent's anniversary that this counter goes by; the one of the start where there is none of its name."""
    return details.anniversaries.get(counter.anniversary, details.anniversary)


def check_anniversaries(who: Person, counters: Iterable[Counter], details: AccountDetails) -> None:
    """Refuse a plan that counts by an anniversary where the agent has none.

    Raises:
        BadRequest: says so.
    """
    if any(one.year is CapYear.ANNIVERSARY and anniversary_of(one, details) is None for one in counters):
        raise BadRequest(f"anniversary of {who.name} is not known, and the plan counts by it; give --anniversary DAY")


def check_counters(given: Mapping[str, int], known: Iterable[str], of: str) -> None:
    """Refuse counters that a plan does not have, and amounts that no counter has.

    Raises:
        BadRequest: names the first, and the nearest that there is.
    """
    names = sorted(known)
    for name, value in given.items():
        if name not in names:
            near = get_close_matches(name, names, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(names) or 'none'}"
            raise BadRequest(f"counters: {name!r} is no counter of {of}; {remedy}")
        if value < 0:
            raise BadRequest(f"counters: {name} is below zero; give what had added up, 0 or more")
