"""From payload to facts: with the mapping of the transactions source, and with small ones where one thing matters."""

from __future__ import annotations

import copy
import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.agents import Agent, AgentKey
from domain.deal import DealFacts
from domain.errors import (
    ConfigurationError,
    FieldProblem,
    MappingFailed,
    PermanentError,
    UnknownAgents,
    ValidationFailed,
)
from domain.marks import Mark
from domain.money import Money
from domain.stages import Stage
from domain.terms import Role, Side
from mappings.compiler.compile import compile_text
from mappings.loader import mapping
from mappings.model import Mapping, from_built
from sources.strict_json import parse
from transforms.agents_csv import COLUMNS, parse_agents
from transforms.deal_facts import EventContext, preview, read
from transforms.facts_json import facts_as_json
from transforms.plan import plan_of

FORTY = Path(__file__).parents[3] / "events/transactions/deal.updated__forty_fields.json"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OURS = ("A-1001", "A-1002", "A-1003")


class Everyone(dict[AgentKey, Agent]):
    """A directory that knows whoever is asked for."""

    def __missing__(self, key: AgentKey) -> Agent:
        return Agent(key, f"Agent {key.agent_id}", "L-1", "Missoula", "user", "contact")


def needs(payload: Any, rules: Mapping, context: EventContext) -> frozenset[AgentKey]:
    return read(payload, rules, context).needs


def apply(payload: Any, rules: Mapping, found: Any, context: EventContext) -> DealFacts:
    return read(payload, rules, context).facts(found)


def directory(*agent_ids: str) -> dict[AgentKey, Agent]:
    return {key: Everyone()[key] for key in (AgentKey("transactions", one) for one in agent_ids)}


def event(event_type: str = "deal.updated", **changes: Any) -> EventContext:
    fields = {"source": "transactions", "event_type": event_type, "event_id": "e-1", "received_at": NOW}
    return EventContext(**{**fields, "zone": "America/Denver", **changes})


def forty() -> Any:
    return parse(FORTY.read_bytes())


def facts(data: dict[str, Any], event_type: str = "deal.updated", agents: tuple[str, ...] = OURS) -> Any:
    body = {"data": {"id": "T-1", "version": 1, **data}}
    return apply(body, mapping("transactions"), directory(*agents), event(event_type))


def small(text: str, events: str = "[changed]", mark: str = "{kind: version, path: v}") -> Mapping:
    head = "source: small\nversion: 1\nprovenance: {doc: here, date: 2026-11-22}\n"
    text = f"events: {events}\norder_mark: {mark}\n{text}"
    return from_built(compile_text(head + text, "small.yaml"))


def small_facts(rules: Mapping, payload: dict[str, Any], **changes: Any) -> Any:
    return apply({"id": 1, "v": 1, **payload}, rules, {}, event("changed", source="small", **changes))


def test_the_forty_field_deal_is_read_whole() -> None:
    found = apply(forty(), mapping("transactions"), directory(*OURS), event())
    assert len(found.values) == 39
    assert found.values["sale_price"] == Money(Decimal("525000.00"))
    assert found.values["stage"] is Stage.UNDER_CONTRACT
    assert found.values["contract_date"] == date(2026, 9, 21)
    assert found.mark == Mark(17, "e-1")
    assert [person.role for person in found.participants or ()] == [
        Role.SELLER, Role.BUYER, Role.BUYER, Role.BUYERS_AGENT, Role.LENDER, Role.TITLE,
    ]  # fmt: skip
    assert [(one.agent_id, one.side, one.share) for one in found.agents or ()] == [
        ("A-1001", Side.LISTING, Fraction(2, 3)),
        ("A-1002", Side.LISTING, Fraction(1, 3)),
    ]


def test_only_our_own_agents_are_looked_up() -> None:
    assert needs(forty(), mapping("transactions"), event()) == directory("A-1001", "A-1002").keys()


def test_an_agent_of_ours_whom_the_directory_lacks_is_named() -> None:
    with pytest.raises(UnknownAgents) as caught:
        apply(forty(), mapping("transactions"), directory("A-1001"), event())
    assert caught.value.missing == {AgentKey("transactions", "A-1002")}
    assert str(caught.value).startswith("unknown agent of ours: transactions/A-1002")


def test_an_agent_on_a_side_we_represent_needs_an_id() -> None:
    body = forty()
    del body["data"]["participants"][1]["agent_id"]
    body["data"]["sale_price"] = "much"
    with pytest.raises(MappingFailed) as caught:
        needs(body, mapping("transactions"), event())
    assert [(one.path, one.value) for one in caught.value.problems] == [
        ("data.sale_price", "'much'"),
        ("data.participants[1].agent_id", "absent"),
    ]


def test_an_agent_with_an_id_is_ours_even_where_the_event_does_not_say_whom_we_represent() -> None:
    people = [{"role": "buyers_agent", "agent_id": "A-1003"}, {"role": "listing_agent", "name": "Robin Shaw"}]
    found = facts({"participants": people}, "deal.participants_changed")
    assert [one.agent_id for one in found.agents] == ["A-1003"]
    assert [one.role for one in found.participants] == [Role.LISTING_AGENT]


def test_an_agent_who_buys_for_themselves_is_a_buyer() -> None:
    found = facts({"participants": [{"role": "buyer", "agent_id": "A-1001", "name": "Dana Whitfield"}]})
    assert found.agents == ()
    assert found.participants[0].role is Role.BUYER


def test_every_failing_field_is_reported_at_once_with_place_value_and_expectation() -> None:
    body = forty()
    data = body["data"]
    data["sale_price"], data["list_price"] = "1.234,56", Decimal("1e400")
    data["dates"]["closing"], data["status"] = "2026-02-30", "Half sold"
    data["commission"]["percent"] = 250
    data["property"]["address"]["state"] = "Bavaria"
    data["participants"][0]["share"] = "most"
    data["participants"][3]["name"] = "x" * 5000
    data["participants"][4]["role"] = "astrologer"
    body["occurred_at"] = "yesterday"
    with pytest.raises(MappingFailed) as caught:
        apply(body, mapping("transactions"), directory(*OURS), event())
    assert {one.path: one.field for one in caught.value.problems} == {
        "occurred_at": "occurred_at",
        "data.sale_price": "sale_price",
        "data.list_price": "list_price",
        "data.dates.closing": "closing_date",
        "data.status": "stage",
        "data.commission.percent": "commission.percent",
        "data.property.address.state": "property.state",
        "data.participants[0].share": "participants[0].share",
        "data.participants[3].name": "participants[3].name",
        "data.participants[4].role": "participants[4].role",
    }
    assert str(caught.value) == "10 fields of the payload do not fit mapping transactions v1"
    problems = {one.path: one for one in caught.value.problems}
    assert len(problems["data.participants[3].name"].value) <= 80
    assert "closed" in problems["data.status"].expected
    assert all("1.234,56" not in one.without_value() for one in caught.value.problems)


def test_every_broken_rule_is_reported_at_once() -> None:
    body = forty()
    data = body["data"]
    data["sale_price"], data["list_price"], data["concessions"] = 0, "-1", Decimal("-0.01")
    data["dates"] |= {"contract": "2026-11-07", "closing": "2026-11-06", "funded": "2026-11-05"}
    data["participants"][0]["share"] = "1/2"
    with pytest.raises(ValidationFailed) as caught:
        apply(body, mapping("transactions"), directory(*OURS), event())
    assert [(one.field, one.path, one.value, one.expected) for one in caught.value.problems] == [
        ("list_price", "data.list_price", "-1.00 USD", "an amount above zero"),
        ("sale_price", "data.sale_price", "0.00 USD", "an amount above zero"),
        ("concessions", "data.concessions", "-0.01 USD", "an amount of zero or more"),
        ("closing_date", "data.dates.closing", "2026-11-06", "a day on or after the contract date"),
        ("funded_date", "data.dates.funded", "2026-11-05", "a day on or after the contract date"),
        ("funded_date", "data.dates.funded", "2026-11-05", "a day on or after the closing date"),
        ("agents", "data.participants", "1/2 + 1/3",
         "shares on the listing side that sum to exactly 1, such as 1/3 and 2/3"),
    ]  # fmt: skip
    assert caught.value.reason().startswith("the deal breaks 7 rules; data.list_price: expected an amount above zero")


def ours(agent_id: str, share: object = None, role: str = "listing_agent") -> dict[str, Any]:
    return {"role": role, "agent_id": agent_id, "name": "Somebody", "share": share}


def test_a_sole_agent_has_the_whole_side() -> None:
    found = facts({"participants": [ours("A-1001"), ours("A-1001", role="buyers_agent")]})
    assert [(one.side, one.share) for one in found.agents] == [(Side.LISTING, 1), (Side.BUYING, 1)]


@pytest.mark.parametrize(
    ("agents", "expected"),
    [
        ([ours("A-1001"), ours("A-1002")], "a share for each of our agents on the listing side"),
        ([ours("A-1001", "1/2"), ours("A-1002")], "a share for each of our agents on the listing side"),
        ([ours("A-1001", "0.33"), ours("A-1002", "0.66")], "sum to exactly 1"),
        ([ours("A-1001", "1/2")], "sum to exactly 1"),
        ([ours("A-1001", "1/2"), ours("A-1001", "1/4")], "each agent once on the listing side"),
    ],
)
def test_shares_that_do_not_make_the_whole_are_refused(agents: list[dict[str, Any]], expected: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        facts({"participants": agents})
    assert expected in caught.value.reason()


def test_more_of_our_agents_than_a_deal_can_have_are_refused() -> None:
    names = tuple(f"A-{number}" for number in range(11))
    assert len(facts({"participants": [ours(name, "1/10") for name in names[:10]]}, agents=names).agents) == 10
    with pytest.raises(ValidationFailed) as caught:
        facts({"participants": [ours(name, "1/11") for name in names]}, agents=names)
    assert [one.expected for one in caught.value.problems] == ["at most 10 of our agents on one deal"]


def test_an_agent_listed_twice_in_the_same_words_counts_once() -> None:
    found = facts({"participants": [ours("A-1001"), ours("A-1001")]})
    assert [(one.agent_id, one.share) for one in found.agents] == [("A-1001", 1)]


def test_a_person_listed_twice_in_one_role_is_one_person() -> None:
    people = [
        {"id": "P", "role": "buyer", "name": "Ana Cruz", "email": "ana@example.com", "company": None},
        {"id": "P", "role": "buyer", "phone": "406 555 0123"},
        {"id": "P", "role": "seller", "name": "Ana Cruz"},
        {"role": "title", "company": "Example Title"},
        {"role": "title", "company": "Example Title"},
    ]
    found = facts({"participants": people}).participants
    assert [(one.source_id, one.role) for one in found] == [("P", Role.BUYER), ("P", Role.SELLER), (None, Role.TITLE)]
    assert found[0].fields["email"] == "ana@example.com"
    assert found[0].fields["phone"] == "+14065550123"


def test_more_people_than_a_deal_can_have_are_refused() -> None:
    assert len(facts({"participants": [{"id": n, "role": "buyer"} for n in range(20)]}).participants) == 20
    with pytest.raises(ValidationFailed) as caught:
        facts({"participants": [{"id": n, "role": "buyer"} for n in range(21)]})
    assert [(one.path, one.value, one.expected) for one in caught.value.problems] == [
        ("data.participants", "21", "at most 20 people on one deal")
    ]
    with pytest.raises(MappingFailed, match="1 field"):
        facts({"participants": [{"id": n, "role": "buyer"} for n in range(10_000)]})


def test_contact_data_that_does_not_parse_holds_nothing_up_and_is_reported_in_previews() -> None:
    people = [{"id": "P", "role": "buyer", "name": "Ana", "phone": "ask her", "email": "none"}, {"role": "inspector"}]
    found = facts({"participants": people})
    assert [sorted(one.fields) for one in found.participants] == [["first_name", "last_name", "name"]]
    body = {"data": {"id": "T-1", "version": 1, "participants": people}}
    shown = preview(body, mapping("transactions"), {}, event())
    assert [one.path for one in shown.warnings] == [
        "data.participants[0].email", "data.participants[0].phone", "data.participants[1]",
    ]  # fmt: skip


def test_a_missing_path_says_nothing_and_an_explicit_null_clears() -> None:
    found = facts({"sale_price": None, "concessions": "", "list_price": "--", "referral": None, "participants": None})
    assert found.values == {
        "sale_price": None, "concessions": None, "list_price": None, "referral.direction": None,
        "referral.company": None, "referral.agent_name": None, "referral.percent": None, "referral.flat": None,
    }  # fmt: skip
    assert found.participants == ()
    assert found.agents == ()
    assert facts({}).participants is None


def test_a_stage_is_never_cleared() -> None:
    assert "stage" not in facts({"status": None}).values


def test_what_an_event_must_carry_depends_on_its_type() -> None:
    assert facts({}).values == {}
    with pytest.raises(MappingFailed) as caught:
        facts({"sale_price": ""}, "deal.closed")
    assert [(one.path, one.value, one.expected) for one in caught.value.problems] == [
        ("data.status", "absent", "a value in deal.closed"),
        ("data.sale_price", "empty", "a value in deal.closed"),
        ("data.dates.closing", "absent", "a value in deal.closed"),
    ]


def test_a_default_fills_only_the_events_it_is_for() -> None:
    address = {"street": "1 Example Road", "city": "Missoula", "state": "MT"}
    data = {"status": "Active", "represented_side": "listing", "property": {"address": address}}
    assert facts(data, "deal.created").values["property.country"] == "US"
    assert "property.country" not in facts(data).values


def test_an_object_where_text_belongs_and_text_where_an_object_belongs_is_reported_once() -> None:
    with pytest.raises(MappingFailed) as caught:
        facts({"property": "1 Example Road", "office": {"name": "x"}, "participants": ["Ana"], "dates": []})
    assert [(one.path, one.value, one.expected) for one in caught.value.problems] == [
        ("data.office", "an object of 1", "text of at most 200 characters"),
        ("data.property", "'1 Example Road'", "an object"),
        ("data.dates", "a list of 0", "an object"),
        ("data.participants[0]", "'Ana'", "an object"),
    ]


@pytest.mark.parametrize(
    "body", [None, [], "text", 7, {}, {"data": None}, {"data": []}, {"data": {"id": {}, "version": 1}}]
)
def test_a_body_of_the_wrong_shape_is_a_mapping_failure(body: object) -> None:
    with pytest.raises(MappingFailed) as caught:
        apply(body, mapping("transactions"), {}, event())
    assert caught.value.problems


@pytest.mark.parametrize("version", ["17", 17, Decimal("17.0")])
def test_a_version_mark_is_a_number_however_it_is_written(version: object) -> None:
    assert facts({"version": version}).mark == Mark(17, "e-1")


@pytest.mark.parametrize("version", [-1, "x", None, 1.5, True])
def test_a_version_that_is_none_is_refused(version: object) -> None:
    with pytest.raises(MappingFailed) as caught:
        facts({"version": version})
    assert [one.field for one in caught.value.problems] == ["order_mark"]


def test_a_timestamp_mark_counts_microseconds_and_takes_the_first_path_present() -> None:
    rules = small("deal: {id: {path: id}, fields: {}}", mark="{kind: timestamp, path: [updated, created]}")
    assert small_facts(rules, {"created": "1970-01-01T00:00:01.5Z"}).mark.order == 1_500_000
    assert small_facts(rules, {"updated": "1970-01-01T00:00:02Z", "created": "x"}).mark.order == 2_000_000
    with pytest.raises(MappingFailed) as caught:
        small_facts(rules, {})
    assert [one.path for one in caught.value.problems] == ["updated"]


def test_a_fetched_mark_is_the_providers_time_else_when_the_fetch_began() -> None:
    rules = small("deal: {id: {path: id}, fields: {}}", mark="{kind: fetched, path: updated, formats: [unix_millis]}")
    began = datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert small_facts(rules, {"updated": 2000}, fetched_at=began).mark.order == 2_000_000
    assert small_facts(rules, {}, fetched_at=began).mark.order == 3_000_000
    for payload in ({}, {"updated": 2000}):
        with pytest.raises(ConfigurationError, match="no fetch time"):
            small_facts(rules, payload)


def test_of_two_fetches_with_the_same_provider_time_the_later_one_is_newer_whatever_the_events_are_called() -> None:
    rules = small("deal: {id: {path: id}, fields: {}}", mark="{kind: fetched, path: updated, formats: [unix_millis]}")

    def mark(event_id: str, began: int) -> Any:
        fetched_at = datetime.fromtimestamp(began, tz=UTC)
        return small_facts(rules, {"updated": 5000}, event_id=event_id, fetched_at=fetched_at).mark

    assert mark("z", 9) < mark("a", 10) < mark("b", 10)
    assert mark("a:b", 10) == Mark(5_000_000, "00000000000010000000:a:b") == Mark.parse(str(mark("a:b", 10)))


MERGED = """
deal:
  id: {path: id}
  merged:
    - {path: [old, older]}
    - {path: oldest, when: {path: kind, equals: merge}}
  fields: {}
"""


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, ()),
        ({"old": 7}, ("7",)),
        ({"old": 9, "older": "10"}, ("10", "9")),  # all that hold a value, in one order
        ({"older": " 7 ", "old": "7"}, ("7",)),
        ({"old": 1, "older": 7}, ("7",)),  # 1 is the deal's id now
        ({"old": "1", "older": None}, ()),
        ({"old": "", "older": "--", "oldest": 8}, ()),
        ({"oldest": 8, "kind": "Merge"}, ("8",)),
    ],
)
def test_every_other_id_of_a_merged_deal_counts_once_and_its_own_not_at_all(
    payload: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert small_facts(small(MERGED), payload).merged_ids == expected
    complete = small("absent: clear\n" + MERGED)
    assert small_facts(complete, payload).merged_ids == expected


def test_a_merged_id_that_is_none_is_reported_with_its_place() -> None:
    with pytest.raises(MappingFailed) as caught:
        small_facts(small(MERGED), {"old": ["7"], "older": "x" * 201})
    assert [(one.path, one.field) for one in caught.value.problems] == [("old", "merged_ids"), ("older", "merged_ids")]


def test_a_preview_shows_the_merged_ids_that_count_and_knows_that_their_places_are_read() -> None:
    payload = {"id": 1, "v": 1, "old": 1, "older": 7, "oldest": 8, "kind": None}
    shown = preview(payload, small(MERGED), {}, event("changed", source="small"))
    assert [(one.field, one.path, one.result) for one in shown.traces if one.rule == "deal.merged"] == [
        ("merged_ids", "older", "7")
    ]
    assert shown.unused == ()
    assert shown.facts is not None
    assert facts_as_json(shown.facts)["merged_ids"] == ["7"]


def dotloop(webhook: dict[str, Any], loop_id: int = 34312) -> Any:
    fetched = parse((FORTY.parents[1] / "dotloop/LOOP_MERGED__into_the_survivor.fetched.json").read_bytes())
    fetched["loop"]["data"]["id"] = loop_id
    context = event(str(webhook["eventType"]), source="dotloop", fetched_at=NOW)
    rules = mapping("dotloop")
    payload = {"event": webhook, **fetched}
    return apply(payload, rules, {key: Everyone()[key] for key in needs(payload, rules, context)}, context)


@pytest.mark.parametrize(
    ("kind", "named", "expected"),
    [
        ("LOOP_UPDATED", {"id": "34312"}, ()),
        ("LOOP_UPDATED", {"id": 34312, "profileId": 1}, ()),
        ("LOOP_UPDATED", {"id": "34400"}, ("34400",)),  # redirected: merged before this event came
        ("LOOP_UPDATED", {"id": "34312", "fromId": "34400"}, ()),  # only a merge says what `fromId` is
        ("LOOP_MERGED", {"id": "34400", "fromId": "34400", "toId": "34312"}, ("34400",)),
        ("LOOP_MERGED", {"id": 34312, "fromId": 34400, "toId": 34312, "profileId": 1}, ("34400",)),
        ("LOOP_MERGED", {"fromId": "34400", "toId": "34500"}, ("34400", "34500")),  # merged once more since
        ("LOOP_MERGED", {"id": "34400"}, ("34400",)),
        ("LOOP_PARTICIPANT_UPDATED", {"id": "34312", "participantId": "3301"}, ()),
        ("LOOP_PARTICIPANT_UPDATED", {"id": "34400", "participantId": "3301"}, ("34400",)),
        # The other envelope: `id` is the participant's.
        ("LOOP_PARTICIPANT_UPDATED", {"id": 3301, "loopId": 34312, "profileId": 1}, ()),
        ("LOOP_PARTICIPANT_UPDATED", {"id": 3301, "loopId": 34400, "profileId": 1}, ("34400",)),
    ],
)
def test_whatever_other_loop_a_dotloop_webhook_names_was_merged_into_the_one_that_was_fetched(
    kind: str, named: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert dotloop({"eventId": "e", "eventType": kind, "event": named}).merged_ids == expected


EMAILS = """
tables: {roles: {b: buyer}, sides: {l: listing}}
deal: {id: {path: id}, fields: {}}
participants:
  each: people
  id: {path: mail, as: email}
  role: {path: role, as: enum, table: roles}
  fields: {name: {path: name, as: text}}
agents: {each: staff, id: {path: mail, as: email}, side: {path: $.side, as: enum, table: sides}}
"""


def test_ids_that_are_addresses_are_read_in_lower_case() -> None:
    rules, context = small(EMAILS), event("changed", source="small")
    people = [{"mail": "Ana@Example.org", "role": "b"}, {"mail": "ask her", "role": "b", "name": "Tom"}]
    payload = {"id": 1, "v": 1, "side": "l", "staff": [{"mail": " Dana@Example.COM "}], "people": people}
    listed = parse_agents(",".join(COLUMNS) + "\nsmall,DANA@example.com,Dana,L,M,u,c")
    assert needs(payload, rules, context) == {agent.key for agent in listed}
    found = apply(payload, rules, {agent.key: agent for agent in listed}, context)
    assert [one.agent_id for one in found.agents or ()] == ["dana@example.com"]
    # As with any personal data, an address that is none is left out; the person is then told by name.
    assert [one.source_id for one in found.participants or ()] == ["ana@example.org", None]


def test_an_agents_id_that_must_be_an_address_and_is_none_is_reported() -> None:
    payload = {"id": 1, "v": 1, "side": "l", "staff": [{"mail": "Dana"}], "people": []}
    with pytest.raises(MappingFailed) as caught:
        needs(payload, small(EMAILS), event("changed", source="small"))
    assert [str(one) for one in caught.value.problems] == [
        "staff[0].mail = 'Dana': expected an e-mail address such as ana@example.com (for staff[0].agent_id)"
    ]


def shared(source: str, fixture: str, change: Any) -> list[tuple[str, Side, Fraction]]:
    """Who of ours has which part, of a fixture that was changed."""
    folder = FORTY.parents[1] / source
    payload = {"event": parse((folder / f"{fixture}.json").read_bytes())}
    payload |= parse((folder / f"{fixture}.fetched.json").read_bytes())
    change(payload)
    context = event(fixture.partition("__")[0], source=source, fetched_at=NOW)
    rules = mapping(source)
    found = apply(payload, rules, {key: Everyone()[key] for key in needs(payload, rules, context)}, context)
    return [(one.agent_id, one.side, one.share) for one in found.agents or ()]


@pytest.mark.parametrize("role", ["Listing_Agent", "listing_agent", " LISTING_AGENT "])
@pytest.mark.parametrize("not_ours", ["no", "No", "NO"])
def test_agents_who_share_alike_are_those_that_count_however_their_role_is_written(role: str, not_ours: str) -> None:
    people = [
        {"id": 1, "role": role, "email": "Dana@example.com", "memberOfMyTeam": "YES"},
        {"id": 2, "role": "LISTING_AGENT", "email": "luis@example.com"},
        {"id": 3, "role": "LISTING_AGENT", "email": "robin@example.net", "memberOfMyTeam": not_ours},
        {"id": 4, "role": "Listing_Agent", "email": "dana@Example.com"},  # once more
    ]
    sold = "LOOP_UPDATED__sold_co_listed"
    half = Fraction(1, 2)
    assert shared("dotloop", sold, lambda payload: payload["participants"].update(data=people)) == [
        ("dana@example.com", Side.LISTING, half),
        ("luis@example.com", Side.LISTING, half),
    ]


def test_a_side_shares_alike_only_if_all_of_its_agents_do() -> None:
    rules = small("""
tables: {sides: {l: listing, b: buying}}
deal: {id: {path: id}, fields: {}}
agents:
  each: staff
  id: {path: id}
  side: {path: side, as: enum, table: sides}
  share: [{path: part, as: fraction}, {as: alike, when: {path: kind, contains: AGENT}}]
""")

    def parts(*staff: dict[str, Any]) -> list[str]:
        payload = {"id": 1, "v": 1, "staff": list(staff)}
        context = event("changed", source="small")
        found = apply(payload, rules, {key: Everyone()[key] for key in needs(payload, rules, context)}, context)
        traced = {one.field: one.result for one in preview(payload, rules, {}, context).traces}
        assert [traced[f"staff[{n}].share"] for n in range(len(staff))] == [one.share for one in found.agents or ()]
        return [f"{one.side} {one.share}" for one in found.agents or ()]

    one, two, three = ({"id": n, "side": "l", "kind": "Co-Agent"} for n in (1, 2, 3))
    assert parts(one) == ["listing 1"]
    assert parts(one, two, three) == ["listing 1/3"] * 3
    assert parts(one, two, three | {"side": "b"}) == ["listing 1/2", "listing 1/2", "buying 1"]
    assert parts(one | {"part": "1/4"}, two | {"part": "3/4"}) == ["listing 1/4", "listing 3/4"]
    for mixed in (two, two | {"kind": "broker"}, two | {"kind": None}):
        with pytest.raises(ValidationFailed, match="the deal breaks 1 rule"):
            parts(one | {"part": "1/2"}, mixed)
    with pytest.raises(ValidationFailed, match="the deal breaks 1 rule"):
        parts(one, two | {"kind": "broker"})


@pytest.mark.parametrize("role", ["Administrator", "office ADMINISTRATOR", "Transaction coordinator"])
def test_the_staff_of_a_brokermint_account_are_no_agents_however_their_role_is_written(role: str) -> None:
    def staff(payload: Any) -> None:
        users = [one for one in payload["participants"] if one["type"] == "User"]
        payload["participants"].append({**users[0], "id": 9999, "role": role})

    alike = "transaction.participant.updated__share_alike"
    assert shared("brokermint", alike, staff) == shared("brokermint", alike, lambda payload: None)


def test_with_both_sides_ours_only_agents_whose_role_says_their_side_share_alike() -> None:
    def one_more(role: str) -> Any:
        user = {"id": 5199, "type": "User", "first_name": "Noor", "role": role}
        return lambda payload: payload["participants"].append(user)

    both = "transaction.participant.added__both_sides"
    assert shared("brokermint", both, one_more("co-listing agent")) == [
        ("5101", Side.LISTING, Fraction(1, 2)),
        ("5102", Side.BUYING, Fraction(1)),
        ("5199", Side.LISTING, Fraction(1, 2)),
    ]
    with pytest.raises(ValidationFailed, match="breaks 1 rule"):
        shared("brokermint", both, one_more("mentor"))


@pytest.mark.parametrize(
    ("written", "imported"),
    [("Dana@Example.com", "dana@example.COM"), ("A  1", "A 1"), ("Ame\u0301lie", "Am\u00e9lie"), (" A-1 ", "A-1")],
)
def test_one_id_in_two_spellings_is_one_agent(written: str, imported: str) -> None:
    (listed,) = parse_agents(",".join(COLUMNS) + f"\ntransactions,{imported},Dana,L,M,u,c")
    body = {"data": {"id": "T-1", "version": 1, "participants": [ours(written), ours(imported)]}}
    assert needs(body, mapping("transactions"), event()) == {listed.key}
    found = apply(body, mapping("transactions"), {listed.key: listed}, event())
    assert [(one.agent_id, one.share) for one in found.agents or ()] == [(listed.key.agent_id, 1)]


@settings(max_examples=300, deadline=None)
@given(
    st.text(min_size=1, max_size=12) | st.emails() | st.from_regex(r"[A-Za-z\u0300-\u0304 @.]{1,12}", fullmatch=True)
)
def test_whatever_id_the_agents_file_takes_is_met_by_the_same_id_in_an_event(written: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([COLUMNS, ["transactions", written, "Dana", "L", "M", "u", "c"]])
    try:
        (listed,) = parse_agents(text.getvalue())
    except ConfigurationError:
        assume(condition=False)
    assume(written.strip() not in mapping("transactions").blanks)  # says "no id" there
    body = {"data": {"id": "T-1", "version": 1, "participants": [ours(written)]}}
    assert needs(body, mapping("transactions"), event()) == {listed.key}


def test_when_it_happened_is_what_the_provider_says_else_when_we_received_it() -> None:
    assert facts({}).occurred_at == NOW
    body = {"occurred_at": "2026-01-01T00:00:00-07:00", "data": {"id": "T-1", "version": 1}}
    assert apply(body, mapping("transactions"), {}, event()).occurred_at == datetime(2026, 1, 1, 7, tzinfo=UTC)


def test_an_event_type_that_the_mapping_does_not_name_is_a_mistake_of_ours() -> None:
    with pytest.raises(ConfigurationError, match=r"transactions\.yaml does not apply to 'deal\.exploded'"):
        facts({}, "deal.exploded")


def test_a_complete_document_clears_what_it_lacks() -> None:
    fields = "{office: {path: o, as: text}, stage: {path: s, as: enum, table: t}}"
    rules = small("absent: clear\ntables: {t: {a: active}}\ndeal: {id: {path: id}, fields: " + fields + "}")
    assert small_facts(rules, {}).values == {"office": None}


def test_nulls_can_mean_nothing() -> None:
    rules = small("nulls: keep\ndeal: {id: {path: id}, fields: {office: {path: o, as: text}}}")
    assert small_facts(rules, {"o": None}).values == {}


def test_conditions_choose_between_rules() -> None:
    rules = small("""
tables: {kinds: {Brick House: brick, Hut: hut}}
deal:
  id: {path: id}
  fields:
    office:
      - {path: a, as: text, when: {path: kind, equals: ONE}}
      - {path: b, as: text, when: {path: kind, in: [two, 2, true]}}
      - {path: c, as: text, when: {all: [{path: kind, present: true}, {path: kind, not_in: [one, two, x]}]}}
    reference: {path: a, as: text, when: {path: kind, equals_path: other}}
    lead_source: {path: a, as: text, when: {path: kind, absent: true}}
    property.unit: {path: a, as: text, when: {not: {any: [{path: kind, equals: x}, {path: kind, absent: true}]}}}
    property.county: {path: a, as: text, when: {path: kind, table: kinds, equals: BRICK}}
    property.city: {path: a, as: text, when: {path: kind, table: kinds, present: true}}
""")
    everything = {"a": "A", "b": "B", "c": "C"}

    def with_kind(kind: object, **more: object) -> dict[str, object]:
        return dict(small_facts(rules, {**everything, "kind": kind, **more}).values)

    assert with_kind(" one ") == {"office": "A", "property.unit": "A"}
    assert with_kind(2) == {"office": "B", "property.unit": "A"}
    assert with_kind(True) == {"office": "B", "property.unit": "A"}
    assert with_kind("three", other="THREE") == {"office": "C", "reference": "A", "property.unit": "A"}
    assert with_kind(None, other=None) == {"lead_source": "A"}
    assert with_kind("x") == {}
    assert with_kind("brick  house") == {
        "office": "C", "property.unit": "A", "property.county": "A", "property.city": "A"
    }  # fmt: skip
    assert with_kind({"an": "object"}) == {"office": "C", "property.unit": "A"}


def test_a_condition_on_what_has_another_shape_does_not_hold() -> None:
    rules = small("deal: {id: {path: id}, fields: {office: {path: o, as: text, when: {path: a.b, equals: x}}}}")
    assert small_facts(rules, {"o": "O", "a": {"b": "X"}}).values == {"office": "O"}
    assert small_facts(rules, {"o": "O", "a": ["b"]}).values == {}


def test_a_body_that_is_a_list_can_be_read_from_its_root() -> None:
    rules = small(
        """
tables: {roles: {b: buyer}}
deal: {id: {path: '$[0].id'}, fields: {}}
participants: {each: '@', role: {path: role, as: enum, table: roles}, fields: {name: {path: name, as: text}}}
""",
        mark="{kind: version, path: '[0].id'}",
    )
    body = [{"id": 1, "role": "b", "name": "Ana"}, {"role": "b", "name": "Tom"}]
    found = apply(body, rules, {}, event("changed", source="small"))
    assert [one.fields["name"] for one in found.participants or ()] == ["Ana", "Tom"]


def test_paths_with_spaces_expressions_and_joined_parts() -> None:
    rules = small("""
deal:
  id: {path: id}
  fields:
    property.street: {join: ['"Property Address"."Street Number"', '"Property Address"."Street Name"'], as: text}
    office: {path: 'offices[?main].name | [0]', as: text}
    reference: {path: [first, second], as: text}
    deal_type: {as: enum, table: types, default: Sale, default_for: [changed]}
tables: {types: {sale: sale}}
""")
    address = {"Street Number": 123, "Street Name": " Example Court "}
    offices = [{"name": "West"}, {"name": "East", "main": True}]
    found = small_facts(rules, {"Property Address": address, "offices": offices, "first": "", "second": "S"})
    assert found.values == {
        "property.street": "123 Example Court",
        "office": "East",
        "reference": "S",
        "deal_type": "sale",
    }
    assert small_facts(rules, {"Property Address": {"Street Name": ""}, "offices": 7}).values == {
        "property.street": None, "deal_type": "sale"
    }  # fmt: skip
    with pytest.raises(MappingFailed) as caught:
        small_facts(rules, {"Property Address": {"Street Number": {}}})
    assert caught.value.problems[0].expected == "text or whole numbers to join"


def test_an_expression_that_cannot_read_the_payload_is_reported_with_its_text() -> None:
    rules = small("""deal: {id: {path: id}, fields: {office: {path: "join('-', parts)", as: text}}}""")
    assert small_facts(rules, {"parts": ["a", "b"]}).values == {"office": "a-b"}
    with pytest.raises(MappingFailed) as caught:
        small_facts(rules, {"parts": 7})
    assert [one.path for one in caught.value.problems] == ["join('-', parts)"]


def test_people_and_agents_can_stand_in_lists_of_their_own() -> None:
    rules = small("""
tables: {roles: {b: buyer}, sides: {l: listing}}
deal: {id: {path: id}, fields: {}}
participants: {each: people, role: {path: role, as: enum, table: roles}, fields: {name: {path: '@.name', as: text}}}
agents: {each: '$.staff', id: {path: id}, side: {path: $.side, as: enum, table: sides}}
""")
    payload = {"id": 1, "v": 1, "side": "L", "staff": [{"id": 7}], "people": [{"role": "B", "name": "Ana"}]}
    context = event("changed", source="small")
    found = apply(payload, rules, Everyone({AgentKey("small", "7"): Everyone()[AgentKey("small", "7")]}), context)
    assert [one.agent_id for one in found.agents or ()] == ["7"]
    assert [one.fields for one in found.participants or ()] == [{"name": "Ana"}]


def test_a_default_that_does_not_fit_its_converter_is_found_before_any_event() -> None:
    rules = small(
        "deal: {id: {path: id}, fields: {sale_price: {path: p, as: money, default: lots, default_for: [changed]}}}"
    )
    with pytest.raises(
        ConfigurationError, match=r"small\.yaml:6: deal\.fields\.sale_price: default 'lots' does not fit"
    ):
        plan_of(rules)


def test_a_preview_says_which_rule_gave_each_field_and_what_nothing_reads() -> None:
    body = forty()
    body["data"]["gate_code"] = "1234"
    body["data"]["participants"][3] |= {"fax": "1", "tags": ["a", "b"]}
    body["data"]["history"] = [{"by": "x"}, {"by": "y"}]
    shown = preview(body, mapping("transactions"), {}, event())
    assert shown.unused == (
        "data.participants[].fax", "data.participants[].tags[]", "data.gate_code", "data.history[].by",
    )  # fmt: skip
    trace = next(one for one in shown.traces if one.field == "sale_price")
    assert (trace.rule, trace.path, trace.raw) == ("deal.fields.sale_price", "data.sale_price", "'$525,000.00'")
    source = (FORTY.parents[2] / "src/mappings/transactions.yaml").read_text(encoding="utf-8").splitlines()
    assert source[trace.line - 1].strip().startswith("sale_price:")
    assert shown.missing == directory("A-1001", "A-1002").keys()
    assert shown.facts is not None
    assert {one.name for one in shown.facts.agents or ()} == {"(not in the directory)"}


def test_a_preview_of_what_does_not_fit_lists_the_problems() -> None:
    shown = preview({"data": {"id": "T", "version": 1, "sale_price": -1}}, mapping("transactions"), {}, event())
    assert shown.facts is None
    assert [one.field for one in shown.problems] == ["sale_price"]


def test_what_expressions_and_conditions_read_counts_as_used() -> None:
    rules = small("""
deal:
  id: {path: id}
  fields:
    office: {path: 'offices[?main].name | [0]', as: text, when: {path: kind, equals: x}}
    reference: {path: 'refs[0].code', as: text}
    lead_source: {path: "join(',', sources.*.name)", as: text}
unused_ok: ['notes[].text']
""")
    payload = {
        "id": 1, "v": 1, "kind": "y", "offices": [{"name": "a", "main": True, "fax": 1}], "refs": [{"code": 1, "x": 2}],
        "sources": {"one": {"name": "n", "id": 1}}, "notes": [{"text": "t", "by": "b"}],
    }  # fmt: skip
    shown = preview(payload, rules, {}, event("changed", source="small"))
    assert shown.unused == ("offices[].fax", "refs[].x", "sources.one.id", "notes[].by")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text()
    | st.sampled_from(["Closed", "listing_agent"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a payload that could hold something else."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


PLACES = places(json.loads(FORTY.read_text(encoding="utf-8")))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(PLACES[1:]), JSON), max_size=6), st.sampled_from(mapping("transactions").events)
)
def test_whatever_stands_in_a_payload_the_answer_is_facts_or_a_declared_error(
    changes: list[tuple[tuple[Any, ...], Any]], event_type: str
) -> None:
    body = copy.deepcopy(forty())
    for place, value in changes:
        node = body
        for key in place[:-1]:
            inside = isinstance(node, dict) or (isinstance(node, list) and isinstance(key, int) and key < len(node))
            node = (node.get(key) if isinstance(node, dict) else node[key]) if inside else None
        if isinstance(node, dict):
            node[place[-1]] = value
    rules, context = mapping("transactions"), event(event_type)
    problems: tuple[FieldProblem, ...] = ()
    try:
        agents = {key: Everyone()[key] for key in needs(body, rules, context)}
        apply(body, rules, agents, context)
    except (MappingFailed, ValidationFailed) as error:
        problems = error.problems
        error.reason().encode()
    assert all(len(problem.value) <= 80 for problem in problems)
    shown = preview(body, rules, {}, context)
    assert (shown.facts is None) == bool(problems)


@given(JSON)
def test_any_json_at_all_is_refused_without_a_surprise(body: Any) -> None:
    with pytest.raises(PermanentError):
        apply(body, mapping("transactions"), {}, event())
