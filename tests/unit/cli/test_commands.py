"""However a command fails: exit status 1, a message that says what to do, nothing on stdout, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from cli import demo, local_cloud, webhooks
from cli.main import app
from cli.stack import Stack
from cli.tools import LocalCloudError
from domain.errors import Cause
from sources.catalog import catalog
from tests.unit.cli.conftest import Api, refusal, refused, run

ROOT = Path(__file__).parents[3]
CLOSING = ROOT / "events/transactions/deal.closed__co_listed.json"
HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id"
LINE = "transactions,A-1,Dana,L-1,Missoula,u,c"


def fails(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


pytestmark = pytest.mark.usefixtures("nothing_runs")


@pytest.fixture
def agents_csv(tmp_path: Path) -> Path:
    file = tmp_path / "agents.csv"
    file.write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8")
    return file


def test_help_waits_for_nothing_that_only_a_command_needs() -> None:
    code = "import sys; import cli.main; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True)
    assert not {"boto3", "pydantic", "yaml", "httpx", "jmespath", "mappings", "storage"} & set(answer.stdout.split())


def test_help_says_what_each_exit_status_means() -> None:
    said = " ".join(run("--help").stdout.split())
    assert "0 done; 1 failed or refused; 2 wrong usage; 3 nothing matches or nothing to do; 4 some messages" in said


COMMANDS = [
    ("trace",), ("status",), ("audit",), ("forget",), ("send",),
    *(("dlq", name) for name in ("list", "show", "edit", "replay", "discard")),
    *(("events", name) for name in ("list", "show", "replay")),
    *(("agents", name) for name in ("list", "import", "export", "check", "opening")),
    *(("plan", name) for name in ("explain", "publish", "assign", "list")),
    *(("commission", name) for name in ("preview", "show", "explain")),
    *(("cda", name) for name in ("list", "show", "approve", "return", "send", "void", "setup")),
    ("statement",),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_has_an_example_and_works_on_any_stack(command: tuple[str, ...]) -> None:
    said = run(*command, "--help").stdout
    assert f"Example: dealwire {' '.join(command)}" in said
    for option in ("--json", "--stack", "--profile"):
        assert option in said


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("dealwire dlq list --cause ", list(Cause)),
        ("dealwire dlq list --state ", ["dead", "parked", "waiting", "discarded"]),
        ("dealwire events list --source ", sorted(catalog())),
        ("dealwire agents list --source d", ["dotloop"]),
    ],
)
def test_the_shell_completes_causes_states_and_sources(typed: str, offered: list[str]) -> None:
    asked = {"_DEALWIRE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    answer = CliRunner(env=asked).invoke(app, prog_name="dealwire")
    assert answer.stdout.split() == offered


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_local_cloud_that_does_not_come_up_is_said_in_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_cloud, "HOME", tmp_path)
    monkeypatch.setattr(local_cloud, "up", fails(LocalCloudError("sam build failed; see build.log")))
    assert refused(command) == f"dealwire {command}: sam build failed; see build.log\n"


def test_a_local_cloud_that_does_not_stop_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_cloud, "down", fails(PermissionError(13, "Permission denied", "ministack.lock")))
    assert "Permission denied: 'ministack.lock'" in refused("down")


def test_stopping_what_does_not_run_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_cloud, "down", lambda: False)
    assert run("down").stdout == "the local cloud was not running\n"
    assert json.loads(run("down", "--json").stdout) == {"stopped": False}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "transactions"], "no local cloud runs here: start one with `dealwire up`, or name a stack with"),
        (["--source", "zillow"], "no demo secret for source 'zillow'; known: "),
        (["--source", "transactions", "--event-id", "é"], "event id 'é' cannot be sent; it must be plain ASCII"),
        (["--source", "transactions", "--event-id", "a b"], "event id 'a b' cannot be sent; it must be plain ASCII"),
        (["--source", "transactions", "--event-id", ""], "event id '' cannot be sent; it must be plain ASCII"),
        (["--source", "transactions", "--secret-file", "nowhere.txt"], "No such file or directory: 'nowhere.txt'"),
    ],
)
def test_what_cannot_be_sent_is_said_in_one_line(arguments: list[str], said: str) -> None:
    assert said in refused("send", CLOSING, *arguments)


def test_a_stack_that_does_not_answer_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Stack(None, "http://127.0.0.1:1/webhooks", {}, {})
    monkeypatch.setattr("cli.stack.find", lambda *_: here)
    monkeypatch.setattr(httpx.Client, "post", fails(httpx.ConnectError("refused")))
    assert "http://127.0.0.1:1/webhooks/transactions does not answer (ConnectError)" in refused(
        "send", CLOSING, "--source", "transactions"
    )


def test_a_body_that_the_api_refuses_is_exit_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.stack.find", lambda *_: Stack(None, "http://127.0.0.1:1/webhooks", {}, {}))
    monkeypatch.setattr(webhooks, "post", lambda *_: webhooks.Sent(401, "no"))
    answer = run("send", CLOSING, "--source", "transactions", "--json")
    assert (answer.exit_code, json.loads(answer.stdout)) == (1, {"status": 401, "body": "no"})


NOT_UTF8 = [("Núñez".encode("latin-1"), 1), (f"{HEADER}\n{LINE}".encode("utf-16"), 0)]


@pytest.mark.parametrize(("content", "byte"), NOT_UTF8)
def test_an_agents_file_that_is_not_utf_8_is_said_in_one_line(content: bytes, byte: int, agents_csv: Path) -> None:
    agents_csv.write_bytes(content)
    said = f"{agents_csv} is not UTF-8 (at byte {byte}); save it as UTF-8"
    assert said in refused("agents", "import", agents_csv)
    assert said in refused("map", CLOSING, "--source", "transactions", "--agents", agents_csv)


def test_an_agents_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    said = "cannot be read (No such file or directory); check the path and its permissions"
    assert said in refused("agents", "import", tmp_path / "nowhere.csv")
    assert "cannot be read (Is a directory)" in refused("agents", "import", tmp_path)


def test_the_mistakes_of_an_agents_file_are_all_listed_with_the_known_sources(agents_csv: Path) -> None:
    agents_csv.write_text(f"{HEADER}\nzillow,A-1,Dana,L,M,u,c\ntransactions,,,L,M,u,c\n", encoding="utf-8")
    answer = run("agents", "import", agents_csv)
    assert answer.exit_code == 1
    assert answer.stderr.splitlines() == [
        f"dealwire agents import: {agents_csv}: 3 mistakes; nothing was taken",
        f"line 2: source 'zillow' is unknown; expected one of {', '.join(sorted(catalog()))}",
        "line 3: agent_id is empty; every agent needs one",
        "line 3: name is empty; every agent needs one",
    ]


def test_agents_cannot_be_imported_where_nothing_runs(agents_csv: Path) -> None:
    assert "no local cloud runs here" in refused("agents", "import", agents_csv)


def test_a_directory_that_does_not_answer_is_said_in_one_line(agents_csv: Path, api: Api) -> None:
    api.answers["agents-import"] = refusal(503, "the directory does not answer; try again")
    assert "the directory does not answer" in refused("agents", "import", agents_csv)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["ApiUrl"], "stack foreign has no output AgentDirectoryTableName, AuditTableName, CrmSync"),
        ([], "stack foreign has no output AgentDirectoryTableName, ApiUrl, AuditTableName, CrmSync"),
        (None, "stack foreign cannot be read (An error occurred (ValidationError)"),
    ],
)
def test_a_stack_that_is_no_dealwire_is_told_by_what_it_lacks(
    outputs: list[str] | None, said: str, agents_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.Session("test", "test", region_name="us-east-1")
    client = session.client("cloudformation")
    monkeypatch.setattr(session, "client", lambda _service: client)
    monkeypatch.setattr(boto3, "Session", lambda **_: session)
    with Stubber(client) as account:
        if outputs is None:
            account.add_client_error("describe_stacks", "ValidationError", "Stack with id foreign does not exist", 400)
        else:
            stack = {"StackName": "foreign", "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}
            held = [{"OutputKey": name, "OutputValue": "x"} for name in outputs]
            account.add_response("describe_stacks", {"Stacks": [stack | ({"Outputs": held} if held else {})]})
        assert said in refused("agents", "import", agents_csv, "--stack", "foreign")


def test_a_mapping_that_cannot_be_read_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "transactions.yaml").write_bytes("source: Núñez".encode("latin-1"))
    monkeypatch.setattr("cli.mapping_preview.HERE", tmp_path)
    assert "transactions.yaml is not UTF-8 (at byte 9); save it as UTF-8" in refused(
        "map", CLOSING, "--source", "transactions"
    )


def test_a_demo_that_ends_otherwise_than_its_script_is_exit_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    step = demo.script()[1]
    again = demo.Ran(step, 202, "transactions#evt", "applied again: version 1 became 2")
    monkeypatch.setattr(demo, "run", lambda _say: demo.Report([again], [], 1.0))
    answer = run("demo")
    assert answer.exit_code == 1
    assert "applied again: version 1 became 2" in answer.stdout
    assert "0 of 1 webhooks ended NOT as expected" in answer.stdout
    again.became = "repeated"
    assert run("demo").exit_code == 0
