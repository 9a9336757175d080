"""Two contacts of ours who are one record there, on one deal: the one link says what both are, and stays for both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest

from crm.suitecrm.calls import SoapFault
from domain.crm.ports import Finish
from domain.crm.rows import Kind, RowKey, Standing
from domain.deal import DealRole
from domain.errors import Unavailable
from domain.stages import Stage
from domain.terms import Role
from flows.reconcile import Walk
from tests.fakes.crm_line import Break
from tests.unit.flows.delivery.world import DEAL, Office
from tests.unit.flows.test_reconcile import found, page

FIRST, AGAIN = RowKey(Kind.CONTACT, "c1"), RowKey(Kind.CONTACT, "c9")
LINK, LINK_AGAIN = RowKey(Kind.LINK, "d1", "c1"), RowKey(Kind.LINK, "d1", "c9")


@pytest.fixture
def office() -> Office:
    """A delivered bundle, and its buyer known a second time, under another id of the source."""
    made = Office.delivered()
    made.put_contact("c9", first_name="Pat", last_name="Buyer", email="buyer@example.com")
    return made


def put_on(office: Office, *roles: tuple[str, Role]) -> None:
    deal = office.deals.deals["d1"]
    others = tuple(one for one in deal.participants if one.contact_id not in {"c1", "c9"})
    ours = tuple(DealRole(contact_id, role) for contact_id, role in roles)
    office.put_deal(replace(deal, participants=(*ours, *others)))


def deliver(office: Office) -> None:
    office.deliver(DEAL)
    office.settle(0.2)


def roles_there(office: Office) -> list[str]:
    """What the links of the deal to that person's record say."""
    ends = office.remote(DEAL), office.remote(FIRST)
    rows: list[Mapping[str, str]] = [
        held for _, left, right, held in office.model.links.rows() if (left, right) == ends
    ]
    return [held["contact_role"] for held in rows]


def both_on(office: Office) -> None:
    put_on(office, ("c1", Role.BUYER), ("c9", Role.ATTORNEY))
    deliver(office)
    assert office.remote(AGAIN) == office.remote(FIRST)


def test_the_one_link_says_what_both_are(office: Office) -> None:
    both_on(office)
    assert roles_there(office) == ["Buyer, Attorney"]
    office.move(600)
    assert found(office) == []


def test_who_is_the_same_twice_in_the_same_role_says_it_once(office: Office) -> None:
    put_on(office, ("c1", Role.BUYER), ("c9", Role.BUYER))
    deliver(office)
    assert roles_there(office) == ["Buyer"]


@pytest.mark.parametrize(("left", "says"), [(("c1", Role.BUYER), "Buyer"), (("c9", Role.ATTORNEY), "Attorney")])
def test_8_the_link_stays_while_one_of_them_is_on_the_deal(office: Office, left: tuple[str, Role], says: str) -> None:
    both_on(office)
    put_on(office, left)
    deliver(office)
    assert roles_there(office) == [says]
    office.move(600)
    assert found(office) == []


def test_a_link_that_stays_for_another_is_nothing_extra_when_it_is_compared_alone(office: Office) -> None:
    both_on(office)
    put_on(office, ("c1", Role.BUYER))
    deliver(office)
    office.move(600)
    since = office.now()
    office.rows.ring([LINK_AGAIN], since, sight=True)
    office.deliver(LINK_AGAIN)
    compared = page(office, Walk(since))
    assert (compared.rows, compared.findings) == ([LINK_AGAIN], [])


def test_8_the_link_is_taken_off_when_neither_is(office: Office) -> None:
    both_on(office)
    put_on(office, ("c1", Role.BUYER))
    deliver(office)
    put_on(office)
    deliver(office)
    assert roles_there(office) == []
    office.move(600)
    assert found(office) == []


def test_8_both_go_at_once_when_the_deal_comes_to_nothing_and_come_back_with_it(office: Office) -> None:
    both_on(office)
    deal = office.deals.deals["d1"]
    office.put_deal(replace(deal, details=deal.details.model_copy(update={"stage": Stage.FELL_THROUGH})))
    deliver(office)
    assert roles_there(office) == []
    office.put_deal(deal)
    deliver(office)
    assert roles_there(office) == ["Buyer, Attorney"]


def test_a_new_role_of_one_is_told_beside_the_other_ones(office: Office) -> None:
    both_on(office)
    put_on(office, ("c1", Role.SELLER), ("c9", Role.ATTORNEY))
    deliver(office)
    assert roles_there(office) == ["Seller, Attorney"]


def test_whose_record_becomes_known_late_is_told_by_both_links(office: Office) -> None:
    put_on(office, ("c1", Role.BUYER), ("c9", Role.ATTORNEY))
    office.calls.always("get_entry_list", Break(SoapFault("40", "Access Denied")))
    deliver(office)
    assert roles_there(office) == ["Buyer"]
    office.calls._always.clear()
    office.settle(0.5)
    assert roles_there(office) == ["Buyer, Attorney"]
    first, again = office.sync(LINK).confirmed, office.sync(LINK_AGAIN).confirmed
    assert first is not None
    assert again is not None
    assert first.sent == again.sent


def test_a_link_that_was_drawn_before_the_other_became_known_is_drawn_again(office: Office) -> None:
    """Somebody has the first link in hand, with the role of one, while the second is delivered with both."""
    both_on(office)
    office.rows.lease([LINK], "slow", now=office.now(), until=office.now().replace(year=2099))
    rung = office.sync(LINK).rung
    office.rows.ring([LINK_AGAIN], office.now())
    office.deliver(LINK_AGAIN)
    assert office.sync(LINK).rung == rung + 1


def test_the_two_do_not_ring_each_other_for_ever(office: Office) -> None:
    both_on(office)
    writes = office.writes()
    for key in (LINK, LINK_AGAIN, LINK):
        office.rows.ring([key], office.now())
        deliver(office)
    assert office.writes() == writes
    assert [office.sync(key).due_at for key in (LINK, LINK_AGAIN)] == [None, None]


def test_a_link_that_was_never_there_is_not_made_for_the_role_of_another(office: Office) -> None:
    put_on(office, ("c1", Role.BUYER), ("c9", Role.ATTORNEY))
    office.calls.always("get_entry_list", Break(SoapFault("40", "Access Denied")))
    deliver(office)
    put_on(office, ("c1", Role.BUYER))
    office.calls._always.clear()
    office.rows.ring([AGAIN], office.now())
    writes = office.writes()
    office.settle(0.5)
    assert office.remote(AGAIN) == office.remote(FIRST)
    assert (office.sync(LINK_AGAIN).standing, office.sync(LINK_AGAIN).confirmed) == (Standing.CLEAN, None)
    assert (office.writes(), roles_there(office)) == (writes, ["Buyer"])
    office.move(600)
    assert found(office) == []


def test_the_other_link_is_drawn_again_although_a_run_stops_when_one_was_finished(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on(office, ("c1", Role.BUYER), ("c9", Role.ATTORNEY))
    office.calls.always("get_entry_list", Break(SoapFault("40", "Access Denied")))
    deliver(office)
    office.calls._always.clear()
    finish, stopped = office.rows.finish, []

    def stops_once(rows: Collection[Finish], *, now: datetime) -> Collection[RowKey]:
        kept = finish(rows, now=now)
        if not stopped and any(row.key == LINK_AGAIN and row.standing is Standing.CLEAN for row, _ in rows):
            stopped.append(True)
            raise Unavailable("another row of these is rung again and again")
        return kept

    monkeypatch.setattr(office.rows, "finish", stops_once)
    for _ in range(60):
        with suppress(Unavailable):
            office.deliver()
        office.move(60)
    assert stopped
    assert office.sync(LINK).confirmed.sent == office.sync(LINK_AGAIN).confirmed.sent
    assert [set(role.split(", ")) for role in roles_there(office)] == [{"Buyer", "Attorney"}]
