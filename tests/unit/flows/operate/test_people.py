"""Our agents, from their file to the events that wait for them; and what a privacy request erases and keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.agents import Agent
from domain.deal import PERSON_FIELDS, Contact
from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import BodyVersion, State
from domain.operate.people import AgentsChange, AgentsFile, AgentsRequest, ForgetAnswer, ForgetRequest
from flows.operate import people
from flows.operate.errors import BadRequest, NotFound, Taken
from flows.operate.people import MOST_AGENTS, MOST_OBJECTS, agents, agents_check, agents_import, forget
from flows.release_waiting import QUEUED_LEASE
from tests.builders import agent
from tests.unit.flows.operate.office import WHO, Office
from transforms.agents_csv import COLUMNS

HEADER = ",".join(COLUMNS)
SELLER = {"id": "P-3", "role": "seller", "first_name": "Melissa", "last_name": "Grant", "email": "m@example.com"}


@pytest.fixture
def office() -> Office:
    return Office()


def row(one: Agent) -> str:
    return ",".join((*one.key, one.name, one.licence, one.office, one.crm_user_id, one.crm_contact_id))


def file_of(*rows: Agent | str) -> AgentsFile:
    lines = [HEADER, *(one if isinstance(one, str) else row(one) for one in rows)]
    return AgentsFile(csv="\n".join(lines), file="office.csv", why="an office joined")


def park(office: Office, event_id: str, *agent_ids: str) -> Envelope:
    ours = {"role": "listing_agent", "side": "listing", "share": f"1/{len(agent_ids)}"}
    listed = [{"id": f"P-{one}", "agent_id": one, "name": one, **ours} for one in agent_ids]
    data = {"id": "T-1", "version": office.received + 1, "represented_side": "listing", "participants": listed}
    came = office.receive(event_id, data)
    assert office.work(came).result == "parked", office.queue.dead
    return came


# ------------------------------------------------------------------------------------------------------------ agents


def test_our_agents_are_listed_by_source_and_id(office: Office) -> None:
    office.directory.add([agent("B"), agent("A"), agent("C", source="dotloop")])
    everybody = agents(AgentsRequest(), office.desk()).agents
    assert [(one.source, one.agent_id) for one in everybody] == [
        ("dotloop", "C"),
        ("transactions", "A"),
        ("transactions", "B"),
    ]
    (dotloop,) = agents(AgentsRequest(source="dotloop"), office.desk()).agents
    assert tuple(dotloop.model_dump()) == COLUMNS
    assert ",".join(dotloop.model_dump().values()) == row(agent("C", source="dotloop"))
    assert agents(AgentsRequest(source="brokermint"), office.desk()).agents == ()


def test_agents_of_no_known_source_are_asked_for_in_vain(office: Office) -> None:
    with pytest.raises(BadRequest, match="source 'dotlop' is unknown; expected one of brokermint, dotloop"):
        agents(AgentsRequest(source="dotlop"), office.desk())


def test_a_check_says_what_an_import_would_do_and_does_nothing(office: Office) -> None:
    office.directory.add([agent("A-1"), agent("A-2", name="Old")])
    park(office, "evt-1", "A-3")
    park(office, "evt-2", "A-3", "A-9")
    wanted = file_of(agent("A-1"), agent("A-2", name="New"), agent("A-3"))
    expected = AgentsChange(
        added=("transactions/A-3",),
        changed=("transactions/A-2",),
        unchanged=1,
        without_crm=(),
        events_queued=1,
        events_still_parked=1,
    )
    assert agents_check(wanted, office.desk()) == expected
    assert agents_check(wanted, office.desk()) == expected
    assert office.audit.entries == []
    assert office.queue.sent == []
    assert agent("A-3").key not in office.directory.rows


def test_an_import_does_what_the_check_said_and_is_written_down(office: Office) -> None:
    office.directory.add([agent("A-1"), agent("A-2", name="Old")])
    ready, parked = park(office, "evt-1", "A-3"), park(office, "evt-2", "A-3", "A-9")
    wanted = file_of(agent("A-1"), agent("A-2", name="New"), agent("A-3"))
    foreseen = agents_check(wanted, office.desk())
    assert agents_import(wanted, office.desk()) == foreseen
    assert [one.event_id for one in office.queue.sent] == ["evt-1"]
    assert office.waiting.rows[ready.event_key].due_at == office.clock.now() + QUEUED_LEASE
    assert parked.event_key in office.waiting.rows
    assert office.directory.rows[agent("A-2").key].name == "New"
    (entry,) = office.audit.entries
    assert (entry.action, entry.subject, entry.who, entry.why) == ("agents-import", "AGENTS", WHO, "an office joined")
    assert entry.details == {"added": "1", "changed": "1", "unchanged": "1"}


def test_a_file_that_is_imported_twice_changes_nothing_the_second_time(office: Office) -> None:
    wanted = file_of(agent("A-1"), agent("A-2"))
    agents_import(wanted, office.desk())
    again = agents_import(wanted, office.desk())
    assert (again.added, again.changed, again.unchanged, again.events_queued) == ((), (), 2, 0)


def test_an_import_is_written_down_before_it_is_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: Any, **__: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(office.directory, "add", cut_off)
    with pytest.raises(TimeoutError):
        agents_import(file_of(agent("A-1")), office.desk())
    assert [entry.action for entry in office.audit.entries] == ["agents-import"]


def test_an_event_that_no_queue_takes_is_counted_as_stuck(office: Office) -> None:
    park(office, "evt-1", "A-3")
    office.queue.sources = ()
    change = agents_import(file_of(agent("A-3")), office.desk())
    assert (change.events_queued, change.events_still_parked, change.events_stuck) == (0, 0, 1)


def test_an_agent_without_crm_ids_is_named_by_a_check_and_refused_by_an_import(office: Office) -> None:
    wanted = file_of(agent("A-1"), "transactions,A-2,Ann,L,M,,", "transactions,A-3,Bob,L,M,user,")
    assert agents_check(wanted, office.desk()).without_crm == ("transactions/A-2", "transactions/A-3")
    with pytest.raises(BadRequest) as refused:
        agents_import(wanted, office.desk())
    assert str(refused.value).split("; ")[1:] == [
        "nothing was taken",
        "line 3: crm_user_id is empty",
        "every agent needs one",
        "line 3: crm_contact_id is empty",
        "every agent needs one",
        "line 4: crm_contact_id is empty",
        "every agent needs one",
    ]
    assert office.directory.rows == {}
    assert office.audit.entries == []


@pytest.mark.parametrize("act", [agents_check, agents_import])
@pytest.mark.parametrize(
    ("csv", "line"),
    [
        ("", "office.csv: 1 mistake; nothing was taken; line 1: the file is empty"),
        (f"{HEADER}\ndotlop,A-1,Ann,L,M,u,c", "line 2: source 'dotlop' is unknown"),
        (f'{HEADER}\n"open', "line 2: not CSV"),
        ("name\nAnn", "column 'agent_id' is missing"),
    ],
)
def test_a_file_with_a_mistake_is_refused_whole_in_one_line(office: Office, act: Any, csv: str, line: str) -> None:
    with pytest.raises(BadRequest) as refused:
        act(AgentsFile(csv=csv, file="office.csv"), office.desk())
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    assert office.audit.entries == []


def test_a_file_with_more_agents_than_one_call_can_take_is_to_be_split(office: Office) -> None:
    rows = [agent(f"A-{number}") for number in range(MOST_AGENTS + 1)]
    with pytest.raises(BadRequest, match=r"office\.csv has 2,001 agents; split it into files of at most 2,000"):
        agents_import(file_of(*rows), office.desk())
    assert office.directory.rows == {}


# ------------------------------------------------------------------------------------------------------------ forget


def sell(office: Office, event_id: str, deal: str = "T-1", **person: str) -> Envelope:
    return office.apply(event_id, deal, list_price="500000", participants=[SELLER | person])


def ask(office: Office, contact: str = "transactions/P-3", *, dry_run: bool = False) -> ForgetAnswer:
    return forget(ForgetRequest(contact=contact, why="privacy request 7", dry_run=dry_run), office.desk())


def seller(office: Office) -> Contact:
    return office.deals.people[office.deals.aliases["contact", "transactions", "P-3"]]


def file_dead(office: Office, event_id: str, deal: str = "transactions/T-1") -> Any:
    return office.file(office.receive(event_id), Cause.VALIDATION, "breaks a rule", deal)


@pytest.mark.parametrize("by_our_id", [False, True])
def test_a_person_is_forgotten_and_the_deal_stays(office: Office, by_our_id: bool) -> None:
    sell(office, "evt-1")
    office.receive("evt-1")  # sent again by the provider
    sell(office, "evt-2", "T-2")
    other = office.apply("evt-3", "T-3")
    contact = seller(office)
    assert contact.values["email"] == "m@example.com"
    answer = ask(office, contact.id if by_our_id else "transactions/P-3")
    assert answer.contact_id == contact.id
    assert answer.deals == tuple(sorted([office.deal_id("T-1"), office.deal_id("T-2")]))
    assert (answer.objects_erased, answer.complete) == (3, True)
    assert {"email", "first_name", "last_name"} <= set(answer.fields_erased)
    assert list(office.archive.objects) == [other.archive_key]
    assert not any(seller(office).values.values())
    price = office.deals.deals[office.deal_id()].details.list_price
    assert price is not None
    assert str(price.amount) == "500000.00"
    (entry,) = office.audit.entries
    assert (entry.action, entry.subject, entry.why) == ("forget", f"CONTACT#{contact.id}", "privacy request 7")
    assert entry.details == {"deals": "2", "events": "2"}


def test_forgetting_twice_finds_nothing_left(office: Office) -> None:
    sell(office, "evt-1")
    ask(office)
    again = ask(office)
    assert (again.objects_erased, again.fields_erased, again.complete) == (0, (), True)


def test_a_dry_run_counts_what_would_go_and_changes_nothing(office: Office) -> None:
    sell(office, "evt-1")
    sell(office, "evt-2")
    answer = ask(office, dry_run=True)
    assert (answer.objects_erased, answer.fields_erased, answer.complete) == (2, PERSON_FIELDS, False)
    assert len(office.archive.objects) == 2
    assert seller(office).values["email"] == "m@example.com"
    assert office.audit.entries == []
    ask(office)
    assert ask(office, dry_run=True).complete


def test_what_is_much_goes_a_part_at_a_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MOST_OBJECTS", 2)
    for number in range(5):
        sell(office, f"evt-{number}")
    parts = [ask(office) for _ in range(3)]
    assert [(part.objects_erased, part.complete) for part in parts] == [(2, False), (2, False), (1, True)]
    assert office.archive.objects == {}
    assert parts[0].fields_erased != ()
    assert parts[1].fields_erased == ()


def test_exactly_one_part_is_complete_at_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MOST_OBJECTS", 2)
    sell(office, "evt-1")
    sell(office, "evt-2")
    answer = ask(office)
    assert (answer.objects_erased, answer.complete) == (2, True)


def test_more_events_than_are_looked_up_together_are_all_erased(office: Office) -> None:
    for number in range(MOST_OBJECTS + 30):
        sell(office, f"evt-{number}")
    assert [ask(office).complete for _ in range(2)] == [False, True]
    assert office.archive.objects == {}


def test_edited_and_dead_bodies_go_as_well(office: Office) -> None:
    sell(office, "evt-1")
    record = file_dead(office, "evt-2")
    edit = f"{record.envelope.edits_prefix}a-1/1"
    facts = office.archive.objects[record.envelope.archive_key][1]
    for left in ("original", "of-an-edit-that-was-cut-off/1"):  # no row names these
        office.archive.put(f"{record.envelope.edits_prefix}{left}", b"{}", facts)
    office.archive.put(edit, b"{}", facts)
    version = BodyVersion(1, edit, office.clock.now(), WHO, "a typo")
    office.log.edit(record, version, office.desk().entry("edit", f"EVENT#{record.key}", "a typo"))
    office.log.discard(
        office.log.find([record.key])[record.key],
        now=office.clock.now(),
        entry=office.desk().entry("discard", f"EVENT#{record.key}", "not wanted"),
    )
    assert ask(office).objects_erased == 5
    assert office.archive.objects == {}


def test_events_that_are_not_finished_are_named_and_nothing_is_erased(office: Office) -> None:
    sell(office, "evt-1")
    for number in range(2, 9):
        file_dead(office, f"evt-{number}")
    before = dict(office.archive.objects)
    for dry_run in (True, False):
        with pytest.raises(Taken) as refused:
            ask(office, dry_run=dry_run)
        assert "transactions/evt-2 (dead)" in str(refused.value)
        assert "and 2 more" in str(refused.value)
        assert "`dealwire dlq discard`" in str(refused.value)
    assert office.archive.objects == before
    assert seller(office).values["email"] == "m@example.com"
    assert office.audit.entries == []


def test_an_event_that_waits_for_an_agent_holds_the_request_up(office: Office) -> None:
    sell(office, "evt-1")
    park(office, "evt-2", "A-3")
    with pytest.raises(Taken, match=r"transactions/evt-2 \(parked\)"):
        ask(office)
    assert office.log.find(["transactions#evt-2"])["transactions#evt-2"].state is State.PARKED


def test_events_under_an_id_that_the_source_gave_the_deal_later_are_erased_too(office: Office) -> None:
    sell(office, "evt-1")
    office.deals.aliases["deal", "transactions", "T-1b"] = office.deal_id()
    office.apply("evt-2", deal="T-1b", sale_price="490000", participants=[SELLER])
    office.apply("evt-3", list_price="480000")
    assert ask(office).objects_erased == 3
    assert office.archive.objects == {}


def test_events_of_a_deal_that_became_part_of_another_are_erased_too(office: Office) -> None:
    sell(office, "evt-1")
    office.apply("evt-2", deal="T-2")
    first, second = office.deal_id("T-1"), office.deal_id("T-2")
    held = office.deals.deals
    held[first] = replace(held[first], merged_into=second)
    held[second] = replace(held[second], absorbed_ids=(first,))
    answer = ask(office)
    assert answer.deals == tuple(sorted([first, second]))
    assert (answer.objects_erased, answer.complete) == (2, True)


@pytest.mark.parametrize("contact", ["nobody", "transactions/P-404", "\x00"])
def test_nobody_of_that_id_is_said_to_be_so(office: Office, contact: str) -> None:
    sell(office, "evt-1")
    with pytest.raises(NotFound):
        ask(office, contact)


@pytest.mark.parametrize("contact", ["dotlop/P-3", "transactions/", "/P-3", "/", "ö" * 600])
def test_what_can_be_no_contact_is_refused_with_what_can(office: Office, contact: str) -> None:
    with pytest.raises(BadRequest, match="expected "):
        ask(office, contact)
