"""One local cloud for all end-to-end tests: the production template on MiniStack, driven over HTTP."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from cli import local_cloud, webhooks
from cli.agents_file import read_agents
from cli.local_cloud import LocalCloud
from cli.seeding import enter_agents
from cli.stack import Stack
from domain.deal import Contact, Deal
from domain.event_log import EventRecord, State
from domain.operate.letters import Filter
from flows.release_waiting import ReleasePorts
from storage import dynamo
from storage.event_log import DynamoEventLog
from storage.records import event_key

EVENTS = Path(__file__).parents[2] / "events"

#: Seconds that an outcome may take: ten times what it takes on two idle cores, and the wait after one attempt that a
#: busy machine did not finish in time.
PATIENCE_S = 60.0

Found = TypeVar("Found")


@dataclass
class Cloud:
    """A deployed Dealwire, what providers do to it, and what it then holds."""

    local: LocalCloud
    home: Path
    http: httpx.Client
    stack: Stack

    # -- what providers do

    def headers(self, source: str, body: bytes, event_id: str) -> dict[str, str]:
        return webhooks.signed_headers(source, body, webhooks.demo_secret(source), event_id)

    def post(
        self, source: str, body: bytes, event_id: str | None = None, headers: Any = None
    ) -> tuple[int, dict[str, Any]]:
        """POST it, signed now unless headers are given; gives status and answer."""
        headers = self.headers(source, body, event_id or unique("evt")) if headers is None else headers
        answer = self.http.post(f"{self.local.api_url}/webhooks/{source}", content=body, headers=headers)
        return answer.status_code, answer.json()

    def accepted(self, source: str, body: bytes, event_id: str | None = None) -> str:
        """POST it; gives the receipt."""
        status, answer = self.post(source, body, event_id)
        assert status == 202, answer
        receipt: str = answer["receipt"]
        return receipt

    def post_at_once(self, count: int, source: str, body: bytes, event_id: str) -> set[int]:
        """The same event so many times at once, each again after a 5xx, as providers do; gives the last statuses.

        A dozen are under way at a time: the emulator starts a process for each, and all of them share a few cores.
        """
        with ThreadPoolExecutor(12) as pool:
            return set(pool.map(lambda _: self.deliver(source, body, event_id), range(count)))

    def deliver(self, source: str, body: bytes, event_id: str) -> int:
        """POST it as providers do, again after a 5xx; gives the last status."""
        for _ in range(5):
            status = self.post(source, body, event_id)[0]
            if status < 500:
                break
        return status

    def provider(self, order: str, **what: Any) -> None:
        """Tell the stand-in for the providers' APIs what to hold or how to fail."""
        self.http.post(f"{self.local.providers_url}/_stub/{order}", json=what).raise_for_status()

    def crm(self, order: str, **what: Any) -> None:
        """Tell the stand-in for the CRM how to fail, or what people do there by hand."""
        self.http.post(f"{self.local.crm_url}/_dealwire/{order}", json=what).raise_for_status()

    def enter_agents(self, file: Path) -> None:
        """The CRM knows the agents of this file before we do."""
        enter_agents(self.local.crm_url, read_agents(file))

    # -- what is to be seen

    def client(self, service: str) -> Any:
        return self.local.client(service)

    def event(self, key: str) -> dict[str, Any]:
        """The row of an event, `{}` if there is none."""
        return dynamo.get(self.client("dynamodb"), self.local.tables["events"], event_key(key)) or {}

    def state(self, key: str) -> str:
        return str(self.event(key).get("state", "-"))

    def until(self, look: Callable[[], Found], seconds: float = PATIENCE_S) -> Found:
        """What `look` gives as soon as it gives something."""
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < deadline, f"nothing came of it in {seconds:.0f} s; see {self.home}/logs"
            time.sleep(0.2)

    def until_state(self, key: str, state: str) -> dict[str, Any]:
        """The event's row once it is in that state."""
        return self.until(lambda: self.event(key) if self.state(key) == state else {})

    def applied(self, source: str, event_id: str) -> Deal:
        """The deal of the event, once it is applied."""
        row = self.until_state(f"{source}#{event_id}", "applied")
        deal = self.stack.deals().deal_by_id(row["deal_id"])
        assert deal is not None
        return deal

    def people(self, deal: Deal) -> dict[str, Contact]:
        """`role:name or company` to the contact."""
        held = self.stack.deals().contacts({link.contact_id for link in deal.participants})
        found = {}
        for link in deal.participants:
            values = held[link.contact_id].values
            found[f"{link.role}:{values.get('name') or values.get('company')}"] = held[link.contact_id]
        return found

    def log_of_events(self) -> DynamoEventLog:
        tables = self.local.tables
        return DynamoEventLog(self.client("dynamodb"), tables["events"], tables["audit"], time.sleep)

    def letter(self, meant: Callable[[EventRecord], bool], seconds: float = PATIENCE_S) -> EventRecord:
        """The dead letter that is meant, once it is filed; of the newest two hundred."""

        def look() -> EventRecord | None:
            newest = self.log_of_events().open(Filter(states=(State.DEAD,)), limit=200)
            return next((record for record in newest.items if meant(record)), None)

        found = self.until(look, seconds)
        assert found is not None
        return found

    def dead(self, receipt: str) -> EventRecord:
        """The dead letter of this receipt."""
        return self.letter(lambda record: record.envelope.receipt == receipt)

    def watch(self) -> None:
        """One run of the deployed watcher: what has come is filed, what is open is measured."""
        answer = self.client("lambda").invoke(FunctionName=self.local.functions["watch"])
        assert "FunctionError" not in answer, answer["Payload"].read()

    def posts(self) -> list[dict[str, Any]]:
        """What the stand-in for Slack was told, oldest first."""
        found: list[dict[str, Any]] = self.http.get(f"{self.local.slack_url}/posts").raise_for_status().json()
        return found

    def told(self, beginning: str, after: int, seconds: float = 60.0) -> str:
        """The text of the first post behind the `after`-th that begins so; the watcher runs until it is there."""

        def look() -> str | None:
            texts = [post["text"] for post in self.posts()[after:]]
            found = next((text for text in texts if text.startswith(beginning)), None)
            if found is None:
                self.watch()
            return found

        found = self.until(look, seconds)
        assert found is not None
        return found

    def archived(self, source: str, receipt: str) -> tuple[bytes, dict[str, str]]:
        """The bytes and the facts that are kept under a receipt."""
        s3 = self.client("s3")
        found = [
            entry["Key"]
            for entry in s3.list_objects_v2(Bucket=self.local.bucket)["Contents"]
            if entry["Key"].endswith(f"/{source}/{receipt}")
        ]
        (key,) = found
        held = s3.get_object(Bucket=self.local.bucket, Key=key)
        return held["Body"].read(), held["Metadata"]

    def release_ports(self) -> ReleasePorts:
        """What `dealwire agents import` works with."""
        return ReleasePorts(self.stack.waiting(), self.stack.directory(), self.stack.queue())

    def sweep(self) -> dict[str, int]:
        """One run of the deployed sweeper."""
        answer = self.client("lambda").invoke(FunctionName=self.local.functions["sweep"])
        found: dict[str, int] = json.loads(answer["Payload"].read())
        return found

    def log(self) -> str:
        """What the emulator and the functions have logged, each line in one of the two places or in both."""
        client, lines = self.client("logs"), list[str]()
        for group in client.describe_log_groups(logGroupNamePrefix="/dealwire/local/")["logGroups"]:
            for page in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                lines += [event["message"] for event in page["events"]]
        log = (self.home / "logs" / "ministack.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join([log, *lines])


def unique(prefix: str) -> str:
    """An id that no other test has."""
    return f"{prefix}-{uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    # Below the usual home, so that the next run finds the build in its cache; of its own, so that two runs do not meet.
    home = local_cloud.HOME / f"e2e-{hashlib.sha256(str(EVENTS).encode()).hexdigest()[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        try:
            local = local_cloud.up(print, home)
            with httpx.Client(timeout=120, trust_env=False, limits=httpx.Limits(max_connections=None)) as http:
                stack = Stack(local, f"{local.api_url}/webhooks", local.tables, local.queues, local.operate_url)
                yield Cloud(local, home, http, stack)
        finally:
            local_cloud.down(home)


def now() -> datetime:
    return datetime.now(UTC)
