"""The deployed stack on moto: the handlers' own wiring, over tables, queues and variables built from template.yaml."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import httpx
import pytest

from dev import provider_stub
from domain.agents import Agent
from domain.deal import Contact, Deal
from flows.release_waiting import Released, ReleasePorts, import_agents
from handlers import ingest, process, sweep
from runtime import observability, wiring
from runtime.wiring import deliver as wiring_deliver
from runtime.wiring import edges
from runtime.wiring import ingest as wiring_ingest
from runtime.wiring import process as wiring_process
from runtime.wiring import sweep as wiring_sweep
from sources.catalog import catalog
from sources.verify import sign
from storage import dynamo
from storage.agents import DynamoAgentDirectory
from storage.records import DynamoDealStore, event_key
from storage.waiting import DynamoWaitingRoom
from tests.conftest import no_pause
from tests.fakes.agents import MemoryAgentDirectory
from tests.fakes.archive import MemoryArchive
from tests.fakes.deals import MemoryDealStore
from tests.fakes.provider_api import MemoryProviderApi
from tests.fakes.queues import MemoryQueues
from tests.fakes.waiting import MemoryWaitingRoom
from tests.fakes.world import Clock
from tests.template import queues, resolve, resources, tables
from transforms.agents_csv import parse_agents

EVENTS = Path(__file__).parents[2] / "events"
SIGNING: Mapping[str, str] = json.loads((EVENTS / "secrets.demo.json").read_text(encoding="utf-8"))
PROVIDERS: Mapping[str, Any] = json.loads((EVENTS / "provider-secrets.demo.json").read_text(encoding="utf-8"))
BUCKET = "archive"
#: What a sweep did that found nothing to do.
NOTHING = {"queued": 0, "still_parked": 0, "stuck": 0, "rung": 0}
#: What each function is made of.
WIRING: tuple[ModuleType, ...] = tuple(
    import_module(f"runtime.wiring.{found.name}") for found in iter_modules(wiring.__path__) if found.name != "edges"
)


@dataclass
class Context:
    """What Lambda hands in."""

    function_name: str = "dealwire"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:dealwire"
    aws_request_id: str = "lambda-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000  # deliver's time-out


@dataclass
class MotoStack:
    """Dealwire's functions, and what they read and write."""

    dynamodb: Any
    sqs: Any
    s3: Any
    queue: str
    dead: str
    log: io.StringIO
    clock: Clock
    email_topic: str

    # -- what the outside does

    def post(self, source: str, body: bytes, event_id: str = "msg_1", **changes: Any) -> tuple[int, dict[str, str]]:
        """POST it as API Gateway hands it over; gives status and answer. `headers` come on top."""
        signed = sign(catalog()[source].scheme, SIGNING[source], body, now=self.clock.now(), message_id=event_id)
        headers = {name: [value] for name, value in signed.items()} | changes.pop("headers", {})
        event = {
            "httpMethod": "POST",
            "pathParameters": {"source": source},
            "multiValueHeaders": headers,
            "requestContext": {"requestId": "api-1"},
            "isBase64Encoded": True,
            "body": base64.b64encode(changes.pop("sent", body)).decode(),
        }
        answer = ingest.lambda_handler(event | changes, Context())
        return answer["statusCode"], json.loads(answer["body"])

    def fire(self, source: str, body: bytes, event_id: str = "msg_1") -> None:
        """POST it and process what it leaves in the queue."""
        status, answer = self.post(source, body, event_id)
        assert status == 202, answer
        assert self.work() == []

    def work(self, *, again_at_once: bool = False) -> list[str]:
        """Receive what is in the queue, process it as one batch, delete what succeeded; gives what failed."""
        received = self.sqs.receive_message(
            QueueUrl=self.queue,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=0 if again_at_once else 180,
        ).get("Messages", [])
        failed = self.process([_record(message) for message in received]) if received else set()
        for message in received:
            if message["MessageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in received if message["MessageId"] in failed]

    def process(self, records: Iterable[Mapping[str, Any]]) -> set[str]:
        """The message ids that the function reports as failed."""
        answer: Any = process.lambda_handler({"Records": list(records)}, Context())
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    def sweep(self) -> dict[str, int]:
        """One run of the sweeper."""
        answer: dict[str, int] = sweep.lambda_handler({}, Context())
        return answer

    def learn(self, *agents: Agent) -> Released:
        """`dealwire agents import`."""
        ports = ReleasePorts(self.waiting, self.directory, wiring_sweep.ports().queue)
        return import_agents(agents, ports, now=self.clock.now())

    # -- what is to be seen afterwards

    @property
    def deals(self) -> DynamoDealStore:
        return DynamoDealStore(self.dynamodb, "RecordsTable", "EventsTable", no_pause)

    @property
    def waiting(self) -> DynamoWaitingRoom:
        return DynamoWaitingRoom(self.dynamodb, "EventsTable", "AgentDirectoryTable", no_pause)

    @property
    def directory(self) -> DynamoAgentDirectory:
        return DynamoAgentDirectory(self.dynamodb, "AgentDirectoryTable", no_pause, lambda: 0.0)

    def deal(self, source_id: str, source: str = "transactions") -> Deal:
        deal = self.deals.deal(source, source_id)
        assert deal is not None, f"no deal {source}/{source_id}"
        return deal

    def people(self, deal: Deal) -> dict[str, Contact]:
        """Role and source-independent: `role:name or company` to the contact."""
        held = self.deals.contacts({link.contact_id for link in deal.participants})
        named = {link: held[link.contact_id].values for link in deal.participants}
        return {
            f"{link.role}:{values.get('name') or values.get('company')}": held[link.contact_id]
            for link, values in named.items()
        }

    def event(self, key: str) -> dict[str, Any]:
        """The row of an event, `{}` if there is none."""
        return dynamo.get(self.dynamodb, "EventsTable", event_key(key)) or {}

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [dynamo.from_wire(item) for item in self.dynamodb.scan(TableName=table)["Items"]]

    def archived(self) -> dict[str, bytes]:
        """Key to bytes."""
        keys = [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        return {key: self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def dead_letters(self) -> list[dict[str, Any]]:
        """Every dead letter; its attributes as plain text under `attributes`."""
        found: list[dict[str, Any]] = []
        while page := self.sqs.receive_message(
            QueueUrl=self.dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=600
        ).get("Messages", []):
            found += page
        for message in found:
            attributes = message.get("MessageAttributes", {})
            message["attributes"] = {name: value["StringValue"] for name, value in attributes.items()}
        return found

    def dead_letter(self) -> dict[str, str]:
        """The attributes of the only dead letter."""
        (message,) = self.dead_letters()
        attributes: dict[str, str] = message["attributes"]
        return attributes

    def queued(self) -> int:
        """How many messages are in the queue, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:dealwire-test-transactions",
        "awsRegion": "us-east-1",
    }


def record_of(body: str, message_id: str = "m-1", receives: int = 1) -> dict[str, Any]:
    """A message as the function gets it, without a queue."""
    attributes = {"ApproximateReceiveCount": str(receives)}
    return _record({"MessageId": message_id, "ReceiptHandle": "r", "Body": body, "Attributes": attributes})


@cache
def _client(service: str) -> Any:
    """The tests' own view: one for all of them, since making one costs as much as a test."""
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    return session.client(service)


def _one_after_the_other(work: Iterable[Callable[[], None]]) -> None:
    """Moto serves one thread: while two write, its copies of a table break."""
    for one in work:
        one()


@pytest.fixture
def moto_stack(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoStack]:
    dynamodb, sqs, s3, secrets = (_client(name) for name in ("dynamodb", "sqs", "s3", "secretsmanager"))
    for table in tables().values():
        dynamodb.create_table(**table)
    s3.create_bucket(Bucket=BUCKET)
    urls = {name: sqs.create_queue(**queue)["QueueUrl"] for name, queue in queues().items()}
    here = {"ArchiveBucket": BUCKET} | {resolve({"Ref": name}): url for name, url in urls.items()}
    here |= {name: _client("sns").create_topic(Name=name)["TopicArn"] for name in resources("AWS::SNS::Topic")}
    for function in resources("AWS::Serverless::Function").values():
        for name, value in resolve(function["Properties"]["Environment"]["Variables"]).items():
            if not name.startswith("POWERTOOLS_"):
                monkeypatch.setenv(name, here.get(str(value), str(value)))
    prefix = resolve(resources()["IngestFunction"]["Properties"]["Environment"]["Variables"]["SECRETS_PREFIX"])
    for name, text in SIGNING.items():
        secrets.create_secret(Name=f"{prefix}/webhooks/{name}", SecretString=text)
    for name, values in PROVIDERS.items():
        secrets.create_secret(Name=f"{prefix}/providers/{name}", SecretString=json.dumps(values))
    log, clock = io.StringIO(), Clock()
    monkeypatch.setattr(observability.logger.registered_handler, "stream", log)
    monkeypatch.setattr(wiring_deliver, "_together", _one_after_the_other)
    for module in WIRING:
        if hasattr(module, "now"):
            monkeypatch.setattr(module, "now", clock.now)
        if hasattr(module, "pause"):
            monkeypatch.setattr(module, "pause", lambda seconds: clock.move(seconds=seconds))
    waits, dead = urls["TransactionsQueue"], urls["TransactionsDeadLetterQueue"]
    made = MotoStack(dynamodb, sqs, s3, waits, dead, log, clock, here["EmailTopic"])
    made.directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
    forget()
    yield made
    forget()


def forget() -> None:
    """A cold start: everything that wiring holds is made again."""
    if hasattr(wiring_process.ports, "cache_clear") and "api" in vars(wiring_process.ports()):
        wiring_process.ports().api.close()
    for module in WIRING:
        for name, made in vars(module).items():
            if hasattr(made, "cache_clear") and name != "client":  # clients are as good as new
                made.cache_clear()


@dataclass
class AwsFault:
    """AWS refuses one operation of the functions' own clients, until it is mended."""

    on: bool = True

    def mend(self) -> None:
        self.on = False


@pytest.fixture
def aws_refuses(moto_stack: MotoStack) -> Iterator[Callable[..., AwsFault]]:
    """Make an operation of a service fail with an error code, past botocore's own retries.

    With `about`, only where that stands in the request.
    """
    faults: list[AwsFault] = []

    def refuse(
        service: str, operation: str, code: str = "InternalServerError", status: int = 500, *, about: str = ""
    ) -> AwsFault:
        fault = AwsFault()
        faults.append(fault)

        def answer(params: dict[str, Any], **_: Any) -> tuple[SimpleNamespace, dict[str, Any]] | None:
            if about and about not in str(params["body"]):
                return None
            error = {"Error": {"Code": code, "Message": "told to"}, "ResponseMetadata": {"HTTPStatusCode": status}}
            return (SimpleNamespace(status_code=status), error) if fault.on else None

        for client in (edges.client(service), edges.client(service, wiring_ingest.READ_S)):
            client.meta.events.register_first(f"before-call.{service}.{operation}", answer)
        return fault

    yield refuse
    for fault in faults:
        fault.mend()


@dataclass
class MemoryStack:
    """The process function over ports in memory: for hundreds of events, and for many at once."""

    clock: Clock
    directory: MemoryAgentDirectory
    waiting: MemoryWaitingRoom
    deals: MemoryDealStore
    archive: MemoryArchive
    queues: MemoryQueues
    api: MemoryProviderApi

    @property
    def dead(self) -> MemoryQueues:
        """The dead-letter queue."""
        return self.queues


@pytest.fixture
def memory_stack(moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch) -> MemoryStack:
    """The same settings, clock and log as on moto; only the ports differ."""
    directory = MemoryAgentDirectory()
    directory.add(parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8")))
    waiting = MemoryWaitingRoom(directory=directory)
    stores = (MemoryDealStore(waiting=waiting), MemoryArchive(), MemoryQueues(), MemoryProviderApi())
    made = MemoryStack(moto_stack.clock, directory, waiting, *stores)
    monkeypatch.setattr(wiring_process, "ports", lambda: made)
    monkeypatch.setattr(wiring_process, "world", lambda _context, _receives=1: moto_stack.clock.world())
    return made


@pytest.fixture(scope="session")
def provider_url() -> Iterator[str]:
    with provider_stub.running() as url:
        yield url


@pytest.fixture
def providers(provider_url: str, moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch) -> Providers:
    """The providers' APIs, over real sockets; the process function is told where they are."""
    stand_in = Providers(provider_url)
    stand_in.order("reset")
    monkeypatch.setenv("DOTLOOP_API_URL", f"{provider_url}/dotloop/public/v2")
    monkeypatch.setenv("DOTLOOP_AUTH_URL", f"{provider_url}/dotloop/auth")
    monkeypatch.setenv("BROKERMINT_API_URL", f"{provider_url}/brokermint/api")
    forget()
    return stand_in


@dataclass(frozen=True)
class Providers:
    """The stand-in for the providers' APIs, and how to make it fail."""

    url: str

    def order(self, name: str, **order: Any) -> None:
        httpx.post(f"{self.url}/_stub/{name}", json=order, trust_env=False).raise_for_status()

    def hold(self, fixture: Path) -> None:
        """Serve what was fetched for this fixture; another one may show the same thing at another time."""
        fetched, source = fixture.with_suffix(".fetched.json"), fixture.parent.name
        if fetched.exists():
            documents = json.loads(fetched.read_bytes())
            thing = documents["loop"]["data"] if source == "dotloop" else documents["transaction"]
            self.order("documents", source=source, id=str(thing["id"]), documents=documents)

    def fail(self, status: int | str, times: int = 1, **more: Any) -> None:
        """Whatever is asked next fails so many times."""
        for path in ("/dotloop/public/*", "/brokermint/*"):
            self.order("faults", path=path, status=status, times=times, **more)
