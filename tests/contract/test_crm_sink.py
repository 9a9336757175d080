"""What every `CrmSink` does, whatever CRM is behind it. A new adapter adds itself to `SINKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

import pytest

from crm.suitecrm.transport import ZeepCalls
from dev.crm.server import running
from domain.crm.faults import FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import ROLE, CrmRow, CrmSink, Outcome, Terms
from tests.unit.crm.sinks import CUT, World, over, world


@dataclass(frozen=True)
class Crm:
    """A sink, and what people and the weather do to the CRM behind it.

    Attributes:
        sink: under test.
        names: of the fields: our word to the CRM's, for each kind.
        enter: somebody makes a contact; returns its id.
        delete: somebody deletes a record.
        lose_answers: of the next write the answer gets lost, after it was done.
        refuse: the CRM refuses this record whenever it is written.
        writes: how many writes it has executed.
    """

    sink: CrmSink
    names: Mapping[Kind, Mapping[str, str]]
    enter: Callable[[Mapping[str, str]], str]
    delete: Callable[[Kind, str], None]
    lose_answers: Callable[[], None]
    refuse: Callable[[Kind, str], None]
    writes: Callable[[], int]

    def row(self, kind: Kind, number: int, *, create: bool = True, **fields: str) -> CrmRow:
        """A row, with fields by our words."""
        key = RowKey(kind, str(number), "account" if kind is Kind.COMMISSION else "")
        sent = {self.names[kind][name]: text for name, text in fields.items()}
        return CrmRow(key, key.remote_id(0), sent, frozenset(sent), create)

    def contact(self, number: int, *, create: bool = True, last_name: str = "Ng", **fields: str) -> CrmRow:
        """A contact."""
        return self.row(Kind.CONTACT, number, create=create, last_name=last_name, **fields)

    def deal(self, number: int, *, create: bool = True, name: str = "12 Elm Street", **fields: str) -> CrmRow:
        """A deal."""
        return self.row(Kind.DEAL, number, create=create, name=name, **fields)

    def link(self, deal: CrmRow, contact: CrmRow, role: str = "Buyer") -> CrmRow:
        """A link between two."""
        key = RowKey(Kind.LINK, deal.key.id, contact.key.id)
        return CrmRow(key, f"{deal.remote_id}/{contact.remote_id}", {ROLE: role}, frozenset({ROLE}), create=True)


_MODULES = {Kind.CONTACT: "Contacts", Kind.DEAL: "Opportunities", Kind.COMMISSION: "DW_Commissions"}
_NAMES = {
    Kind.CONTACT: {"first_name": "first_name", "last_name": "last_name", "email": "email1", "phone": "phone_mobile"},
    Kind.DEAL: {"name": "name", "price": "amount", "day": "date_closed"},
    Kind.COMMISSION: {"name": "name", "net": "amount", "deal": "dw_opp_ida", "status": "commission_status"},
}


def _suitecrm(there: World, lose_answers: Callable[[], None]) -> Crm:
    model = there.model
    return Crm(
        there.sink,
        _NAMES,
        lambda fields: model.enter("Contacts", {_NAMES[Kind.CONTACT][name]: text for name, text in fields.items()}),
        lambda kind, remote_id: model.delete(_MODULES[kind], remote_id),
        lose_answers,
        lambda kind, remote_id: model.poisoned.add((_MODULES[kind], remote_id)),
        lambda: sum(1 for write in model.log if write.applied and write.call_no),
    )


@contextmanager
def suitecrm() -> Iterator[Crm]:
    """SuiteCRM over the model of it."""
    there = world()
    yield _suitecrm(there, lambda: there.break_next("set_entries", CUT, applied=True))


@contextmanager
def suitecrm_over_soap() -> Iterator[Crm]:
    """The same over the wire."""
    with running() as server, closing(ZeepCalls(server.url)) as calls:
        lost = {"form": "lost", "operation": "set_entries"}
        yield _suitecrm(over(calls, server.control.model), lambda: server.control.order("next", lost))


SINKS: Mapping[str, Callable[[], AbstractContextManager[Crm]]] = {
    "suitecrm": suitecrm,
    "suitecrm over soap": suitecrm_over_soap,
}


@pytest.fixture(params=SINKS)
def crm(request: pytest.FixtureRequest) -> Iterator[Crm]:
    with SINKS[request.param]() as opened:
        yield opened


def test_a_new_record_is_created_under_our_id_and_read_back(crm: Crm) -> None:
    row = crm.contact(1, first_name="Dana")
    (result,) = crm.sink.upsert(Kind.CONTACT, [row])
    assert (result.key, result.outcome, result.fault, result.altered) == (row.key, Outcome.CREATED, None, {})
    assert result.held is not None
    assert {name: result.held[name] for name in row.fields} == row.fields
    assert crm.sink.find(Kind.CONTACT, [row.remote_id])[row.remote_id].live


def test_the_same_record_again_is_updated_and_there_is_still_one(crm: Crm) -> None:
    row = crm.contact(1, email="dana@example.com")
    crm.sink.upsert(Kind.CONTACT, [row])
    (result,) = crm.sink.upsert(Kind.CONTACT, [crm.contact(1, create=False, email="dana@example.com")])
    assert result.outcome is Outcome.UPDATED
    assert len(crm.sink.match([Terms(row.key, email="dana@example.com")])[row.key]) == 1


def test_creating_twice_makes_one_record(crm: Crm) -> None:
    for _ in range(2):
        (result,) = crm.sink.upsert(Kind.DEAL, [crm.deal(1)])
        assert result.outcome in {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED}


def test_what_the_crm_alters_is_told_as_sent_and_held(crm: Crm) -> None:
    row = crm.deal(1, name="x" * 5000)
    (result,) = crm.sink.upsert(Kind.DEAL, [row])
    name = crm.names[Kind.DEAL]["name"]
    assert result.outcome is Outcome.CREATED
    assert result.held is not None
    assert result.altered[name] == ("x" * 5000, result.held[name])


@pytest.mark.parametrize("text", ["O'Brien", 'R&D "East"', "Núñez", "Łódź 北京", "a < b", "50% _x_"])
def test_ordinary_text_comes_back_as_it_was_sent(crm: Crm, text: str) -> None:
    (result,) = crm.sink.upsert(Kind.CONTACT, [crm.contact(1, last_name=text)])
    assert result.altered == {}


def test_an_update_of_what_people_deleted_is_gone_and_makes_nothing_new(crm: Crm) -> None:
    row = crm.contact(1)
    crm.sink.upsert(Kind.CONTACT, [row])
    crm.delete(Kind.CONTACT, row.remote_id)
    for create in (False, True):
        (result,) = crm.sink.upsert(Kind.CONTACT, [crm.contact(1, create=create)])
        assert (result.outcome, result.fault and result.fault.kind) == (Outcome.DEFERRED, FaultClass.GONE)
    assert not crm.sink.find(Kind.CONTACT, [row.remote_id])[row.remote_id].live


def test_a_lost_answer_is_unknown_and_finding_the_record_settles_it(crm: Crm) -> None:
    row = crm.contact(1)
    crm.lose_answers()
    (result,) = crm.sink.upsert(Kind.CONTACT, [row])
    assert result.outcome is Outcome.UNKNOWN
    assert result.fault is not None
    assert not result.fault.answered
    assert crm.sink.find(Kind.CONTACT, [row.remote_id])[row.remote_id].live


def test_a_row_that_the_crm_refuses_keeps_no_other_row_back(crm: Crm) -> None:
    rows = [crm.contact(number) for number in range(5)]
    crm.refuse(Kind.CONTACT, rows[2].remote_id)
    results = crm.sink.upsert(Kind.CONTACT, rows)
    assert [result.key for result in results] == [row.key for row in rows]
    bad = results.pop(2)
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert bad.outcome in {Outcome.REJECTED, Outcome.UNKNOWN}
    assert bad.fault is not None
    assert bad.fault.words


def test_find_tells_live_and_deleted_and_leaves_out_what_is_not_there(crm: Crm) -> None:
    live, deleted, absent = (crm.deal(number) for number in (1, 2, 3))
    crm.sink.upsert(Kind.DEAL, [live, deleted])
    crm.delete(Kind.DEAL, deleted.remote_id)
    found = crm.sink.find(Kind.DEAL, [live.remote_id, deleted.remote_id, absent.remote_id])
    assert {each: remote.live for each, remote in found.items()} == {live.remote_id: True, deleted.remote_id: False}


def test_match_finds_whom_people_entered_by_email_else_by_phone_and_name(crm: Crm) -> None:
    by_email = crm.enter({"last_name": "Reyes", "email": "Dana@Example.com"})
    by_phone = crm.enter({"last_name": "Reyes", "phone": "(303) 555-0199"})
    email, phone, nobody = (RowKey(Kind.CONTACT, name) for name in ("email", "phone", "nobody"))
    terms = [
        Terms(email, "dana@example.com", "+13035550199", "Reyes"),
        Terms(phone, "other@example.com", "+13035550199", "reyes"),
        Terms(nobody, "nobody@example.com", "+13035550100", "Reyes"),
    ]
    found = {key: [remote.id for remote in remotes] for key, remotes in crm.sink.match(terms).items()}
    assert found == {email: [by_email], phone: [by_phone], nobody: []}


def test_both_ends_are_linked_and_the_link_can_be_set_again_and_taken_off_again(crm: Crm) -> None:
    deal, contact = crm.deal(1), crm.contact(1)
    crm.sink.upsert(Kind.CONTACT, [contact])
    crm.sink.upsert(Kind.DEAL, [deal])
    link = crm.link(deal, contact)
    for _ in range(2):
        (result,) = crm.sink.link([link])
        assert result.outcome in {Outcome.CREATED, Outcome.UPDATED}
        assert crm.sink.find(Kind.LINK, [link.remote_id])[link.remote_id].live
    for _ in range(2):
        (result,) = crm.sink.retire(Kind.LINK, [link])
        assert result.outcome in {Outcome.UPDATED, Outcome.UNCHANGED}
        assert crm.sink.find(Kind.LINK, [link.remote_id]) == {}


def test_a_link_to_nobody_is_never_taken_for_done(crm: Crm) -> None:
    deal, contact = crm.deal(1), crm.contact(1)
    crm.sink.upsert(Kind.DEAL, [deal])
    (result,) = crm.sink.link([crm.link(deal, contact)])
    assert result.outcome is Outcome.DEFERRED
    assert result.fault is not None


def test_a_commission_hangs_on_its_deal_and_is_retired_without_being_made_for_that(crm: Crm) -> None:
    deal = crm.deal(1)
    crm.sink.upsert(Kind.DEAL, [deal])
    (made,) = crm.sink.upsert(
        Kind.COMMISSION, [crm.row(Kind.COMMISSION, 1, name="Dana", net="10.50", deal=deal.remote_id)]
    )
    assert made.outcome is Outcome.CREATED
    assert made.altered == {}
    rows = [crm.row(Kind.COMMISSION, number, create=number == 2, net="0", status="retired") for number in (1, 2)]
    assert [result.outcome for result in crm.sink.retire(Kind.COMMISSION, rows)] == [
        Outcome.UPDATED,
        Outcome.UNCHANGED,
    ]
    assert crm.sink.find(Kind.COMMISSION, [rows[1].remote_id]) == {}


def test_preflight_names_every_field_that_rows_are_made_of(crm: Crm) -> None:
    schema = crm.sink.preflight()
    for kind, names in crm.names.items():
        assert set(names.values()) <= set(schema.fields[kind])
    assert schema.version


def test_a_batch_of_many_rows_is_written_whole_and_once(crm: Crm) -> None:
    results = crm.sink.upsert(Kind.CONTACT, [crm.contact(number) for number in range(120)])
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert crm.writes() == 120
