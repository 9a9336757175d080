"""Plans: which there are, what they say, and publishing another version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from domain.commission.account import PlanVersion
from domain.errors import ConfigurationError
from domain.operate.plans import PlanExplainAnswer, PlanRow, PlansAnswer, PublishAnswer
from flows.operate.aftermath import office_day, overtake, reach, settle_again
from flows.operate.errors import BadRequest, NotFound, Taken
from flows.operate.telling import version_row

if TYPE_CHECKING:
    from domain.commission.account import Account, Assignment
    from domain.commission.plan import Plan
    from domain.operate.plans import PlanExplainRequest, PlansRequest, PublishRequest
    from flows.operate.desk import Desk


#: Funding follows on the closing within that time, where its day decides.
_LAG = timedelta(days=366)


def plans(_request: PlansRequest, desk: Desk) -> PlansAnswer:
    """List every plan with its versions, and who has it today."""
    today, accounts = office_day(desk), desk.ports.accounts.all()
    found = desk.ports.plans.versions(desk.ports.plans.names())
    return PlansAnswer(plans=tuple(_row(name, found[name], accounts, today) for name in sorted(found)))


def _row(name: str, versions: Sequence[PlanVersion], accounts: Sequence[Account], today: date) -> PlanRow:
    newest = versions[-1]
    return PlanRow(
        plan=name,
        title=newest.plan.title,
        versions=tuple(version_row(version) for version in versions),
        agents=tuple(one.account for one in accounts if _has(one, name, today)),
    )


def _has(account: Account, plan: str, day: date) -> bool:
    assignment = in_force(account.assignments, day)
    return assignment is not None and assignment.plan == plan


def in_force(assignments: Sequence[Assignment], day: date) -> Assignment | None:
    """The assignment that decides on that day."""
    begun = [one for one in assignments if one.starts <= day]
    last = max(begun, key=lambda one: one.starts, default=None)
    return None if last is None or (last.until is not None and last.until < day) else last


def plan_explain(request: PlanExplainRequest, desk: Desk) -> PlanExplainAnswer:
    """Tell in words what a published plan says.

    Raises:
        NotFound: there is no such plan, or no version of it on that day.
    """
    from commissions.wording import explain_plan

    versions = published(request.plan, desk)
    version = version_on(request.plan, versions, request.on or office_day(desk))
    return PlanExplainAnswer(
        version=version_row(version),
        title=version.plan.title,
        sentences=tuple(explain_plan(version.plan)),
        text=version.text,
    )


def published(plan: str, desk: Desk) -> Sequence[PlanVersion]:
    """The versions of a plan, by their days; at least one.

    Raises:
        NotFound: there is no such plan.
    """
    versions = desk.ports.plans.versions([plan]).get(plan, ())
    if not versions:
        names = ", ".join(desk.ports.plans.names()) or "none yet"
        raise NotFound(f"plan {plan!r} is not published; published are: {names}; see `dealwire plan publish --help`")
    return versions


def version_on(plan: str, versions: Sequence[PlanVersion], day: date) -> PlanVersion:
    """The version in force on that day.

    Raises:
        NotFound: the first one takes effect later.
    """
    begun = [one for one in versions if one.effective <= day]
    if not begun:
        raise NotFound(f"plan {plan} has no version on {day}: its first takes effect on {versions[0].effective}")
    return begun[-1]


def plan_publish(request: PublishRequest, desk: Desk) -> PublishAnswer:
    """Publish a version; what lacked it is settled, and what was settled by the version before is computed again.

    Publishing the very same again writes nothing, and sets going what an interruption may have left.

    Raises:
        BadRequest: the file has mistakes (all are named), or its figures are not verified and agents have the plan.
        Taken: there is another version of that day; a published version is never edited.
    """
    plan = _checked(request)
    versions = desk.ports.plans.versions([plan.plan]).get(plan.plan, ())
    digest = sha256(request.text.encode()).hexdigest()
    same = next((one for one in versions if one.effective == request.effective), None)
    if same is not None and same.digest != digest:
        raise Taken(
            f"plan {same.id} is published already, by another text; a published version is never edited: "
            "publish this one with another --effective day"
        )
    following = min((one.effective for one in versions if one.effective > request.effective), default=None)
    until = None if following is None else following - timedelta(days=1)
    concerned = [one for one in desk.ports.accounts.all() if _meets(one, plan.plan, request.effective, until)]
    _check_verified(plan, concerned, request)
    owners, closed = [one.account for one in concerned], _closed(plan, versions, request.effective, until)
    reach(owners, *closed, desk)  # refuses what is too much before anything is written
    version = same or PlanVersion(
        plan=plan,
        effective=request.effective,
        number=max((one.number for one in versions), default=0) + 1,
        text=request.text,
        digest=digest,
        by=desk.who,
        at=desk.now,
    )
    if same is None:
        entry = desk.entry("plan-publish", f"PLAN#{plan.plan}", request.why, version=version.id, digest=digest)
        desk.ports.plans.publish(version, entry)
    overtake(desk)
    aftermath = settle_again(reach(owners, *closed, desk), desk)
    return PublishAnswer(version=version_row(version), new=same is None, aftermath=aftermath)


def _closed(plan: Plan, versions: Sequence[PlanVersion], since: date, until: date | None) -> tuple[date, date | None]:
    """Between which closing days deals may be governed by the version of these days; more than need be is harmless."""
    deciding = {one.dates.cap_year for one in (plan, *(version.plan for version in versions))}
    first = since - _LAG if "funded" in deciding else since
    return first, None if "contract" in deciding else until


def _checked(request: PublishRequest) -> Plan:
    from commissions.files.reading import read_plan

    try:
        return read_plan(request.text, request.file)
    except ConfigurationError as mistakes:  # of the caller's file, not of our settings
        raise BadRequest("; ".join(str(mistakes).splitlines())) from mistakes


def _meets(account: Account, plan: str, since: date, until: date | None) -> bool:
    """Whether the account has the plan on some day between the two."""
    starts = sorted(one.starts for one in account.assignments)
    for one in account.assignments:
        following = min((day for day in starts if day > one.starts), default=None)
        ends = [day for day in (one.until, following and following - timedelta(days=1)) if day]
        last = min(ends, default=None)
        if one.plan == plan and (until is None or one.starts <= until) and (last is None or last >= since):
            return True
    return False


def _check_verified(plan: Plan, concerned: Sequence[Account], request: PublishRequest) -> None:
    if plan.status == "verified" or request.accept_unverified or not concerned:
        return
    raise BadRequest(
        f"status is 'example': the figures of {plan.plan} are not verified, and {len(concerned)} agents have it; "
        "check the figures, name their sources and write `status: verified`, or give --accept-unverified"
    )
