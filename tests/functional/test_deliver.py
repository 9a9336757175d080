"""Ring and deliver as AWS runs them: a webhook comes in, its rows stand in a CRM that speaks SOAP over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import httpx
import pytest

from dev.crm import server as stand_in
from handlers import deliver, ring, watch
from runtime.wiring import deliver as wiring
from tests.builders import envelope
from tests.functional.conftest import EVENTS, AwsFault, Context, MotoStack, forget
from tests.template import resolve, resources

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Refuses = Callable[..., AwsFault]
CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()
SECRET = "dealwire/prod/crm/suitecrm"
CREDENTIALS = {"user": stand_in.USER, "password": stand_in.PASSWORD}


@dataclass
class Line:
    """The way from the records table to the CRM, and what is to be seen at both ends."""

    stack: MotoStack
    url: str
    bells: str

    # -- what AWS does

    def ring(self) -> dict[str, int]:
        """The stream tells of every record that is there."""
        changes = [{"pk": {"S": row["pk"]}, "sk": {"S": row["sk"]}} for row in self.stack.rows("RecordsTable")]
        records = [{"eventName": "MODIFY", "dynamodb": {"Keys": keys}} for keys in changes if heard(keys)]
        answer: dict[str, int] = ring.lambda_handler({"Records": records}, Context())
        return answer

    def receive(self) -> list[dict[str, Any]]:
        """Up to ten bells, as the function gets them."""
        found = self.stack.sqs.receive_message(
            QueueUrl=self.bells, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        names = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body", "Attributes": "attributes"}
        return [{ours: message[theirs] for theirs, ours in names.items()} for message in found]

    def handle(self, records: list[dict[str, Any]]) -> list[str]:
        """One batch; gives the ids of the messages that ring again."""
        answer: Any = deliver.lambda_handler({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def deliver(self) -> list[str]:
        """One batch of bells; what rings again goes back, at once. Gives those bells."""
        received = self.receive()
        left = self.handle(received) if received else []
        self._done([record for record in received if record["messageId"] not in left])
        return [record["body"] for record in received if record["messageId"] in left]

    def deliver_all(self) -> None:
        """Until nothing rings."""
        while self.waiting():
            assert self.deliver() == []

    def drain(self) -> None:
        """One batch, whatever becomes of it; bells that are to ring again are lost, as bells may be."""
        received = self.receive()
        if received:
            self.handle(received)
        self._done(received)

    def _done(self, received: list[dict[str, Any]]) -> None:
        for record in received:
            self.stack.sqs.delete_message(QueueUrl=self.bells, ReceiptHandle=record["receiptHandle"])

    def bell(self, row: str) -> None:
        """One more."""
        self.stack.sqs.send_message(
            QueueUrl=self.bells, MessageBody=json.dumps({"row": row}), MessageGroupId="g", MessageDeduplicationId="d"
        )

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages"]
        found = self.stack.sqs.get_queue_attributes(QueueUrl=self.bells, AttributeNames=names)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    # -- the CRM

    def order(self, name: str, **order: Any) -> None:
        httpx.post(f"{self.url}/_dealwire/{name}", json=order, trust_env=False).raise_for_status()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/_dealwire/state", trust_env=False).json()
        return found

    # -- what Dealwire says

    def logged(self, message: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.stack.log.getvalue().splitlines()]
        return [line for line in lines if line["message"] == message]


def heard(keys: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether the filter of the function's event source lets such a change through."""
    event = resources("AWS::Serverless::Function")["RingFunction"]["Properties"]["Events"]["Changed"]["Properties"]
    (found,) = event["FilterCriteria"]["Filters"]
    wanted = json.loads(found["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
    plain = [one for one in wanted if isinstance(one, str)]
    starts = tuple(one["prefix"] for one in wanted if not isinstance(one, str))
    return keys["sk"]["S"] in plain or keys["sk"]["S"].startswith(starts)


@pytest.fixture(scope="module")
def crm_url() -> Iterator[str]:
    with stand_in.running() as served:
        yield served.url


@pytest.fixture
def line(moto_stack: MotoStack, crm_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("CRM_KIND", "suitecrm")
    monkeypatch.setenv("CRM_BASE_URL", crm_url)
    monkeypatch.setenv("CRM_RATE_LIMIT", "1000")
    forget()
    bells = moto_stack.sqs.get_queue_url(QueueName=resolve({"Ref": "CrmSyncQueue"}))["QueueUrl"]
    made = Line(moto_stack, crm_url, bells)
    made.order("reset", seed=1)
    secret(CREDENTIALS)
    yield made
    if wiring.ports.cache_info().currsize:
        wiring.ports().crm.close()


def secret(values: Mapping[str, str]) -> None:
    """What we log in with."""
    secret_text(json.dumps(values))


def secret_text(text: str) -> None:
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    secrets = session.client("secretsmanager")
    try:
        secrets.create_secret(Name=SECRET, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=SECRET, SecretString=text)


def records(line: Line, module: str) -> list[dict[str, str]]:
    """The live records of a module."""
    held = line.state()["records"].get(module, {})
    return [record["fields"] for record in held.values() if not record["deleted"]]


def closing(version: int, price: str) -> bytes:
    event = json.loads(CLOSING)
    event["id"], event["data"]["version"], event["data"]["sale_price"] = f"evt_{version}", version, price
    return json.dumps(event).encode()


def counts(line: Line) -> dict[str, int]:
    """What became of rows, of all runs."""
    total: Counter[str] = Counter()
    for told in line.logged("delivered") + line.logged("delivery stopped"):
        total.update(told["rows"])
    return dict(total)


def test_a_webhook_ends_as_a_deal_its_people_and_their_links_in_the_crm(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.stack.fire("transactions", CLOSING)
    rung = line.ring()
    assert rung["rung"] == rung["changed"] == 7  # the deal and six people
    line.deliver_all()
    (deal,) = records(line, "Opportunities")
    assert (deal["sales_stage"], deal["amount"]) == ("Closed Won", "525000")
    assert len(records(line, "Contacts")) == len(line.state()["links"]) == 6
    assert counts(line) == {"created": 13}
    assert not [row["sk"] for row in line.stack.rows("RecordsTable") if row.get("due_kind") in {"crm", "crm_backfill"}]
    out = line.stack.log.getvalue() + capsys.readouterr().out
    assert '"RowsCreated":[13.0]' in out
    assert "joan@example.net" not in out
    assert CREDENTIALS["password"] not in out


def test_a_change_is_one_update_and_a_bell_that_rings_again_changes_nothing(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    line.deliver_all()
    written = line.state()["writes"]
    line.stack.fire("transactions", closing(22, "500000.00"), "msg_2")
    assert line.ring()["rung"] == 7  # the event names its people again
    line.deliver_all()
    (deal,) = records(line, "Opportunities")
    assert deal["amount"] == "500000"
    assert line.state()["writes"] == written + 1
    assert line.ring()["rung"] == 0
    line.bell("deal:" + line.stack.deal("TX-100482").id)
    assert line.deliver() == []
    assert line.state()["writes"] == written + 1


def test_a_lost_bell_is_rung_again_within_the_minute_and_nothing_else_is(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    assert line.stack.sweep()["rung"] == 7
    line.deliver_all()
    assert counts(line) == {"created": 13}
    line.stack.clock.move(minutes=1)
    assert line.stack.sweep()["rung"] == 0


def test_what_a_replay_changed_is_rung_by_the_sweeper_alone(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    replayed = envelope("evt_22", body=closing(22, "500000.00"), replay="20261122T000000")
    line.ring()
    line.deliver_all()
    line.stack.sqs.send_message(QueueUrl=line.stack.queue, MessageBody=replayed.to_json())
    assert line.stack.work() == []
    assert line.stack.deal("TX-100482").version == 2
    assert line.ring()["rung"] == 0
    assert line.stack.sweep()["rung"] == 1


def test_a_crm_that_asks_us_to_wait_is_left_alone_until_then(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    line.order("settings", retry_after="seconds", retry_after_s=300)
    line.order("next", form="429", times=1)
    assert line.deliver() == []  # a wait of five minutes is the sweeper's
    (stopped,) = line.logged("delivery stopped")
    assert (stopped["fault"], stopped["wait_s"] >= 300) == ("throttled", True)
    line.stack.clock.move(minutes=4)
    assert line.stack.sweep()["rung"] == 0
    assert line.state()["calls"] == {}
    line.stack.clock.move(minutes=2)
    assert line.stack.sweep()["rung"] == 7
    line.drain()
    assert len(records(line, "Contacts")) == 6
    assert len(records(line, "Opportunities")) == 1


def test_a_short_wait_is_spent_in_the_queue_but_not_for_ever(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    line.order("settings", retry_after="seconds", retry_after_s=20)
    line.order("next", form="429", times=1)
    bells = line.receive()
    assert len(line.handle(bells)) == len(bells) == 7
    tired = [{**bell, "attributes": {"ApproximateReceiveCount": str(deliver.MOST_WAITS)}} for bell in bells]
    assert line.handle(tired) == []
    assert line.logged("delivery stopped")[-1]["calls"] == 0


def test_who_is_refused_stops_tells_and_goes_on_with_another_password(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    secret(CREDENTIALS | {"password": "was-changed"})
    forget()
    line.stack.fire("transactions", CLOSING)
    line.ring()
    for _ in range(3):
        line.drain()
        line.stack.clock.move(minutes=1)
        line.stack.sweep()
    assert line.state()["calls"]["login"] == 1  # a CRM locks an account that keeps failing
    assert line.logged("delivery stopped")[0]["fault"] == "auth_denied"
    out = line.stack.log.getvalue() + capsys.readouterr().out
    assert '"CrmAuthDenied":[1.0]' in out
    assert "was-changed" not in out
    secret(CREDENTIALS)
    forget()  # a minute later
    line.drain()
    assert len(records(line, "Opportunities")) == 1


@pytest.mark.parametrize("text", ["", "{}", '{"user": "dealwire"}', "[1]"])
def test_a_secret_that_is_not_set_stops_like_one_that_is_refused(line: Line, text: str) -> None:
    secret_text(text or "not JSON")
    forget()
    line.stack.fire("transactions", CLOSING)
    line.ring()
    line.drain()
    stopped = line.logged("delivery stopped")[0]
    assert stopped["fault"] == "auth_denied"
    assert "crm/suitecrm" in stopped["detail"]
    assert line.state()["calls"] == {}


def test_an_outage_opens_the_circuit_and_everything_arrives_after_it_by_itself(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    line.order("settings", chances={"503": 1.0})
    rung = []
    for _ in range(24):  # looked at each half hour, for twelve hours
        line.drain()
        line.stack.clock.move(minutes=30)
        rung.append(line.stack.sweep()["rung"])
    assert set(rung[5:]) == {1}  # only the probe, once five calls had no answer
    assert line.state()["calls"] == {}
    line.order("settings", chances={})
    for _ in range(10):
        line.drain()
        line.stack.clock.move(minutes=1)
        line.stack.sweep()
    assert len(records(line, "Contacts")) == 6
    assert counts(line)["created"] == 13
    assert line.stack.dead_letters() == []


def test_an_outage_of_our_own_storage_leaves_the_bells_and_what_is_owed(line: Line, aws_refuses: Refuses) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    fault = aws_refuses("dynamodb", "BatchGetItem")
    bells = line.receive()
    assert len(line.handle(bells)) == 7
    assert line.logged("delivery met an outage of ours")
    fault.mend()
    assert line.handle(bells) == []
    assert counts(line) == {"created": 13}


def test_bells_that_were_lost_in_an_outage_are_rung_again(line: Line, aws_refuses: Refuses) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    fault = aws_refuses("dynamodb", "BatchGetItem")
    line.drain()
    fault.mend()
    line.stack.clock.move(minutes=2)
    line.stack.sweep()
    line.drain()
    assert counts(line) == {"created": 13}


def test_a_crm_that_is_not_set_up_for_us_is_measured_and_what_waits_goes_on_by_itself(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.order("settings", chances={"redirect": 1.0})  # its address has changed
    line.stack.fire("transactions", CLOSING)
    line.ring()
    capsys.readouterr()
    line.drain()
    assert '"RowsNotSetUp":[1.0]' in capsys.readouterr().out
    line.order("settings", chances={})
    line.stack.clock.move(minutes=16)
    line.stack.sweep()
    line.drain()
    assert counts(line)["created"] == 13


def test_a_message_that_is_no_bell_goes_round_unread_and_holds_up_nobody(line: Line) -> None:
    line.stack.fire("transactions", CLOSING)
    line.ring()
    stranger = {"messageId": "m-0", "receiptHandle": "r-0", "body": '{"row": "qzxcanary@example.com"}'}
    stranger |= {"attributes": {"ApproximateReceiveCount": "3"}}
    assert line.handle([stranger, *line.receive()]) == ["m-0"]
    assert counts(line) == {"created": 13}
    assert line.logged("no bell of ours")[0]["receives"] == 3
    assert "qzxcanary" not in line.stack.log.getvalue()


def test_the_watch_measures_how_late_rows_are_and_whether_the_crm_answers(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.stack.fire("transactions", CLOSING)
    line.stack.clock.move(seconds=90)
    capsys.readouterr()
    measured = watch.lambda_handler({}, Context())
    wanted = ("OldestOwedSeconds", "OldestBackfillSeconds", "CrmRowsAsking", "CrmCircuitOpen", "CrmAuthDenied")
    assert [measured[name] for name in wanted] == [90.0, 0.0, 0, 0, 0]
    line.order("settings", chances={"503": 1.0})
    line.stack.sweep()
    for _ in range(6):
        line.drain()
        line.stack.clock.move(minutes=1)
        line.stack.sweep()
    assert watch.lambda_handler({}, Context())["CrmCircuitOpen"] == 1
    line.order("settings", chances={})


def test_without_an_external_crm_nothing_is_rung_and_nothing_measured(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", CLOSING)
    assert moto_stack.sweep()["rung"] == 0
    assert "OldestOwedSeconds" not in watch.lambda_handler({}, Context())


@pytest.mark.parametrize("handler", ["process", "sweep", "watch", "ring", "settle", "bury", "notify"])
def test_only_deliver_pays_for_the_soap_stack(handler: str) -> None:
    code = f"import sys, handlers.{handler}; print([n for n in ('zeep', 'lxml', 'requests') if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="src")
    assert ran.stdout.strip() == "[]"
