"""Commission accounts in memory and on DynamoDB keep the same promises."""

from __future__ import annotations

from typing import Any

import pytest

from domain.commission.account import Account
from domain.commission.agreement import DealAgreement, HeldAgreement
from domain.commission.cda import Brokerage
from domain.errors import CommissionRefused, Conflict
from tests.builders import NOW
from tests.contract.commission_world import Books, books, entry

BROKERAGE = {
    "legal_name": "Clark Fork Realty, LLC",
    "address": "100 Higgins Ave, Missoula, MT 59801",
    "phone": "+14065550100",
    "email": "broker@example.com",
    "licence": "RRE-BRO-LIC-1",
    "ein": "81-0000001",
    "broker": {"name": "Bea Broker", "licence": "L-1", "identity": "arn:aws:iam::1:role/broker"},
    "delegates": [{"name": "Del Egate", "licence": "L-2", "identity": "arn:2", "starts": "2026-01-01"}],
}


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Books:
    return books(request.param, request)


def account(account_id: str = "contact-1", version: int = 1, **changes: Any) -> Account:
    return Account.model_validate({"account": account_id, "version": version, "name": "Maya Reyes", **changes})


def full_account() -> Account:
    term: dict[str, Any] = {"by": "Bea", "why": "a founder", "document": "memo 3", "agreed": "2026-01-05"}
    return account(
        licence="LIC-1",
        details={
            "anniversary": "2020-02-29",
            "anniversaries": {"start": "2020-02-29"},
            "team": "north",
            "team_members": 4,
            "tax_registered": True,
            "flags": ["capper"],
            "deductions": [
                {"rule": "advance", "code": "deduction", "payee": "company", "flat": "250.10", "rank": 2},
            ],
            "terms": [term | {"cap": {"company_dollar": "9000.05"}}, term | {"split": "100/3"}],
        },
        assignments=[{"plan": "graduated", "starts": "2026-01-01", "until": "2026-12-31"}],
        openings=[{"as_of": "2026-03-01", "counters": {"company_dollar": "1234.56"}, "why": "moved over"}],
    )


def test_an_account_is_read_as_it_was_saved_with_its_audit_entry(world: Books) -> None:
    world.accounts.save(full_account(), entry(subject="ACCOUNT#contact-1"))
    assert world.accounts.load(["contact-1", "contact-2"]) == {"contact-1": full_account()}
    assert world.audit.about("ACCOUNT#contact-1") == [entry(subject="ACCOUNT#contact-1")]


def test_nobody_is_loaded_for_nobody(world: Books) -> None:
    assert world.accounts.load([]) == {}


def test_an_account_changes_from_the_version_that_was_read(world: Books) -> None:
    world.accounts.save(account(), entry("a-1"))
    world.accounts.save(account(version=2, name="Maya R."), entry("a-2"))
    assert world.accounts.load(["contact-1"])["contact-1"] == account(version=2, name="Maya R.")


@pytest.mark.parametrize("version", [1, 3], ids=["made twice", "from another version"])
def test_of_two_who_change_an_account_the_second_must_read_it_again(world: Books, version: int) -> None:
    world.accounts.save(account(), entry("a-1"))
    with pytest.raises(Conflict):
        world.accounts.save(account(version=version, name="Other"), entry("a-2"))
    assert world.accounts.load(["contact-1"])["contact-1"] == account()
    assert len(world.audit.about("PLAN#graduated")) == 1


def test_an_account_that_nobody_made_cannot_be_changed(world: Books) -> None:
    with pytest.raises(Conflict):
        world.accounts.save(account(version=2), entry())
    assert world.accounts.all() == []


def test_all_accounts_are_listed_by_id_each_once(world: Books) -> None:
    numbered = [f"contact-{number:03}" for number in range(130)]
    for name in reversed(numbered):
        world.accounts.save(account(name), entry(subject=f"ACCOUNT#{name}"))
    world.accounts.save(account("contact-007", 2, licence="L"), entry())
    held = world.accounts.all()
    assert [one.account for one in held] == numbered
    assert held[7].licence == "L"


def test_an_account_may_have_any_name(world: Books) -> None:
    odd = account("team:Nørth #1 🏡")
    world.accounts.save(odd, entry())
    assert world.accounts.load([odd.account]) == {odd.account: odd}
    assert world.accounts.all() == [odd]


def test_the_brokerage_is_what_was_set_last(world: Books) -> None:
    assert world.accounts.brokerage() is None
    first = Brokerage.model_validate(BROKERAGE)
    second = Brokerage.model_validate(BROKERAGE | {"dba": "Clark Fork", "earnest_money_offset": True})
    world.accounts.set_brokerage(first, entry("a-1", "BROKERAGE"))
    assert world.accounts.brokerage() == first
    world.accounts.set_brokerage(second, entry("a-2", "BROKERAGE"))
    assert world.accounts.brokerage() == second
    assert len(world.audit.about("BROKERAGE")) == 2


# --------------------------------------------------------------------------------------- what is agreed for one deal

SAID: dict[str, Any] = {"by": "Bea", "why": "a founder", "document": "memo 3", "agreed": "2026-01-05"}
AGREED: dict[str, Any] = {
    "terms": [{**SAID, "agent": "contact-1", "waive": "file"}, {**SAID, "charge": "desk", "flat": "250.10"}],
    "charges": [{**SAID, "rule": "relocation", "code": "referral", "payee": "acme", "percent": "100/3"}],
    "flags": ["personal"],
    "sides": {
        "buying": {
            "commission": {**SAID, "brackets": [{"up_to": "100000.05", "percent": 6}, {"percent": "2.875"}]},
            "offers": [{"payer": "builder", "flat": "5000.50", "bonus": True}],
            "bonuses": [{"title": "Selling bonus", "amount": "500", "to": "agent:contact-1"}],
        },
        "listing": {"payer": "landlord"},
    },
}


def held(version: int = 1, deal_id: str = "D1", **changes: Any) -> HeldAgreement:
    return HeldAgreement(deal_id, version, DealAgreement.model_validate({**AGREED, **changes}), "arn:ann", NOW)


def test_what_is_agreed_for_a_deal_is_read_as_it_was_saved_with_its_audit_entry(world: Books) -> None:
    world.accounts.save_agreement(held(), entry(subject="DEAL#D1"))
    assert world.accounts.agreement("D1") == held()
    assert world.accounts.agreement("D2") is None
    assert world.audit.about("DEAL#D1") == [entry(subject="DEAL#D1")]


def test_what_is_agreed_for_a_deal_is_read_together_with_accounts(world: Books) -> None:
    assert world.accounts.load_for("D1", []) == (None, {})
    world.accounts.save(account(), entry("a-1"))
    world.accounts.save_agreement(held(), entry("a-2"))
    assert world.accounts.load_for("D1", ["contact-1", "contact-2"]) == (held(), {"contact-1": account()})
    assert world.accounts.load_for("D2", ["contact-1"]) == (None, {"contact-1": account()})
    assert world.accounts.all() == [account()]


def test_what_is_agreed_changes_from_the_version_that_was_read(world: Books) -> None:
    world.accounts.save_agreement(held(), entry("a-1"))
    world.accounts.save_agreement(held(2, flags=[]), entry("a-2"))
    assert world.accounts.agreement("D1") == held(2, flags=[])


@pytest.mark.parametrize("version", [1, 3], ids=["made twice", "from another version"])
def test_of_two_who_agree_at_once_the_second_must_read_it_again(world: Books, version: int) -> None:
    world.accounts.save_agreement(held(), entry("a-1"))
    with pytest.raises(Conflict):
        world.accounts.save_agreement(held(version, flags=[]), entry("a-2"))
    assert world.accounts.agreement("D1") == held()
    assert len(world.audit.about("PLAN#graduated")) == 1


def test_an_agreement_that_no_item_holds_is_refused(request: pytest.FixtureRequest) -> None:
    world = books("dynamodb", request)
    long = [{**AGREED["charges"][0], "rule": f"r{number}", "why": "x" * 4000} for number in range(100)]
    with pytest.raises(CommissionRefused, match="what is agreed for deal D1 would be"):
        world.accounts.save_agreement(held(charges=long), entry())
    assert world.accounts.agreement("D1") is None
