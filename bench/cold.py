"""Cold starts: the CPU of a fresh process of ours over that of a floor that does the same calls, pair by pair."""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.throughput import EVENTS, FORTY_FIELDS
from domain.envelope import Envelope
from sources.catalog import catalog
from sources.verify import sign
from storage.dynamo import to_wire
from transforms.agents_csv import parse_agents

ROOT = Path(__file__).resolve().parents[1]
PAIRS = 15

SETTINGS = {
    "ARCHIVE_BUCKET": "archive",
    "RECORDS_TABLE": "records",
    "AGENT_DIRECTORY_TABLE": "agents",
    "EVENTS_TABLE": "events",
    "TRANSACTIONS_DLQ_URL": "https://sqs.us-east-1.amazonaws.com/1/transactions-dlq",
    "SECRETS_PREFIX": "dealwire/bench",
    "OFFICE_ZONE": "America/Denver",
    "DEFER_MAX_HOURS": "24",
    "MAX_RECEIVES": "3",
    "PROCESS_TIMEOUT_S": "30",
    "DOTLOOP_API_URL": "https://api-gateway.dotloop.com/public/v2",
    "DOTLOOP_AUTH_URL": "https://auth.dotloop.com",
    "BROKERMINT_API_URL": "https://my.brokermint.com/api",
    "POWERTOOLS_SERVICE_NAME": "process",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}


def ingest_cold_ratio() -> float:
    """From start to the first 202, over boto3 with an S3 and an SQS client and the same calls."""
    secret = json.loads((EVENTS / "secrets.demo.json").read_text(encoding="utf-8"))["transactions"]
    body = (EVENTS / "transactions" / "deal.created__listing.json").read_bytes()
    headers = sign(catalog()["transactions"].scheme, secret, body, now=datetime.now(UTC), message_id="msg_bench")
    event = {
        "multiValueHeaders": {name: [value] for name, value in {**headers, "Content-Type": "application/json"}.items()},
        "pathParameters": {"source": "transactions"},
        "requestContext": {"requestId": "bench"},
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }
    return _ratio("cold_ingest", "floor_ingest", {"BENCH_EVENT": json.dumps(event), "BENCH_SECRET": secret})


def process_cold_ratio() -> float:
    """From start to the first applied deal, over boto3, pydantic, jmespath, Powertools' batch and the same calls."""
    agents = parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8"))
    rows = [
        {
            "source": agent.key.source,
            "agent_id": agent.key.agent_id,
            **{name: getattr(agent, name) for name in ("name", "licence", "office", "crm_user_id", "crm_contact_id")},
        }
        for agent in agents
        if agent.key.source == "transactions"
    ]
    envelope = Envelope(
        receipt="r-bench",
        source="transactions",
        event_type="deal.updated",
        event_id="msg_bench",
        received_at=datetime.now(UTC),
        mapping_version=1,
        content_type="application/json",
        archive_key="k",
        body=FORTY_FIELDS.read_bytes(),
    )
    record = {
        "messageId": "m",
        "body": envelope.to_json(),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
    }
    environ = {
        "BENCH_EVENT": json.dumps({"Records": [record]}),
        "BENCH_AGENTS": json.dumps([to_wire(row) for row in rows]),
        "BENCH_SETTINGS": json.dumps(SETTINGS),
    }
    reads = _run("cold_process", environ)[1]
    return _ratio("cold_process", "floor_process", {**environ, "BENCH_READS": str(int(reads))})


def deliver_cold_ratio() -> float:
    """From start to the first confirmed row of the CRM, over boto3, pydantic and zeep with as many calls."""
    recorded = subprocess.run(
        [sys.executable, "-m", "bench.recorded_delivery"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        | {"PYTHONPATH": "src:."},
        capture_output=True,
        text=True,
        check=False,
    )
    if recorded.returncode:
        raise RuntimeError(f"nothing was recorded:\n{recorded.stdout}{recorded.stderr}")
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(recorded.stdout.splitlines()[-1])
        file.flush()
        return _ratio("cold_deliver", "floor_deliver", {"BENCH_RECORDED": file.name})


def _ratio(ours: str, floor: str, environ: dict[str, str]) -> float:
    """The median over pairs that ran one after the other, so that a slow moment of the machine meets both."""
    _run(ours, environ), _run(floor, environ)  # compile the bytecode, as a deployed artifact's first start has done
    return statistics.median(_run(ours, environ)[0] / _run(floor, environ)[0] for _ in range(PAIRS))


def _run(script: str, environ: dict[str, str]) -> list[float]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / f"{script}.py")],
        env=kept | {"BENCH_ROOT": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stdout}{done.stderr}")
    figures: Any = (done.stderr or done.stdout).splitlines()[-1].split()
    return [float(figure) for figure in figures]
