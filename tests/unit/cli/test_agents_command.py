"""`dealwire agents`: the directory as people see it, through the operators' API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Api, refusal, refused, run, told
from transforms.agents_csv import parse_agents

HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id"
LINE = "transactions,A-1,Dana,L-1,Missoula,u,c"
AGENT = dict(zip(HEADER.split(","), LINE.split(","), strict=True))
ODD = AGENT | {"agent_id": "A-2", "name": 'Núñez, "Rey" [bold]'}
CHANGE: dict[str, Any] = {
    "added": ["transactions/A-1"], "changed": [], "unchanged": 0, "without_crm": [], "events_queued": 50,
    "events_still_parked": 2, "events_stuck": 0,
}  # fmt: skip


@pytest.fixture
def agents_csv(tmp_path: Path) -> Path:
    file = tmp_path / "agents.csv"
    file.write_text(f"{HEADER}\n{LINE}\n", encoding="utf-8")
    return file


def test_an_import_says_what_changed_and_what_it_released(api: Api, agents_csv: Path) -> None:
    api.answers["agents-import"] = CHANGE
    assert told("agents", "import", agents_csv) == {"agents": 1, **CHANGE}
    request = api.requests("agents-import")[0]
    assert (request.csv, request.file, request.why) == (f"{HEADER}\n{LINE}\n", "agents.csv", "agents import")
    shown = run("agents", "import", agents_csv, "--why", "office joined").stdout.splitlines()
    assert shown == [
        "1 agents are in the directory: 1 added, 0 changed, 0 as before",
        "50 waiting events were queued again; 2 wait for another agent",
    ]
    assert api.requests("agents-import")[1].why == "office joined"


def test_events_that_cannot_be_queued_are_said(api: Api, agents_csv: Path) -> None:
    api.answers["agents-import"] = CHANGE | {"events_stuck": 3}
    assert (
        "3 events cannot be queued: their source is not in sources.yaml" in run("agents", "import", agents_csv).stderr
    )


def test_a_file_with_mistakes_is_not_even_sent(api: Api, agents_csv: Path) -> None:
    agents_csv.write_text(f"{HEADER}\ntransactions,,Dana,L,M,u,c\n", encoding="utf-8")
    answer = run("agents", "import", agents_csv)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "line 2: agent_id is empty" in answer.stderr
    assert not api.asked


def test_a_check_names_what_an_import_would_do(api: Api, agents_csv: Path) -> None:
    api.answers["agents-check"] = CHANGE | {"changed": ["transactions/A-2"], "without_crm": ["transactions/A-1"]}
    answer = run("agents", "check", agents_csv)
    assert answer.exit_code == 0
    assert "2 agents in the file: 1 added, 1 changed, 0 as before" in answer.stdout
    assert "would add transactions/A-1" in answer.stdout
    assert "would change transactions/A-2" in answer.stdout
    assert "50 waiting events would be queued again; 2 would wait for another agent" in answer.stdout
    assert answer.stderr == "without their CRM ids: transactions/A-1; an import needs them\n"
    assert not api.requests("agents-import")


def test_the_mistakes_that_a_check_finds_are_all_listed(api: Api, agents_csv: Path) -> None:
    agents_csv.write_text(f"{HEADER}\nzillow,A-1,,L,M,,\n", encoding="utf-8")
    answer = run("agents", "check", agents_csv)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert [line.partition(" ")[2][:10] for line in answer.stderr.splitlines()[1:]] == ["2: name is", "2: source "]
    assert not api.asked


def test_a_check_that_is_refused_is_said_in_one_line(api: Api, agents_csv: Path) -> None:
    api.answers["agents-check"] = refusal(400, "agents.csv has 5,001 agents; split it")
    assert "split it" in refused("agents", "check", agents_csv)


def test_an_agent_without_crm_ids_can_be_checked(api: Api, agents_csv: Path) -> None:
    agents_csv.write_text(f"{HEADER}\ntransactions,A-1,Dana,L,M,,\n", encoding="utf-8")
    api.answers["agents-check"] = CHANGE | {"without_crm": ["transactions/A-1"]}
    assert "without their CRM ids: transactions/A-1" in run("agents", "check", agents_csv).stderr


def test_a_file_that_is_not_there_cannot_be_checked(api: Api, tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in refused("agents", "check", tmp_path / "nowhere.csv")


def test_the_list_shows_every_column_and_obeys_no_markup(api: Api) -> None:
    api.answers["agents"] = {"agents": [AGENT, ODD]}
    shown = run("agents", "list", "--source", "transactions").stdout
    for part in ("2 agents", "Missoula", 'Núñez, "Rey" [bold]'):
        assert part in shown
    assert api.requests("agents")[0].source == "transactions"
    assert told("agents", "list")["agents"][1]["agent_id"] == "A-2"


def test_an_unknown_source_is_refused(api: Api) -> None:
    api.answers["agents"] = refusal(400, "source 'zillow' is unknown; expected one of dotloop")
    assert "source 'zillow' is unknown" in refused("agents", "list", "--source", "zillow")


def test_what_is_exported_can_be_imported(api: Api, tmp_path: Path) -> None:
    api.answers["agents"] = {"agents": [AGENT, ODD]}
    file = tmp_path / "out.csv"
    assert run("agents", "export", file).stdout == f"2 agents are in {file}\n"
    text = file.read_text(encoding="utf-8")
    assert text == run("agents", "export").stdout
    assert text.startswith(f"{HEADER}\n{LINE}\n")
    assert [agent.name for agent in parse_agents(text)] == ["Dana", 'Núñez, "Rey" [bold]']
    assert told("agents", "export", file) == {"agents": 2, "file": str(file)}
    assert told("agents", "export") == {"agents": [AGENT, ODD]}


def test_a_file_that_cannot_be_written_is_said(api: Api, tmp_path: Path) -> None:
    api.answers["agents"] = {"agents": []}
    assert "No such file or directory" in refused("agents", "export", tmp_path / "nowhere" / "out.csv")
