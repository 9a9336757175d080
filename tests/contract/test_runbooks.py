"""What the documents tell people to type and to read is there: commands, options, runbooks, and the way to each."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import EnumType
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from typer import Context
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from cli.main import app
from domain.causes import MENDING
from domain.errors import Cause
from tests.template import resolve, resources

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs/runbooks"
INDEX = RUNBOOKS / "README.md"
BOOKS = sorted(file for file in RUNBOOKS.glob("*.md") if file != INDEX)
#: Beside the runbooks; not the decisions, which also tell of what was once.
DOCUMENTS = [
    *BOOKS,
    INDEX,
    ROOT / "README.md",
    *sorted(file for file in (ROOT / "docs").glob("*.md") if file.name != "decisions.md"),
    *sorted((ROOT / "docs/sources").glob("*.md")),
]
SECTIONS = [
    "Symptom",
    "First command",
    "Decision",
    "Fix",
    "How to check that it is over",
    "If that does not help",
]

FENCE = re.compile(r"^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
#: The command, as a prompt or a path before it may show it; a line may do something else first.
COMMAND = re.compile(r"(?:^|&& )(?:\$ )?(?:\S*/)?dealwire(?= |$)(?P<rest>[^|>]*)")
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*|\.\.\.")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Typed:
    """A `dealwire` command as a document shows it: whole lines are to be typed, spans may only name a command."""

    document: str
    text: str
    whole: bool

    def __str__(self) -> str:
        return f"{self.document}: dealwire {self.text}"


def commands_in(document: str, text: str) -> Iterator[Typed]:
    """Every `dealwire` command in it, of code blocks and of code spans."""
    text = re.sub(r"<([\w-]+)>", "VALUE", text).replace("…", "...")
    for block in FENCE.finditer(text):
        for line in block["text"].replace("\\\n", " ").splitlines():
            for found in COMMAND.finditer(line.strip().partition(" #")[0]):
                yield Typed(document, found["rest"].strip(), whole=True)
    for span in SPAN.finditer(FENCE.sub("", text)):
        if found := COMMAND.match(" ".join(span[1].split())):
            yield Typed(document, found["rest"].strip(), whole=False)


@cache
def _dealwire() -> Any:
    return get_command(app)


def mistake_in(typed: Typed) -> str | None:
    """What the command would say about it, without running it; None if it takes it."""
    try:
        command, left = _found(_dealwire(), shlex.split(typed.text))
        if isinstance(command, TyperGroup):
            return "a group, not a command" if typed.whole and not left else None
        _parse(command, left, whole=typed.whole)
    except (TyperException, ValueError) as error:
        return str(error)
    return None


def _found(command: Any, words: list[str]) -> tuple[Any, list[str]]:
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            raise ValueError(f"no command {words[0]!r}")
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _parse(command: Any, words: list[str], *, whole: bool) -> None:
    given, left, _ = command.make_parser(Context(command)).parse_args(args=list(words))
    if left and left != ["..."]:
        raise ValueError(f"takes no {left[0]!r}")
    for parameter in command.params:
        value = given.get(parameter.name)
        # Naming a command is not typing it: what is required may be left out there.
        if whole and parameter.required and value in (None, (), []):
            raise ValueError(f"needs {parameter.name}")
        said = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        wrong = [
            text for text in said if not PLACEHOLDER.fullmatch(text) and text not in (_choices(parameter) or [text])
        ]
        if wrong:
            raise ValueError(f"{parameter.opts[0]}: {wrong[0]!r} is not one of its values")


def _choices(parameter: Any) -> list[str]:
    """The values that it takes, if they are few and fixed."""
    annotation = parameter.type_descriptor.annotation
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, EnumType)]
    return [member.value for kind in kinds for member in kind]


def told_by_alarms() -> Iterator[Typed]:
    """The command that each alarm says to type next."""
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        text = resolve(alarm["Properties"]["AlarmDescription"])
        yield from commands_in(
            "template.yaml", "\n".join(["```", *re.findall(r"^Next: (dealwire .+)$", text, re.MULTILINE), "```"])
        )
        assert "Next: dealwire " in text, f"{name} says nothing to type next"


def told_by_causes() -> Iterator[Typed]:
    """The commands in the remedies of causes."""
    for mending in MENDING.values():
        yield from commands_in("causes.py", mending.remedy)


SHOWN = [typed for file in DOCUMENTS for typed in commands_in(file.name, file.read_text(encoding="utf-8"))]
TYPED = [*SHOWN, *told_by_alarms(), *told_by_causes()]


@pytest.mark.parametrize("document", sorted({typed.document for typed in TYPED}))
def test_every_command_that_a_document_shows_can_be_typed(document: str) -> None:
    mistakes = {str(typed): mistake_in(typed) for typed in TYPED if typed.document == document}
    assert {typed: mistake for typed, mistake in mistakes.items() if mistake} == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dlq lst", "no command 'lst'"),
        ("dlq list --couse mapping", "No such option"),
        ("dlq list --cause maping", "is not one of its values"),
        ("status now", "takes no 'now'"),
        ("trace", "needs"),
        ("dlq", "a group, not a command"),
    ],
)
def test_a_command_that_could_not_be_typed_is_found_out(text: str, says: str) -> None:
    shown = f"```sh\n$ .venv/bin/dealwire {text}   # a remark\n```\n"
    (typed,) = commands_in("page", shown)
    assert typed.text == text
    assert says in (mistake_in(typed) or "")


def test_commands_are_found_in_blocks_lists_and_spans() -> None:
    shown = (
        "Type `dealwire status`.\n\n1. So:\n\n   ```sh\n   cd src && dealwire down\n   dealwire up --json > a\n   ```\n"
    )
    found = [(typed.text, typed.whole) for typed in commands_in("page", shown)]
    assert found == [("down", True), ("up --json", True), ("status", False)]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_runbook_has_its_six_sections_and_a_first_command(book: Path) -> None:
    text = book.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", FENCE.sub("", text), re.MULTILINE)
    assert headings == SECTIONS
    sections = dict(zip(SECTIONS, re.split(r"^## .+$", text, flags=re.MULTILINE)[1:], strict=True))
    assert all(section.strip() for section in sections.values())
    assert "```sh" in sections["First command"]
    assert re.search(r"^\|.+\|$", sections["Decision"], re.MULTILINE)
    assert "--stack dealwire --profile ops" in text.partition("## ")[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_no_link_of_a_document_leads_nowhere(document: Path) -> None:
    links = LINK.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    ours = [link for link in links if "://" not in link]
    assert [link for link in ours if not (document.parent / link).exists()] == []


def runbooks_of_alarms() -> dict[str, str]:
    """Alarm to the file of its runbook, `` if its description links none."""
    alarms: dict[str, Any] = resources("AWS::CloudWatch::Alarm")
    linked = {name: json.dumps(alarm["Properties"].get("AlarmDescription")) for name, alarm in alarms.items()}
    found = {name: re.search(r"Runbook: \$\{RunbooksUrl\}/([\w-]+\.md)", text) for name, text in linked.items()}
    return {name: match[1] if match else "" for name, match in found.items()}


def test_every_alarm_links_a_runbook_that_exists() -> None:
    linked = runbooks_of_alarms()
    assert linked, "the template has no alarm"
    existing = {book.name for book in BOOKS}
    assert {name: file for name, file in linked.items() if file not in existing} == {}


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_runbook_that_exists(cause: Cause) -> None:
    assert MENDING[cause].runbook in {book.name for book in BOOKS}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_every_runbook_is_in_the_index_by_its_symptom(book: Path) -> None:
    rows = re.findall(r"^\| (.+) \| \[.+\]\((.+)\) \|$", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert book.name in {file for _, file in rows}
