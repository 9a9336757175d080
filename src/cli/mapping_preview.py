"""What a mapping makes of a payload: worked out from files, and shown to people or to programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.agents_file import read_agents
from domain.errors import BadPayload, ConfigurationError, FieldProblem
from mappings.compiler.compile import HERE, compile_file
from mappings.loader import Mapping
from sources.catalog import catalog
from sources.hydration import hydrated
from sources.identify import event_type_of
from sources.strict_json import parse
from transforms.deal_facts import EventContext, Preview, preview
from transforms.facts_json import facts_as_json, value_as_json


class Made(NamedTuple):
    """A preview and the mapping that gave it."""

    result: Preview
    rules: Mapping


def make(source: str, file: Path, *, agents: Path | None, event: str | None, fetched: Path | None, zone: str) -> Made:
    """The preview of one payload.

    Args:
        source: whose body it is.
        file: the body.
        agents: CSV of our agents.
        event: the event type, where the body does not name it.
        fetched: the documents that a thin webhook makes us fetch.
        zone: of the office.

    Raises:
        BadPayload: one of the files is not JSON as we accept it.
        ConfigurationError: the mapping or the agents file has mistakes.
    """
    rules = mapping_of(source)
    payload = payload_of(source, file, fetched)
    found = {} if agents is None else {agent.key: agent for agent in read_agents(agents)}
    return Made(preview(payload, rules, found, _context(source, event, payload, zone)), rules)


def mapping_of(source: str) -> Mapping:
    """The mapping as its YAML stands now, built or not.

    Raises:
        ConfigurationError: there is none, or it has mistakes.
    """
    known = sorted(one.stem for one in HERE.glob("*.yaml"))
    if source not in known:
        raise ConfigurationError(f"no mapping for source {source!r}; there are: {', '.join(known)}")
    return compile_file(HERE / f"{source}.yaml")


def payload_of(source: str, file: Path, fetched: Path | None) -> Any:
    """What the mapping reads: the body, with the documents that a thin webhook makes us fetch.

    Raises:
        BadPayload: one of the files is not JSON as we accept it.
    """
    body = parse(file.read_bytes())
    beside = file.with_suffix(".fetched.json")
    documents = fetched or (beside if beside.exists() else None)
    row = catalog().get(source)
    if documents is None:
        if row is not None and row.fetch:
            raise BadPayload(
                f"{source} sends thin webhooks; give the fetched documents ({', '.join(row.fetch)}) with --fetched FILE"
            )
        return body
    found = parse(documents.read_bytes())
    if not isinstance(found, dict):
        raise BadPayload(f"{documents} is not a JSON object of documents by name")
    return hydrated(body, found)


def _context(source: str, event: str | None, payload: Any, zone: str) -> EventContext:
    row = catalog().get(source)
    if event is None:
        if row is None:
            raise ConfigurationError(f"source {source!r} has no row in sources.yaml; name the event type with --event")
        body = payload["event"] if row.fetch else payload
        event = event_type_of(row, {}, body)
    now = datetime.now(UTC)
    return EventContext(source, event, event_id="preview", received_at=now, zone=zone, fetched_at=now)


def as_json(made: Made, *, explain: bool) -> dict[str, Any]:
    """For programs: the facts, everything that does not fit, and with `explain` which rule gave what."""
    result, rules = made
    answer: dict[str, Any] = {
        "mapping": {"source": rules.source, "version": rules.version, "doc": rules.doc, "date": rules.date},
        "fits": not result.problems,
        "facts": None if result.facts is None else facts_as_json(result.facts),
        "problems": [asdict(problem) for problem in result.problems],
        "warnings": [asdict(warning) for warning in result.warnings],
        "agents_to_look_up": sorted(map(str, result.missing)),
    }
    if explain:
        answer["rules"] = [{**trace._asdict(), "result": value_as_json(trace.result)} for trace in result.traces]
        answer["unused"] = list(result.unused)
    return answer


def show(made: Made, console: Console, *, explain: bool) -> None:
    """For people: the deal, or which rule gave what, and everything that does not fit."""
    result, rules = made
    if result.facts is not None and not explain:
        _show_facts(facts_as_json(result.facts), console)
    if explain:
        _show_rules(result, rules, console)
        _show_list("Nothing reads", result.unused, console)
    _show_list("In the directory this needs", sorted(map(str, result.missing)), console)
    _show_problems("Left out", result.warnings, console)
    _show_problems("Does not fit", result.problems, console)
    if not result.problems:
        origin = escape(f"{rules.doc}, compared on {rules.date}")
        console.print(f"[green]fits[/] mapping {rules.source} v{rules.version} ({origin})", soft_wrap=True)


def _show_facts(facts: dict[str, Any], console: Console) -> None:
    table = Table(title=f"deal {escape(facts['source_id'])} at mark {escape(facts['mark'])}", title_justify="left")
    table.add_column("field")
    table.add_column("value", overflow="fold")
    if facts["merged_ids"]:
        table.add_row("merged ids", escape(", ".join(facts["merged_ids"])))
    for name, value in facts["values"].items():
        table.add_row(name, _told(value))
    for person in facts["participants"] or ():
        table.add_row(person["role"], escape(", ".join(value for value in person["fields"].values() if value)))
    for agent in facts["agents"] or ():
        table.add_row(
            f"our {agent['side']} agent", escape(f"{agent['agent_id']} {agent['name']}, share {agent['share']}")
        )
    console.print(table)


def _show_rules(result: Preview, rules: Mapping, console: Console) -> None:
    table = Table(title=f"{rules.file} v{rules.version}, rule by rule", title_justify="left")
    for heading in ("field", "value", "from", "as sent", "rule"):
        table.add_column(heading, overflow="fold")
    for trace in result.traces:
        value = _told(value_as_json(trace.result))
        rule = f"{trace.rule} (line {trace.line})"
        table.add_row(escape(trace.field), value, escape(trace.path), escape(trace.raw), escape(rule))
    console.print(table)


def _show_list(title: str, lines: tuple[str, ...] | list[str], console: Console) -> None:
    if lines:
        console.print(f"[yellow]{title}:[/] {escape(', '.join(lines))}")


def _show_problems(title: str, problems: tuple[FieldProblem, ...], console: Console) -> None:
    if problems:
        console.print(f"[red]{title} ({len(problems)}):[/]")
        for problem in problems:
            console.print(f"  {escape(str(problem))}")


def _told(value: Any) -> str:
    if value is None:
        return "[dim]cleared[/]"
    if isinstance(value, dict):
        return f"{value['amount']} {value['currency']}"
    return escape(str(value))
