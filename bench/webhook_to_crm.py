"""Seconds from a webhook's 202 until all of its deal is in the CRM, on the local cloud, at 1.2 s a call to the CRM.

Thirty closings, one every two seconds, each with six people; a third of them co-listed. A deal is there when it is live
in the CRM with each of its people linked and the commission record of each of its agents linked. Seen by looking at the
stand-in four times a second. One deal goes before the others, so that cold starts are not measured here.
"""

from __future__ import annotations

import json
import sys
import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx
import yaml

from cli import demo_commission, local_cloud, stack, webhooks
from cli.operator import operator_for
from cli.seeding import EVENTS

DEALS = 30
EVERY_S = 2.0
LATENCY_S = 1.2
#: Seconds to wait for the last deal: many times what is aimed at.
PATIENCE_S = 300.0
_LOOK_S = 0.25


@dataclass(slots=True)
class Sent:
    """A closing that was accepted.

    Attributes:
        source_id: of the deal.
        agents: that are paid.
        at: when it was accepted.
        seconds: until all of it was in the CRM.
    """

    source_id: str
    agents: int
    at: float
    seconds: float | None = None


def webhook_to_crm() -> tuple[float, float]:
    """The median and the 99th percentile (of thirty: the slowest), in seconds."""
    home = local_cloud.HOME / "bench"
    try:
        cloud = local_cloud.up(_say, home)
        held = stack.Stack(cloud, f"{cloud.api_url}/webhooks", cloud.tables, cloud.queues, cloud.operate_url)
        written = yaml.safe_load((EVENTS / "demo.yaml").read_text(encoding="utf-8"))
        demo_commission.prepare(demo_commission.Setting(**written["commissions"]), EVENTS, operator_for(held), _say)
        with httpx.Client(timeout=30, trust_env=False) as client:
            _play(client, cloud.crm_url, held.webhooks_url, 1)
            client.post(f"{cloud.crm_url}/_dealwire/settings", json={"latency_s": LATENCY_S}).raise_for_status()
            taken = sorted(_play(client, cloud.crm_url, held.webhooks_url, DEALS))
    finally:
        local_cloud.down(home)
    return taken[len(taken) // 2], taken[-1]


def _play(client: httpx.Client, crm_url: str, webhooks_url: str, count: int) -> list[float]:
    sent: list[Sent] = []
    began = time.monotonic()
    while len(sent) < count or any(one.seconds is None for one in sent):
        if time.monotonic() - began > PATIENCE_S + count * EVERY_S:
            missing = [one.source_id for one in sent if one.seconds is None]
            raise RuntimeError(f"not in the CRM: {', '.join(missing)}; see .dealwire/bench/logs")
        if len(sent) < count and time.monotonic() - began >= len(sent) * EVERY_S:
            sent.append(_send(client, webhooks_url, f"{count}-{len(sent)}", co_listed=len(sent) % 3 == 0))
        _mark(sent, client.get(f"{crm_url}/_dealwire/state").json())
        time.sleep(_LOOK_S)
    return [one.seconds for one in sent if one.seconds is not None]


def _send(client: httpx.Client, webhooks_url: str, number: str, *, co_listed: bool) -> Sent:
    source_id = f"TX-B{number}"
    body = json.dumps(_closing(source_id, number, co_listed=co_listed)).encode()
    headers = webhooks.signed_headers("transactions", body, webhooks.demo_secret("transactions"))
    answer = webhooks.post(client, f"{webhooks_url}/transactions", body, headers)
    if answer.status != 202:
        raise RuntimeError(f"the webhook of {source_id} was answered with {answer.status}, expected 202")
    return Sent(source_id, 2 if co_listed else 1, time.monotonic())


def _closing(source_id: str, number: str, *, co_listed: bool) -> dict[str, Any]:
    event: dict[str, Any] = deepcopy(
        json.loads((EVENTS / "transactions" / "deal.closed__co_listed.json").read_text(encoding="utf-8"))
    )
    event["id"] = f"evt_bench_{number}"
    data = event["data"]
    data |= {"id": source_id, "reference": f"B-{number}"}
    people = [one for one in data["participants"] if co_listed or one["role"] != "co_listing_agent"]
    for one in people:
        if "agent_id" not in one:
            one |= {"id": f"{one['id']}-{number}", "email": f"p{one['id'].lower()}.{number}@example.com", "phone": None}
        elif not co_listed:
            one["share"] = "1"
    data["participants"] = people
    return event


def _mark(sent: list[Sent], state: dict[str, Any]) -> None:
    """Note which deals are all there now."""
    records, now = state["records"], time.monotonic()
    deals = {
        one["fields"].get("dw_external_id_c", ""): record_id
        for record_id, one in records.get("Opportunities", {}).items()
        if not one["deleted"]
    }
    linked: dict[tuple[str, str], int] = {}
    for link in state["links"]:
        linked[link["link"], link["left"]] = linked.get((link["link"], link["left"]), 0) + 1
    for one in sent:
        deal = deals.get(f"transactions:{one.source_id}", "")
        people = linked.get(("opportunities_contacts", deal), 0)
        commissions = linked.get(("dw_commissions_opportunities", deal), 0)
        if one.seconds is None and people == 6 and commissions == one.agents:
            one.seconds = now - one.at


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr)
