"""Our agents from a CSV file: every row, or every mistake at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator

from domain.agents import Agent, AgentKey, agent_id
from domain.errors import ConfigurationError
from transforms.converters.texts import LONGEST_IDENTIFIER, clean

#: The columns, in the order we write them; a file may have them in any order.
COLUMNS = ("source", "agent_id", "name", "licence", "office", "crm_user_id", "crm_contact_id")
#: Longer than any name or id of an agent.
LONGEST_VALUE = LONGEST_IDENTIFIER


def parse_agents(
    text: str, *, sources: Collection[str] = (), file: str = "the agents file", crm_ids: bool = True
) -> list[Agent]:
    """The agents of a CSV file with the header `source,agent_id,name,licence,office,crm_user_id,crm_contact_id`.

    Args:
        text: of the file; a byte order mark and blank lines are ignored.
        sources: the names that may stand under `source`; any, if none are given.
        file: its name, for messages.
        crm_ids: whether an agent needs the ids of the CRM; without them only a check makes sense.

    Raises:
        ConfigurationError: lists every mistake with its line and what to do.
    """
    # Splitting at line ends first would break quoted values that hold one.
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    reading = _Reading(sources, needed=COLUMNS if crm_ids else COLUMNS[:-2])
    try:
        for row in rows:
            if any(value.strip() for value in row):
                reading.take(rows.line_num, row)
    except csv.Error as error:
        reading.wrong(rows.line_num, f"not CSV ({error}); check the quotes on this line")
    if not reading.header and not reading.mistakes:
        reading.wrong(1, f"the file is empty; its first line must be {','.join(COLUMNS)}")
    if reading.mistakes:
        count = len(reading.mistakes)
        head = f"{file}: {count} mistake{'s' if count > 1 else ''}; nothing was taken"
        raise ConfigurationError("\n".join([head, *reading.mistakes]))
    return list(reading.agents.values())


class _Reading:
    """What was read so far."""

    def __init__(self, sources: Collection[str], needed: Collection[str]) -> None:
        self.sources = sources
        self.needed = needed
        self.header: list[str] = []
        self.agents: dict[AgentKey, Agent] = {}
        self.lines: dict[AgentKey, int] = {}
        self.mistakes: list[str] = []

    def wrong(self, line: int, message: str) -> None:
        self.mistakes.append(f"line {line}: {message}")

    def take(self, line: int, row: list[str]) -> None:
        if not self.header:
            self._take_header(line, row)
        elif len(row) != len(self.header):
            self.wrong(line, f"{len(row)} values for {len(self.header)} columns; quote values that hold a comma")
        elif set(COLUMNS) <= set(self.header):  # else the header is wrong; that is reported once
            self._take_agent(line, dict(zip(self.header, row, strict=True)))

    def _take_header(self, line: int, row: list[str]) -> None:
        self.header = [name.strip().lower() for name in row]
        for name in COLUMNS:
            if self.header.count(name) != 1:
                how = "missing" if name not in self.header else "there twice"
                self.wrong(line, f"column {name!r} is {how}; the first line must be {','.join(COLUMNS)}")
        for name in self.header:
            if name not in COLUMNS:
                self.wrong(line, f"column {name!r} is unknown; remove it (known: {', '.join(COLUMNS)})")

    def _take_agent(self, line: int, row: dict[str, str]) -> None:
        # An id is taken as events give it, and not cleaned: one that no event can carry would be in the file in vain.
        values = {name: row[name].strip() if name == "agent_id" else clean(row[name]) for name in COLUMNS}
        mistakes = list(_bad_values(values, self.sources, self.needed))
        key = AgentKey(values["source"], agent_id(values["agent_id"]))
        if key in self.lines:
            mistakes.append(f"{key} is already on line {self.lines[key]}; keep one of the two")
        elif all(key):
            self.lines[key] = line
        for mistake in mistakes:
            self.wrong(line, mistake)
        if not mistakes:
            self.agents[key] = Agent(key=key, **{name: values[name] for name in COLUMNS[2:]})


def _bad_values(values: dict[str, str], sources: Collection[str], needed: Collection[str]) -> Iterator[str]:
    for name in COLUMNS:
        if not values[name] and name in needed:
            yield f"{name} is empty; every agent needs one"
        elif len(values[name]) > LONGEST_VALUE:
            yield f"{name} has {len(values[name])} characters; at most {LONGEST_VALUE}"
    if not values["agent_id"].isprintable():
        yield "agent_id holds a character that cannot be seen, such as a tab; type it again"
    if sources and values["source"] and values["source"] not in sources:
        yield f"source {values['source']!r} is unknown; expected one of {', '.join(sorted(sources))}"
