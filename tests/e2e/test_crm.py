"""The CRM at the end of the line: everything arrives there once and right, whatever the line and people there do.

What is claimed of the CRM is read back from it over SOAP; our own account of it only says when to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cli import local_cloud
from tests.e2e.conftest import Cloud, unique
from tests.e2e.crm_view import CrmView
from tests.e2e.office import Office

pytestmark = pytest.mark.e2e

#: Seconds: the CRM may execute a request that was given up for thirty (CrmMaxRequestSeconds of samconfig.toml), and
#: what is to be looked at later than a minute from now is rung by the schedule.
DELIVERED_S = 120.0


class Desk(Office):
    """An office whose deals are followed into the CRM."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.began = datetime.now(UTC)
        self.view = CrmView(self.cloud.local.crm_url)

    def people_of(self, deal: str) -> list[dict[str, Any]]:
        """A seller, two buyers and a lender whom nobody else knows."""
        told = (("seller", "Mel", "Grant"), ("buyer", "Ana", "O'Brien"), ("buyer", "Tom", "Becker"), ("lender", "", ""))
        return [
            {
                "id": f"{number}",
                "role": role,
                "first_name": first or None,
                "last_name": f"{last} {deal[-6:]}" if last else None,
                "company": None if last else f"Example Loans {deal[-6:]}",
                "email": f"{role}{number}.{deal.lower()}@people.example",
            }
            for number, (role, first, last) in enumerate(told)
        ]

    def update(self, deal: str, version: int, **data: Any) -> str:
        """An event of a deal that is not closed, without agents; gives our id of the deal."""
        return self.send({"type": "deal.updated", "data": {}}, deal, version, **data)

    def shown(self, deal: str) -> Any:
        return self.run("crm", "show", f"transactions/{deal}")

    def delivered(self, deal: str, but: tuple[str, ...] = ()) -> Any:
        """What `crm show` tells of the deal, once nothing of it is owed or open, but rows whose keys begin so."""

        def look() -> Any:
            told = self.shown(deal)
            rows = [row for row in (told["row"], *told["others"]) if not row["row"].startswith(but or ("-",))]
            return told if all(row["standing"] == "clean" and not row["owed"] for row in rows) else None

        return self.cloud.until(look, DELIVERED_S)

    def asks(self, row: str) -> Any:
        """The row, once it waits for a person."""

        def look() -> Any:
            return next((one for one in self.run("crm", "asks", "--limit", "200")["rows"] if one["row"] == row), None)

        return self.cloud.until(look, DELIVERED_S)

    def reconcile(self, *options: str, status: int) -> Any:
        return self.run("reconcile", "--since", self.began.strftime("%Y-%m-%dT%H:%M:%SZ"), *options, status=status)

    def state(self) -> Any:
        """What the stand-in says of itself."""
        return self.cloud.http.get(f"{self.cloud.local.crm_url}/_dealwire/state").raise_for_status().json()

    def happened(self, form: str) -> int:
        """How many calls met this trouble."""
        return int(self.state()["troubles"].get(form, 0))

    def until_happened(self, form: str, times: int) -> None:
        self.cloud.until(lambda: self.happened(form) >= times)


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_cloud, "status", lambda: cloud.local)
        made = Desk(cloud, tmp_path_factory.mktemp("desk"))
        made.publish_and_assign()
        yield made


def nets(told: Any) -> dict[str, str]:
    return {record["account"]: record["net"] for record in told["records"]}


def paid(desk: Desk, deal: str) -> dict[str, str]:
    """Account to amount of the deal's live commission records, each linked to its agent."""
    linked = desk.view.deal(deal).links["dw_commissions_opportunities"]
    assert {one["agent_key"]: desk.view.agent_of(one["id"]) for one in linked} == {
        account: [account] for account in desk.accounts
    }
    return {one["agent_key"]: one["amount"] for one in linked}


def roles(desk: Desk, deal: str) -> dict[str, str]:
    """Last name to role of the people on the deal; SOAP does not tell roles."""
    found = desk.view.deal(deal)
    rows = [link for link in desk.state()["links"] if link["link"] == "opportunities_contacts"]
    role = {link["right"]: link["values"]["contact_role"] for link in rows if link["left"] == found.id}
    return {one["last_name"].rpartition(" ")[0]: role[one["id"]] for one in found.links["contacts"]}


def test_a_co_listed_closing_stands_in_the_crm_whole_and_an_amendment_changes_it(desk: Desk) -> None:
    deal = unique("TX")
    people = desk.people_of(deal)
    ours = desk.close(deal, 21, participants=[*desk.listing(), *people])
    assert nets(desk.commission(ours, 1)) == dict.fromkeys(desk.accounts, "7300.00")
    desk.delivered(deal)

    fields = desk.view.deal(deal).fields
    assert (fields["sales_stage"], fields["amount"], fields["date_closed"]) == ("Closed Won", "525000", "2026-11-06")
    assert fields["assigned_user_id"] == f"user-{desk.agents[0]}"
    expected = {"Grant": "Seller", "O'Brien": "Buyer", "Becker": "Buyer", "Example Loans": "Lender"}
    assert roles(desk, deal) == expected
    assert paid(desk, deal) == dict.fromkeys(desk.accounts, "7300.00")

    # The price was lower, and one of the buyers did not buy.
    desk.close(deal, 22, participants=[*desk.listing(), *people[:2], people[3]], sale_price="500000.00")
    assert nets(desk.commission(ours, 2)) == dict.fromkeys(desk.accounts, "6950.00")
    desk.delivered(deal)
    assert desk.view.deal(deal).fields["amount"] == "500000"
    del expected["Becker"]
    assert roles(desk, deal) == expected
    assert paid(desk, deal) == dict.fromkeys(desk.accounts, "6950.00")


#: Form of trouble, and the operation that meets it.
TROUBLES = (
    ("500_empty", "set_entries"),  # not done, but nobody can know: read again once it can no longer come
    ("lost", "set_entries"),
    ("500_done", "set_entries"),
    ("late", "set_entries"),
    ("garbage", "set_relationships"),
    ("reset", "get_entries"),
    ("502_html", "*"),
)


def test_whatever_breaks_on_the_line_each_record_is_there_once(desk: Desk) -> None:
    deals = []
    for form, operation in TROUBLES:
        before = desk.happened(form)
        desk.cloud.crm("next", form=form, operation=operation)
        deal = unique("TX")
        desk.update(deal, 1, status="Under Contract", participants=desk.people_of(deal)[:1])
        desk.until_happened(form, before + 1)
        deals.append(deal)
    for deal in deals:
        desk.delivered(deal)
        (person,) = desk.view.deal(deal).links["contacts"]
        assert len(desk.view.contacts(person["dw_external_id_c"])) == 1
        assert person["last_name"] == f"Grant {deal[-6:]}"


def test_a_session_that_the_crm_forgot_is_renewed_once(desk: Desk) -> None:
    before = desk.state()["logins"]
    desk.cloud.crm("expire")
    deal = unique("TX")
    desk.update(deal, 1, status="Active", participants=desk.people_of(deal)[:2])
    desk.delivered(deal)
    assert desk.state()["logins"] == before + 1
    assert len(desk.view.deal(deal).links["contacts"]) == 2


def test_a_crm_that_asks_us_to_wait_is_not_asked_meanwhile(desk: Desk) -> None:
    desk.cloud.crm("settings", retry_after="seconds", retry_after_s=3)
    before = desk.happened("429")
    desk.cloud.crm("next", form="429", times=3)
    deals = [unique("TX") for _ in range(5)]
    for deal in deals:
        desk.update(deal, 1, status="Active", participants=desk.people_of(deal)[:1])
    began = datetime.now(UTC)
    for deal in deals:
        desk.delivered(deal)
        assert len(desk.view.deal(deal).links["contacts"]) == 1
    assert desk.happened("429") == before + 3
    assert (datetime.now(UTC) - began).total_seconds() >= 3
    assert desk.run("crm", "status")["passage"] == "free"


def test_a_deal_that_was_deleted_in_the_crm_asks_and_comes_back_whole(desk: Desk) -> None:
    deal = unique("TX")
    ours = desk.close(deal, 21, participants=[*desk.listing(), *desk.people_of(deal)[:2]])
    told = desk.commission(ours, 1)
    desk.delivered(deal)
    gone = desk.view.deal(deal)
    desk.cloud.crm("people", do="delete", module="Opportunities", id=gone.id)

    desk.close(deal, 22, participants=[*desk.listing(), *desk.people_of(deal)[:2]], office="Helena")
    row = desk.asks(f"deal:{ours}")
    assert (row["question"], row["possible"]) == ("gone", ["adopt", "recreate", "leave"])
    assert desk.view.deals(deal) == []
    desk.run("crm", "recreate", f"deal:transactions/{deal}", "--why", "deleted by mistake")
    desk.delivered(deal)
    back = desk.view.deal(deal)
    assert back.id != gone.id
    assert len(back.links["contacts"]) == 2
    assert paid(desk, deal) == nets(told)


def test_a_person_whom_the_crm_knows_twice_asks_and_holds_nobody_else(desk: Desk) -> None:
    deal = unique("TX")
    twice, other = desk.people_of(deal)[:2]
    known = [unique("person"), unique("person")]
    for remote_id in known:
        held = {"last_name": "Grant", "email1": twice["email"], "first_name": "Melissa"}
        desk.cloud.crm("people", do="enter", module="Contacts", id=remote_id, fields=held)
    desk.update(deal, 1, status="Active", participants=[twice, other])
    told = desk.delivered(deal, but=("contact:", "link:"))
    (asking,) = [row["row"] for row in told["others"] if row["standing"] == "asks"] or [
        desk.cloud.until(lambda: asking_of(desk, deal), DELIVERED_S)
    ]
    row = desk.asks(asking)
    assert (row["question"], sorted(row["candidates"])) == ("candidates", sorted(known))
    desk.cloud.until(lambda: len(desk.view.deal(deal).links["contacts"]) == 1)  # the other is there already

    desk.run("crm", "adopt", asking, known[0], "--why", "the one who writes to us")
    desk.delivered(deal)
    people = {one["id"]: one for one in desk.view.deal(deal).links["contacts"]}
    assert len(people) == 2
    adopted = people[known[0]]
    assert (adopted["first_name"], adopted["last_name"]) == ("Melissa", "Grant")  # people's, not ours
    assert adopted["dw_external_id_c"] == asking.removeprefix("contact:")


def asking_of(desk: Desk, deal: str) -> str:
    return next((row["row"] for row in desk.shown(deal)["others"] if row["standing"] == "asks"), "")


def test_reconcile_agrees_then_reports_what_somebody_changed_and_has_it_mended(desk: Desk) -> None:
    ready = desk.run("crm", "preflight")
    assert (ready["ready"], [lack["what"] for lack in ready["lacks"] if lack["fatal"]]) == (True, [])
    deal = unique("TX")
    desk.update(deal, 1, status="Active", property={"address": {"city": "Missoula"}})
    desk.delivered(deal)
    agreed = desk.reconcile(status=0)
    assert agreed["rows_compared"] > 30

    remote_id = desk.view.deal(deal).id
    desk.cloud.crm("people", do="edit", module="Opportunities", id=remote_id, fields={"dw_city_c": "Bozeman"})
    (finding,) = [one for one in desk.reconcile(status=1)["findings"] if one["difference"]]
    assert (finding["what"], finding["field"], finding["name"]) == (
        "changed_by_people", "dw_city_c", f"transactions/{deal}",
    )  # fmt: skip
    assert desk.view.deal(deal).fields["dw_city_c"] == "Bozeman"  # to look changes nothing

    assert desk.reconcile("--fix", "--why", "people's slip", status=1)["rung"] == 1
    desk.cloud.sweep()
    desk.cloud.until(lambda: desk.view.deal(deal).fields["dw_city_c"] == "Missoula", DELIVERED_S)
    desk.delivered(deal)
    desk.reconcile(status=0)
