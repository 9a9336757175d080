"""Operators and the daily check on the deployed tables, with a CRM that speaks SOAP over HTTP, and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dev.crm import server as stand_in
from domain.operate.actions import ACTIONS
from handlers import operate, reconcile
from runtime.wiring import deliver as wiring_deliver
from runtime.wiring import operate as wiring_operate
from runtime.wiring import reconcile as wiring_reconcile
from tests.functional.conftest import Context, MotoStack, forget
from tests.functional.test_deliver import CLOSING, CREDENTIALS, Line, records, secret
from tests.functional.test_operate import ABOUT_THE_CRM
from tests.template import resolve

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

WHO = "arn:aws:sts::123456789012:assumed-role/operators/ana"
EXPORT = {"source": "transactions", "header": ["Deal ID", "Sale Price"], "rows": [["TX-100482", "525000"]]}


def ask(action: str, **request: Any) -> tuple[int, Any]:
    event = {
        "httpMethod": "POST",
        "pathParameters": {"action": action},
        "requestContext": {"requestId": "api-7", "identity": {"userArn": WHO}},
        "body": json.dumps(request),
    }
    answer = operate.lambda_handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


def done(action: str, **request: Any) -> Any:
    status, answer = ask(action, **request)
    assert status == 200, answer
    ACTIONS[action][1].model_validate(answer)
    return answer


@pytest.fixture(scope="module")
def crm_url() -> Iterator[str]:
    with stand_in.running() as served:
        yield served.url


@pytest.fixture
def line(moto_stack: MotoStack, crm_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A closing that was delivered."""
    for name, value in {"CRM_KIND": "suitecrm", "CRM_BASE_URL": crm_url, "CRM_RATE_LIMIT": "1000"}.items():
        monkeypatch.setenv(name, value)
    forget()
    bells = moto_stack.sqs.get_queue_url(QueueName=resolve({"Ref": "CrmSyncQueue"}))["QueueUrl"]
    made = Line(moto_stack, crm_url, bells)
    made.order("reset", seed=1)
    secret(CREDENTIALS)
    made.stack.fire("transactions", CLOSING)
    made.ring()
    made.deliver_all()
    yield made
    wiring_deliver.ports().crm.close()
    if (suite := wiring_operate.ports()._suite) is not None:
        suite.close()
    if wiring_reconcile._crm.cache_info().currsize and (suite := wiring_reconcile._crm()) is not None:
        suite.close()


def the_deal(line: Line) -> str:
    (deal_id,) = line.state()["records"]["Opportunities"]
    return str(deal_id)


def test_what_was_delivered_agrees_with_the_crm_and_with_the_export(line: Line) -> None:
    answer = done("reconcile")
    assert (answer["crm"], answer["findings"], answer["next"], answer["stopped"]) == ("suitecrm", [], "", "")
    assert len(answer["rows"]) == 1 + 6 + 6
    (deal,) = answer["deals"]
    source, source_id = deal["name"].split("/")
    part = done("reconcile-export", source=source, header=["id", "sale price"], rows=[[source_id, "525000"]])
    assert (part["findings"], part["deals"]) == ([], [deal["id"]])


def test_what_people_changed_is_found_and_mended(line: Line) -> None:
    line.order("people", do="edit", module="Opportunities", id=the_deal(line), fields={"dw_city_c": "Elsewhere"})
    (one,) = done("reconcile-values")["findings"]
    assert (one["what"], one["field"], one["theirs"]) == ("changed_by_people", "dw_city_c", "Elsewhere")
    assert done("reconcile-fix", rows=[one["row"]], why="nightly")["rung"] == 1
    line.bell(one["row"])
    line.deliver_all()
    assert done("reconcile")["findings"] == []
    (deal,) = records(line, "Opportunities")
    assert deal["dw_city_c"] != "Elsewhere"


def test_a_deal_that_was_deleted_is_recreated_by_a_persons_decision(line: Line) -> None:
    line.order("people", do="delete", module="Opportunities", id=the_deal(line))
    (missing,) = [one for one in done("reconcile")["findings"] if one["row"].startswith("deal:")]
    assert missing["what"] == "missing"
    done("reconcile-fix", rows=[missing["row"]], why="nightly")
    line.bell(missing["row"])
    line.deliver_all()
    (asking,) = done("crm-asks")["rows"]
    assert (asking["row"], asking["question"]) == (missing["row"], "gone")
    assert done("crm-show", row=asking["row"])["row"]["possible"] == ["adopt", "recreate", "leave"]
    done("crm-answer", row=asking["row"], decision="recreate", why="deleted by mistake")
    assert line.waiting() == 1 + 6
    line.deliver_all()
    line.stack.clock.move(minutes=11)
    for row in done("crm-show", row=asking["row"])["others"]:
        if row["standing"] != "clean":
            line.bell(row["row"])
    line.deliver_all()
    assert done("reconcile")["findings"] == []
    assert len(line.state()["links"]) >= 6


def test_a_person_who_is_asked_about_is_named_by_their_deals(line: Line) -> None:
    (gone, *_) = [one for one in records(line, "Contacts") if one["dw_external_id_c"]]
    line.order("people", do="delete", module="Contacts", id=gone["id"])
    row = f"contact:{gone['dw_external_id_c']}"
    done("reconcile-fix", rows=[row], why="nightly")
    line.bell(row)
    line.deliver_all()
    (asking,) = done("crm-asks")["rows"]
    assert (asking["row"], asking["name"]) == (row, "transactions/TX-100482")
    assert done("crm-show", row=row)["name"] == "transactions/TX-100482"


def test_what_a_fault_put_off_is_counted_as_due_soon(line: Line) -> None:
    assert (done("crm-status")["owed"], done("crm-status")["owed_soon"]) == (0, 0)
    line.order("people", do="edit", module="Opportunities", id=the_deal(line), fields={"dw_city_c": "Elsewhere"})
    (one,) = done("reconcile")["findings"]
    done("reconcile-fix", rows=[one["row"]], why="nightly")
    line.order("next", form="429", operation="set_entries")
    line.bell(one["row"])
    line.drain()
    status = done("crm-status")
    assert (status["owed"], status["owed_backfill"], status["owed_soon"]) == (0, 0, 1)


def test_the_line_is_shown_checked_and_resumed(line: Line) -> None:
    status = done("crm-status")
    assert (status["kind"], status["passage"], status["rate_limit"]) == ("suitecrm", "free", 1000.0)
    assert status["session_age_s"] is not None
    checked = done("crm-preflight")
    assert (checked["ready"], {module["module"] for module in checked["modules"]} >= {"Contacts", "Opportunities"}) == (
        True,
        True,
    )
    assert done("crm-resume", why="unlocked")["passage"] == "free"


def test_a_crm_that_does_not_let_us_in_says_so_until_a_preflight_is_let_in(line: Line) -> None:
    secret({"user": "dealwire", "password": "wrong"})
    line.order("expire")
    line.stack.clock.move(minutes=6)
    wiring_operate.ports.cache_clear()
    status, answer = ask("crm-preflight")
    assert (status, "does not let us in" in answer["error"]) == (409, True)
    assert done("crm-status")["passage"] == "stopped"
    secret(CREDENTIALS)
    line.stack.clock.move(minutes=6)
    former = wiring_operate.ports()._suite
    wiring_operate.ports.cache_clear()
    assert done("crm-preflight")["ready"] is True
    assert done("crm-status")["passage"] == "free"
    assert former is not None
    former.close()


def test_the_daily_check_leaves_its_gauges_and_names_no_value(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    line.order("people", do="edit", module="Opportunities", id=the_deal(line), fields={"dw_city_c": "Qzxcanary"})
    context: Any = Context()
    context.get_remaining_time_in_millis = lambda: 30_000
    assert reconcile.lambda_handler({}, context)["pages"] == 0  # thirty seconds are too few to begin
    context.get_remaining_time_in_millis = lambda: 300_000
    assert reconcile.lambda_handler({}, context) == {"pages": 1, "differences": 1}
    assert reconcile.lambda_handler({}, context) == {"pages": 0, "differences": 1}
    (told, *_) = line.logged("our store and the CRM differ")
    assert told["rows"][0].endswith("changed_by_people dw_city_c")
    out = line.stack.log.getvalue() + capsys.readouterr().out
    for gauge in ("ReconcileDifferences", "ReconcilePagesFailed", "ReconcileAgeSeconds"):
        assert gauge in out
    assert "Qzxcanary" not in out


def test_without_an_external_crm_every_action_answers(moto_stack: MotoStack) -> None:
    moto_stack.fire("transactions", CLOSING)
    requests: dict[str, dict[str, Any]] = {
        "crm-asks": {},
        "crm-show": {"row": "transactions/TX-404"},
        "crm-answer": {"row": "deal:d1", "decision": "leave", "why": "no reason"},
        "crm-status": {},
        "crm-resume": {"why": "no reason"},
        "crm-preflight": {},
        "reconcile": {},
        "reconcile-values": {},
        "reconcile-export": EXPORT,
        "reconcile-export-values": EXPORT,
        "reconcile-fix": {"rows": ["deal:d1"], "why": "no reason"},
    }
    assert requests.keys() == ABOUT_THE_CRM
    statuses = {action: ask(action, **request)[0] for action, request in requests.items()}
    assert {action for action, status in statuses.items() if status != 200} == {
        *("crm-show", "crm-answer", "crm-resume", "crm-preflight", "reconcile-fix"),
    }
    assert set(statuses.values()) == {200, 404, 409}
    answer = done("reconcile")
    assert (answer["crm"], len(answer["deals"])) == ("", 1)
    assert reconcile.lambda_handler({}, Context()) == {"pages": 0}
