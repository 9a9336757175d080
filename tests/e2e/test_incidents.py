"""Five incidents at night, each found, understood, mended and replayed with documented commands only.

After each: nothing is lost, nothing was applied twice, the audit names who did what and why, and Slack was told of the
alarm and of its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import local_cloud
from cli.main import app
from storage import dynamo
from tests.e2e.conftest import Cloud, unique

pytestmark = pytest.mark.e2e

HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id"
Run = Callable[..., Any]


@pytest.fixture
def dealwire(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, as a person types it, with --json; gives what it prints."""
    monkeypatch.setattr(local_cloud, "status", lambda: cloud.local)

    def run(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, [*arguments, "--json"])
        assert result.exit_code == status, f"dealwire {' '.join(arguments)}: {result.output}"
        return json.loads(result.stdout)

    return run


@pytest.fixture
def calm(cloud: Cloud, dealwire: Run, tmp_path: Path) -> int:
    """Nothing of other tests is open, and no alarm stands; gives how many posts there were."""

    def quiet() -> bool:
        while rows := dealwire("dlq", "list", "--rows", "--state", "dead", "--limit", "100")["rows"]:
            dealwire("dlq", "discard", *[row["id"] for row in rows], "--why", "of another test", "--yes")
        known_to_all(cloud, dealwire, tmp_path)
        cloud.watch()
        alarms = cloud.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
        # Of the rest nobody has had a value since: a standing alarm of another test is no news of this one.
        return not [one for one in alarms if one["MetricName"].startswith(("Dead", "EventsParked"))]

    cloud.until(quiet, 90)
    return len(cloud.posts())


def known_to_all(cloud: Cloud, dealwire: Run, folder: Path) -> None:
    """Every agent that an event is parked for is imported."""
    missing = set()
    for row in dealwire("dlq", "list", "--rows", "--state", "parked", "--limit", "200")["rows"]:
        missing |= {tuple(key) for key in cloud.event(row["id"].replace("/", "#", 1)).get("missing", [])}
    if missing:
        dealwire("agents", "import", str(agents_file(folder, sorted(missing))))


def agents_file(folder: Path, agents: list[Any]) -> Path:
    file = folder / f"{unique('agents')}.csv"
    rows = [f"{source},{agent_id},Maya Reyes,L-1,Missoula,u,c" for source, agent_id in agents]
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


def update(deal_id: str, version: int = 1, **data: Any) -> bytes:
    return json.dumps({"type": "deal.updated", "data": {"id": deal_id, "version": version, **data}}).encode()


def send(cloud: Cloud, body: bytes) -> str:
    """Post it as its provider; gives the event's key."""
    event_id = unique("evt")
    cloud.accepted("transactions", body, event_id)
    return f"transactions#{event_id}"


def named(key: str) -> str:
    return key.replace("#", "/", 1)


def versions(cloud: Cloud, deals: list[str]) -> list[int]:
    """The version of each deal: 1 for one event that was applied once."""
    found = [cloud.stack.deals().deal("transactions", deal) for deal in deals]
    return [deal.version if deal else 0 for deal in found]


def audited(dealwire: Run, cloud: Cloud, action: str, key: str) -> list[dict[str, Any]]:
    """The audit entries of that action about that event; each says who, when and why."""
    table = cloud.local.tables["audit"]
    answer = cloud.client("dynamodb").query(
        TableName=table,
        KeyConditionExpression="pk = :subject",
        ExpressionAttributeValues=dynamo.to_wire({":subject": f"EVENT#{key}"}),
    )
    rows = [dynamo.from_wire(item) for item in answer["Items"]]
    entries = [row for row in rows if row["action"] == action]
    assert all(row["who"].startswith("arn:aws:iam::") and row["why"] for row in entries)
    return entries


def test_a_provider_renames_a_field(cloud: Cloud, dealwire: Run, calm: int, tmp_path: Path) -> None:
    deals = [unique("TX") for _ in range(3)]
    keys = [send(cloud, update(deal).replace(b'"id"', b'"deal_id"')) for deal in deals]
    for key in keys:
        cloud.until_state(key, "dead")
    alert = cloud.told("ALARM dealwire-local-dead-mapping", calm)
    assert re.search(r"How many: [123] dead \(transactions [123]\)", alert)  # as many as were filed by then
    assert "Next: dealwire dlq list --cause mapping" in alert
    assert "mapping-broke.md" in alert

    (group,) = dealwire("dlq", "list", "--cause", "mapping", "--since", "1h")["groups"]
    assert (group["count"], group["owner"]) == (3, "analyst")
    shown = dealwire("dlq", "show", named(keys[0]))
    (problem,) = shown["problems"]
    assert (problem["path"], shown["verdict"]["would"]) == ("data.id", "still fails")
    assert "deal_id" in problem["around"] or "deal_id" in shown["payload"]
    assert deals[0] not in json.dumps(shown)  # masked

    patch = tmp_path / "rename.json"
    patch.write_text('[{"op": "move", "from": "/data/deal_id", "path": "/data/id"}]', encoding="utf-8")
    for key in keys:
        edited = dealwire("dlq", "edit", named(key), "--patch", str(patch), "--why", "provider renamed data.id")
        assert edited["verdict"]["would"] == "applies cleanly"
    look = dealwire("dlq", "replay", "--cause", "mapping", "--since", "1h", "--dry-run")
    assert look["counts"] == {"applies cleanly": 3}
    assert [cloud.state(key) for key in keys] == ["dead"] * 3
    dealwire("dlq", "replay", "--cause", "mapping", "--since", "1h", "--why", "field moved back", "--yes")
    for key in keys:
        cloud.until_state(key, "applied")
    cloud.told("OVER dealwire-local-dead-mapping", calm)
    assert versions(cloud, deals) == [1, 1, 1]
    assert [len(audited(dealwire, cloud, action, key)) for key in keys for action in ("edit", "replay")] == [1] * 6
    assert dealwire("dlq", "list", "--cause", "mapping", "--since", "1h")["total"] == 0
    cloud.watch()  # it files what was received; the alarm may have ended without another run of it
    story = [moment["what"] for moment in dealwire("trace", named(keys[0]))["moments"]]
    assert [what for what in story if what in {"received", "filed", "edited", "replayed", "applied"}] == [
        "received", "filed", "edited", "replayed", "applied",
    ]  # fmt: skip


def test_fifty_deals_of_an_unknown_agent(cloud: Cloud, dealwire: Run, calm: int, tmp_path: Path) -> None:
    agent, deals = unique("A"), [unique("TX") for _ in range(50)]
    ours = {"role": "listing_agent", "side": "listing", "agent_id": agent}
    bodies = [update(deal, represented_side="listing", participants=[ours]) for deal in deals]
    keys = [send(cloud, body) for body in bodies]
    cloud.until(lambda: all(cloud.state(key) == "parked" for key in keys), 120)
    alert = cloud.told("ALARM dealwire-local-events-parked", calm)
    assert re.search(r"How many: \d+ parked \(transactions \d+\)", alert)  # as many as had come by then
    assert agent in alert
    assert "agents" in alert.partition("Next: ")[2]

    dealwire("agents", "check", str(agents_file(tmp_path, [("transactions", agent)])))
    report = dealwire("agents", "import", str(agents_file(tmp_path, [("transactions", agent)])))
    assert (report["events_queued"], report["events_still_parked"]) == (50, 0)
    cloud.until(lambda: all(cloud.state(key) == "applied" for key in keys), 120)
    cloud.told("OVER dealwire-local-events-parked", calm)
    assert versions(cloud, deals) == [1] * 50
    today = dealwire("audit")["rows"]
    assert [row for row in today if row["action"] == "agents-import" and row["who"].startswith("arn:aws:iam::")]


def test_a_forged_sender(cloud: Cloud, dealwire: Run, calm: int) -> None:
    body, deal = update(unique("TX")), unique("TX")
    forged = list(cloud.headers("transactions", body.replace(b"updated", b"closed"), "msg").items())
    assert {cloud.post("transactions", body, headers=forged)[0] for _ in range(21)} == {401}
    alert = cloud.told("ALARM dealwire-local-signatures-refused", calm)
    assert "signature-failures.md" in alert
    assert dealwire("dlq", "list", "--since", "10m")["total"] == 0  # nothing of it came in

    good = send(cloud, update(deal))
    cloud.until_state(good, "applied")

    def over() -> bool:
        send(cloud, update(deal))  # as honest traffic goes on, the forger's share falls out of the window
        return any(post["text"].startswith("OVER dealwire-local-signatures-refused") for post in cloud.posts()[calm:])

    cloud.until(over, 90)
    assert dealwire("status")["sources"]


@pytest.fixture
def impatient_queue(cloud: Cloud) -> Iterator[str]:
    """The queue of accepted events, which hides a received message for some seconds only."""
    sqs, url = cloud.client("sqs"), cloud.local.queues["transactions"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    yield url
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_a_poison_message_among_good_ones(cloud: Cloud, dealwire: Run, calm: int, impatient_queue: str) -> None:
    deals = [unique("TX") for _ in range(10)]
    keys = [send(cloud, update(deal)) for deal in deals[:5]]
    cloud.client("sqs").send_message(QueueUrl=impatient_queue, MessageBody=unique("poison"))
    keys += [send(cloud, update(deal)) for deal in deals[5:]]
    cloud.until(lambda: all(cloud.state(key) == "applied" for key in keys), 60)
    alert = cloud.told("ALARM dealwire-local-dead-bug", calm)
    assert "How many: 1 dead" in alert

    (row,) = dealwire("dlq", "list", "--rows", "--cause", "bug", "--since", "1h")["rows"]
    assert "discard" in row["reason"]
    assert dealwire("dlq", "show", row["id"])["row"]["state"] == "dead"
    refused = dealwire("dlq", "replay", row["id"], "--why", "perhaps it helps", "--yes", status=4)
    assert refused
    dealwire("dlq", "discard", row["id"], "--why", "somebody's test message", "--yes")
    cloud.told("OVER dealwire-local-dead-bug", calm)
    assert versions(cloud, deals) == [1] * 10
    assert len(audited(dealwire, cloud, "discard", row["id"].replace("/", "#", 1))) == 1


@pytest.fixture
def outage(cloud: Cloud) -> Iterator[Callable[[], None]]:
    """DynamoDB does not answer the processing function, until what this gives is called."""
    client, name = cloud.client("lambda"), cloud.local.functions["process"]
    before = client.get_function_configuration(FunctionName=name)["Environment"]
    nowhere = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": before["Variables"] | nowhere})

    def mend() -> None:
        client.update_function_configuration(FunctionName=name, Environment=before)

    yield mend
    mend()


def test_dynamodb_fails_for_a_while(
    cloud: Cloud, dealwire: Run, calm: int, impatient_queue: str, outage: Callable[[], None]
) -> None:
    deals = [unique("TX") for _ in range(4)]
    keys = [send(cloud, update(deal)) for deal in deals]
    cloud.until(lambda: all(cloud.state(key) in {"waiting", "dead"} for key in keys), 120)
    waiting = dealwire("dlq", "list", "--cause", "unavailable", "--since", "1h")
    assert waiting["total"] == 4
    assert "replayed by itself" in waiting["groups"][0]["remedy"]
    alert = cloud.told("ALARM dealwire-local-oldest-unapplied", calm, 120)
    assert "stuck-events.md" in alert

    outage()  # somebody at AWS has mended it

    def all_applied() -> bool:
        cloud.sweep()
        states = {cloud.state(key) for key in keys}
        if "dead" in states:  # what met the outage twice needs a person
            dealwire("dlq", "replay", "--since", "1h", "--why", "outage is over", "--yes")
        return states == {"applied"}

    cloud.until(all_applied, 120)
    cloud.told("OVER dealwire-local-oldest-unapplied", calm, 120)
    assert versions(cloud, deals) == [1] * 4
    assert dealwire("dlq", "list", "--since", "1h")["total"] == 0
