"""Operate as API Gateway calls it: who asks comes from the signature; every action answers, whatever it is given."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Any, cast

import pytest

from domain.envelope import Envelope
from domain.errors import Cause
from domain.event_log import EventRecord, Filing, State
from domain.operate.actions import ACTIONS
from domain.operate.base import Refused
from handlers import operate
from runtime.wiring import operate as wiring
from storage.filings import DynamoFilings
from tests.builders import agent
from tests.conftest import no_pause
from tests.functional.conftest import AwsFault, Context, MotoStack, forget
from tests.template import resources, template
from transforms.agents_csv import COLUMNS

Refuses = Callable[..., AwsFault]
WHO = "arn:aws:sts::123456789012:assumed-role/operators/ana"
AGENT_FILE = ",".join(COLUMNS) + "\ntransactions,A-404,Ann New,L-404,Missoula,user-404,contact-404\n"
SELLER = {"id": "P-3", "role": "seller", "name": "Qzxcanary Grant", "email": "qzxcanary@example.com"}


def signed(action: str, body: str, *, who: str | None = WHO, **changes: Any) -> dict[str, Any]:
    """A request as API Gateway hands it over once it has checked the signature."""
    event = {
        "httpMethod": "POST",
        "resource": "/operate/{action}",
        "pathParameters": {"action": action},
        "requestContext": {"requestId": "api-7", "identity": {"userArn": who, "sourceIp": "192.0.2.1"}},
        "isBase64Encoded": False,
        "body": body,
    }
    return event | changes


def send(event: dict[str, Any]) -> tuple[int, Any]:
    answer = operate.lambda_handler(event, Context())
    assert answer["headers"] == {"Content-Type": "application/json"}
    return answer["statusCode"], json.loads(answer["body"])


def ask(action: str, request: dict[str, Any] | None = None, *, who: str | None = WHO) -> tuple[int, Any]:
    return send(signed(action, json.dumps(request or {}), who=who))


def done(action: str, **request: Any) -> Any:
    status, answer = ask(action, request)
    assert status == 200, answer
    return answer


def refused(event: dict[str, Any], status: int) -> str:
    """The line of a refusal, which is one line."""
    answered, answer = send(event)
    assert answered == status, answer
    line = Refused.model_validate(answer).error
    assert line
    assert "\n" not in line
    assert "Traceback" not in line
    return line


@dataclass(frozen=True)
class Day:
    """What happened so far: one event applied, one dead, one parked."""

    receipt: str
    dead: str
    parked: str
    job: str
    today: str


@pytest.fixture
def stack(moto_stack: MotoStack) -> MotoStack:
    moto_stack.clock.at = datetime.now(UTC)  # receipts carry the machine's own time
    return moto_stack


@pytest.fixture
def day(stack: MotoStack) -> Day:
    receipt = deliver(stack, "evt-1", {"version": 1, "status": "Active", "participants": [SELLER]})
    assert stack.work() == []
    ours = [{"id": "P-9", "role": "listing_agent", "side": "listing", "agent_id": "A-404", "name": "Ann New"}]
    deliver(stack, "evt-2", {"id": "T-2", "version": 1, "represented_side": "listing", "participants": ours})
    deliver(stack, "evt-3", {"version": "no number"})
    assert stack.work() == []
    bury(stack)
    index(stack)
    job = done("plan", ids=["transactions/evt-3"], why="the mapping is mended")["job"]
    return Day(receipt, "transactions/evt-3", "transactions/evt-2", job, f"{stack.clock.now():%Y-%m-%d}")


@pytest.mark.parametrize("timeout", template()["Parameters"]["ProcessTimeout"]["AllowedValues"])
def test_a_provider_can_be_asked_whatever_time_processing_has(
    stack: MotoStack, monkeypatch: pytest.MonkeyPatch, timeout: int
) -> None:
    monkeypatch.setenv("PROCESS_TIMEOUT_S", str(timeout))
    forget()
    lasts = resources()["OperateFunction"]["Properties"]["Timeout"]
    assert wiring.desk(WHO, cast(Any, Context())).policy.fetch_s < lasts - 4


def deliver(stack: MotoStack, event_id: str, data: dict[str, Any]) -> str:
    body = {"id": event_id, "type": "deal.updated", "occurred_at": stack.clock.now().isoformat()}
    sent = json.dumps(body | {"data": {"id": "T-1"} | data}).encode()
    status, answer = stack.post("transactions", sent, event_id)
    assert status == 202
    return answer["receipt"]


def bury(stack: MotoStack, deal: str = "") -> None:
    """File what is in the dead-letter queue, under this deal."""
    filings = DynamoFilings(stack.dynamodb, "EventsTable", no_pause)
    now = stack.clock.now()
    for letter in stack.dead_letters():
        envelope, about = Envelope.from_json(letter["Body"]), letter["attributes"]
        cause, reason = Cause(about["cause"]), about["reason"]
        record = EventRecord(
            key=envelope.event_key,
            state=State.DEAD,
            envelope=envelope.without_body(),
            since=now,
            last_at=now,
            cause=cause,
            reason=reason,
            deal=deal,
            attempts=1,
        )
        filing = Filing(
            message_id=letter["MessageId"],
            queue="transactions-dlq",
            at=now,
            sent_at=now,
            cause=cause,
            reason=reason,
            receives=1,
            receipt=envelope.receipt,
            mapping_version=envelope.mapping_version,
            archive_key=envelope.archive_key,
            deal=deal,
        )
        assert filings.file(filing, record)


def index(stack: MotoStack) -> None:
    """File what is in the archive, as `watch` does each minute."""
    ports = wiring.ports()
    for fact in ports.shelf.facts(list(ports.shelf.keys("transactions", f"{stack.clock.now():%Y-%m-%d}"))):
        ports.deliveries.add([fact])
        ports.walk.seen("transactions", fact.archive_key, fact.received_at)


MENDED = base64.b64encode(
    json.dumps({"id": "evt-3", "type": "deal.updated", "data": {"id": "T-1", "version": 3}}).encode()
).decode()

#: A request that each action can do on such a day, and something that its answer then holds.
GOOD: dict[str, tuple[Callable[[Day], dict[str, Any]], Callable[[Any, Day], bool]]] = {
    "list": (lambda _: {"limit": 5}, lambda answer, day: {r["id"] for r in answer["rows"]} == {day.dead, day.parked}),
    "groups": (lambda _: {}, lambda answer, _: answer["total"] == 2),
    "show": (lambda day: {"id": day.dead}, lambda answer, _: answer["verdict"]["would"] == "still fails"),
    "reveal": (
        lambda day: {"id": day.dead, "why": "to see it"},
        lambda answer, _: b"no number" in base64.b64decode(answer["body_base64"]),
    ),
    "edit": (
        lambda day: {"id": day.dead, "body_base64": MENDED, "based_on": 0, "why": "a version is a number"},
        lambda answer, _: answer == {"edits": 1, "verdict": answer["verdict"]},
    ),
    "plan": (lambda day: {"ids": [day.dead], "why": "again"}, lambda answer, _: answer["total"] == 1),
    "job": (lambda day: {"job": day.job}, lambda answer, day: (answer["job"], answer["done"]) == (day.job, 0)),
    "preview": (lambda day: {"job": day.job}, lambda answer, day: answer["verdicts"][0]["id"] == day.dead),
    "step": (lambda day: {"job": day.job}, lambda answer, _: answer["replayed"][0]["done"] == "queued"),
    "discard": (
        lambda day: {"ids": [day.dead], "why": "not ours"},
        lambda answer, day: answer["discarded"] == [day.dead],
    ),
    "trace": (lambda day: {"of": day.receipt}, lambda answer, _: answer["moments"][-1]["what"] == "applied"),
    "events": (lambda _: {}, lambda answer, _: {r["outcome"] for r in answer["rows"]} == {"applied", "dead", "parked"}),
    "status": (
        lambda _: {},
        lambda answer, _: answer["open"] == {"dead: mapping": 1, "parked: unknown_agent": 1}
        and len(answer["queues"]) == 6,
    ),
    "audit": (lambda day: {"day": day.today}, lambda answer, _: [row["action"] for row in answer["rows"]] == ["plan"]),
    "agents": (lambda _: {"source": "transactions"}, lambda answer, _: len(answer["agents"]) > 0),
    "agents-check": (lambda _: {"csv": AGENT_FILE}, lambda answer, _: answer["events_queued"] == 1),
    "agents-import": (lambda _: {"csv": AGENT_FILE}, lambda answer, _: answer["added"] == ["transactions/A-404"]),
    "forget": (
        lambda _: {"contact": "transactions/P-3", "why": "privacy request", "dry_run": True},
        lambda answer, _: answer["objects_erased"] == 1,
    ),
}  # fmt: skip


#: Done on a brokerage with closings, in test_operate_commissions.py.
ABOUT_COMMISSIONS = {
    name for name in ACTIONS if name.startswith(("plans", "plan-", "agents-opening", "commission", "statement", "cda-"))
}


#: Done on a CRM that answers over HTTP, in test_operate_crm.py.
ABOUT_THE_CRM = {name for name in ACTIONS if name.startswith(("crm-", "reconcile"))}


def test_every_action_is_tried_here_on_a_brokerage_or_with_a_crm() -> None:
    assert GOOD.keys() ^ ABOUT_COMMISSIONS ^ ABOUT_THE_CRM == ACTIONS.keys()


@pytest.mark.parametrize("action", GOOD)
def test_every_action_answers_as_it_says(day: Day, action: str) -> None:
    request, holds = GOOD[action]
    answer = done(action, **request(day))
    ACTIONS[action][1].model_validate(answer)
    assert holds(answer, day), answer


def test_nobody_is_anonymous(stack: MotoStack) -> None:
    contexts: list[dict[str, Any]] = [{"identity": {"userArn": who}} for who in (None, "")]
    for action, context in product(ACTIONS, [*contexts, {"identity": {}}, {"identity": None}, {}]):
        assert "not signed" in refused(signed(action, "{}", requestContext=context), 403), action
    assert stack.rows("AuditTable") == []


def test_what_is_no_request_is_refused_in_one_line(stack: MotoStack) -> None:
    bodies = ("{", "[]", "null", '"text"', "{'id': 1}", '{"id": "\\ud800"}', "\x00", "[" * 5000)
    for action, body in product(ACTIONS, bodies):
        assert refused(signed(action, body), 400).startswith(action), body


def test_a_field_that_nobody_named_and_a_value_of_another_kind_are_named(stack: MotoStack) -> None:
    for action, (request, _, _) in ACTIONS.items():
        for name in ("qzxcanary", "who", *request.model_fields):
            line = refused(signed(action, json.dumps({name: [{"qzxcanary": 1.5}]})), 400)
            assert name in line, (action, line)


NOT_THERE: list[tuple[str, dict[str, Any], int]] = [
    ("show", {"id": "transactions/evt-404"}, 404),
    ("show", {"id": "0" * 32}, 404),
    ("show", {"id": "no id"}, 400),
    ("reveal", {"id": "transactions/evt-404", "why": "to see it"}, 404),
    ("edit", {"id": "transactions/evt-404", "body_base64": "e30=", "based_on": 0, "why": "mended"}, 404),
    ("job", {"job": "nobody's"}, 404),
    ("preview", {"job": "nobody's"}, 404),
    ("step", {"job": "nobody's"}, 404),
    ("trace", {"of": "transactions/evt-404"}, 404),
    ("trace", {"of": "f" * 32}, 404),
    ("trace", {"of": "ö" * 600}, 404),
    ("audit", {"day": "2026-02-30"}, 400),
    ("audit", {"day": "yesterday"}, 400),
    ("audit", {"day": "2026-02-03", "after": "x" * 5000}, 400),
    ("events", {"after": "nowhere"}, 400),
    ("events", {"after": "x" * 5000}, 400),
    ("events", {"filter": {"source": "dotlop"}}, 400),
    ("events", {"filter": {"deal": "T-1"}}, 400),
    ("agents", {"source": "dotlop"}, 400),
    ("agents-check", {"csv": "name\nAnn"}, 400),
    ("agents-import", {"csv": ""}, 400),
    ("forget", {"contact": "nobody", "why": "privacy request"}, 404),
    ("forget", {"contact": "ö" * 600, "why": "privacy request"}, 400),
    ("forget", {"contact": "transactions/P-404", "why": "privacy request"}, 404),
    ("forget", {"contact": "dotlop/P-3", "why": "privacy request"}, 400),
]


def test_what_is_not_there_is_said_to_be_so_and_nothing_is_written_down(stack: MotoStack) -> None:
    for action, request, status in NOT_THERE:
        refused(signed(action, json.dumps(request)), status)
    assert stack.rows("AuditTable") == []


def test_an_action_that_there_is_not_is_refused_and_counted_as_unknown(
    stack: MotoStack, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (None, {}, *({"action": action} for action in ("", "nothing", "../status", "STATUS", "x" * 500))):
        assert "status" in refused(signed("", "{}", pathParameters=path), 404)
        assert '"action":"unknown"' in capsys.readouterr().out


def test_a_body_may_come_as_base64_and_must_be_text(stack: MotoStack) -> None:
    event = signed("events", base64.b64encode(b'{"limit": 1}').decode(), isBase64Encoded=True)
    assert send(event)[0] == 200
    for body in (base64.b64encode(b"\xff\xfe{").decode(), "e"):
        assert "not UTF-8 text" in refused(event | {"body": body}, 400)


def test_an_action_that_needs_nothing_needs_no_body(stack: MotoStack) -> None:
    for body in (None, "", " "):
        assert send(signed("status", "{}") | {"body": body})[0] == 200


def test_who_did_it_is_whoever_signed(stack: MotoStack, day: Day) -> None:
    ben = "arn:aws:iam::123456789012:user/ben"
    status, _ = ask("discard", {"ids": [day.dead], "why": "not ours"}, who=ben)
    assert status == 200
    entries = {row["action"]: row["who"] for row in done("audit", day=day.today)["rows"]}
    assert entries == {"plan": WHO, "discard": ben}


def test_an_import_lets_the_parked_event_through(stack: MotoStack, day: Day) -> None:
    assert done("agents-check", csv=AGENT_FILE)["events_queued"] == 1
    assert done("agents-import", csv=AGENT_FILE, why="Ann joined")["events_queued"] == 1
    assert stack.work() == []
    assert stack.deal("T-2").agents[0].name == "Ann New"
    assert done("status")["open"] == {"dead: mapping": 1}
    (row,) = [row for row in done("audit", day=day.today)["rows"] if row["action"] == "agents-import"]
    assert (row["subject"], row["why"], row["details"]) == (
        "AGENTS", "Ann joined", {"added": "1", "changed": "0", "unchanged": "0"},
    )  # fmt: skip


def test_a_person_is_forgotten_with_every_version_of_what_was_archived(stack: MotoStack, day: Day) -> None:
    deal, request = stack.deal("T-1"), {"contact": "transactions/P-3", "why": "privacy request 7"}
    versioning = {"Status": "Enabled"}
    stack.s3.put_bucket_versioning(Bucket="archive", VersioningConfiguration=versioning)
    (key,) = [key for key, body in stack.archived().items() if b"qzxcanary" in body]
    held = stack.s3.get_object(Bucket="archive", Key=key)
    stack.s3.put_object(Bucket="archive", Key=key, Body=held["Body"].read(), Metadata=held["Metadata"])
    answer = done("forget", **request)
    assert (answer["deals"], answer["objects_erased"], answer["complete"]) == ([deal.id], 1, True)
    assert "email" in answer["fields_erased"]
    assert not any(b"qzxcanary" in held for held in stack.archived().values())
    versions = stack.s3.list_object_versions(Bucket="archive", Prefix=key)
    assert versions.get("Versions", []) + versions.get("DeleteMarkers", []) == []
    assert "qzxcanary" not in json.dumps(stack.rows("RecordsTable"), default=str).lower()
    assert done("forget", **request)["objects_erased"] == 0
    assert done("trace", of=day.receipt)["kind"] == "receipt"
    assert done("trace", of=deal.id)["moments"][-1]["what"] == "applied"


def test_a_person_with_an_unfinished_event_is_not_forgotten(stack: MotoStack, day: Day) -> None:
    deliver(stack, "evt-4", {"version": "no number", "participants": [SELLER]})
    stack.work()
    bury(stack, deal="transactions/T-1")
    request = json.dumps({"contact": "transactions/P-3", "why": "privacy request 7"})
    assert "transactions/evt-4 (dead)" in refused(signed("forget", request), 409)
    assert any(b"qzxcanary" in body for body in stack.archived().values())


def test_a_table_that_does_not_answer_is_told_with_what_to_do(stack: MotoStack, aws_refuses: Refuses) -> None:
    fault = aws_refuses("dynamodb", "Query", "ThrottlingException", 400)
    assert "repeat" in refused(signed("list", "{}"), 503)
    fault.mend()
    assert ask("list")[0] == 200


def test_what_nobody_understands_is_answered_and_logged_without_its_text(
    stack: MotoStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("qzxcanary")

    monkeypatch.setattr(wiring, "desk", broken)
    assert "request lambda-1" in refused(signed("status", "{}"), 500)
    out = stack.log.getvalue() + capsys.readouterr().out
    assert "RuntimeError" in out
    assert '"Crashed"' in out
    assert "qzxcanary" not in out


def test_a_setting_that_is_missing_is_answered_too(stack: MotoStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIT_TABLE")
    forget()
    refused(signed("status", "{}"), 500)
    assert "AUDIT_TABLE is missing" in stack.log.getvalue()


def test_the_log_says_who_did_what_to_which_ids_and_no_more(
    stack: MotoStack, day: Day, capsys: pytest.CaptureFixture[str]
) -> None:
    who = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_operator/qzxcanary.ana@example.com"
    ask("reveal", {"id": day.dead, "why": "qzxcanary asked"}, who=who)
    ask("trace", {"of": "Qzxcanary Grant"}, who=who)
    ask("forget", {"contact": "dotloop/qzxcanary@example.com", "why": "qzxcanary asked"}, who=who)
    ask("agents-check", {"csv": AGENT_FILE.replace("Ann New", "Qzxcanary")}, who=who)
    out = stack.log.getvalue() + capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines() if '"operated"' in line][-4:]
    assert [(line["action"], line["status"], line["ids"]) for line in lines] == [
        ("reveal", 200, [day.dead]),
        ("trace", 404, []),
        ("forget", 404, ["dotloop/q•••"]),
        ("agents-check", 200, []),
    ]
    assert {line["who"] for line in lines} == {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_operator/q•••"}
    assert {line["correlation_id"] for line in lines} == {"api-7"}
    assert "qzxcanary" not in out.lower()
    assert out.count('"OperatorAction"') >= 4
    assert '"action":"reveal"' in out
    (entry,) = [row for row in done("audit", day=day.today)["rows"] if row["action"] == "reveal"]
    assert entry["who"] == who


def test_our_agents_come_with_the_columns_of_the_file(stack: MotoStack) -> None:
    stack.directory.add([agent("A-7", source="dotloop")])
    (row,) = [row for row in done("agents", source="dotloop")["agents"] if row["agent_id"] == "A-7"]
    assert tuple(row) == COLUMNS
