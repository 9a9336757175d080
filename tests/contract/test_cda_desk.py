"""CDAs in memory and on DynamoDB keep the same promises: what was signed stays, and nobody signs what has changed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from domain.commission.cda import CdaRow, CdaState
from domain.commission.settlement import Head
from domain.errors import Conflict
from tests.builders import NOW
from tests.contract.commission_world import LATER, Books, books, cda, entry, head, posted, settlement

SIGNED: dict[str, Any] = {"version": 1, "state": CdaState.APPROVED, "digest": "ab", "pdf_key": "cda/D1/1-ab.pdf"}


@pytest.fixture(params=["memory", "dynamodb"])
def world(request: pytest.FixtureRequest) -> Books:
    made = books(request.param, request)
    made.store.commit(settlement(cda=cda()))
    return made


def save(world: Books, guard: int, **changes: Any) -> CdaRow:
    """The row of D1 with these changes, saved with the head one version on."""
    row = cda(guard=guard, **changes)
    paid = row.state is CdaState.SENT
    world.desk.save(row, head(version=guard, number=1, paid=paid), entry(f"a-{guard}", "CDA#D1"))
    return row


def approved(world: Books) -> CdaRow:
    return save(world, 2, **SIGNED, approved_by="Bea Broker", approved_at=LATER)


def test_settling_makes_a_draft_and_no_version(world: Books) -> None:
    assert world.desk.row("D1") == cda()
    assert world.desk.versions("D1") == []
    assert world.desk.row("D2") is None


def test_an_approved_cda_is_a_version_with_its_audit_entry(world: Books) -> None:
    row = approved(world)
    assert world.desk.row("D1") == row
    assert world.desk.versions("D1") == [row]
    assert world.audit.about("CDA#D1") == [entry("a-2", "CDA#D1")]


def test_a_sent_cda_says_to_whom_and_marks_the_deal_as_paid(world: Books) -> None:
    approved(world)
    sent = save(world, 3, **SIGNED | {"state": CdaState.SENT}, sent_to="title@example.com", sent_at=LATER)
    assert world.desk.versions("D1") == [sent]
    assert world.store.head("D1") == head(version=3, number=1, paid=True)


@pytest.mark.parametrize("state", [CdaState.DRAFT, CdaState.VOID])
def test_the_version_tells_that_it_was_returned_or_voided(world: Books, state: CdaState) -> None:
    approved(world)
    row = save(world, 3, **SIGNED | {"state": state}, note="the file number is wrong")
    assert world.desk.row("D1") == row
    assert world.desk.versions("D1") == [row]


def test_what_becomes_of_a_draft_leaves_the_signed_version_before_it_alone(world: Books) -> None:
    row = approved(world)
    draft = cda(guard=3, version=1, number=2)
    old = row.model_copy(update={"superseded_by": 2})
    world.store.commit(settlement(posted=posted(number=2), head=head(version=3), cda=draft, superseded=old))
    void = cda(guard=4, version=1, number=2, state=CdaState.VOID)
    world.desk.save(void, head(version=4), entry("a-9", "CDA#D1"))
    assert world.desk.row("D1") == void
    assert world.desk.versions("D1") == [old]


def test_versions_come_by_number(world: Books) -> None:
    first = approved(world)
    second = save(world, 3, **SIGNED | {"version": 2}, number=2)
    assert world.desk.versions("D1") == [first, second]


def test_a_cda_that_somebody_else_changed_is_not_saved(world: Books) -> None:
    row = approved(world)
    with pytest.raises(Conflict):
        world.desk.save(cda(guard=2, state=CdaState.VOID), head(version=3), entry("a-9", "CDA#D1"))
    assert world.desk.row("D1") == row
    assert world.store.head("D1").version == 2
    assert len(world.audit.about("CDA#D1")) == 1


def test_a_deal_that_was_settled_anew_is_not_signed(world: Books) -> None:
    world.store.commit(settlement(number=2))
    with pytest.raises(Conflict):
        world.desk.save(cda(guard=2, **SIGNED), head(version=2, number=1), entry("a-9", "CDA#D1"))
    assert world.desk.row("D1") == cda()
    assert world.desk.versions("D1") == []
    assert world.audit.about("CDA#D1") == []


def test_a_deal_that_was_never_settled_has_nothing_to_sign(world: Books) -> None:
    with pytest.raises(Conflict):
        world.desk.save(cda("D2", guard=2, **SIGNED), head("D2"), entry("a-9", "CDA#D2"))
    assert world.desk.row("D2") is None
    assert world.store.head("D2") == Head("D2")


def test_cdas_are_listed_by_state_the_earliest_closing_first(world: Books) -> None:
    for number in range(2, 8):
        closing = date(2026, 3, 2) - timedelta(days=number)
        world.store.commit(settlement(f"D{number}", cda=cda(f"D{number}", closing_date=closing)))
    approved(world)
    assert [row.deal_id for row in world.desk.listed(CdaState.DRAFT)] == ["D7", "D6", "D5", "D4", "D3", "D2"]
    assert [row.deal_id for row in world.desk.listed(CdaState.DRAFT, limit=2)] == ["D7", "D6"]
    assert [row.deal_id for row in world.desk.listed(CdaState.APPROVED)] == ["D1"]
    assert world.desk.listed(CdaState.SENT) == []


def test_cdas_are_not_taken_for_due_commissions(world: Books) -> None:
    assert list(world.store.due(NOW + timedelta(days=400))) == []
