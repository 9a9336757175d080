"""Process as AWS runs it: SQS messages in; tables, queues, archive and log seen afterwards."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from domain.deal import GROUPS, Deal
from domain.envelope import Envelope
from domain.stages import Stage
from runtime.wiring import edges
from runtime.wiring import process as wiring
from sources.catalog import catalog
from sources.hydration import fetch_paths
from sources.strict_json import parse
from tests.builders import NOW, agent, envelope
from tests.functional.conftest import EVENTS, NOTHING, AwsFault, MemoryStack, MotoStack, Providers, forget, record_of
from tests.template import resolve
from transforms.agents_csv import parse_agents
from transforms.facts_json import value_as_json
from transforms.rules import MAX_PEOPLE

BESIDE = (".expected.json", ".fetched.json")
FIXTURES = sorted(file for file in EVENTS.glob("*/*__*.json") if not file.name.endswith(BESIDE))
Refuses = Callable[..., AwsFault]

#: Powertools warns where a batch counted nothing; here that is a batch of which every message failed.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def body(number: int = 1, event_type: str = "deal.updated", **data: Any) -> bytes:
    document = {
        "id": f"evt-{number}",
        "type": event_type,
        "occurred_at": "2026-03-01T12:00:00Z",
        "data": {"id": "T-1", "version": number, **data},
    }
    return json.dumps(document).encode()


def message(number: int = 1, event_type: str = "deal.updated", **data: Any) -> Envelope:
    """The queue message of an event that ingest took."""
    return Envelope(
        receipt=f"r-{number}",
        source="transactions",
        event_type=event_type,
        event_id=f"evt-{number}",
        received_at=NOW,
        mapping_version=1,
        content_type="application/json",
        archive_key=f"2026-03-02/transactions/r-{number}",
        body=body(number, event_type, **data),
    )


OURS = {"role": "listing_agent", "side": "listing", "agent_id": "A-77"}
THEIRS: dict[str, Any] = {"represented_side": "listing", "participants": [OURS]}


# ---------------------------------------------------------------------------------------------------------- applied


def test_a_closing_stands_whole_in_the_tables(moto_stack: MotoStack) -> None:
    closing = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()
    moto_stack.fire("transactions", closing, "evt-closing")
    deal = moto_stack.deal("TX-100482")

    assert (deal.version, deal.details.stage, str(deal.details.sale_price)) == (1, Stage.CLOSED, "525000.00 USD")
    assert [(share.agent_id, str(share.share)) for share in deal.agents] == [("A-1001", "2/3"), ("A-1002", "1/3")]
    seller = moto_stack.people(deal)["seller:Melissa Grant"]
    assert (seller.values["email"], seller.values["phone"]) == ("melissa.grant@example.com", "+14065550123")
    (seen,) = moto_stack.deals.stage_history(deal.id)
    assert (seen.stage, seen.reason, seen.event_type) == (Stage.CLOSED, "Recorded", "deal.closed")
    assert moto_stack.deals.commission_due(deal.id) == 1

    records = moto_stack.rows("RecordsTable")
    links = [row for row in records if row["sk"].startswith("LINK#")]
    assert len(links) == len(deal.participants) == 6
    assert {row["state"] for row in links} == {"active"}
    assert {row["gsi_contact_pk"] for row in links} == {f"CONTACT#{link.contact_id}" for link in deal.participants}
    assert len([row for row in records if row["sk"] == "ALIAS"]) == 7  # the deal, and six people with an id
    assert len(records) == 1 + 6 + 6 + 7 + 1 + 1  # deal, contacts, links, aliases, stage, commission due
    (row,) = moto_stack.rows("EventsTable")
    assert (row["state"], row["deal_id"], row["event_id"]) == ("applied", deal.id, "evt-closing")
    assert "due_at" not in row
    assert moto_stack.queued() == 0
    assert moto_stack.dead_letters() == []


def test_the_same_event_again_changes_nothing_at_all(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", body(status="Active"), "evt-1")
    before = (moto_stack.rows("RecordsTable"), moto_stack.rows("EventsTable"))
    moto_stack.clock.move(hours=1)
    moto_stack.fire("transactions", body(status="Active"), "evt-1")
    assert (moto_stack.rows("RecordsTable"), moto_stack.rows("EventsTable")) == before
    assert len(moto_stack.archived()) == 2


def test_a_body_too_large_for_the_message_is_applied_from_the_archive(moto_stack: MotoStack) -> None:
    large = body(reference="R-1", note="x" * 100_000)
    moto_stack.fire("transactions", large)
    assert moto_stack.deal("T-1").details.reference == "R-1"
    assert list(moto_stack.archived().values()) == [large]


def expected(fixture: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fixture.with_suffix(".expected.json").read_text(encoding="utf-8"))
    return found


def values_of(deal: Deal) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in deal.details:
        if name in GROUPS:
            flat |= {f"{name}.{inner}": held for inner, held in value}
        else:
            flat[name] = value
    return {name: value_as_json(value) for name, value in flat.items() if value is not None}


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: f"{fixture.parent.name}/{fixture.stem}")
def test_every_fixture_ends_as_its_expected_file_says_and_nothing_of_it_is_in_the_log(
    moto_stack: MotoStack,
    providers: Providers,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    fixture: Path,
) -> None:
    source, wanted = fixture.parent.name, expected(fixture)
    providers.hold(fixture)
    moto_stack.fire(source, fixture.read_bytes())
    assert moto_stack.dead_letters() == []
    deal = moto_stack.deal(wanted["source_id"], source)
    assert values_of(deal) == {name: value for name, value in wanted["values"].items() if value is not None}
    assert [{**share.model_dump(), "side": share.side.value, "share": str(share.share)} for share in deal.agents] == (
        wanted["agents"] or []
    )
    contacts = moto_stack.deals.contacts({link.contact_id for link in deal.participants})
    held = [(link.role.value, given(contacts[link.contact_id].values)) for link in deal.participants]
    listed = [(person["role"], given(person["fields"])) for person in wanted["participants"] or []]
    assert sorted(held) == sorted(listed)
    history = [(seen.stage.value, seen.reason) for seen in moto_stack.deals.stage_history(deal.id)]
    assert history == ([(wanted["values"]["stage"], wanted["stage_reason"])] if "stage" in wanted["values"] else [])
    assert (moto_stack.deals.commission_due(deal.id) is not None) == (wanted["values"].get("stage") == "closed")
    outside = spoken_outside(moto_stack, capsys) + caplog.text
    assert "event processed" in outside
    assert "EventApplied" in outside
    fetched = fixture.with_suffix(".fetched.json")
    private = [personal_values(json.loads(file.read_bytes())) for file in (fixture, fetched) if file.exists()]
    assert {text for text in set().union(*private) if text in outside} == set()


def given(fields: Mapping[str, str | None]) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in fields.items() if value is not None)


# ------------------------------------------------------------------------------------------------------- one by one


def test_in_a_batch_only_the_message_that_could_not_be_decided_comes_back(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    aws_refuses("dynamodb", "TransactWriteItems", "ThrottlingException", 400, about="evt-3")
    good, poison = message(1, status="Active"), message(2, status="Bewitched")
    unavailable = message(3, status="Closed")
    records = [record_of(m.to_json(), m.event_id) for m in (poison, unavailable, good)]
    assert moto_stack.process(records) == {"evt-3"}
    assert moto_stack.deal("T-1").details.stage is Stage.ACTIVE
    assert moto_stack.dead_letter()["event_id"] == "evt-2"
    assert moto_stack.event("transactions#evt-3") == {}


def test_one_bad_message_in_ten_costs_the_other_nine_nothing(moto_stack: MotoStack) -> None:
    messages = [message(n, reference=f"R-{n}") for n in range(1, 10)]
    records = [record_of(m.to_json(), m.event_id) for m in messages]
    records.insert(4, record_of('{"not": "ours"}', "junk"))
    assert moto_stack.process(records) == {"junk"}
    assert moto_stack.deal("T-1").details.reference == "R-9"
    assert len(moto_stack.rows("EventsTable")) == 9


def queue_up(stack: MotoStack, *messages: Envelope) -> None:
    for one in messages:
        stack.sqs.send_message(QueueUrl=stack.queue, MessageBody=one.to_json())


def test_reads_that_are_throttled_three_times_defer_the_event_and_it_is_applied_later(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    throttled = aws_refuses("dynamodb", "BatchGetItem", "ThrottlingException", 400)
    assert moto_stack.post("transactions", message(1, status="Active").body or b"", "evt-1")[0] == 202
    for _ in range(2):
        assert len(moto_stack.work(again_at_once=True)) == 1
    assert moto_stack.work(again_at_once=True) == []
    (row,) = [one for one in moto_stack.rows("EventsTable") if one["sk"] == "EVENT"]
    assert (row["state"], row["cause"], moto_stack.dead_letters()) == ("waiting", "unavailable", [])
    throttled.mend()
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1") is not None


def test_our_own_storage_failing_three_times_leaves_a_dead_letter_that_says_what_to_do(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    aws_refuses("dynamodb", "TransactWriteItems", "ThrottlingException", 400)
    queue_up(moto_stack, message(1, status="Active"))
    assert len(moto_stack.work(again_at_once=True)) == 1
    assert len(moto_stack.work(again_at_once=True)) == 1
    assert moto_stack.dead_letters() == []
    assert moto_stack.work(again_at_once=True) == []
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "unavailable"
    assert "replay" in letter["reason"]
    assert {name: letter[name] for name in ("receipt", "source", "event_type", "event_id")} == {
        "receipt": "r-1",
        "source": "transactions",
        "event_type": "deal.updated",
        "event_id": "evt-1",
    }
    assert moto_stack.queued() == 0


def test_a_table_that_we_may_not_use_leaves_one_dead_letter_and_no_silent_copy(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    for operation in ("GetItem", "BatchGetItem", "TransactWriteItems"):
        aws_refuses("dynamodb", operation, "AccessDeniedException", 400)
    queue_up(moto_stack, message(1, status="Active"))
    for _ in range(4):
        moto_stack.work(again_at_once=True)
    assert [letter["attributes"].get("cause") for letter in moto_stack.dead_letters()] == ["config"]


def test_storage_that_answers_again_on_the_third_attempt_is_enough(moto_stack: MotoStack, aws_refuses: Refuses) -> None:
    fault = aws_refuses("dynamodb", "TransactWriteItems")
    queue_up(moto_stack, message(1, status="Active"))
    moto_stack.work(again_at_once=True)
    moto_stack.work(again_at_once=True)
    fault.mend()
    assert moto_stack.work(again_at_once=True) == []
    assert moto_stack.deal("T-1").version == 1
    assert moto_stack.dead_letters() == []


def test_a_write_that_succeeded_and_whose_answer_was_lost_is_not_made_twice(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = iter([True])

    def lose_the_answer(parsed: dict[str, Any], http_response: Any, **_: Any) -> None:
        if next(lost, False):
            http_response.status_code = 500
            parsed |= {"Error": {"Code": "InternalServerError", "Message": "told to"}}

    edges.client("dynamodb").meta.events.register("after-call.dynamodb.TransactWriteItems", lose_the_answer)
    queue_up(moto_stack, message(1, status="Active"))
    moto_stack.work(again_at_once=True)
    assert moto_stack.work(again_at_once=True) == []
    assert (moto_stack.deal("T-1").version, len(moto_stack.rows("EventsTable"))) == (1, 1)


def test_a_fault_that_nobody_understands_is_a_bug_and_its_text_goes_nowhere(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("Ana de la Cruz")

    monkeypatch.setattr(wiring, "new_id", broken)
    forget()
    queue_up(moto_stack, message(1, status="Active"))
    for _ in range(3):
        moto_stack.work(again_at_once=True)
    letter = moto_stack.dead_letter()
    assert (letter["cause"], letter["reason"].split()[0]) == ("bug", "RuntimeError")
    assert "Ana" not in json.dumps(letter) + moto_stack.log.getvalue()
    assert moto_stack.queued() == 0


def test_a_setting_of_ours_that_is_wrong_is_named_and_the_event_waits_for_it(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICE_ZONE", "Mars/Olympus_Mons")
    forget()
    moto_stack.fire("transactions", body(status="Active"), "evt-1")
    row = moto_stack.event("transactions#evt-1")
    assert (row["state"], row["cause"]) == ("waiting", "config")
    assert "Mars/Olympus_Mons" in row["reason"]
    assert "IANA" in row["reason"]
    monkeypatch.setenv("OFFICE_ZONE", "America/Denver")
    forget()
    moto_stack.clock.move(seconds=31)
    moto_stack.sweep()
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1").version == 1


def test_what_is_nested_too_deeply_for_an_envelope_is_seen_in_the_log_too(moto_stack: MotoStack) -> None:
    assert moto_stack.process([record_of("[" * 10_000, "junk")]) == {"junk"}
    assert "attempt failed" in moto_stack.log.getvalue()


def test_an_envelope_without_a_zone_is_none_of_ours_and_applies_nothing(moto_stack: MotoStack) -> None:
    naive = message(1, status="Active").to_json().replace("+00:00", "")
    assert moto_stack.process([record_of(naive, "naive")]) == {"naive"}
    assert moto_stack.rows("RecordsTable") == []


@pytest.mark.parametrize("junk", ["hello", "[]", "null", "7", '{"receipt": "r"}', "[" * 10_000, '{"received_at": 1}'])
def test_what_is_no_envelope_stays_a_failure_of_its_own_until_the_queue_moves_it(
    moto_stack: MotoStack, junk: str
) -> None:
    moto_stack.sqs.send_message(QueueUrl=moto_stack.queue, MessageBody=junk)
    queue_up(moto_stack, message(1, status="Active"))
    assert moto_stack.work(again_at_once=True) == [junk]
    assert moto_stack.deal("T-1").version == 1
    for _ in range(3):
        moto_stack.work(again_at_once=True)
    (dead,) = moto_stack.dead_letters()
    assert dead["Body"] == junk
    assert moto_stack.queued() == 0


def test_what_is_no_envelope_is_seen_in_the_log_and_counted(
    moto_stack: MotoStack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert moto_stack.process([record_of("Qzxcanary", "junk")]) == {"junk"}
    assert "attempt failed" in moto_stack.log.getvalue()
    assert "EventAttemptFailed" in capsys.readouterr().out
    assert "Qzxcanary" not in moto_stack.log.getvalue()


def test_an_envelope_whose_bytes_are_gone_is_dead_at_once_and_names_the_key(moto_stack: MotoStack) -> None:
    queue_up(moto_stack, message(1).without_body())
    assert moto_stack.work() == []
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "bad_payload"
    assert "2026-03-02/transactions/r-1" in letter["reason"]
    assert "send the event again" in letter["reason"]


# ----------------------------------------------------------------------------------------------------------- parked


def test_an_unknown_agent_of_ours_parks_the_event_and_an_import_releases_it(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", body(**THEIRS), "evt-1")
    row = moto_stack.event("transactions#evt-1")
    assert (row["state"], row["cause"], row["deal"]) == ("parked", "unknown_agent", "transactions/T-1")
    assert "dealwire agents import" in row["reason"]
    assert [r["pk"] for r in moto_stack.rows("EventsTable") if r["pk"].startswith("AGENT#")] == [
        "AGENT#transactions#A-77"
    ]
    assert moto_stack.rows("RecordsTable") == []

    released = moto_stack.learn(agent("A-77"))
    assert (released.queued, released.still_parked) == (1, 0)
    assert moto_stack.work() == []
    assert [share.agent_id for share in moto_stack.deal("T-1").agents] == ["A-77"]
    (row,) = [row for row in moto_stack.rows("EventsTable") if row["sk"] == "EVENT"]
    assert (row["state"], "due_at" in row) == ("applied", False)


def test_events_parked_for_one_agent_are_released_in_the_order_of_the_deal(moto_stack: MotoStack) -> None:
    for number in (2, 1):
        moto_stack.fire("transactions", body(number, reference=f"R-{number}", **THEIRS), f"evt-{number}")
        moto_stack.clock.move(seconds=1)
    assert moto_stack.learn(agent("A-77")).queued == 2
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1").details.reference == "R-2"
    states = {row["state"] for row in moto_stack.rows("EventsTable") if row["sk"] == "EVENT"}
    assert states == {"applied"}


def test_an_agent_of_another_brokerage_parks_nothing(moto_stack: MotoStack) -> None:
    outside = {"role": "buyers_agent", "name": "Lee Park", "company": "Else Realty", "licence": "L9"}
    moto_stack.fire("transactions", body(represented_side="listing", participants=[outside]))
    lee = moto_stack.people(moto_stack.deal("T-1"))["buyers_agent:Lee Park"]
    assert (lee.values["company"], lee.values["licence"]) == ("Else Realty", "L9")


def test_a_repeated_event_changes_nothing_even_if_its_agent_has_left_the_directory(moto_stack: MotoStack) -> None:
    moto_stack.directory.add([agent("A-77")])
    queue_up(moto_stack, message(1, **THEIRS))
    assert moto_stack.work() == []
    before = moto_stack.rows("EventsTable")
    key = {"source": {"S": "transactions"}, "agent_id": {"S": "A-77"}}
    moto_stack.dynamodb.delete_item(TableName="AgentDirectoryTable", Key=key)
    forget()
    queue_up(moto_stack, message(1, **THEIRS))
    assert moto_stack.work() == []
    assert moto_stack.rows("EventsTable") == before
    assert moto_stack.dead_letters() == []


# --------------------------------------------------------------------------------------------------------- deferred

LOOP = EVENTS / "dotloop/LOOP_UPDATED__under_contract.json"
LOOP_KEY = "dotloop#0b6e1f2a-0000-4000-8000-00000000d001"
PENDING = EVENTS / "brokermint/transaction.updated__pending.json"
PENDING_KEY = "brokermint#9c1e0000-0000-4000-8000-00000000b001"
THIN = [("dotloop", LOOP, LOOP_KEY, "34308"), ("brokermint", PENDING, PENDING_KEY, "123456")]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (503, "provider_api"),
        (429, "provider_api"),
        ("html", "provider_api"),
        ("close", "provider_api"),
        (401, "config"),
        (403, "config"),
    ],
)
@pytest.mark.parametrize(("source", "file", "key", "source_id"), THIN, ids=["dotloop", "brokermint"])
def test_a_provider_that_fails_defers_the_event_until_it_answers_again(
    moto_stack: MotoStack,
    providers: Providers,
    source: str,
    file: Path,
    key: str,
    source_id: str,
    fault: int | str,
    cause: str,
) -> None:
    providers.fail(fault, times=9)
    moto_stack.fire(source, file.read_bytes())
    row = moto_stack.event(key)
    assert (row["state"], row["cause"], row["attempts"]) == ("waiting", cause, 1)
    assert 15 <= int(row["due_at"]) - moto_stack.clock.now().timestamp() <= 31
    assert source in row["reason"]
    assert moto_stack.sweep() == NOTHING
    assert moto_stack.rows("RecordsTable") == []

    providers.order("reset")
    forget()  # the container that remembers to leave the provider alone for a moment may be another one
    moto_stack.clock.move(seconds=31)
    assert moto_stack.sweep() == NOTHING | {"queued": 1}
    assert moto_stack.work() == []
    assert moto_stack.deal(source_id, source).version == 1
    assert moto_stack.event(key)["state"] == "applied"
    assert "due_at" not in moto_stack.event(key)
    assert moto_stack.dead_letters() == []


def test_credentials_that_are_missing_defer_the_event_and_say_what_to_set(
    moto_stack: MotoStack, providers: Providers
) -> None:
    name = resolve({"Fn::Sub": "dealwire/${EnvironmentName}/providers/brokermint"})
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    moto_stack.fire("brokermint", PENDING.read_bytes())
    row = moto_stack.event(PENDING_KEY)
    assert (row["state"], row["cause"]) == ("waiting", "config")
    assert name in row["reason"]
    secrets.create_secret(Name=name, SecretString='{"api_key": "demo-brokermint-api-key-not-for-use"}')
    moto_stack.clock.move(seconds=31)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    assert moto_stack.deal("123456", "brokermint").version == 1


def test_a_directory_that_does_not_answer_defers_the_event(moto_stack: MotoStack, aws_refuses: Refuses) -> None:
    moto_stack.directory.add([agent("A-77")])
    fault = aws_refuses("dynamodb", "BatchGetItem", "ThrottlingException", 400)
    moto_stack.fire("transactions", body(**THEIRS), "evt-1")
    assert moto_stack.event("transactions#evt-1")["cause"] == "unavailable"
    fault.mend()
    moto_stack.clock.move(seconds=31)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1").version == 1


def test_an_archive_that_does_not_answer_defers_the_event(moto_stack: MotoStack, aws_refuses: Refuses) -> None:
    fault = aws_refuses("s3", "GetObject", "SlowDown", 503)
    moto_stack.fire("transactions", body(reference="R-1", note="x" * 100_000), "evt-1")
    assert moto_stack.event("transactions#evt-1")["cause"] == "unavailable"
    fault.mend()
    moto_stack.clock.move(seconds=31)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1").details.reference == "R-1"


def test_a_thing_that_the_provider_does_not_have_is_dead_at_once(moto_stack: MotoStack, providers: Providers) -> None:
    thin = {"event_id": "b-1", "event": "transaction.updated", "object": {"id": 999}}
    moto_stack.fire("brokermint", json.dumps(thin).encode())
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "provider_api"
    assert "/v1/transactions/999" in letter["reason"]
    assert "replay" in letter["reason"]
    assert not [row for row in moto_stack.rows("EventsTable") if row["sk"] == "EVENT"]


def test_after_the_longest_deferral_the_event_is_dead_with_the_providers_cause(
    moto_stack: MotoStack, providers: Providers
) -> None:
    providers.fail(503, times=99)
    moto_stack.fire("dotloop", LOOP.read_bytes())
    moto_stack.clock.move(hours=25)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    letter = moto_stack.dead_letter()
    assert letter["cause"] == "provider_api"
    assert "24 h" in letter["reason"]
    assert not [row for row in moto_stack.rows("EventsTable") if row["sk"] == "EVENT"]


def test_the_time_that_an_event_was_parked_for_an_agent_is_no_time_of_a_providers_fault(
    moto_stack: MotoStack, providers: Providers
) -> None:
    forget_agents(moto_stack)
    moto_stack.fire("dotloop", LOOP.read_bytes())
    assert moto_stack.event(LOOP_KEY)["state"] == "parked"
    moto_stack.clock.move(days=3)
    moto_stack.learn(*parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
    providers.fail(503, times=9)
    assert moto_stack.work() == []
    assert moto_stack.dead_letters() == []
    row = moto_stack.event(LOOP_KEY)
    assert (row["state"], row["cause"]) == ("waiting", "provider_api")


def forget_agents(stack: MotoStack) -> None:
    for row in stack.rows("AgentDirectoryTable"):
        key = {"source": {"S": row["source"]}, "agent_id": {"S": row["agent_id"]}}
        stack.dynamodb.delete_item(TableName="AgentDirectoryTable", Key=key)


@pytest.mark.parametrize("asked", ["999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_provider_cannot_put_an_event_off_for_longer_than_we_wait_for_it(
    moto_stack: MotoStack, providers: Providers, asked: str
) -> None:
    providers.fail(429, times=1, headers={"Retry-After": asked})
    moto_stack.fire("brokermint", PENDING.read_bytes())
    row = moto_stack.event(PENDING_KEY)
    assert row["state"] == "waiting"
    longest = moto_stack.clock.now() + timedelta(hours=24)
    assert int(row["due_at"]) <= longest.timestamp()


# -------------------------------------------------------------------------------------------- a whole deal's people


def test_everybody_on_the_largest_deal_can_be_replaced_at_once(moto_stack: MotoStack) -> None:
    count = MAX_PEOPLE

    def people(first: int) -> list[dict[str, Any]]:
        return [{"id": f"P-{n}", "role": "other", "name": f"Person {n}"} for n in range(first, first + count)]

    queue_up(moto_stack, message(1, status="Active", participants=people(0)))
    assert moto_stack.work() == []
    queue_up(moto_stack, message(2, participants=people(100)))
    assert moto_stack.work() == []
    assert moto_stack.dead_letters() == []
    deal = moto_stack.deal("T-1")
    assert {contact.values["name"] for contact in moto_stack.people(deal).values()} == {
        f"Person {n}" for n in range(100, 100 + count)
    }
    states = [row["state"] for row in moto_stack.rows("RecordsTable") if row["sk"].startswith("LINK#")]
    assert (states.count("active"), states.count("retired")) == (count, count)


# --------------------------------------------------------------------------------------------------------- no leaks

#: Planted wherever a body says something about a person, a price or a place; it must be seen nowhere outside.
CANARY = "Qzxcanary"
#: Where these stand, the value is an id or a word of the provider's, which logs and dead letters may name.
SPOKEN = {"id", "type", "version", "agent_id", "event_id", "event", "eventType", "eventId", "profileId"}


def planted(document: Any, value: str) -> Iterator[Any]:
    """The document with one of its texts or numbers replaced, once for each."""
    for path in paths_of(document):
        changed = copy.deepcopy(document)
        target = changed
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
        yield changed


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            if key not in SPOKEN:
                yield from paths_of(value, (*path, key))
    else:
        yield path


def spoken_outside(stack: MotoStack, capsys: pytest.CaptureFixture[str]) -> str:
    out = capsys.readouterr()
    letters = [letter["attributes"] for letter in stack.dead_letters()]
    waiting = [row["reason"] for row in stack.rows("EventsTable") if "reason" in row]
    return stack.log.getvalue() + out.out + out.err + json.dumps([letters, waiting])


@pytest.mark.parametrize("canary", [CANARY, f"{CANARY} Person", f"{CANARY}@example.com", f"{CANARY}: 555-0199"])
def test_whatever_a_body_holds_it_is_in_no_log_and_no_dead_letters_attributes(
    moto_stack: MotoStack,
    memory_stack: MemoryStack,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    canary: str,
) -> None:
    whole = json.loads((EVENTS / "transactions/deal.closed__co_listed.json").read_bytes())
    variants = [json.dumps(variant).encode() for variant in planted(whole, canary)]
    assert len(variants) > 60
    records = [record_of(closing(n, variant).to_json(), f"m-{n}") for n, variant in enumerate(variants, start=1)]
    assert moto_stack.process(records) == set()
    reasons = [reason for _, _, reason in memory_stack.queues.dead]
    waiting = [row.reason for row in memory_stack.waiting.rows.values()]
    outside = spoken_outside(moto_stack, capsys) + caplog.text + json.dumps([reasons, waiting])
    assert len(reasons) > 20
    assert outside.count("event processed") >= len(variants)
    assert CANARY.casefold() not in outside.casefold()


def closing(number: int, body: bytes) -> Envelope:
    return replace(message(number), event_type="deal.closed", body=body)


@pytest.mark.parametrize(
    ("source", "file", "canary"),
    [
        ("brokermint", PENDING.stem, f"{CANARY} Person"),
        ("brokermint", PENDING.stem, f"{CANARY}@example.com"),
        ("dotloop", "LOOP_UPDATED__sold_co_listed", f"{CANARY} Person"),
        ("dotloop", "LOOP_UPDATED__sold_co_listed", f"{CANARY}@example.com"),
    ],
)
def test_whatever_a_provider_answers_it_is_in_no_log_and_no_dead_letters_attributes(
    moto_stack: MotoStack,
    memory_stack: MemoryStack,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    source: str,
    file: str,
    canary: str,
) -> None:
    fixture = EVENTS / source / f"{file}.json"
    paths = fetch_paths(catalog()[source], json.loads(fixture.read_bytes()))
    documents = parse(fixture.with_suffix(".fetched.json").read_bytes())
    variants = list(planted(documents, canary))
    for number, variant in enumerate(variants):
        memory_stack.api.documents = {(source, path): variant[name] for name, path in paths.items()}
        event = replace(message(number), source=source, event_type=file.partition("__")[0], body=fixture.read_bytes())
        assert moto_stack.process([record_of(event.to_json())]) == set()
    reasons = [reason for _, _, reason in memory_stack.queues.dead]
    outside = spoken_outside(moto_stack, capsys) + caplog.text + json.dumps(reasons)
    assert reasons
    assert outside.count("event processed") >= len(variants)
    assert CANARY.casefold() not in outside.casefold()


def personal_values(document: Any) -> set[str]:
    texts = {value for path in paths_of(document) if isinstance(value := at(document, path), str)}
    return {text for text in texts if len(text) > 6 and any(mark in text for mark in ("@", " ", "555"))}


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


def test_the_e_mail_by_which_a_provider_knows_an_agent_is_in_no_log(
    moto_stack: MotoStack, providers: Providers, capsys: pytest.CaptureFixture[str]
) -> None:
    forget_agents(moto_stack)
    moto_stack.fire("dotloop", LOOP.read_bytes())
    assert moto_stack.event(LOOP_KEY)["state"] == "parked"
    out = capsys.readouterr()
    assert "@" not in moto_stack.log.getvalue() + out.out + out.err


def test_no_secret_of_a_provider_is_in_any_log(
    moto_stack: MotoStack, providers: Providers, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    providers.fail(401, times=9)
    moto_stack.fire("dotloop", LOOP.read_bytes())
    moto_stack.fire("brokermint", PENDING.read_bytes())
    ours = [line for name in ("flows", "providers", "storage", "httpx", "httpcore") for line in lines_of(caplog, name)]
    outside = spoken_outside(moto_stack, capsys) + "\n".join(ours)
    assert "not-for-use" not in outside
    assert "stub-access-token" not in outside


def lines_of(caplog: pytest.LogCaptureFixture, room: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.split(".")[0] == room]


def test_a_replay_keeps_in_the_story_how_the_event_was_applied_before(moto_stack: MotoStack) -> None:
    body = json.dumps({"type": "deal.updated", "data": {"id": "T-1", "version": 1, "reference": "A"}}).encode()
    moto_stack.fire("transactions", body, "evt-1")
    row = moto_stack.event("transactions#evt-1")
    again = envelope(
        "evt-1", body=body, receipt=row["receipt"], archive_key=row["archive_key"], replay="0" * 32
    ).to_json()
    assert moto_stack.process([record_of(again)]) == set()
    assert moto_stack.process([record_of(again)]) == set()
    (past,) = [row for row in moto_stack.rows("EventsTable") if row["sk"].startswith("PAST#")]
    assert (past["sk"].rpartition("#")[2], past["told"]) == ("applied", "changed reference; mapping v1")
    assert moto_stack.event("transactions#evt-1")["replay"] == "0" * 32


def test_what_was_applied_says_by_which_mapping_and_which_agents_were_looked_up(moto_stack: MotoStack) -> None:
    ours = {"role": "listing_agent", "side": "listing", "agent_id": "A-1001"}
    data = {"id": "T-1", "version": 1, "represented_side": "listing", "participants": [ours]}
    moto_stack.fire("transactions", json.dumps({"type": "deal.updated", "data": data}).encode(), "evt-1")
    row = moto_stack.event("transactions#evt-1")
    assert (row["mapped_by"], row["looked_up"]) == (1, ["transactions/A-1001"])
