"""Accounts: one plan at a time, from a published day on; and openings that never count anything twice."""

from __future__ import annotations

from typing import Any

import pytest

from domain.agents import AgentKey
from domain.commission.calculation import CounterKey
from tests.builders import agent
from tests.unit.flows.operate.brokerage import BROKER, DANA, PLAN, SAM, Brokerage

OTHER = PLAN.replace("plan: house", "plan: other").replace("company: 30", "company: 20")
BY_ANNIVERSARY = PLAN.replace("year: calendar", "year: anniversary")
TEAM = PLAN.replace("year: calendar", "per: team, year: calendar")


@pytest.fixture
def office() -> Brokerage:
    made = Brokerage()
    made.publish()
    made.publish(OTHER)
    return made


def spans(answer: Any) -> list[tuple[str, str, str | None]]:
    return [(one["plan"], one["starts"], one["until"]) for one in answer["assignments"]]


# ------------------------------------------------------------------------------------------------------- assignments


def test_an_agent_is_named_by_source_and_id_or_by_the_account(office: Brokerage) -> None:
    by_source = office.assign("transactions/A-1")
    assert (by_source["account"], by_source["name"]) == (DANA, "Dana Reyes")
    assert office.assign(DANA)["changed"] is False
    assert office.accounts.rows[DANA].licence == "LIC-A-1"


def test_who_is_not_known_gets_no_plan(office: Brokerage) -> None:
    request = {"plan": "house", "starts": "2026-01-01", "why": "agreed"}
    assert "not in the directory" in office.refused("plan-assign", 404, agent="transactions/A-9", **request)
    assert "is unknown" in office.refused("plan-assign", 404, agent="contact-nobody", **request)
    assert "each agent of a team" in office.refused("plan-assign", agent="team:north", **request)
    nobody = agent("A-3")
    office.directory.rows[AgentKey("transactions", "A-3")] = type(nobody)(
        nobody.key, nobody.name, nobody.licence, nobody.office, "", ""
    )
    assert "has no crm_contact_id" in office.refused("plan-assign", agent="transactions/A-3", **request)


def test_an_assignment_leaves_an_audit_entry(office: Brokerage) -> None:
    office.assign(DANA, details={"mentor": SAM}, until="2026-12-31")
    entry = office.audit.entries[-1]
    assert (entry.action, entry.subject, entry.who, entry.why) == ("plan-assign", f"ACCOUNT#{DANA}", BROKER, "agreed")
    assert entry.details == {
        "plan": "house", "from": "2026-01-01", "until": "2026-12-31", "details": "mentor",
        "unverified_accepted": "not needed",
    }  # fmt: skip


def test_the_next_plan_ends_the_one_before(office: Brokerage) -> None:
    office.assign(DANA)
    assert spans(office.assign(DANA, "other", "2026-07-01")) == [
        ("house", "2026-01-01", "2026-06-30"),
        ("other", "2026-07-01", None),
    ]


def test_an_earlier_plan_ends_where_the_next_begins(office: Brokerage) -> None:
    office.assign(DANA, "other", "2026-07-01")
    assert spans(office.assign(DANA)) == [("house", "2026-01-01", "2026-06-30"), ("other", "2026-07-01", None)]


def test_two_plans_at_once_are_refused(office: Brokerage) -> None:
    office.assign(DANA, until="2026-12-31")
    said = office.refused("plan-assign", 409, agent=DANA, plan="other", starts="2026-07-01", why="agreed")
    assert "two plans at once: house from 2026-01-01 until 2026-12-31, and other from 2026-07-01 on" in said
    assert "assign house --from 2026-01-01 --until 2026-06-30" in said
    office.assign(DANA, until="2026-06-30")
    office.assign(DANA, "other", "2026-07-01")


def test_another_plan_of_the_same_day_needs_a_word(office: Brokerage) -> None:
    office.assign(DANA)
    said = office.refused("plan-assign", 409, agent=DANA, plan="other", starts="2026-01-01", why="a mistake")
    assert "Dana Reyes has plan house from 2026-01-01 on already" in said
    assert spans(office.assign(DANA, "other", replace=True)) == [("other", "2026-01-01", None)]


def test_a_plan_cannot_be_assigned_before_its_first_version(office: Brokerage) -> None:
    said = office.refused("plan-assign", agent=DANA, plan="house", starts="2025-06-01", why="agreed")
    assert "from is 2025-06-01, and the first version of plan house takes effect on 2026-01-01" in said
    assert "published are: house, other" in office.refused(
        "plan-assign", 404, agent=DANA, plan="hause", starts="2026-01-01", why="agreed"
    )


def test_an_end_before_the_beginning_is_refused(office: Brokerage) -> None:
    request = {"agent": DANA, "plan": "house", "starts": "2026-02-01", "until": "2026-01-31", "why": "agreed"}
    assert "until is 2026-01-31, before the first day 2026-02-01" in office.refused("plan-assign", **request)


def test_figures_that_are_not_verified_are_assigned_only_when_accepted(office: Brokerage) -> None:
    office.publish(OTHER.replace("status: verified", "status: example"), "2026-07-01")
    request = {"agent": DANA, "plan": "other", "starts": "2026-03-01", "why": "agreed"}
    assert "status of other@2026-07-01 is 'example'" in office.refused("plan-assign", **request)
    office.done("plan-assign", **request, until="2026-06-30")
    office.done("plan-assign", **request, accept_unverified=True)
    assert office.audit.entries[-1].details["unverified_accepted"] == "yes"


def test_a_plan_by_anniversary_needs_one(office: Brokerage) -> None:
    office.publish(BY_ANNIVERSARY, "2026-02-01")
    request = {"agent": DANA, "plan": "house", "starts": "2026-02-01", "why": "agreed"}
    assert "give --anniversary DAY" in office.refused("plan-assign", **request)
    office.done("plan-assign", **request, anniversary="2024-03-15")
    assert office.done("plan-assign", **request)["changed"] is False  # it is known by now


def test_details_that_are_not_given_stay(office: Brokerage) -> None:
    office.assign(DANA, anniversary="2024-03-15", details={"mentor": SAM})
    office.assign(DANA, details={"team": "north"})
    details = office.accounts.rows[DANA].details
    assert (str(details.anniversary), details.mentor, details.team) == ("2024-03-15", SAM, "north")
    office.assign(DANA, details={"mentor": None})
    assert office.accounts.rows[DANA].details.mentor is None


@pytest.mark.parametrize(
    ("details", "says"),
    [
        ({"mentr": "x"}, "details: mentr"),
        ({"joined": "soon"}, "details: joined = soon"),
        ({"anniversary": "2024-04-01"}, "anniversary is 2024-03-15, and in the details 2024-04-01"),
        (
            {"terms": [{"by": "Ruth", "why": "agreed", "document": "mail", "agreed": "2026-01-01"}]},
            "details: terms[0]",
        ),
    ],
)
def test_details_that_do_not_fit_are_named(office: Brokerage, details: dict[str, Any], says: str) -> None:
    request = {"agent": DANA, "plan": "house", "starts": "2026-01-01", "anniversary": "2024-03-15", "why": "agreed"}
    assert says in office.refused("plan-assign", **request, details=details)
    assert DANA not in office.accounts.rows


def test_an_assignment_that_reaches_back_is_posted_as_adjustments(office: Brokerage) -> None:
    office.assign(DANA)
    office.settled("T-1", day="2026-04-10")
    office.settled("T-2", day="2026-05-10")
    assert office.assign(DANA, "other", "2026-05-01")["aftermath"]["again"] == 1
    office.settle()
    office.settle()
    assert office.done("commission", deal="transactions/T-1")["calculation"]["payees"]["company"] == "3600.00"
    assert office.done("commission", deal="transactions/T-2")["calculation"]["payees"]["company"] == "2400.00"
    assert office.counter(DANA) == 600_000


def test_assigning_the_same_again_sets_going_what_was_interrupted(office: Brokerage) -> None:
    office.assign(DANA)
    office.close("T-1")
    entries = len(office.audit.entries)
    office.settle()
    assert office.assign(DANA) | {"changed": False} == office.assign(DANA)
    assert len(office.audit.entries) == entries


# ---------------------------------------------------------------------------------------------------------- openings


def opening(office: Brokerage, who: str = DANA, as_of: str = "2026-01-01", **counters: Any) -> Any:
    return office.done("agents-opening", agent=who, as_of=as_of, counters=counters, why="moved to Dealwire")


def opening_refused(office: Brokerage, status: int, as_of: str = "2026-01-01", **counters: Any) -> str:
    request = {"agent": DANA, "as_of": as_of, "counters": counters, "why": "moved to Dealwire"}
    return office.refused("agents-opening", status, **request)


def test_an_agent_goes_on_from_the_counters_they_brought_along(office: Brokerage) -> None:
    office.assign(DANA)
    answer = opening(office, company_dollar="17000")
    assert (answer["counters"], answer["changed"]) == ({"company_dollar": "17000.00"}, True)
    office.settled("T-1")
    assert office.done("commission", deal="transactions/T-1")["calculation"]["payees"]["company"] == "1000.00"
    entry = next(entry for entry in office.audit.entries if entry.action == "agents-opening")
    assert (entry.subject, entry.details) == (
        f"ACCOUNT#{DANA}", {"as_of": "2026-01-01", "company_dollar": "17000.00"},
    )  # fmt: skip


def test_an_opening_before_settled_deals_is_posted_as_adjustments(office: Brokerage) -> None:
    office.assign(DANA)
    office.settled("T-1", day="2026-05-10")
    office.settled("T-2", day="2026-05-20")
    assert opening(office, company_dollar="13000")["aftermath"]["again"] == 2
    for _ in range(3):
        office.settle()
    told = [office.done("commission", deal=f"transactions/{deal}") for deal in ("T-1", "T-2")]
    assert [one["calculation"]["payees"]["company"] for one in told] == ["3600.00", "1400.00"]
    assert office.counter(DANA) == 1_800_000


def test_an_opening_of_the_same_day_is_replaced(office: Brokerage) -> None:
    office.assign(DANA)
    opening(office, company_dollar="17000")
    assert opening(office, company_dollar="17000")["changed"] is False
    opening(office, company_dollar="16000")
    (held,) = office.accounts.rows[DANA].openings
    assert (dict(held.counters), held.why) == ({"company_dollar": 1_600_000}, "moved to Dealwire")


def test_a_second_opening_of_one_year_is_refused(office: Brokerage) -> None:
    office.assign(DANA)
    opening(office, company_dollar="17000")
    said = opening_refused(office, 409, "2026-03-01", company_dollar="18000")
    assert "Dana Reyes has an opening of company_dollar as of 2026-01-01 in the same year" in said
    assert opening(office, as_of="2027-01-01", company_dollar="5")["changed"] is True


def test_what_is_settled_already_is_not_counted_twice(office: Brokerage) -> None:
    office.assign(DANA)
    deal_id = office.settled("T-1", day="2026-05-10")
    said = opening_refused(office, 409, "2026-05-20", company_dollar="9000")
    assert f"deal {deal_id} of 2026-05-10 counts towards company_dollar of the same year already" in said
    assert opening(office, as_of="2026-05-10", company_dollar="9000")["aftermath"]["again"] == 1


def test_counters_that_no_plan_knows_are_refused(office: Brokerage) -> None:
    said = opening_refused(office, 400, company_dollar="1")
    assert "has no plan on 2026-01-01" in said
    assert f"dealwire plan assign {DANA} PLAN --from 2026-01-01" in said
    office.assign(DANA)
    assert "did you mean 'company_dollar'?" in opening_refused(office, 400, company_dolar="1")
    assert "expected one of company_dollar" in opening_refused(office, 400, units="1")
    assert "company_dollar is below zero" in opening_refused(office, 400, company_dollar="-1")


def test_a_team_goes_on_from_the_counters_it_brought_along(office: Brokerage) -> None:
    office.publish(TEAM.replace("plan: house", "plan: team"))
    office.assign(DANA, "team", details={"team": "north"})
    assert opening(office, "team:north", company_dollar="17500")["name"] == "team:north"
    office.settled("T-1")
    key = CounterKey("team:north", "company_dollar", "2026-01-01")
    assert office.commissions.counter_rows[key].value == 1_800_000
    said = office.refused("agents-opening", agent="team:", as_of="2026-01-01", counters={"x": 1}, why="a try")
    assert "without a name behind the colon" in said
    shared = {"agent": "shared:pair", "as_of": "2026-01-01", "counters": {"company_dollar": 1}, "why": "a try"}
    assert "no counter of any published plan for a shared" in office.refused("agents-opening", **shared)


def test_a_team_whose_year_its_members_decide_is_not_counted_twice(office: Brokerage) -> None:
    office.publish(TEAM.replace("plan: house", "plan: team").replace("year: calendar", "year: anniversary"))
    office.assign(DANA, "team", anniversary="2024-03-15", details={"team": "north"})
    office.settled("T-1", day="2026-05-10")
    request = {"agent": "team:north", "counters": {"company_dollar": 5}, "why": "a try"}
    assert "of 2026-05-10 counts" in office.refused("agents-opening", 409, as_of="2026-05-20", **request)
    assert office.done("agents-opening", as_of="2026-03-15", **request)["changed"] is True
