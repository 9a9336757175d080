"""What is agreed for one deal: recorded by whom and why, refused where it does not fit, taken in by the commission."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.commission.agreement import DealAgreement, HeldAgreement
from domain.commission.settlement import DueMark, Standing
from tests.builders import agent
from tests.unit.flows.operate.brokerage import BROKER, DANA, PLAN, SAM, Brokerage

T1 = "transactions/T-1"
WITH_FEE = f"{PLAN}fees:\n  - {{rule: file, code: fee, payee: company, flat: 300}}\n"
SAID = "by: Ruth Adler, why: first deal after leave, document: mail 1042, agreed: 2026-05-01"
TOLD = "agreed by Ruth Adler on 2026-05-01: first deal after leave (mail 1042)"
WAIVED = f"terms: [{{waive: file, agent: transactions/A-1, {SAID}}}]"
NOTHING = {"released": 0, "again": 0}


@pytest.fixture
def office() -> Brokerage:
    made = Brokerage()
    made.directory.add([agent("A-3", name="Nia New")])
    made.publish(WITH_FEE)
    made.assign(DANA)
    made.assign(SAM)
    made.set_up()
    return made


def agree(office: Brokerage, text: str = WAIVED, deal: str = T1) -> Any:
    return office.done("commission-agree", deal=deal, text=text, why="the broker's word")


def refused(office: Brokerage, text: str, status: int = 400) -> str:
    return office.refused("commission-agree", status, deal=T1, text=text, why="a try")


def payees(office: Brokerage) -> Any:
    return office.done("commission", deal=T1)["calculation"]["payees"]


def test_what_is_agreed_before_the_closing_is_taken_in_by_it(office: Brokerage) -> None:
    office.apply("evt-0", "T-1")
    answer = agree(office, f"terms: [{{waive: file, {SAID}}}]")
    assert (answer["version"], answer["changed"], answer["aftermath"]) == (1, True, NOTHING)
    assert any(one.startswith("closing_date = nothing") for one in answer["lacking"])
    assert not office.commissions.marks
    office.settled("T-1")
    assert payees(office) == {DANA: "8400.00", "company": "3600.00"}


def test_a_settled_deal_is_computed_again_and_tells_who_and_why(office: Brokerage) -> None:
    deal_id = office.settled("T-1")
    assert payees(office)[DANA] == "8100.00"
    assert agree(office)["aftermath"] == {"released": 0, "again": 1}
    office.settle()
    assert payees(office)[DANA] == "8400.00"
    line = next(one for one in office.done("commission", deal=T1)["calculation"]["lines"] if one["rule"] == "file")
    assert (line["amount"], line["limit"], line["term"]) == ("0.00", "waived", TOLD)
    assert office.commissions.history(deal_id)[1].reason == "amended"
    (deal,) = office.done("statement", agent=DANA)["document"]["deals"]
    assert [one.partition(": ")[2] for one in deal["exceptions"]] == [TOLD]


def test_what_is_agreed_is_told_with_who_recorded_it(office: Brokerage) -> None:
    deal_id = office.close("T-1")
    assert office.done("commission-agreement", deal=T1)["version"] == 0
    agree(office)
    told = office.done("commission-agreement", deal=T1)
    assert (told["deal"], told["name"], told["version"], told["by"]) == (deal_id, T1, 1, BROKER)
    assert told["agents"] == {DANA: "Dana Reyes"}
    assert told["agreement"]["terms"][0]["agent"] == DANA
    entry = office.audit.entries[-1]
    assert (entry.action, entry.subject, entry.why) == ("commission-agree", f"DEAL#{deal_id}", "the broker's word")
    assert dict(entry.details) == {"version": "1", "terms": "1", "charges": "0", "sides": "none"}


def test_agreeing_the_same_again_writes_nothing_and_sets_going_what_was_interrupted(office: Brokerage) -> None:
    office.settled("T-1")
    agree(office)
    office.commissions.marks.clear()  # it stopped in between
    before = len(office.audit.entries)
    answer = agree(office, WAIVED.replace("transactions/A-1", DANA))
    assert (answer["version"], answer["changed"], len(office.audit.entries)) == (1, False, before)
    office.settle()
    assert payees(office)[DANA] == "8400.00"


def test_an_empty_agreement_takes_it_back(office: Brokerage) -> None:
    office.settled("T-1")
    agree(office)
    office.settle()
    assert agree(office, "terms: []")["version"] == 2
    office.settle()
    assert payees(office)[DANA] == "8100.00"


def test_a_closing_that_lacked_what_is_agreed_is_settled_by_it(office: Brokerage) -> None:
    deal_id = office.close("T-1", commission={})
    office.settle()
    assert office.commissions.head(deal_id).standing is Standing.NEEDS
    answer = agree(office, f"sides: {{listing: {{commission: {{percent: 2, {SAID}}}, payer: builder}}}}")
    assert (answer["lacking"], answer["aftermath"]) == ([], {"released": 1, "again": 0})
    office.settle()
    assert office.commissions.head(deal_id).standing is Standing.SETTLED
    assert payees(office) == {DANA: "5300.00", "company": "2700.00"}


def test_agents_whom_charges_and_bonuses_pay_are_found_by_either_name(office: Brokerage) -> None:
    office.close("T-1")
    agree(
        office,
        f"""
charges:
  - {{rule: sent_by, code: referral, stage: before_split, agent: transactions/A-1, payee: "agent:transactions/A-2",
     percent: 25, of: part, splits: true, {SAID}}}
sides: {{listing: {{bonuses: [{{title: Thanks, amount: 100, to: "agent:transactions/A-1"}}]}}}}
""",
    )
    office.settle()
    told = office.done("commission-agreement", deal=T1)["agreement"]
    assert told["charges"][0]["payee"] == f"agent:{SAM}"
    assert told["sides"]["listing"]["bonuses"][0]["to"] == f"agent:{DANA}"
    # 9,000 less 30 % and 300, and the bonus; 3,000 less 30 % and 300, by Sam's own plan.
    assert payees(office) == {DANA: "6100.00", SAM: "1800.00", "company": "4200.00"}
    assert {one["account"] for one in office.done("commission", deal=T1)["records"]} == {DANA, SAM}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("terms: [{waive: file}]", "terms[0].by"),
        ("trems: []", "did you mean 'terms'?"),
        (WAIVED.replace("A-1", "A-404"), "terms[0].agent: agent transactions/A-404 is not in the directory"),
        (WAIVED.replace("transactions/A-1", "nobody"), "terms[0].agent: agent 'nobody' is unknown"),
        (
            WAIVED.replace("A-1", "A-2"),
            "terms[0].agent is 'transactions/A-2': expected an agent of this deal (transactions/A-1); correct it",
        ),
        (WAIVED.replace("transactions/A-1", '"team:north"'), "terms[0].agent is 'team:north': expected one agent"),
        (
            f"charges: [{{rule: x, code: fee, payee: 'agent:nobody', flat: 5, {SAID}}}]",
            "charges[0].payee: agent 'nobody' is unknown",
        ),
        (
            "sides: {listing: {bonuses: [{title: Thanks, amount: 5, to: 'agent:nobody'}]}}",
            "sides.listing.bonuses[0].to: agent 'nobody' is unknown",
        ),
        (
            "sides: {listing: {bonuses: [{title: Thanks, amount: 5, to: 'agent:transactions/A-2'}]}}",
            "sides.listing.bonuses[0].to is 'transactions/A-2': expected an agent of this deal (transactions/A-1)",
        ),
        (
            f"charges: [{{rule: x, code: fee, payee: 'agent:transactions/A-3', flat: 5, {SAID}}}]",
            "charges[0].payee is 'agent:transactions/A-3': expected somebody with a plan; first `dealwire plan assign",
        ),
        (
            WAIVED.replace("file", "fil"),
            f"does not fit deal {T1}: terms[0] = fil: expected a rule of the plan; did you mean file?",
        ),
        ("sides: {buying: {payer: builder}}", "agreement.sides.buying = buying: expected a side that this deal has"),
        (
            "sides: {listing: {offers: [{payer: builder, flat: 5}]}}",
            "sides[0].offers = 5.00: expected offers that cover the commission; 11995.00 more",
        ),
        (
            f"charges: [{{rule: x, code: rebate, payee: buyer, flat: 90000, {SAID}}}]",
            "90000.00: expected at most the side's commission",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_nothing_is_recorded(
    office: Brokerage, text: str, says: str
) -> None:
    office.close("T-1")
    assert says in refused(office, text)
    assert office.accounts.agreements == {}
    assert office.actions()[-1] != "commission-agree"


def test_every_agent_who_cannot_be_found_is_named_at_once(office: Brokerage) -> None:
    office.close("T-1")
    said = refused(office, f"terms: [{{waive: file, agent: x, {SAID}}}, {{waive: file, agent: y, {SAID}}}]")
    assert "terms[0].agent: agent 'x'" in said
    assert "terms[1].agent: agent 'y'" in said


def test_what_the_deal_lacks_besides_is_said_and_no_reason_to_refuse(office: Brokerage) -> None:
    office.assign(DANA, until="2026-05-01")
    office.close("T-1")
    (lacking,) = agree(office)["lacking"]
    assert f"plan of agent {DANA} = none" in lacking


def test_a_preview_of_the_deal_follows_what_is_agreed(office: Brokerage) -> None:
    office.close("T-1")
    agree(office)
    assert office.done("commission-preview", deal=T1)["calculation"]["payees"][DANA] == "8400.00"


def test_nobody_agrees_about_a_deal_that_is_not_there(office: Brokerage) -> None:
    assert "there is no deal" in refused(office, WAIVED, 404)
    assert "there is no deal" in office.refused("commission-agreement", 404, deal=T1)


def test_a_deal_that_is_being_settled_this_moment_is_settled_again(office: Brokerage) -> None:
    deal_id = office.settled("T-1")
    office.commissions.set_due(DueMark(deal_id, 5, office.clock.now()))
    before = office.commissions.marks[deal_id]
    agree(office)
    assert office.commissions.marks[deal_id] == replace(before, guard=before.guard + 1)


def test_another_broker_who_agrees_in_the_same_moment_is_not_overwritten(
    office: Brokerage, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal_id = office.close("T-1")
    other = HeldAgreement(deal_id, 1, DealAgreement(flags=("personal",)), "arn:other", office.clock.now())

    def read_before_the_other_wrote(_: str) -> None:
        office.accounts.agreements[deal_id] = other

    monkeypatch.setattr(office.accounts, "agreement", read_before_the_other_wrote)
    assert "somebody else was first" in refused(office, WAIVED, 409)
    assert office.accounts.agreements == {deal_id: other}
