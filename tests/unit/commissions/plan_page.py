"""The worked examples of docs/plan-language.md, and what `dealwire commission preview` says, in the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.commission_preview import of_files

PAGE = Path(__file__).parents[3] / "docs" / "plan-language.md"
_BLOCK = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A deal of the page with the plans above it, and the result printed below it."""

    plans: tuple[str, ...]
    deal: str
    result: frozenset[str]

    @property
    def id(self) -> str:
        """The deal's id, for the names of tests."""
        return self.deal.partition("\n")[0].removeprefix("deal: ")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks: what stands behind the fence, and the text in it."""
    for match in _BLOCK.finditer(page):
        yield match["kind"], match["text"]


def examples(page: str) -> list[Example]:
    """The worked examples; plans that follow a result replace those before it."""
    found: list[Example] = []
    plans: list[str] = []
    deal, fresh = "", True
    for kind, text in blocks(page):
        if kind == "yaml plan":
            plans = [text] if fresh else [*plans, text]
            fresh = False
        elif kind == "yaml deal":
            deal, fresh = text, True
        elif kind == "text result":
            found.append(Example(tuple(plans), deal, frozenset(text.splitlines())))
    return found


def result(folder: Path, plans: tuple[str, ...], deal: str) -> frozenset[str]:
    """What the preview of these files says, as the page prints it; who gets nothing is left out.

    Args:
        folder: an empty one, where the files are written.
        plans: texts of plan files.
        deal: text of a deal file.
    """
    files = [folder / f"plan-{number}.yaml" for number in range(len(plans))]
    for file, text in zip(files, plans, strict=True):
        file.write_text(text, encoding="utf-8")
    deal_file = folder / "deal.yaml"
    deal_file.write_text(deal, encoding="utf-8")
    told = of_files(deal_file, files)
    counters = [(owner, name, value) for owner, those in told.counters_after.items() for name, value in those.items()]
    return frozenset(
        [
            *(f"{party} {amount}" for party, amount in told.payees.items() if amount != "0.00"),
            *(f"{owner} {name} {value}" for owner, name, value in counters),
            *(f"owes {one.agent} {one.owed_to} {one.amount}" for one in told.receivables),
        ]
    )
