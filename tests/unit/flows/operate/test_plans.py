"""Plans: published once, never edited; what lacked one is settled, and what an old one settled is computed again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.flows.operate.brokerage import BROKER, DANA, PLAN, SAM, Brokerage

EXAMPLE = PLAN.replace("status: verified", "status: example")


@pytest.fixture
def office() -> Brokerage:
    return Brokerage()


def test_a_published_plan_is_listed_with_its_versions_and_agents(office: Brokerage) -> None:
    office.publish()
    office.publish(PLAN.replace("company: 30", "company: 25"), "2026-07-01")
    office.assign(DANA)
    (plan,) = office.done("plans")["plans"]
    assert (plan["plan"], plan["title"], plan["agents"]) == ("house", "House 70/30", [DANA])
    told = [(one["id"], one["number"], one["status"], one["by"]) for one in plan["versions"]]
    assert told == [("house@2026-01-01", 1, "verified", BROKER), ("house@2026-07-01", 2, "verified", BROKER)]


def test_an_assignment_that_ended_or_has_not_begun_is_nobodys_today(office: Brokerage) -> None:
    office.publish()
    office.assign(DANA, until="2026-05-31")
    office.assign(SAM, starts="2026-06-02")
    assert office.done("plans")["plans"][0]["agents"] == []


def test_publishing_leaves_an_audit_entry_with_the_reason(office: Brokerage) -> None:
    answer = office.publish()
    (entry,) = office.audit.entries
    assert (entry.action, entry.subject, entry.who, entry.why) == (
        "plan-publish", "PLAN#house", BROKER, "the plan of the house",
    )  # fmt: skip
    assert entry.details == {"version": "house@2026-01-01", "digest": answer["version"]["digest"]}


def test_a_version_is_never_edited(office: Brokerage) -> None:
    office.publish()
    said = office.refused(
        "plan-publish", 409, text=PLAN + "# another\n", effective="2026-01-01", why="a small correction"
    )
    assert "house@2026-01-01 is published already" in said
    assert "with another --effective day" in said


def test_publishing_the_very_same_again_writes_nothing(office: Brokerage) -> None:
    assert office.publish()["new"] is True
    assert office.publish()["new"] is False
    assert office.actions() == ["plan-publish"]


def test_a_plan_with_mistakes_is_refused_with_all_of_them(office: Brokerage) -> None:
    text = PLAN.replace("capped_by: company_dollar", "capped_by: company_dolar").replace("company: 30", "company: 130")
    said = office.refused("plan-publish", text=text, file="house.yaml", effective="2026-01-01", why="a try")
    assert "house.yaml:" in said
    assert "130" in said
    assert office.plans.names() == []


def test_figures_that_are_not_verified_may_not_reach_agents_unaccepted(office: Brokerage) -> None:
    office.publish()
    office.publish(EXAMPLE, "2025-01-01")  # nobody has it then
    office.assign(DANA)
    request = {"text": EXAMPLE, "effective": "2026-06-01", "why": "next year's"}
    assert "1 agents have it" in office.refused("plan-publish", **request)
    assert office.done("plan-publish", **request, accept_unverified=True)["new"] is True


def test_a_version_that_ends_before_an_agent_has_the_plan_concerns_nobody(office: Brokerage) -> None:
    office.publish()
    office.publish(EXAMPLE, "2026-03-01", accept_unverified=True)
    office.publish(PLAN + "# again\n", "2026-04-01")
    office.assign(DANA, starts="2026-05-01")
    assert office.publish(EXAMPLE + "#\n", "2026-02-01")["new"] is True


def test_a_closing_that_lacked_a_plan_is_settled_once_it_is_published_and_assigned(office: Brokerage) -> None:
    deal_id = office.close()
    office.settle()
    assert "plan" in office.commissions.head(deal_id).needs
    assert office.publish()["aftermath"] == {"released": 1, "again": 0}
    office.settle()
    assert office.assign(DANA)["aftermath"] == {"released": 1, "again": 0}
    office.settle()
    assert office.done("commission", deal="transactions/T-1")["standing"] == "settled"


def test_a_version_that_reaches_back_behind_settled_deals_is_posted_as_adjustments(office: Brokerage) -> None:
    office.ready()
    office.settled("T-1", day="2026-05-10")
    office.settled("T-2", day="2026-05-20")
    office.settled("T-3", day="2026-05-25")
    published = office.publish(PLAN.replace("company: 30", "company: 25"), "2026-05-15")
    assert published["aftermath"]["again"] == 2
    office.settle()
    office.settle()
    told = {deal: office.done("commission", deal=f"transactions/{deal}") for deal in ("T-1", "T-2", "T-3")}
    assert [len(one["history"]) for one in told.values()] == [1, 2, 2]
    assert [one["calculation"]["payees"]["company"] for one in told.values()] == ["3600.00", "3000.00", "3000.00"]
    assert {one["delta"] for one in told["T-2"]["history"][1]["adjustments"]} == {"-600.00"}
    assert office.counter(DANA) == 960_000


def test_a_later_version_ends_how_far_a_version_reaches(office: Brokerage) -> None:
    office.ready()
    office.publish(PLAN + "# later\n", "2026-05-15")
    office.settled("T-1", day="2026-05-10")
    office.settled("T-2", day="2026-05-20")
    assert office.publish(PLAN + "# between\n", "2026-05-01")["aftermath"]["again"] == 1


def test_a_version_reaches_deals_by_the_day_that_decides(office: Brokerage) -> None:
    by_contract = PLAN + "dates: {cap_year: contract}\n"
    office.publish(by_contract)
    office.assign()
    office.publish(by_contract + "# later\n", "2026-05-01")
    office.settled("T-1", day="2026-05-20")  # its contract is of 1 April
    assert office.publish(by_contract.replace("company: 30", "company: 25"), "2026-03-01")["aftermath"]["again"] == 1


def test_a_closing_that_is_being_settled_while_a_plan_is_assigned_is_not_left_by_the_plan_before(
    office: Brokerage, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.ready()
    office.publish(PLAN.replace("plan: house", "plan: other").replace("company: 30", "company: 25"))
    deal_id = office.close("T-1")
    commit = office.commissions.commit

    def meanwhile(settlement: Any) -> None:
        monkeypatch.undo()
        office.assign(plan="other", starts="2026-05-01")
        commit(settlement)

    monkeypatch.setattr(office.commissions, "commit", meanwhile)
    office.settle()
    assert [record.plan for record in office.commissions.records([deal_id])] == ["other@2026-01-01"]


def test_too_many_settled_deals_are_not_computed_again_at_once(
    office: Brokerage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.operate.aftermath.MOST_AGAIN", 1)
    office.ready()
    office.settled("T-1")
    office.settled("T-2")
    said = office.refused("plan-publish", text=PLAN + "#\n", effective="2026-02-01", why="earlier")
    assert "more than 1 settled deals" in said
    assert "choose a later day" in said
    assert len(office.plans.rows["house"]) == 1


def test_a_published_plan_is_told_in_words_by_its_day(office: Brokerage) -> None:
    office.publish()
    office.publish(PLAN.replace("company: 30", "company: 25"), "2026-07-01")
    now = office.done("plan-explain", plan="house")
    assert (now["version"]["id"], now["title"], now["text"]) == ("house@2026-01-01", "House 70/30", PLAN)
    assert any("30 %" in sentence for sentence in now["sentences"])
    later = office.done("plan-explain", plan="house", on="2026-07-01")
    assert any("25 %" in sentence for sentence in later["sentences"])


def test_a_plan_that_is_not_published_or_not_yet_in_force_cannot_be_told(office: Brokerage) -> None:
    assert "published are: none yet" in office.refused("plan-explain", 404, plan="house")
    office.publish()
    said = office.refused("plan-explain", 404, plan="house", on="2025-12-31")
    assert said == "plan house has no version on 2025-12-31: its first takes effect on 2026-01-01"
