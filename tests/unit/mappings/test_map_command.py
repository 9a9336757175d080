"""`dealwire map` shows what a mapping makes of a payload, and lists what does not fit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.map_command import map_file

EVENTS = Path(__file__).parents[3] / "events"
FORTY = EVENTS / "transactions/deal.updated__forty_fields.json"
AGENTS = EVENTS / "agents.csv"

app = typer.Typer()
app.command("map")(map_file)


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])


def body(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "body.json"
    file.write_text(text, encoding="utf-8")
    return file


def test_it_shows_the_canonical_deal() -> None:
    answer = run("--source", "transactions", FORTY, "--agents", AGENTS)
    assert answer.exit_code == 0
    assert "525000.00 USD" in answer.output
    assert "A-1001 Dana Whitfield, share 2/3" in answer.output
    assert "fits mapping transactions v1 (docs/sources/transactions.md, compared on 2026-" in answer.output


def test_it_says_which_agents_need_to_be_in_the_directory() -> None:
    answer = run("--source", "transactions", FORTY)
    assert answer.exit_code == 0
    assert "A-1002 (not in the directory)" in answer.output
    assert "In the directory this needs: transactions/A-1001, transactions/A-1002" in answer.output


def test_it_explains_each_field_and_what_nothing_reads(tmp_path: Path) -> None:
    payload = json.loads(FORTY.read_text(encoding="utf-8"))
    payload["data"]["gate_code"] = "1234"
    answer = run("--source", "transactions", body(tmp_path, json.dumps(payload)), "--explain")
    assert answer.exit_code == 0
    assert "deal.fields.sale_price (line " in answer.output
    assert "'$525,000.00'" in answer.output
    assert "Nothing reads: data.gate_code" in answer.output


def test_it_explains_which_other_ids_a_merged_deal_had() -> None:
    merged = EVENTS / "dotloop/LOOP_MERGED__into_the_survivor.json"
    said = json.loads(run("--source", "dotloop", merged, "--agents", AGENTS, "--explain", "--json").stdout)
    assert said["facts"]["merged_ids"] == ["34400"]
    rules = [(one["path"], one["result"]) for one in said["rules"] if one["rule"] == "deal.merged"]
    assert rules == [("event.event.id", "34400"), ("event.event.fromId", "34400")]  # toId is the deal's id itself
    assert said["unused"] == []


def test_its_json_says_the_same() -> None:
    answer = run("--source", "transactions", FORTY, "--agents", AGENTS, "--explain", "--json")
    said = json.loads(answer.stdout)
    assert said["fits"] is True
    assert said["facts"]["values"]["sale_price"] == {"amount": "525000.00", "currency": "USD"}
    assert said["agents_to_look_up"] == []
    assert {"field", "rule", "line", "path", "raw", "result"} <= said["rules"][0].keys()
    assert said["unused"] == []


def test_it_lists_everything_that_does_not_fit_and_fails(tmp_path: Path) -> None:
    file = body(
        tmp_path, '{"type":"deal.closed","data":{"id":"T","version":1,"status":"Sold?","sale_price":"1.234,56"}}'
    )
    answer = run("--source", "transactions", file)
    assert answer.exit_code == 1
    assert "Does not fit (3):" in answer.output
    assert "data.sale_price = '1.234,56': expected an amount in USD" in answer.output
    assert "data.dates.closing = absent: expected a value in deal.closed" in answer.output
    said = json.loads(run("--source", "transactions", file, "--json").stdout)
    assert said["facts"] is None
    assert [one["field"] for one in said["problems"]] == ["stage", "sale_price", "closing_date"]


def test_markup_in_a_payload_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    file = body(tmp_path, '{"type":"deal.updated","data":{"id":"[red]T[/]","version":1,"office":"[bold]x[/blink]"}}')
    answer = run("--source", "transactions", file)
    assert "[bold]x[/blink]" in answer.output
    assert "deal [red]T[/]" in answer.output


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (["--source", "nobody"], "{}", "no mapping for source 'nobody'; there are: "),
        (["--source", "transactions"], "{", "the body is not JSON"),
        (["--source", "transactions"], "{}", "there is no event type"),
        (["--source", "transactions", "--event", "deal.exploded"], "{}", "does not apply to 'deal.exploded'"),
        (
            ["--source", "transactions", "--event", "deal.updated", "--zone", "Mars"],
            "{}",
            "time zone 'Mars' is unknown",
        ),
    ],
)
def test_what_cannot_be_mapped_at_all_is_said_in_one_line(
    arguments: list[str], text: str, said: str, tmp_path: Path
) -> None:
    answer = run(*arguments, body(tmp_path, text))
    assert answer.exit_code == 1
    assert said in answer.stderr
    assert answer.stdout == ""


def test_bad_lines_of_the_agents_file_are_listed(tmp_path: Path) -> None:
    agents = tmp_path / "agents.csv"
    agents.write_text(AGENTS.read_text(encoding="utf-8") + "transactions,A-9\n", encoding="utf-8-sig")
    answer = run("--source", "transactions", FORTY, "--agents", agents)
    assert answer.exit_code == 1
    assert ": 2 values for 7 columns" in answer.stderr
    agents.write_bytes("Núñez".encode("latin-1"))
    assert "is not UTF-8" in run("--source", "transactions", FORTY, "--agents", agents).stderr


def test_thin_webhooks_are_mapped_with_the_documents_they_make_us_fetch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = tmp_path / "transactions.yaml"
    mapping.write_text(
        "source: transactions\nversion: 1\nprovenance: {doc: here, date: 2026-11-22}\nevents: [deal.updated]\n"
        "order_mark: {kind: fetched}\ndeal: {id: {path: event.id}, fields: {office: {path: deal.office, as: text}}}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr("cli.mapping_preview.HERE", tmp_path)
    thin = body(tmp_path, '{"id": 7, "type": "deal.updated"}')
    documents = tmp_path / "body.fetched.json"
    documents.write_text('{"deal": {"office": "Missoula"}}', encoding="utf-8")
    for arguments in ([], ["--fetched", str(documents)]):
        answer = run("--source", "transactions", "--event", "deal.updated", thin, "--json", *arguments)
        assert json.loads(answer.stdout)["facts"]["values"] == {"office": "Missoula"}
    documents.write_text("[]", encoding="utf-8")
    answer = run("--source", "transactions", "--event", "deal.updated", thin)
    assert "is not a JSON object of documents by name" in answer.stderr


def test_ids_of_deals_that_were_merged_into_this_one_are_shown() -> None:
    file = EVENTS / "dotloop/LOOP_MERGED__into_the_survivor.json"
    answer = run("--source", "dotloop", file)
    assert re.search(r"merged ids +│ 34400 ", answer.output)
    assert json.loads(run("--source", "dotloop", file, "--json").stdout)["mapping"]["date"] == "2026-11-22"


def test_in_a_pipe_the_tables_are_wide() -> None:
    answer = CliRunner(env={"COLUMNS": None}).invoke(app, ["--source", "transactions", str(FORTY), "--explain"])
    assert max(map(len, answer.output.splitlines())) > 100


def test_the_parts_of_those_who_share_alike_are_explained() -> None:
    answer = run("--source", "dotloop", EVENTS / "dotloop/LOOP_UPDATED__sold_co_listed.json", "--explain")
    assert re.search(r"data\[\d\]\.share +│ 1/2 +│ \(alike\) +│ nothing +│ agents\.share \(line \d+\)", answer.output)
