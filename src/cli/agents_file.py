"""The CSV file of our agents, as every command reads it."""

from __future__ import annotations

from pathlib import Path

from domain.agents import Agent
from mappings.compiler.files import text_of
from sources.catalog import catalog
from transforms.agents_csv import parse_agents


def read_agents(file: Path) -> list[Agent]:
    """The agents of a CSV file.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return parse_agents(text_of(file), sources=catalog().keys(), file=str(file))
