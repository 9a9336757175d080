"""Nothing personal and no secret is in anything that is emitted: logs, metrics, dead letters, alarms, answers.

The whole corpus, whole and broken, goes through every function with planted values in the place of everything personal;
then every planted value is looked for in all that came out. A control emits one through each of the same collectors.
"""

from __future__ import annotations

import copy
import json
import re
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from crm.suitecrm.calls import SoapFault
from dev import slack_stub
from dev.crm import server as crm_stand_in
from dev.crm.soap_control import Control
from dev.crm.soap_requests import Request
from domain.agents import Agent
from domain.envelope import Envelope
from domain.errors import Cause
from handlers import bury, notify, operate, watch
from runtime.observability import logger, metrics
from runtime.wiring import deliver as wiring_deliver
from runtime.wiring import ingest as wiring_ingest
from runtime.wiring import notify as wiring_notify
from runtime.wiring import operate as wiring_operate
from runtime.wiring import process as wiring_process
from tests.contract.test_fixtures import FIXTURES
from tests.functional.conftest import EVENTS, PROVIDERS, SIGNING, Context, MotoStack, Providers, forget
from tests.functional.test_deliver import Line, secret
from tests.template import resolve, resources
from transforms.agents_csv import parse_agents

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

WHO = "arn:aws:iam::123456789012:user/olivia"
SLACK_PATH = "T0CANARY/B0CANARY/slackcanary7f3a"
CRM_PASSWORD = "crmcanary9d1e"
#: Keys of texts that are about a person, in any provider's words. What holds a list of labels holds none.
PERSONAL = re.compile(r"name|e-?mail|phone|street|^address$|licen[cs]e|company|held.by", re.IGNORECASE)
LABELS = "custom_attributes"
#: Keys of what a mapping converts: a text there that is none of it is quoted nowhere either.
CONVERTED = re.compile(r"price|amount|percent|closing|contract|updated", re.IGNORECASE)

Leaf = Callable[[str, Any], Any]


@dataclass
class Canaries:
    """Planted values: each original has one of its own, so that what belonged together still does."""

    planted: dict[str, str] = field(default_factory=dict)

    def plant(self, key: str, value: Any) -> Any:
        """A canary of the same kind, where the leaf is personal and there is something."""
        if not isinstance(value, str) or not re.search(r"\w", value) or not PERSONAL.search(key):
            return value
        return self.of(value, "phone" if "phone" in key.lower() else "email" if "@" in value else "text")

    def of(self, original: str, kind: str) -> str:
        """The canary that stands for this value."""
        known = f"{kind}:{original.strip().lower()}"
        if known not in self.planted:
            number = len(self.planted)
            made = {
                "phone": f"307 555 {number:04}",
                "email": f"canary{number:04}@example.test",
                "text": f"Canary{number:04}",
            }
            self.planted[known] = made[kind]
        return self.planted[known]

    def new(self, kind: str = "text") -> str:
        """One that stands for nothing in the corpus."""
        return self.of(f"new {len(self.planted)}", kind)

    def agents(self) -> list[Agent]:
        """Our agents, with planted names, licences and addresses; known to sources by the latter, where they are."""
        lines = (EVENTS / "agents.csv").read_text(encoding="utf-8").splitlines()
        rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
        for row in rows:
            row |= {name: self.plant(name, row[name]) for name in ("name", "licence")}
            row["agent_id"] = self.of(row["agent_id"], "email") if "@" in row["agent_id"] else row["agent_id"]
        return parse_agents("\n".join([lines[0], *(",".join(row.values()) for row in rows)]))

    def needles(self) -> set[str]:
        """What to look for: the part of each that nothing else holds, and every secret and token in use."""
        personal = {text.partition("@")[0].lower() for text in self.planted.values()}
        phones = {re.sub(r"\D", "", text) for text in self.planted.values() if text.startswith("307 ")}
        return personal | phones | {secret.lower() for secret in secrets()}


def secrets() -> Iterator[str]:
    """Everything that proves who somebody is."""
    for text in SIGNING.values():
        bare = text.removeprefix("whsec_")
        yield from (text, bare)
        if bare != text:
            yield b64decode(bare).decode()
    yield from (text for held in PROVIDERS.values() for name, text in held.items() if name != "client_id")
    yield from ("stub-access-token", "slackcanary7f3a", CRM_PASSWORD)


def mapped(value: Any, change: Leaf, key: str = "") -> Any:
    """The JSON value with each leaf changed, which is told the key it stands under."""
    if isinstance(value, dict):
        return {name: held if name == LABELS else mapped(held, change, name) for name, held in value.items()}
    if isinstance(value, list):
        return [mapped(held, change, key) for held in value]
    return change(key, value)


# ------------------------------------------------------------------------------------------------- what is sent


@dataclass(frozen=True)
class Case:
    """One webhook, and what the provider's API holds when it is asked."""

    source: str
    event_id: str
    body: bytes
    fetched: Any = None


def cases(canaries: Canaries) -> Iterator[Case]:
    """Every fixture, planted; and the fullest of each source, broken in every way (a stranger: whom nobody knows)."""
    breaks: Mapping[str, Leaf] = {
        "mistyped": lambda key, value: [value] if value and PERSONAL.search(key) else value,
        "unconverted": lambda key, value: canaries.new() if value and CONVERTED.search(key) else value,
        "stranger": lambda key, value: _stranger(canaries, key, value),
    }
    fullest = {fixture.parent.name: fixture for fixture in sorted(FIXTURES, key=_people)}
    for fixture in FIXTURES:
        yield _case(fixture, "good", *_planted(fixture, canaries))
    for source, fixture in fullest.items():
        webhook, documents = _planted(fixture, canaries)
        for name, broken in breaks.items():
            yield _case(fixture, name, mapped(webhook, broken), mapped(documents, broken))
        yield _case(fixture, "renamed", _renamed(webhook), _renamed(documents))
        yield Case(source, "cut", _case(fixture, "cut", webhook, documents).body[:-9])
    for source in SIGNING:
        for number, body in enumerate((f"<html>{canaries.new()}</html>", json.dumps([canaries.new()]))):
            yield Case(source, f"odd-{number}", body.encode())
        unused = {"type": "ping", "eventType": "CONTACT_CREATED", "event": "ping", "eventId": "p", "event_id": "p"}
        yield Case(source, "unused", json.dumps(unused | {"name": canaries.new(), "phone": canaries.new()}).encode())


def _people(fixture: Path) -> int:
    beside = fixture.with_suffix(".fetched.json")
    return (beside if beside.exists() else fixture).read_text(encoding="utf-8").lower().count('"role"')


def _planted(fixture: Path, canaries: Canaries) -> tuple[Any, Any]:
    beside = fixture.with_suffix(".fetched.json")
    fetched = json.loads(beside.read_bytes()) if beside.exists() else None
    return mapped(json.loads(fixture.read_bytes()), canaries.plant), mapped(fetched, canaries.plant)


def _case(fixture: Path, name: str, webhook: Any, documents: Any) -> Case:
    source, event_id = fixture.parent.name, f"{name}-{fixture.stem}"
    told = copy.deepcopy(webhook)
    told |= {key: event_id for key in ("eventId", "event_id") if key in told}
    return Case(source, event_id, json.dumps(told).encode(), documents)


def _stranger(canaries: Canaries, key: str, value: Any) -> Any:
    if key == "email" and value:
        return canaries.of(f"stranger {value}", "email")
    if key == "agent_id" and value:
        return f"A-9{value[-3:]}"
    return value + 900_000 if key == "id" and isinstance(value, int) and 5100 < value < 5200 else value


def _renamed(value: Any) -> Any:
    """The same with a new word for whatever is personal or converted."""
    if isinstance(value, dict):
        return {
            f"new {name}" if not isinstance(held, dict | list) and _told_anew(name) else name: _renamed(held)
            for name, held in value.items()
        }
    return [_renamed(held) for held in value] if isinstance(value, list) else value


def _told_anew(name: str) -> bool:
    return bool(PERSONAL.search(name) or CONVERTED.search(name))


# ------------------------------------------------------------------------------------------ what comes out, collected


@dataclass
class House:
    """Every function, and the collectors of what each emits."""

    stack: MotoStack
    providers: Providers
    slack: str
    capsys: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture
    mailbox: str
    line: Line
    crm: Control
    emitted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    filed: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def send(self, case: Case) -> None:
        """The webhook comes in, and its event is processed as often as the queue brings it."""
        if case.fetched:
            self._hold(case)
        status, answer = self.stack.post(case.source, case.body, case.event_id)
        self.emitted["answers to providers"].append(json.dumps(answer))
        self.told.add(f"{status}")
        self.work(again_at_once=True)
        assert self.stack.queued() == 0

    def work(self, *, again_at_once: bool = False) -> None:
        """Process what is in the queue, batch by batch, each as often as the queue brings it."""
        for _ in range(20):
            if not self.stack.queued():
                return
            self.stack.work(again_at_once=again_at_once)

    def _hold(self, case: Case) -> None:
        thing = case.fetched["loop"]["data"] if case.source == "dotloop" else case.fetched["transaction"]
        self.providers.order("documents", source=case.source, id=str(thing["id"]), documents=case.fetched)

    def bury(self) -> None:
        """Whatever is in the dead-letter queue is filed."""
        sqs, dead = self.stack.sqs, self.stack.dead
        wanted = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10}
        while letters := sqs.receive_message(QueueUrl=dead, VisibilityTimeout=600, **wanted).get("Messages", []):
            self.emitted["dead letters"] += [json.dumps(letter.get("MessageAttributes", {})) for letter in letters]
            for letter in letters:
                cause = letter.get("MessageAttributes", {}).get("cause", {"StringValue": "none"})["StringValue"]
                self.filed[cause] += 1
            answer = bury.lambda_handler({"Records": [_record(letter) for letter in letters]}, Context())  # type: ignore[arg-type]
            assert answer == {"batchItemFailures": []}
            for letter in letters:
                sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])

    def watch(self) -> None:
        """A look of each kind."""
        for task in ({}, {"task": "tie_out"}):
            self.emitted["answers of watch"].append(json.dumps(watch.lambda_handler(task, Context())))  # type: ignore[arg-type]

    def ask(self, action: str, *, shown: bool = True, **request: Any) -> Any:
        """An operator's request; what may show personal data by its purpose is not `shown`."""
        event = {
            "pathParameters": {"action": action},
            "requestContext": {"requestId": "api-2", "identity": {"userArn": WHO}},
            "body": json.dumps(request),
        }
        answer = operate.lambda_handler(event, Context())
        if shown:
            self.emitted[f"answers of operate {action}"].append(answer["body"])
        assert answer["statusCode"] == 200, answer["body"]
        return json.loads(answer["body"])

    def deliver(self, hours: int = 0) -> None:
        """What the CRM is owed is rung and delivered, for so long; waits included."""
        self.line.ring()
        for _ in range(60 * hours or 3):
            while self.line.waiting():
                self.line.drain()
            self.stack.clock.move(minutes=1)
            self.stack.sweep()

    def tokens(self) -> list[str]:
        """Every session that the CRM ever gave."""
        return list(self.crm.model.logins._open)

    def alarm(self, name: str, description: str, metric: str, state: str = "ALARM") -> None:
        """CloudWatch tells of an alarm."""
        before = "OK" if state == "ALARM" else "ALARM"
        told = {"AlarmName": name, "AlarmDescription": description, "NewStateValue": state, "OldStateValue": before}
        told |= {"StateChangeTime": "2026-11-22T08:00:00.000+0000", "Trigger": {"MetricName": metric}}  # type: ignore[dict-item]
        notify.lambda_handler({"Records": [{"Sns": {"Message": json.dumps(told)}}]}, Context())  # type: ignore[arg-type]

    def alarms(self) -> None:
        """Every alarm of the template, and its end."""
        for name, alarm in resources("AWS::CloudWatch::Alarm").items():
            properties = alarm["Properties"]
            for state in ("ALARM", "OK"):
                self.alarm(name, resolve(properties["AlarmDescription"]), properties["MetricName"], state)

    def collect(self) -> dict[str, str]:
        """Everything that was emitted so far, by where."""
        written = self.capsys.readouterr()
        self.emitted["log"].append(self.stack.log.getvalue())
        self.emitted["metrics"].append(written.out)
        self.emitted["stderr"].append(written.err)
        self.emitted["other loggers"].append(self.caplog.text)
        # The path of the webhook is the secret; what stands there is what people read.
        posts = [{"text": post["text"], "blocks": post["blocks"]} for post in _slack(self.slack, "/posts")]
        self.emitted["Slack"].append(json.dumps(posts))
        while mails := self.stack.sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages"):
            for mail in mails:
                self.emitted["e-mail"].append(mail["Body"])
                self.stack.sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=mail["ReceiptHandle"])
        audit = self.stack.rows("AuditTable")
        self.emitted["audit"].append(json.dumps(audit, default=str))
        return {place: "\n".join(texts) for place, texts in self.emitted.items()}


def hits(needles: Iterable[str], emitted: Mapping[str, str]) -> set[tuple[str, str]]:
    """Where something that was planted is to be read: (place, what)."""
    read = {place: text.lower() for place, text in emitted.items()}
    return {(place, needle) for place, text in read.items() for needle in needles if needle in text}


def _record(letter: Mapping[str, Any]) -> dict[str, Any]:
    attributes = letter.get("MessageAttributes", {})
    return {
        "messageId": letter["MessageId"],
        "receiptHandle": letter["ReceiptHandle"],
        "body": letter["Body"],
        "attributes": letter["Attributes"],
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": "String"} for name, value in attributes.items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:dealwire-test-transactions-dlq",
        "awsRegion": "us-east-1",
    }


def restart() -> None:
    """A cold start of every function."""
    wiring_notify.ports().slack.close()  # type: ignore[attr-defined] # the port has no connections, Slack's has
    if wiring_deliver.ports.cache_info().currsize:
        wiring_deliver.ports().crm.close()
    if wiring_operate.ports.cache_info().currsize and (suite := wiring_operate.ports()._suite) is not None:
        suite.close()
    forget()


def _slack(url: str, path: str, **order: Any) -> Any:
    import httpx

    answer = httpx.post(url + path, json=order, trust_env=False) if order else httpx.get(url + path, trust_env=False)
    return answer.raise_for_status().json()


@pytest.fixture
def house(
    moto_stack: MotoStack,
    providers: Providers,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    bells = moto_stack.sqs.get_queue_url(QueueName=resolve({"Ref": "CrmSyncQueue"}))["QueueUrl"]
    control = Control(crm_stand_in.USER, CRM_PASSWORD)
    queue = moto_stack.sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = moto_stack.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    session.client("sns").subscribe(TopicArn=moto_stack.email_topic, Protocol="sqs", Endpoint=arn)
    moto_stack.clock.at = datetime.now(UTC)  # receipts tell the real time
    prefix = wiring_ingest.ingest_settings().secrets_prefix
    with slack_stub.running() as url, crm_stand_in.running(control=control) as crm:
        text = json.dumps({"url": f"{url}/services/{SLACK_PATH}"})
        session.client("secretsmanager").create_secret(Name=f"{prefix}/slack", SecretString=text)
        secret({"user": crm_stand_in.USER, "password": CRM_PASSWORD})
        for name, value in {"CRM_KIND": "suitecrm", "CRM_BASE_URL": crm.url, "CRM_RATE_LIMIT": "1000"}.items():
            monkeypatch.setenv(name, value)
        line = Line(moto_stack, crm.url, bells)
        yield House(moto_stack, providers, url, capsys, caplog, queue, line, control)
        restart()


# --------------------------------------------------------------------------------------------------- what happens to it

#: Whatever the line to the CRM can do to a call.
BROKEN = ("500_empty", "500_done", "lost", "fault", "fault_done", "garbage", "cut", "doctype", "redirect", "429", "nil")


def crm_misfortunes(house: House, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls break in every form; then the CRM quotes whatever it is given, until rows count as refused."""
    for form in BROKEN:
        house.line.order("next", form=form, operation="*")
        house.line.order("next", form=form, operation="set_entries")
        house.deliver()
    again = EVENTS / "transactions/deal.closed__co_listed.json"
    body = json.dumps(mapped(json.loads(again.read_bytes()), canaries.plant)).replace("TX-100482", "TX-QUOTED")
    run = house.crm.run
    quoted: Counter[str] = Counter()

    def quotes(request: Request) -> str:
        if request.operation == "login":
            return run(request)
        quoted[request.operation] += 1
        if request.operation == "get_entry_list" and quoted["get_entry_list"] > 1:
            return run(request)
        if request.operation not in {"get_entry_list", "set_entries", "set_entry", "set_relationships"}:
            return run(request)
        raise SoapFault("77", f"Query failed: {json.dumps(request.arguments)}")

    with monkeypatch.context() as hostile:
        hostile.setattr(house.crm, "run", quotes)
        house.send(Case("transactions", "quoted", re.sub(r'"P-(\d)"', r'"Q-\1"', body).encode()))
        house.deliver(hours=2)
    assert quoted.keys() >= {"get_entry_list", "set_entries", "set_entry"}
    house.crm.model.logins.denial = "1009"
    house.line.order("expire")
    house.line.stack.clock.move(minutes=2)
    house.deliver()
    house.crm.model.logins.denial = ""


def known_twice(house: House, canaries: Canaries) -> None:
    """The CRM has two contacts with the address of a person who is to come."""
    address = canaries.of("Melissa.Grant@Example.com", "email")
    for number in range(2):
        fields = {"last_name": canaries.new(), "email1": address}
        house.line.order("people", do="enter", module="Contacts", id=f"twice-{number}", fields=fields)


def crm_questions(house: House) -> None:
    """Everything that operators ask about the CRM and answer, but what shows values by its purpose."""
    house.ask("crm-resume", why="canaries")
    house.ask("crm-preflight", shown=False)  # names agents of the directory, which is the operators' to see
    house.ask("crm-status")
    (asking, *_) = house.ask("crm-asks")["rows"]
    house.ask("crm-show", row=asking["row"])
    house.ask("crm-answer", row=asking["row"], decision="adopt", remote_id=asking["candidates"][0], why="canaries")
    house.ask("crm-show", row="transactions/TX-QUOTED")
    after = ""
    while True:
        page = house.ask("reconcile", after=after)
        after = page["next"]
        if not after:
            break
    house.deliver()


def misfortunes(house: House, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> None:
    """Providers that fail in every way, a crash whose text is personal, and letters that are none of ours."""
    thin = [case for case in cases(canaries) if case.fetched and case.event_id.startswith("good-")]
    for status in (500, 401, 403, 404, 429, "html", "close"):
        for case in (next(one for one in thin if one.source == source) for source in ("dotloop", "brokermint")):
            house.providers.fail(status, times=20)
            event_id = f"{status}-{case.event_id}"
            house.send(Case(case.source, event_id, case.body.replace(case.event_id.encode(), event_id.encode())))
            house.providers.order("reset")
            restart()

    def crash() -> str:
        raise RuntimeError(f"{canaries.new()} {canaries.new('email')} {canaries.new('phone')}")

    with monkeypatch.context() as broken:
        broken.setattr(wiring_process, "new_id", crash)
        restart()
        body = CLOSING.replace(b"TX-100482", b"TX-CRASH")
        house.send(Case("transactions", "crash", json.dumps(mapped(json.loads(body), canaries.plant)).encode()))
    restart()
    moved = Envelope(
        receipt="0" * 32,
        source="transactions",
        event_type="deal.updated",
        event_id="moved",
        received_at=house.stack.clock.now(),
        mapping_version=1,
        content_type="application/json",
        archive_key="2026-11-22/transactions/" + "0" * 32,
        body=canaries.new().encode(),
    )
    for text in (moved.to_json(), json.dumps({"requestPayload": canaries.new()}), f"{canaries.new()}"):
        house.stack.sqs.send_message(QueueUrl=house.stack.dead, MessageBody=text)


def operators(house: House) -> Counter[str]:
    """Everything that operators look at and do, but what shows a body by its purpose; gives the states they saw."""
    rows = _pages(house, "list", filter={"states": ["dead", "parked", "waiting"]})
    house.ask("groups")
    house.ask("status")
    # One of each kind: a look reads a lot, and moto is slow.
    for row in {(row["state"], row["cause"], row["source"], row["id"].partition("-")[0]): row for row in rows}.values():
        house.ask("show", id=row["id"])
    for row in {(row["state"], row["cause"], row["source"]): row for row in rows}.values():
        house.ask("trace", of=row["id"])
    received = _pages(house, "events")
    applied = {row["source"]: row for row in received if row["outcome"] == "applied" and row["deal"]}
    for row in applied.values():
        house.ask("trace", of=row["receipt"])
        house.ask("trace", of=row["deal"])
    _edit_and_discard(house, next(row["id"] for row in rows if row["cause"] == "mapping" and row["state"] == "dead"))
    for what in ({"letters": {}}, {"events": {}}):
        job = house.ask("plan", why="canaries", **what)
        for start in (0, 25):
            house.ask("preview", job=job["job"], start=start)
        house.ask("step", job=job["job"], limit=10)
    house.work(again_at_once=True)
    return Counter(row["state"] for row in rows) + Counter(row["outcome"] for row in received)


def _pages(house: House, action: str, **request: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        page = house.ask(action, after=after, limit=200, **request)
        rows += page["rows"]
        after = page["next"]
        if not after:
            return rows


def _edit_and_discard(house: House, event: str) -> None:
    shown = house.ask("reveal", shown=False, id=event, why="canaries")
    house.ask("edit", id=event, body_base64=shown["body_base64"], based_on=shown["edits"], why="canaries")
    house.ask("discard", ids=[event], why="canaries")
    house.ask("audit", day=f"{house.stack.clock.now():%Y-%m-%d}")


def strangers_join(house: House, canaries: Canaries) -> None:
    """The agents who are waited for are imported: the directory is theirs to see, so its answers are not searched."""
    addresses = [text for known, text in canaries.planted.items() if known.startswith("email:stranger")]
    rows = [f"dotloop,{address},{canaries.new()},{canaries.new()},Missoula,u-1,c-1" for address in addresses]
    csv = "\n".join(["source,agent_id,name,licence,office,crm_user_id,crm_contact_id", *rows])
    for action in ("agents-check", "agents-import", "agents"):
        house.ask(action, shown=False, **({} if action == "agents" else {"csv": csv, "file": "strangers.csv"}))
    house.work()


def a_day_later(house: House) -> None:
    """What waited for a provider is dead now, and whoever is told of it is told by Slack and by e-mail."""
    for hours in (1, 25):
        house.stack.clock.move(hours=hours)
        house.providers.fail(500, times=500)
        house.stack.sweep()
        house.work()
        house.providers.order("reset")
        restart()
    house.bury()
    house.watch()
    _slack(house.slack, "/_stub/fail", status=500, times=2)
    house.alarm("dealwire-dead-mapping", "Messages do not fit.\nNext: dealwire dlq list\nRunbook: a.md", "DeadMapping")


CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()


def test_nothing_personal_and_no_secret_is_in_anything_that_is_emitted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries = Canaries()
    house.stack.directory.add(canaries.agents())
    known_twice(house, canaries)
    for case in cases(canaries):
        house.send(case)
    house.deliver()
    misfortunes(house, canaries, monkeypatch)
    crm_misfortunes(house, canaries, monkeypatch)
    house.bury()
    house.stack.clock.move(minutes=5)
    house.watch()
    house.alarms()
    crm_questions(house)
    seen = operators(house)
    strangers_join(house, canaries)
    a_day_later(house)
    needles = canaries.needles() | set(house.tokens())
    emitted = house.collect()

    assert hits(needles, emitted) == set()

    # It was all there to be told: in the archive, in the records, and in every way that an event can end.
    kept = {"archive": str(house.stack.archived()), "records": str(house.stack.rows("RecordsTable"))}
    kept |= {"CRM": json.dumps(house.line.state())}
    assert Counter(place for place, _ in hits(needles, kept)).keys() == {"archive", "records", "CRM"}
    assert {"200", "202", "400"} <= house.told
    assert {"none", *(cause.value for cause in ENDS)} <= house.filed.keys()
    assert {"applied", "dead", "parked", "waiting", "ignored"} <= seen.keys()
    assert [place for place in COLLECTED if not emitted[place]] == []


ENDS = (Cause.BAD_PAYLOAD, Cause.MAPPING, Cause.PROVIDER_API, Cause.CRM_REJECTED, Cause.BUG)
COLLECTED = ("log", "metrics", "dead letters", "Slack", "e-mail", "audit", "answers of operate show")


def test_what_is_emitted_with_a_canary_in_it_is_found_by_every_collector(house: House) -> None:
    canary = Canaries().of("Ana de la Cruz", "text")
    logger.warning("told", extra={"detail": canary})
    metrics.add_metric(canary, unit="Count", value=1)
    metrics.flush_metrics()
    letter = {"MessageBody": canary, "MessageAttributes": {"reason": {"DataType": "String", "StringValue": canary}}}
    house.stack.sqs.send_message(QueueUrl=house.stack.dead, **letter)
    house.bury()
    house.stack.clock.move(minutes=5)
    house.ask("agents-import", csv=HEADER, why=canary)
    house.ask("audit", day=f"{house.stack.clock.now():%Y-%m-%d}")
    house.alarm("dealwire-test", canary, "None")
    _slack(house.slack, "/_stub/fail", status=500, times=2)
    house.alarm("dealwire-test", canary, "None")
    found = hits({canary.lower()}, house.collect())
    assert {place for place, _ in found} >= {
        *("log", "metrics", "dead letters", "answers of operate audit", "audit", "Slack", "e-mail")
    }


HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id\ntransactions,A-1,a,b,c,d,e\n"
