"""One local cloud for all end-to-end tests: the production template on MiniStack, driven over HTTP."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from cli import local_cloud, webhooks
from cli.local_cloud import LocalCloud
from cli.stack import Stack
from domain.deal import Contact, Deal
from flows.release_waiting import ReleasePorts
from storage import dynamo
from storage.records import event_key

EVENTS = Path(__file__).parents[2] / "events"

#: Seconds that an outcome may take: ten times what it takes on two idle cores.
PATIENCE_S = 30.0

Found = TypeVar("Found")


@dataclass
class Cloud:
    """A deployed Dealwire, what providers do to it, and what it then holds."""

    local: LocalCloud
    home: Path
    http: httpx.Client
    stack: Stack
    letters: list[dict[str, Any]] = field(default_factory=list)

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

    def dead_letter(self, meant: Callable[[Mapping[str, Any]], bool], seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The dead letter that is meant, once it is there; its attributes as plain text under `attributes`."""

        def look() -> dict[str, Any] | None:
            self._drain()
            return next((letter for letter in self.letters if meant(letter)), None)

        letter = self.until(look, seconds)
        assert letter is not None
        return letter

    def dead(self, receipt: str) -> dict[str, str]:
        """The attributes of the dead letter of this receipt."""
        attributes: dict[str, str] = self.dead_letter(lambda one: one["attributes"].get("receipt") == receipt)[
            "attributes"
        ]
        return attributes

    def _drain(self) -> None:
        sqs, url = self.client("sqs"), self.local.queues["transactions_dlq"]
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        for message in answer.get("Messages", []):
            attributes = message.get("MessageAttributes", {})
            message["attributes"] = {name: value["StringValue"] for name, value in attributes.items()}
            self.letters.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

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
        """What the emulator and the functions have logged."""
        return (self.home / "logs" / "ministack.log").read_text(encoding="utf-8", errors="replace")


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
                stack = Stack(local, f"{local.api_url}/webhooks", local.tables, local.queues)
                yield Cloud(local, home, http, stack)
        finally:
            local_cloud.down(home)


def now() -> datetime:
    return datetime.now(UTC)
