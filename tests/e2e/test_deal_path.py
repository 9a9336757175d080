"""The deployed template over HTTP: what a provider sends stands in the CRM store, once, whatever happens on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.deal import Deal
from domain.stages import Stage
from flows.release_waiting import import_agents
from storage import dynamo
from tests.builders import agent
from tests.e2e.conftest import EVENTS, Cloud, now, unique

pytestmark = pytest.mark.e2e

CLOSING = json.loads((EVENTS / "transactions/deal.closed__co_listed.json").read_bytes())


def closing(deal_id: str, **changes: Any) -> bytes:
    """The co-listed closing, of a deal and of people of its own."""
    document = json.loads(json.dumps(CLOSING).replace('"P-', f'"{deal_id}-P-'))
    document["data"] |= {"id": deal_id, **changes}
    return json.dumps(document, ensure_ascii=False).encode()


def update(deal_id: str, version: int, event_type: str = "deal.updated", **data: Any) -> bytes:
    document = {"type": event_type, "occurred_at": "2026-10-01T12:00:00Z", "data": {"id": deal_id, "version": version}}
    document["data"] |= data  # type: ignore[operator] # the value is a dict
    return json.dumps(document).encode()


def rows_of(cloud: Cloud, deal: Deal) -> list[dict[str, Any]]:
    answer = cloud.client("dynamodb").query(
        TableName=cloud.local.tables["records"],
        KeyConditionExpression="pk = :deal",
        ExpressionAttributeValues={":deal": {"S": f"DEAL#{deal.id}"}},
        ConsistentRead=True,
    )
    return [dynamo.from_wire(item) for item in answer["Items"]]


# ---------------------------------------------------------------------------------------------------- three sources


def test_a_closing_stands_whole_in_the_crm_store(cloud: Cloud) -> None:
    deal_id, event_id = unique("TX"), unique("evt")
    body = closing(deal_id)
    receipt = cloud.accepted("transactions", body, event_id)
    deal = cloud.applied("transactions", event_id)

    assert (deal.source_id, deal.version, deal.details.stage) == (deal_id, 1, Stage.CLOSED)
    assert (str(deal.details.sale_price), str(deal.details.closing_date)) == ("525000.00 USD", "2026-11-06")
    assert [(share.agent_id, str(share.share)) for share in deal.agents] == [("A-1001", "2/3"), ("A-1002", "1/3")]
    assert cloud.people(deal)["seller:Melissa Grant"].values["phone"] == "+14065550123"
    assert [seen.reason for seen in cloud.stack.deals().stage_history(deal.id)] == ["Recorded"]
    assert cloud.stack.deals().commission_due(deal.id) == 1
    held = sorted(row["sk"].partition("#")[0] for row in rows_of(cloud, deal))
    # What becomes of the commission is test_commissions' matter, and of what the CRM is owed test_crm's.
    assert [kind for kind in held if kind not in {"COMMISSION", "SYNC"}] == ["DEAL", *["LINK"] * 6, "STAGE"]
    row = cloud.event(f"transactions#{event_id}")
    assert (row["receipt"], row["deal_id"], "due_at" in row) == (receipt, deal.id, False)
    kept, facts = cloud.archived("transactions", receipt)
    assert kept == body
    assert (facts["event-id"], facts["disposition"]) == (event_id, "accepted")


def loop(cloud: Cloud, loop_id: int, status: str = "UNDER_CONTRACT") -> bytes:
    """A webhook about a loop that the provider holds."""
    fixture = EVENTS / "dotloop/LOOP_UPDATED__under_contract.json"
    documents = json.loads(fixture.with_suffix(".fetched.json").read_bytes())
    documents["loop"]["data"] |= {"id": loop_id, "status": status}
    cloud.provider("documents", source="dotloop", id=str(loop_id), documents=documents)
    webhook = json.loads(fixture.read_bytes())
    return json.dumps(webhook | {"eventId": unique("dl"), "event": {"id": str(loop_id)}}).encode()


def test_a_loop_is_fetched_and_stands_in_the_crm_store(cloud: Cloud) -> None:
    body = loop(cloud, 910001)
    cloud.accepted("dotloop", body)
    deal = cloud.applied("dotloop", json.loads(body)["eventId"])
    assert (deal.source, deal.source_id, deal.details.stage) == ("dotloop", "910001", Stage.UNDER_CONTRACT)
    assert "dana.whitfield@example.com" in [share.agent_id for share in deal.agents]
    assert deal.participants


def transaction(cloud: Cloud, transaction_id: int) -> bytes:
    """A webhook about a transaction that the provider holds."""
    fixture = EVENTS / "brokermint/transaction.updated__pending.json"
    documents = json.loads(fixture.with_suffix(".fetched.json").read_bytes())
    documents["transaction"]["id"] = transaction_id
    cloud.provider("documents", source="brokermint", id=str(transaction_id), documents=documents)
    webhook = {"event_id": unique("bm"), "event": "transaction.updated", "object": {"id": transaction_id}}
    return json.dumps(webhook).encode()


def test_a_brokermint_transaction_is_fetched_and_stands_in_the_crm_store(cloud: Cloud) -> None:
    body = transaction(cloud, 920001)
    cloud.accepted("brokermint", body)
    deal = cloud.applied("brokermint", json.loads(body)["event_id"])
    assert (deal.source_id, deal.details.stage) == ("920001", Stage.UNDER_CONTRACT)
    assert deal.participants


# ------------------------------------------------------------------------------------------------------ exactly once


def test_an_event_that_comes_fifty_times_at_once_is_applied_once(cloud: Cloud) -> None:
    deal_id, event_id = unique("TX"), unique("evt")
    assert cloud.post_at_once(50, "transactions", closing(deal_id), event_id) == {202}
    cloud.until_state(f"transactions#{event_id}", "applied")
    cloud.until(lambda: in_flight(cloud) == 0, seconds=90)
    deal = cloud.applied("transactions", event_id)
    assert deal.version == 1
    assert len([row for row in rows_of(cloud, deal) if row["sk"].startswith("LINK#")]) == 6
    assert {contact.version for contact in cloud.people(deal).values()} == {1}
    assert cloud.stack.deals().commission_due(deal.id) == 1


def in_flight(cloud: Cloud) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = cloud.local.queues["transactions"]
    counts = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def test_ten_events_of_one_deal_at_once_lose_no_update(cloud: Cloud) -> None:
    deal_id = unique("TX")
    fields = ["reference", "office", "lead_source", "title_file_number", "list_price", "sale_price", "concessions"]
    events = [unique("evt") for _ in fields]
    for version, (event_id, name) in enumerate(zip(events, fields, strict=True), start=1):
        cloud.accepted("transactions", update(deal_id, version, **{name: "4711"}), event_id)
    deals = [cloud.applied("transactions", event_id) for event_id in events]
    deal = cloud.stack.deals().deal_by_id(deals[0].id)
    assert deal is not None
    assert {one.id for one in deals} == {deal.id}
    assert deal.version == len(fields)
    assert [name for name in fields if getattr(deal.details, name) is None] == []


def test_the_events_of_a_deal_in_reverse_order_end_in_the_same_deal(cloud: Cloud) -> None:
    deal_id = unique("TX")
    told = [
        update(deal_id, 1, "deal.status_changed", status="Active"),
        update(deal_id, 2, reference="R-2", sale_price="500000", status="Under Contract"),
        update(deal_id, 3, "deal.status_changed", status="Fell Through", status_reason="financing"),
        update(deal_id, 4, sale_price="510000", status="Under Contract"),
    ]
    for body in told[::-1]:
        event_id = unique("evt")
        cloud.accepted("transactions", body, event_id)
        deal = cloud.applied("transactions", event_id)
    assert (deal.details.stage, str(deal.details.sale_price)) == (Stage.UNDER_CONTRACT, "510000.00 USD")
    assert deal.details.reference == "R-2"
    stages = [seen.stage.value for seen in cloud.stack.deals().stage_history(deal.id)]
    assert stages == ["active", "under_contract", "fell_through", "under_contract"]


# ------------------------------------------------------------------------------------------------ parked and deferred


def test_an_unknown_agent_parks_the_event_and_an_import_applies_it(cloud: Cloud) -> None:
    deal_id, event_id, agent_id = unique("TX"), unique("evt"), unique("A")
    ours = {"role": "listing_agent", "side": "listing", "agent_id": agent_id}
    body = update(deal_id, 1, status="Active", represented_side="listing", participants=[ours])
    cloud.accepted("transactions", body, event_id)
    row = cloud.until_state(f"transactions#{event_id}", "parked")
    assert (row["cause"], row["deal"]) == ("unknown_agent", f"transactions/{deal_id}")
    assert cloud.stack.deals().deal("transactions", deal_id) is None

    released = import_agents([agent(agent_id)], cloud.release_ports(), now=now())
    assert released.queued == 1
    deal = cloud.applied("transactions", event_id)
    assert [share.agent_id for share in deal.agents] == [agent_id]
    assert "due_at" not in cloud.event(f"transactions#{event_id}")


def test_an_event_whose_provider_is_down_waits_and_is_applied_once_it_is_back(cloud: Cloud) -> None:
    body = transaction(cloud, 920002)
    key = f"brokermint#{json.loads(body)['event_id']}"
    cloud.provider("faults", path="/brokermint/api/v1/transactions/920002*", status=503, times=1)
    cloud.accepted("brokermint", body)
    row = cloud.until_state(key, "waiting")
    assert (row["cause"], row["attempts"]) == ("provider_api", 1)
    assert row["due_at"] > now().timestamp()

    room = cloud.stack.waiting()
    waiting = room.find(key)
    assert waiting is not None
    room.defer(replace(waiting, due_at=now() - timedelta(seconds=1)))
    cloud.until(lambda: cloud.sweep()["queued"] or cloud.state(key) == "applied")  # the schedule's sweep may be first
    cloud.until_state(key, "applied")
    assert "due_at" not in cloud.event(key)


# ------------------------------------------------------------------------------------------------------------ no leaks


def test_nothing_of_a_body_is_in_any_log(cloud: Cloud) -> None:
    people = [{"role": "buyer", "name": "Qzxcanary Person", "email": "qzxcanary@example.com", "phone": "406 555 0198"}]
    good, bad = update(unique("TX"), 1, participants=people), update(unique("TX"), 1, participants=people, status="Qzx")
    event_id = unique("evt")
    cloud.accepted("transactions", good, event_id)
    cloud.applied("transactions", event_id)
    cloud.dead(cloud.accepted("transactions", bad))
    log = cloud.log()
    assert event_id in log  # the functions do log there
    assert "qzx" not in log.casefold()
    assert "5550198" not in log
