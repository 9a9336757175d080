"""The fixtures are the specification: every used event type has one, and each gives exactly its expected facts.

`events/<source>/<event type>__<case>.json` is a body as the provider sends it; `.fetched.json` beside it holds the
documents that a thin webhook makes us fetch, by name; `.expected.json` the canonical facts. To write the expected
files of new fixtures anew: `python -m tests.contract.test_fixtures` with `PYTHONPATH=src:.`, then read the difference.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.agents import Agent, AgentKey
from mappings.loader import mapping
from sources.hydration import hydrated
from sources.strict_json import parse
from transforms.agents_csv import parse_agents
from transforms.deal_facts import EventContext, preview, read
from transforms.facts_json import facts_as_json

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
MAPPED = sorted(file.stem for file in (ROOT / "src/mappings").glob("*.yaml"))
BESIDE = (".expected.json", ".fetched.json")
FIXTURES = sorted(
    file for source in MAPPED for file in (EVENTS / source).glob("*__*.json") if not file.name.endswith(BESIDE)
)


def used_events() -> list[tuple[str, str]]:
    """(source, event type) of everything that sources.yaml says we use, where the source has a mapping."""
    rows = yaml.safe_load((ROOT / "src/sources/sources.yaml").read_text(encoding="utf-8"))["sources"]
    return [(source, event) for source in MAPPED for event in rows[source]["events"]["used"]]


def payload_of(fixture: Path) -> Any:
    """What the mapping reads."""
    body = parse(fixture.read_bytes())
    fetched = fixture.with_suffix(".fetched.json")
    return hydrated(body, parse(fetched.read_bytes())) if fetched.exists() else body


def context_of(fixture: Path) -> EventContext:
    """The same for every run, so that the expected facts are too."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    event_type = fixture.name.partition("__")[0]
    return EventContext(fixture.parent.name, event_type, f"fixture:{fixture.stem}", now, "America/Denver", now)


def agents() -> dict[AgentKey, Agent]:
    """The directory of the demo."""
    return {agent.key: agent for agent in parse_agents((EVENTS / "agents.csv").read_text(encoding="utf-8"))}


def facts_of(fixture: Path) -> dict[str, Any]:
    payload, rules, context = payload_of(fixture), mapping(fixture.parent.name), context_of(fixture)
    directory = agents()
    reading = read(payload, rules, context)
    return facts_as_json(reading.facts({key: directory[key] for key in reading.needs}))


def name_of(fixture: Path) -> str:
    return f"{fixture.parent.name}/{fixture.stem}"


@pytest.mark.parametrize("fixture", FIXTURES, ids=name_of)
def test_a_fixture_gives_exactly_its_expected_facts(fixture: Path) -> None:
    expected = fixture.with_suffix(".expected.json")
    assert expected.exists(), f"{name_of(fixture)} has no {expected.name}; write it as the docstring above says"
    assert facts_of(fixture) == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("fixture", FIXTURES, ids=name_of)
def test_a_preview_gives_the_same_facts_as_the_real_run(fixture: Path) -> None:
    result = preview(payload_of(fixture), mapping(fixture.parent.name), agents(), context_of(fixture))
    assert result.facts is not None
    assert facts_as_json(result.facts) == facts_of(fixture)


@pytest.mark.parametrize(("source", "event"), used_events())
def test_every_used_event_type_has_a_fixture_and_a_mapping(source: str, event: str) -> None:
    assert any(fixture.name.startswith(f"{event}__") for fixture in FIXTURES if fixture.parent.name == source)
    assert event in mapping(source).events


@pytest.mark.parametrize("source", MAPPED)
def test_a_mapping_names_only_events_that_are_used(source: str) -> None:
    assert set(mapping(source).events) == {event for one, event in used_events() if one == source}


def test_no_expected_or_fetched_file_is_left_without_its_fixture() -> None:
    beside = [file for source in MAPPED for file in (EVENTS / source).glob("*.json") if file.name.endswith(BESIDE)]
    assert [file.name for file in beside if file.with_suffix("").with_suffix(".json") not in FIXTURES] == []


if __name__ == "__main__":
    for one in FIXTURES:
        text = json.dumps(facts_of(one), indent=2, ensure_ascii=False)
        one.with_suffix(".expected.json").write_text(text + "\n", encoding="utf-8")
