"""The operator's command against the deployed template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import local_cloud
from cli.main import app
from tests.e2e.conftest import EVENTS, Cloud, unique

pytestmark = pytest.mark.e2e

HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id"


@pytest.fixture
def here(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The command finds the tests' own cloud where it looks for the user's."""
    monkeypatch.setattr(local_cloud, "up", lambda _say: cloud.local)
    monkeypatch.setattr(local_cloud, "status", lambda: cloud.local)
    return cloud


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_up_prints_one_json_object_that_says_where_everything_is(here: Cloud) -> None:
    result = run("up", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {"api_url", "endpoint_url", "region", "webhooks", "tables", "queues"} <= told.keys()
    secrets = json.loads((EVENTS / "secrets.demo.json").read_text(encoding="utf-8"))
    assert told["webhooks"].keys() == secrets.keys() == {"transactions", "brokermint", "dotloop"}
    assert all(url == f"{told['api_url']}/webhooks/{source}" for source, url in told["webhooks"].items())
    assert told["endpoint_url"].startswith("http://127.0.0.1:")
    dynamodb, sqs = here.client("dynamodb"), here.client("sqs")
    tables = [dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] for name in told["tables"].values()]
    assert tables == ["ACTIVE"] * 4
    for url in told["queues"].values():
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])


def test_send_signs_and_posts_a_file_and_says_what_came_back(here: Cloud, tmp_path: Path) -> None:
    event_id = unique("evt")
    body = {"id": event_id, "type": "deal.updated", "data": {"id": unique("TX"), "version": 1, "status": "Active"}}
    file = tmp_path / "event.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    result = run("send", "--source", "transactions", str(file), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status"] == 202
    assert here.applied("transactions", event_id).source_id == body["data"]["id"]  # type: ignore[index] # it is a dict


def test_send_for_an_unknown_source_is_one_line_and_exit_status_1(here: Cloud) -> None:
    result = run("send", "--source", "zillow", str(EVENTS / "transactions/deal.created__listing.json"))
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "zillow" in result.output
    assert "Traceback" not in result.output


BESIDE = (".expected.json", ".fetched.json")
FIXTURES = sorted(file for file in EVENTS.glob("*/*__*.json") if not file.name.endswith(BESIDE))


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.stem)
def test_map_previews_each_fixture_as_its_expected_file_says(fixture: Path) -> None:
    source, event = fixture.parent.name, fixture.name.partition("__")[0]
    options = ["--source", source, "--event", event, "--agents", str(EVENTS / "agents.csv"), "--json"]
    result = run("map", *options, str(fixture))
    assert result.exit_code == 0, result.output
    expected = json.loads(fixture.with_suffix(".expected.json").read_text(encoding="utf-8"))
    facts = json.loads(result.stdout)["facts"]
    assert {name: facts[name] for name in ("values", "agents")} == {
        name: expected[name] for name in ("values", "agents")
    }


def test_importing_agents_applies_what_waited_for_them(here: Cloud, tmp_path: Path) -> None:
    event_id, agent_id = unique("evt"), unique("A")
    ours = {"role": "listing_agent", "side": "listing", "agent_id": agent_id}
    data = {"id": unique("TX"), "version": 1, "represented_side": "listing", "participants": [ours]}
    here.accepted("transactions", json.dumps({"type": "deal.updated", "data": data}).encode(), event_id)
    here.until_state(f"transactions#{event_id}", "parked")

    bad = tmp_path / "bad.csv"
    bad.write_text(f"{HEADER}\ntransactions,,Nobody,L,O,u,c\n", encoding="utf-8")
    refused = run("agents", "import", str(bad))
    assert refused.exit_code == 1
    assert "2" in refused.output  # the line
    good = tmp_path / "good.csv"
    good.write_text(f"{HEADER}\ntransactions,{agent_id},Maya Reyes,L,Missoula,u,c\n", encoding="utf-8")
    result = run("agents", "import", str(good), "--json")
    report = json.loads(result.stdout)
    assert (report["agents"], report["events_queued"], report["events_still_parked"]) == (1, 1, 0)
    assert report["added"] == [f"transactions/{agent_id}"]
    assert [share.name for share in here.applied("transactions", event_id).agents] == ["Maya Reyes"]
    assert json.loads(run("agents", "import", str(good), "--json").stdout)["events_queued"] == 0
