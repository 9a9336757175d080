"""`dealwire demo`: the main job on a local cloud of its own, from signed webhooks to deals in the CRM store.

The script is data, events/demo.yaml: what is sent, in order, and what must become of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from cli import demo_commission as commissions
from cli import local_cloud, stack, webhooks
from cli.demo_commission import Commissions
from cli.demo_crm import CrmEye, InTheCrm, follow
from cli.demo_incident import Incident, play
from cli.local_cloud import LocalCloud
from cli.operator import operator_for
from domain.deal import Contact, Deal, StageObservation
from domain.errors import ConfigurationError
from sources.catalog import catalog
from sources.identify import event_id_of
from storage import dynamo
from storage.records import event_key

EVENTS = Path(__file__).resolve().parents[2] / "events"

#: Seconds to wait for the last outcome: far above the second or two that one event takes here.
PATIENCE_S = 40.0

#: The outcome of a webhook that was applied before.
REPEATED = "repeated"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One webhook of the script.

    Attributes:
        says: what a person reads.
        source: who sends it.
        file: below events/, the body.
        set: dotted path to value: what differs from the file.
        tamper: the body is changed after it was signed.
        status: the answer expected.
        becomes: the outcome expected: `applied`, `repeated`, `parked`, `waiting`, `dead: CAUSE`, or `-` where nothing
            was accepted.
    """

    says: str
    source: str
    file: str
    status: int
    becomes: str
    set: Mapping[str, Any] = field(default_factory=dict)
    tamper: bool = False


@dataclass(slots=True)
class Ran:
    """A step that was sent, and what became of it."""

    step: Step
    status: int
    event_key: str
    became: str = "-"

    @property
    def as_expected(self) -> bool:
        """Whether both the answer and the outcome are those of the script."""
        return self.status == self.step.status and self.became == self.step.becomes


@dataclass(frozen=True, slots=True)
class HeldDeal:
    """A deal read back from the CRM store, with its people and its history."""

    deal: Deal
    contacts: Mapping[str, Contact]
    history: Sequence[StageObservation]
    commission_due: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What the demo saw."""

    steps: Sequence[Ran]
    deals: Sequence[HeldDeal]
    seconds: float
    incident: Incident | None = None
    commissions: Commissions | None = None
    crm: InTheCrm | None = None

    @property
    def ok(self) -> bool:
        """Whether every step ended as the script says, the incident was mended, and the CRM shows what was adjusted."""
        mended = self.incident is None or self.incident.ok
        paid = self.commissions is None or self.commissions.ok
        shown = self.crm is None or self.crm.ok
        return mended and paid and shown and all(ran.as_expected for ran in self.steps)


def script() -> list[Step]:
    """The steps of events/demo.yaml."""
    return [Step(**step) for step in _read_script()["steps"]]


def _read_script() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EVENTS / "demo.yaml").read_text(encoding="utf-8"))
    return found


def run(say: Say) -> Report:
    """Bring up a local cloud, play the script, read everything back, and leave nothing running.

    Raises:
        LocalCloudError: the cloud did not come up.
        ConfigurationError: the script or a secret is wrong.
    """
    began = time.monotonic()
    home = local_cloud.HOME / "demo"
    try:
        cloud = local_cloud.up(say, home)
        held = stack.Stack(cloud, f"{cloud.api_url}/webhooks", cloud.tables, cloud.queues, cloud.operate_url)
        written, operator = _read_script(), operator_for(held)
        setting = commissions.Setting(**written["commissions"])
        commissions.prepare(setting, EVENTS, operator, say)
        ran = _send_all(script(), held, say)
        say("waiting for the outcomes")
        _wait(ran, cloud, time.monotonic() + PATIENCE_S)
        incident = _incident(ran, held, cloud, say)
        amendment = Step(**written["amendment"])
        amended, seen = list[Ran](), list[InTheCrm]()

        def amend() -> None:
            eye = CrmEye(cloud.crm_url, _deal_id(setting.deal, held))
            price = amendment.set["data.sale_price"]
            seen.append(follow(eye, lambda: amended.extend(_send_all([amendment], held, say)), price))

        followed = commissions.play(setting, operator, amend, say)
        _wait(amended, cloud, time.monotonic() + PATIENCE_S)
        ran += amended
        return Report(ran, list(_deals(ran, held)), time.monotonic() - began, incident, followed, *seen)
    finally:
        local_cloud.down(home)


def _deal_id(named: str, held: stack.Stack) -> str:
    deal = held.deals().deal(*named.split("/", 1))
    if deal is None:
        raise ConfigurationError(
            f"events/demo.yaml follows the deal {named}, and no step is about it; correct one of them"
        )
    return deal.id


def _incident(ran: Sequence[Ran], held: stack.Stack, cloud: LocalCloud, say: Say) -> Incident | None:
    """The event that waits for an agent, told in Slack and mended; None if none waits, which the steps then show."""
    parked = next((one for one in ran if one.became == "parked"), None)
    return None if parked is None else play(parked.event_key, _read_script()["joins"], held, cloud, say)


def _send_all(steps: Sequence[Step], held: stack.Stack, say: Say) -> list[Ran]:
    with httpx.Client(timeout=15, trust_env=False) as client:
        ran = []
        for number, step in enumerate(steps, start=1):
            say(f"{number}/{len(steps)} {step.source}: {step.says}")
            ran.append((_send_again if step.becomes == REPEATED else _send)(step, held, client))
    return ran


def _send(step: Step, held: stack.Stack, client: httpx.Client) -> Ran:
    body, headers = _signed(step)
    sent = webhooks.post(
        client, f"{held.webhooks_url}/{step.source}", _tampered(body) if step.tamper else body, headers
    )
    return Ran(step, sent.status, _event_key(step, body, headers))


def _send_again(step: Step, held: stack.Stack, client: httpx.Client) -> Ran:
    """Send what was sent before: it is repeated if its deal has the same version once nothing is queued any more."""
    key = _event_key(step, *_signed(step))
    before = _settled_version(key, held)
    ran = _send(step, held, client)
    after = _settled_version(key, held)
    if before is not None and after is not None:
        ran.became = REPEATED if after == before else f"applied again: version {before} became {after}"
    return ran


def _settled_version(key: str, held: stack.Stack) -> int | None:
    """The version of the event's deal, once it is applied and nothing is queued; None if that does not happen."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        row = dynamo.get(held.client("dynamodb"), held.tables["events"], event_key(key))
        if row is not None and row["state"] == "applied" and not _queued(held):
            deal = held.deals().deal_by_id(row["deal_id"])
            return None if deal is None else deal.version
        time.sleep(0.3)
    return None


def _queued(held: stack.Stack) -> int:
    """How many messages wait or are being processed."""
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = held.client("sqs").get_queue_attributes(QueueUrl=held.queues["transactions"], AttributeNames=counts)
    return sum(int(answer["Attributes"][name]) for name in counts)


def _event_key(step: Step, body: bytes, headers: Mapping[str, str]) -> str:
    named = {name.lower(): [value] for name, value in headers.items()}
    event_id = event_id_of(catalog()[step.source], named, json.loads(body), body, receipt="")
    return f"{step.source}#{event_id}"


def _signed(step: Step) -> tuple[bytes, dict[str, str]]:
    """The body and the headers that its provider would send with it now."""
    body = _body(step)
    return body, webhooks.signed_headers(step.source, body, webhooks.demo_secret(step.source))


def _body(step: Step) -> bytes:
    raw = (EVENTS / step.file).read_bytes()
    if not step.set:
        return raw
    document = json.loads(raw)
    for path, value in step.set.items():
        *groups, name = path.split(".")
        target = document
        for group in groups:
            target = target[group]
        target[name] = value
    return json.dumps(document, ensure_ascii=False).encode()


def _tampered(body: bytes) -> bytes:
    return body[:-2] + b" " + body[-2:]


def _wait(ran: Sequence[Ran], cloud: LocalCloud, deadline: float) -> None:
    while time.monotonic() < deadline:
        for one in ran:
            if one.step.becomes != REPEATED and (one.step.becomes != "-" or one.status == 202):
                one.became = _state(one.event_key, cloud)
        if all(one.as_expected or one.status != one.step.status or one.step.becomes == REPEATED for one in ran):
            return
        time.sleep(0.3)


def _state(key: str, cloud: LocalCloud) -> str:
    row = dynamo.get(cloud.client("dynamodb"), cloud.tables["events"], event_key(key))
    if row is None:
        return "-"
    return f"dead: {row['cause']}" if row["state"] == "dead" else str(row["state"])


def _deals(ran: Sequence[Ran], held: stack.Stack) -> Iterator[HeldDeal]:
    store, seen = held.deals(), set[str]()
    table, client = held.tables["events"], held.client("dynamodb")
    for one in ran:
        row = dynamo.get(client, table, event_key(one.event_key)) if one.became == "applied" else None
        if row is None or row["deal_id"] in seen:
            continue
        seen.add(row["deal_id"])
        deal = store.deal_by_id(row["deal_id"])
        if deal is None:
            raise ConfigurationError(f"event {one.event_key} is applied, but deal {row['deal_id']} is not in the store")
        contacts = store.contacts({link.contact_id for link in deal.participants})
        due = store.commission_due(deal.id) is not None
        yield HeldDeal(deal, contacts, store.stage_history(deal.id), due)
