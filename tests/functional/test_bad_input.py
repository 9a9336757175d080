"""What bad input gets: each kind through the API handler, the queue and the process handler, on moto.

Nothing is lost, nothing is applied, no traceback reaches a caller, and the cause that is kept says what to do.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.deal import Deal
from domain.stages import Stage
from domain.terms import Role
from flows.process_event import Policy, process_event
from sources.catalog import catalog
from sources.verify import sign
from tests.builders import envelope
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.deals import MemoryDealStore
from tests.fakes.provider_api import MemoryProviderApi
from tests.fakes.queues import MemoryQueues
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock
from tests.functional.conftest import EVENTS, SIGNING, AwsFault, MotoStack, Providers
from transforms.agents_csv import parse_agents

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Refuses = Callable[..., AwsFault]
SECRET = "Qzxcanary"
CLOSING: dict[str, Any] = json.loads((EVENTS / "transactions/deal.closed__co_listed.json").read_bytes())


def changed(**changes: Any) -> bytes:
    """The closing of the co-listed deal, with `a__b` standing for the path a.b; `...` takes a field away."""
    document = copy.deepcopy(CLOSING)
    for path, value in changes.items():
        *groups, name = path.split("__")
        target = document["data"]
        for group in groups:
            target = target[int(group[1:])] if group.startswith("n") and group[1:].isdigit() else target[group]
        if value is ...:
            del target[name]
        else:
            target[name] = value
    return json.dumps(document, ensure_ascii=False).encode()


def raw(field: str, literal: str) -> bytes:
    """The same with a literal in place of a value, as no JSON library would write it."""
    text = json.dumps(CLOSING)
    old = json.dumps(CLOSING["data"][field])
    assert text.count(f'"{field}": {old}') == 1
    return text.replace(f'"{field}": {old}', f'"{field}": {literal}').encode()


def assert_nothing_applied(stack: MotoStack) -> None:
    assert stack.rows("RecordsTable") == []
    assert stack.rows("EventsTable") == []


# ------------------------------------------------------------------------------------------ refused before it is read


def signed(stack: MotoStack, body: bytes = b'{"type":"deal.updated"}', **how: Any) -> dict[str, list[str]]:
    how = {"now": stack.clock.now(), "message_id": "msg_1", **how}
    made = sign(catalog()["transactions"].scheme, how.pop("secret", SIGNING["transactions"]), body, **how)
    return {name.title(): [value] for name, value in made.items()}


def forged(stack: MotoStack) -> dict[str, list[str]]:
    return signed(stack, secret="whsec_" + "QUJD" * 8)


def stale(stack: MotoStack) -> dict[str, list[str]]:
    return signed(stack, now=stack.clock.now() - timedelta(minutes=6))


def from_the_future(stack: MotoStack) -> dict[str, list[str]]:
    return signed(stack, now=stack.clock.now() + timedelta(minutes=6))


def without_signature(stack: MotoStack) -> dict[str, list[str]]:
    return {name: values for name, values in signed(stack).items() if name != "Webhook-Signature"}


def without_any_header(stack: MotoStack) -> dict[str, list[str]]:
    return {}


def doubled(stack: MotoStack) -> dict[str, list[str]]:
    headers = signed(stack)
    return headers | {"Webhook-Signature": headers["Webhook-Signature"] * 2}


def doubled_in_another_case(stack: MotoStack) -> dict[str, list[str]]:
    headers = signed(stack)
    return headers | {"webhook-signature": headers["Webhook-Signature"]}


def doubled_and_joined_on_the_way(stack: MotoStack) -> dict[str, list[str]]:
    headers = signed(stack)
    return headers | {"Webhook-Id": ["msg_1, msg_1"]}


def empty_signature(stack: MotoStack) -> dict[str, list[str]]:
    return signed(stack) | {"Webhook-Signature": [""]}


@pytest.mark.parametrize(
    "headers",
    [
        forged,
        stale,
        from_the_future,
        without_signature,
        without_any_header,
        doubled,
        doubled_in_another_case,
        doubled_and_joined_on_the_way,
        empty_signature,
    ],
)
def test_what_is_not_signed_as_agreed_is_answered_401_and_leaves_nothing(
    moto_stack: MotoStack, headers: Callable[[MotoStack], dict[str, list[str]]]
) -> None:
    multi = headers(moto_stack)
    status, answer = moto_stack.post("transactions", b'{"type":"deal.updated"}', multiValueHeaders=multi)
    assert (status, set(answer)) == (401, {"error"})
    assert_left_nothing(moto_stack)


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_body_changed_by_one_byte_is_answered_401_and_leaves_nothing(moto_stack: MotoStack, place: int) -> None:
    body = bytearray(changed())
    body[place] ^= 1
    assert moto_stack.post("transactions", changed(), sent=bytes(body))[0] == 401
    assert_left_nothing(moto_stack)


@pytest.mark.parametrize(("size", "status"), [(4 * 1024 * 1024 + 1, 413), (5 * 1024 * 1024, 413)])
def test_a_huge_body_is_answered_413_and_leaves_nothing(moto_stack: MotoStack, size: int, status: int) -> None:
    assert moto_stack.post("transactions", b"x" * size)[0] == status
    assert_left_nothing(moto_stack)


def assert_left_nothing(stack: MotoStack) -> None:
    assert stack.archived() == {}
    assert (stack.queued(), stack.dead_letters()) == (0, [])
    assert_nothing_applied(stack)


# --------------------------------------------------------------------------------------- signed, but no shape of theirs


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(f"<html>{SECRET}</html>".encode(), "not JSON", id="html"),
        pytest.param(bytes(range(256)), "not UTF-8", id="all byte values"),
        pytest.param(f'["{SECRET}"]'.encode(), "not a JSON object", id="a list"),
        pytest.param(f'"{SECRET}"'.encode(), "not a JSON object", id="a text"),
        pytest.param(b"null", "not a JSON object", id="null"),
        pytest.param(f'{{"kind":"{SECRET}"}}'.encode(), "no event type", id="no type"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, "nested too deeply", id="10,000 lists"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested too deeply", id="10,000 objects"),
        pytest.param(b'{"type":"deal.updated","data":' + b'{"a":' * 99 + b"1" + b"}" * 100, "nested", id="99 levels"),
        pytest.param(raw("sale_price", "NaN"), "NaN or Infinity", id="NaN"),
        pytest.param(raw("sale_price", "Infinity"), "NaN or Infinity", id="Infinity"),
        pytest.param(raw("sale_price", "-Infinity"), "NaN or Infinity", id="-Infinity"),
        pytest.param(raw("sale_price", "1e999999"), "a number of more than", id="1e999999"),
        pytest.param(raw("sale_price", "9" * 5000), "a number of more than", id="5,000 digits"),
        pytest.param(raw("sale_price", '1, "sale_price": 2'), "same key twice", id="a key twice"),
        pytest.param(raw("status_reason", '"a\x00b"'), "not JSON", id="a bare NUL"),
        pytest.param(raw("status_reason", r'"\ud83d"'), "half a character", id="half a surrogate pair"),
    ],
)
def test_what_is_not_the_providers_shape_is_answered_400_kept_byte_for_byte_and_filed(
    moto_stack: MotoStack, body: bytes, says: str
) -> None:
    status, answer = moto_stack.post("transactions", body)
    assert (status, set(answer)) == (400, {"error", "receipt"})
    assert "Correct it and send it as a new event" in answer["error"]
    assert list(moto_stack.archived().values()) == [body]
    letter = moto_stack.dead_letter()
    assert (letter["cause"], letter["receipt"]) == ("bad_payload", answer["receipt"])
    assert says in letter["reason"]
    assert "send" in letter["reason"] or "expected" in letter["reason"]
    assert SECRET not in json.dumps(letter) + json.dumps(answer) + moto_stack.log.getvalue()
    assert moto_stack.queued() == 0
    assert_nothing_applied(moto_stack)


# ------------------------------------------------------------------------------------------- accepted, and cannot be

FIRST = "data.participants[0]"


@pytest.mark.parametrize(
    ("body", "cause", "path", "private"),
    [
        pytest.param(raw("sale_price", "1e400"), "mapping", "data.sale_price", "1e400", id="1e400"),
        pytest.param(raw("sale_price", "9" * 30), "mapping", "data.sale_price", "9" * 30, id="30 digits"),
        pytest.param(raw("sale_price", f'"{"9" * 30}"'), "mapping", "data.sale_price", "9" * 30, id="30 as text"),
        pytest.param(changed(sale_price="1.234,56"), "mapping", "data.sale_price", "1.234,56", id="1.234,56"),
        pytest.param(changed(sale_price="1,23"), "mapping", "data.sale_price", "1,23", id="1,23"),
        pytest.param(changed(sale_price=525000.005), "mapping", "data.sale_price", "525000.005", id="half a cent"),
        pytest.param(changed(sale_price=[SECRET]), "mapping", "data.sale_price", SECRET, id="a list"),
        pytest.param(changed(sale_price={"amount": 1}), "mapping", "data.sale_price", '"amount"', id="an object"),
        pytest.param(changed(sale_price=True), "mapping", "data.sale_price", "True", id="true"),
        pytest.param(changed(sale_price=-525123), "validation", "data.sale_price", "525123", id="negative"),
        pytest.param(changed(sale_price="0.00"), "validation", "data.sale_price", "0.00", id="nothing"),
        pytest.param(changed(sale_price=None), "mapping", "data.sale_price", "None", id="none"),
        pytest.param(changed(sale_price=...), "mapping", "data.sale_price", "Ellipsis", id="absent"),
        pytest.param(changed(dates__closing="2026-02-30"), "mapping", "data.dates.closing", "2026-02-30", id="30.2."),
        pytest.param(changed(dates__closing="02/30/2026"), "mapping", "data.dates.closing", "02/30", id="02/30"),
        pytest.param(changed(dates__closing="27.10.2026"), "mapping", "data.dates.closing", "27.10", id="27.10."),
        pytest.param(changed(dates__closing="2026/10/27"), "mapping", "data.dates.closing", "2026/10", id="slashes"),
        pytest.param(changed(dates__closing="Oct 27, 2026"), "mapping", "data.dates.closing", "Oct", id="in words"),
        pytest.param(changed(dates__closing=1793095200), "mapping", "data.dates.closing", "1793095200", id="a count"),
        pytest.param(changed(dates__closing="0001-01-01"), "mapping", "data.dates.closing", "0001", id="year 1"),
        pytest.param(changed(dates__closing="2026-09-01"), "validation", "data.dates.closing", "09-01", id="too early"),
        pytest.param(changed(status=SECRET), "mapping", "data.status", SECRET, id="unknown status"),
        pytest.param(changed(status=["Closed"]), "mapping", "data.status", "Closed'", id="status in a list"),
        pytest.param(changed(type=SECRET), "mapping", "data.type", SECRET, id="unknown type"),
        pytest.param(changed(property__address__state=SECRET), "mapping", "address.state", SECRET, id="unknown state"),
        pytest.param(changed(participants__n2__role=SECRET), "mapping", "participants[2].role", SECRET, id="role"),
        pytest.param(changed(participants__n2__role=...), "mapping", "participants[2].role", "Grant", id="no role"),
        pytest.param(changed(participants=SECRET), "mapping", "data.participants", SECRET, id="people as text"),
        pytest.param(changed(participants=[SECRET]), "mapping", FIRST, SECRET, id="people are texts"),
        pytest.param(changed(participants__n0__share="2/4"), "validation", "data.participants", "2/4", id="2/4+1/3"),
        pytest.param(changed(participants__n0__share=...), "validation", "data.participants", "1/3 +", id="one share"),
        pytest.param(changed(participants__n0__share="1/0"), "mapping", f"{FIRST}.share", "1/0", id="1/0"),
        pytest.param(changed(participants__n0__share=1.5), "mapping", f"{FIRST}.share", "1.5", id="1.5"),
        pytest.param(changed(commission__percent="101"), "mapping", "data.commission.percent", "101", id="101 %"),
        pytest.param(changed(version=-7777), "mapping", "data.version", "-7777", id="version -7777"),
        pytest.param(changed(version="7.5"), "mapping", "data.version", "7.5", id="version 7.5"),
        pytest.param(changed(version=...), "mapping", "data.version", "Ellipsis", id="no version"),
        pytest.param(changed(id=""), "mapping", "data.id", "TX-", id="empty id"),
        pytest.param(changed(id="x" * 201), "mapping", "data.id", "xxx", id="long id"),
        pytest.param(changed(id="a\x00b"), "mapping", "data.id", "a\x00b", id="NUL in an id"),
        pytest.param(changed(title_file_number={}), "mapping", "data.title_file_number", "{}", id="file number"),
        pytest.param(changed(office="x" * 201), "mapping", "data.office", "xxx", id="long office"),
    ],
)
def test_what_does_not_fit_is_accepted_kept_and_dead_at_once_with_what_to_do(
    moto_stack: MotoStack, body: bytes, cause: str, path: str, private: str
) -> None:
    moto_stack.fire("transactions", body)
    assert list(moto_stack.archived().values()) == [body]
    letter = moto_stack.dead_letter()
    assert letter["cause"] == cause
    assert path in letter["reason"]
    assert "expected" in letter["reason"]
    assert private not in json.dumps(letter, ensure_ascii=False) + moto_stack.log.getvalue()
    assert_nothing_applied(moto_stack)


def test_every_failing_field_is_named_at_once(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", changed(sale_price="a lot", dates__closing="soon", participants__n2__role="friend"))
    reason = moto_stack.dead_letter()["reason"]
    assert [path in reason for path in ("data.sale_price", "data.dates.closing", "data.participants[2].role")] == [
        True
    ] * 3


def test_a_thin_webhook_that_does_not_say_what_changed_is_dead_and_says_what_is_missing(
    moto_stack: MotoStack, providers: Providers
) -> None:
    moto_stack.fire("brokermint", b'{"event_id":"b-9","event":"transaction.updated","object":{}}')
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "bad_payload"
    assert "object.id" in letter["reason"]
    assert_nothing_applied(moto_stack)


def test_a_fetched_document_that_does_not_fit_is_dead_and_names_the_field(
    moto_stack: MotoStack, providers: Providers
) -> None:
    fixture = EVENTS / "brokermint/transaction.updated__pending.json"
    documents = json.loads(fixture.with_suffix(".fetched.json").read_bytes())
    documents["transaction"]["status"] = SECRET
    providers.order("documents", source="brokermint", id="123456", documents=documents)
    moto_stack.fire("brokermint", fixture.read_bytes())
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "mapping"
    assert "transaction.status" in letter["reason"]
    assert SECRET not in json.dumps(letter) + moto_stack.log.getvalue()
    assert_nothing_applied(moto_stack)


# ----------------------------------------------------------------------------------------- odd, and nothing is wrong


def seller(stack: MotoStack) -> dict[str, str | None]:
    """What is held of the only seller."""
    deal = stack.deal("TX-100482")
    (contact,) = [one for name, one in stack.people(deal).items() if name.startswith("seller:")]
    return contact.values


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Zoë 🏡", "Nuñez", "Zoë 🏡 Nuñez"),
        ("يوسف", "حداد", "يوسف حداد"),
        ("\u202eMelissa\u202c", "Grant", "Melissa Grant"),  # a right-to-left override would show it backwards
        ("Meli\x00ssa", "Grant", "Melissa Grant"),
        ("明", "王", "明 王"),
        ("x" * 250, "y" * 249, f"{'x' * 250} {'y' * 249}"),
        ("Melissa", None, "Melissa"),
        ("", "Grant", "Grant"),
        ("  ", "Grant\r\n", "Grant"),
    ],
)
def test_a_name_is_kept_as_people_write_it_and_loses_only_what_would_deceive(
    moto_stack: MotoStack, first: str, last: str | None, name: str
) -> None:
    moto_stack.fire("transactions", changed(participants__n2__first_name=first, participants__n2__last_name=last))
    assert moto_stack.dead_letters() == []
    assert seller(moto_stack)["name"] == name


def test_a_person_without_a_name_is_still_the_person_with_that_id(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", changed(participants__n2__first_name="", participants__n2__last_name=""))
    held = seller(moto_stack)
    assert (held.get("name"), held["email"]) == (None, "melissa.grant@example.com")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-11-06", "2026-11-06"),
        ("11/06/2026", "2026-11-06"),
        ("2026-11-07T01:00:00Z", "2026-11-06"),  # still Friday in Denver
        ("2026-11-06T23:30:00-07:00", "2026-11-06"),
        ("2026-11-06T22:00:00-10:00", "2026-11-07"),  # already Saturday in Denver
        ("2026-11-06T18:00:00", "2026-11-06"),
    ],
)
def test_a_closing_is_a_day_in_the_offices_zone_however_it_is_written(
    moto_stack: MotoStack, written: str, day: str
) -> None:
    moto_stack.fire("transactions", changed(dates__closing=written, dates__funded=None))
    assert moto_stack.dead_letters() == []
    assert str(moto_stack.deal("TX-100482").details.closing_date) == day


@pytest.mark.parametrize(
    ("written", "amount"), [("$525,000.00", "525000.00"), (525000, "525000.00"), ("525000.5", "525000.50")]
)
def test_a_price_is_exact_however_it_is_written(moto_stack: MotoStack, written: Any, amount: str) -> None:
    moto_stack.fire("transactions", changed(sale_price=written))
    price = moto_stack.deal("TX-100482").details.sale_price
    assert price is not None
    assert str(price.amount) == amount


def test_contact_data_that_does_not_parse_costs_the_deal_nothing(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", changed(participants__n2__phone="call me", participants__n2__email="at home"))
    assert moto_stack.dead_letters() == []
    assert seller(moto_stack)["name"] == "Melissa Grant"


def test_a_participant_who_is_listed_twice_is_one(moto_stack: MotoStack) -> None:
    twice = [*CLOSING["data"]["participants"], CLOSING["data"]["participants"][2]]
    moto_stack.fire("transactions", changed(participants=twice))
    deal = moto_stack.deal("TX-100482")
    assert [link.role for link in deal.participants].count(Role.SELLER) == 1


def test_an_agent_of_ours_who_is_listed_twice_in_the_same_words_is_one(moto_stack: MotoStack) -> None:
    twice = [*CLOSING["data"]["participants"], CLOSING["data"]["participants"][0]]
    moto_stack.fire("transactions", changed(participants=twice))
    assert [share.agent_id for share in moto_stack.deal("TX-100482").agents] == ["A-1001", "A-1002"]


def test_an_unknown_agent_of_ours_waits_for_the_directory_and_nothing_of_the_deal_is_applied(
    moto_stack: MotoStack,
) -> None:
    moto_stack.fire("transactions", changed(participants__n0__agent_id="A-9999"))
    row = moto_stack.event("transactions#msg_1")
    assert (row["state"], row["cause"]) == ("parked", "unknown_agent")
    assert "transactions/A-9999" in row["reason"]
    assert moto_stack.rows("RecordsTable") == []
    assert moto_stack.dead_letters() == []


# ------------------------------------------------------------------------------------------------- faults of our own


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "PutObject", "SlowDown"),
        ("s3", "PutObject", "AccessDenied"),
        ("sqs", "SendMessage", "InternalFailure"),
        ("sqs", "SendMessage", "AWS.SimpleQueueService.NonExistentQueue"),
        ("secretsmanager", "GetSecretValue", "InternalServiceError"),
        ("secretsmanager", "GetSecretValue", "ResourceNotFoundException"),
    ],
)
def test_a_fault_of_ours_is_a_5xx_and_the_providers_next_attempt_is_applied_once(
    moto_stack: MotoStack, aws_refuses: Refuses, service: str, operation: str, code: str
) -> None:
    fault = aws_refuses(service, operation, code, 400)
    status, answer = moto_stack.post("transactions", changed())
    assert (status, set(answer)) == (503, {"error"})
    assert code not in json.dumps(answer)
    assert moto_stack.queued() == 0
    fault.mend()
    moto_stack.fire("transactions", changed())
    assert moto_stack.deal("TX-100482").version == 1


def test_a_dead_letter_queue_that_fails_keeps_the_message_where_it_is(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    assert moto_stack.post("transactions", changed(sale_price="a lot"))[0] == 202
    fault = aws_refuses("sqs", "SendMessage", "InternalFailure")
    assert len(moto_stack.work(again_at_once=True)) == 1
    fault.mend()
    assert moto_stack.work(again_at_once=True) == []
    assert moto_stack.dead_letter()["cause"] == "mapping"


# ------------------------------------------------------------------------------------------------ any order of arrival


def one_deals_fixtures(deal_id: str) -> list[bytes]:
    bodies = [file.read_bytes() for file in sorted((EVENTS / "transactions").glob("*__*.json"))]
    return [body for body in bodies if json.loads(body).get("data", {}).get("id") == deal_id]


REAL = one_deals_fixtures("TX-100482")


def test_the_fixtures_tell_one_deal_in_full_and_partial_events() -> None:
    assert len(REAL) >= 5
    assert min(len(json.loads(body)["data"]) for body in REAL) <= 4


def test_the_events_of_one_deal_in_reverse_order_end_as_in_order(moto_stack: MotoStack) -> None:
    by_version = sorted(REAL, key=lambda body: json.loads(body)["data"]["version"])
    other = [body.replace(b"TX-100482", b"TX-200482").replace(b'"P-', b'"Q-') for body in by_version]
    for body in by_version[::-1]:
        moto_stack.fire("transactions", body, json.loads(body)["id"])
    for body in other:
        moto_stack.fire("transactions", body, json.loads(body)["id"] + "-2")
    backwards, forwards = moto_stack.deal("TX-100482"), moto_stack.deal("TX-200482")
    assert backwards.details == forwards.details
    assert backwards.agents == forwards.agents
    assert known(moto_stack, backwards) == known(moto_stack, forwards)
    stages = [
        [(seen.stage, seen.reason, seen.occurred_at) for seen in moto_stack.deals.stage_history(deal.id)]
        for deal in (backwards, forwards)
    ]
    assert stages[0] == stages[1]
    assert [stage for stage, *_ in stages[0]][-1] is Stage.CLOSED
    assert moto_stack.dead_letters() == []


def known(stack: MotoStack, deal: Deal) -> dict[str, dict[str, str | None]]:
    return {name: contact.values for name, contact in stack.people(deal).items()}


class Story:
    """A fresh Dealwire in memory that is told events, and what it holds in the end."""

    def __init__(self) -> None:
        self.directory = MemoryAgentDirectory()
        self.directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
        waiting = MemoryWaitingRoom(directory=self.directory)
        self.deals = MemoryDealStore(waiting=waiting)
        self.ports: Any = SimpleNamespace(
            archive=MemoryArchive(),
            directory=self.directory,
            deals=self.deals,
            waiting=waiting,
            dead=MemoryQueues(),
            api=MemoryProviderApi(),
        )
        self.world = Clock().world()

    def tell(self, body: bytes) -> str:
        document = json.loads(body)
        event = envelope(document["id"], event_type=document["type"], body=body)
        policy = Policy(zone="America/Denver", longest_deferral=timedelta(hours=24))
        return str(process_event(event, self.ports, policy, self.world).result)

    def end(self) -> dict[str, Any]:
        (deal,) = self.deals.deals.values()
        people = [
            (link.role.value, sorted((self.deals.people[link.contact_id].values | {}).items()))
            for link in deal.participants
        ]
        return {
            "details": deal.details,
            "agents": deal.agents,
            "people": sorted(people, key=str),
            "history": self.deals.stage_history(deal.id),
            "ever_closed": deal.ever_closed,
            "marks": deal.marks,
            "due": deal.id in self.deals.due,
        }


def told(bodies: Sequence[bytes]) -> dict[str, Any]:
    story = Story()
    results = [story.tell(body) for body in bodies]
    assert set(results) <= {"applied", "repeated"}
    return story.end()


def test_every_order_of_the_real_events_of_one_deal_ends_in_the_same_deal() -> None:
    expected = told(REAL)
    for order in itertools.permutations(REAL):
        assert told(order) == expected


def partial(number: int, **data: Any) -> bytes:
    document = {
        "id": f"evt-{number}",
        "type": "deal.updated",
        "occurred_at": f"2026-10-{number:02}T12:00:00Z",
        "data": {"id": "TX-100482", "version": number, **data},
    }
    return json.dumps(document).encode()


#: More that happens to the same deal: it falls back, is reinstated, loses its price, changes its people.
MORE = [
    partial(18, status="Fell Through", status_reason="financing"),
    partial(19, status="Back on Market", sale_price=None, dates={"contract": None}),
    partial(20, status="Under Contract", sale_price="530000", lead_source=None),
    partial(22, commission={"percent": "6"}, participants=[{"id": "P-3", "role": "seller", "email": None}]),
    partial(23, status="Delayed", participants=CLOSING["data"]["participants"][:4]),
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_with_any_repeats_of_full_and_partial_events_ends_in_the_same_deal(data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from([*REAL, *MORE]), min_size=2, unique=True))
    repeats = data.draw(st.lists(st.sampled_from(chosen), max_size=4))
    order = data.draw(st.permutations([*chosen, *repeats]))
    by_version = sorted(chosen, key=lambda body: json.loads(body)["data"]["version"])
    assert told(order) == told(by_version)


PEOPLE = st.fixed_dictionaries(
    {"role": st.sampled_from(["buyer", "seller"])},
    optional={
        "id": st.sampled_from(["P-1", "P-2"]),
        "name": st.sampled_from(["Ana Diaz", "Bo Diaz"]),
        "email": st.sampled_from(["ana@example.com", "bo@example.com"]),
        "phone": st.sampled_from(["406 555 0123", "406 555 0124"]),
        "company": st.sampled_from(["Else Realty", "Example Homes"]),
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(PEOPLE, max_size=3), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_whoever_is_listed_with_or_without_an_id_is_the_same_in_any_order(lists: list[Any], rng: Any) -> None:
    events = [partial(number, participants=people) for number, people in enumerate(lists, start=1)]
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert told(shuffled) == told(events)


@pytest.mark.parametrize("first_has_id", [False, True])
def test_a_person_whom_only_some_events_know_by_an_id_ends_as_one_in_any_order(first_has_id: bool) -> None:
    person = {"role": "buyer", "name": "Ana Diaz", "email": "ana@example.com"}
    older = {**person, "phone": "406 555 0123"} | ({"id": "P-1"} if first_has_id else {})
    newer = person | ({} if first_has_id else {"id": "P-1"})
    events = [partial(1, participants=[older]), partial(2, participants=[newer])]
    assert told(events[::-1])["people"] == told(events)["people"]
