"""The sources as the functions see them: read once from the prebuilt index, frozen, typed.

`sources.yaml` is what people read and change; `index.json` is built from it and checked then, so that a Lambda starts
without a YAML parser.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

INDEX = Path(__file__).with_name("index.json")


class Part(NamedTuple):
    """A place in a request, or a text of its own.

    Attributes:
        kind: `body`, `header`, `param` (of the signature header), `literal`, or `path` (in the JSON body).
        name: the header (lower-case), parameter, text or dotted path; for `body` the encoding it is signed in, or "".
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Clock:
    """The signed time: where it stands, how many of its units make a second, and how far off it may be."""

    part: Part
    per_second: int
    tolerance_s: int


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a request proves who sent it. What each value means is written at the top of `sources.yaml`.

    Attributes:
        mark: the prefix of `prefixed`, the name of `params` and `versions`.
    """

    name: str
    kind: str
    header: str
    algorithm: str = ""
    key_strip: str = ""
    key_decoding: str = "text"
    signed: tuple[tuple[Part, ...], ...] = ()
    syntax: str = "bare"
    mark: str = ""
    encoding: str = "hex"
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One sender of webhooks.

    Attributes:
        max_silence_hours: after which its silence is worth an alarm; None: never.
    """

    name: str
    scheme: Scheme
    enabled: bool
    queue: str
    mapping_version: int
    event_type: tuple[Part, ...]
    identity: tuple[Part, ...]
    used: frozenset[str]
    ignored: frozenset[str]
    keep_headers: tuple[str, ...] = ()
    fetch: Mapping[str, str] = field(default_factory=dict)
    max_silence_hours: int | None = None

    @property
    def secret_name(self) -> str:
        """Where its signing secret is kept."""
        return f"webhooks/{self.name}"


@lru_cache(maxsize=1)
def catalog() -> Mapping[str, Source]:
    """Every source by the name in its webhook path."""
    return read_index(json.loads(INDEX.read_bytes()))


def read_index(index: Mapping[str, Any]) -> Mapping[str, Source]:
    """Read what `sources.build.build` made."""
    schemes = {name: _scheme(name, row) for name, row in index["schemes"].items()}
    return {name: _source(name, row, schemes) for name, row in index["sources"].items()}


def _parts(rows: list[list[str]]) -> tuple[Part, ...]:
    return tuple(Part(kind, name) for kind, name in rows)


def _scheme(name: str, row: Mapping[str, Any]) -> Scheme:
    clock = row.get("clock")
    return Scheme(
        **{
            **row,
            "name": name,
            "signed": tuple(_parts(parts) for parts in row.get("signed", ())),
            "clock": Clock(Part(*clock["part"]), clock["per_second"], clock["tolerance_s"]) if clock else None,
        }
    )


def _source(name: str, row: Mapping[str, Any], schemes: Mapping[str, Scheme]) -> Source:
    return Source(
        **{
            **row,
            "name": name,
            "scheme": schemes[row["scheme"]],
            "event_type": _parts(row["event_type"]),
            "identity": _parts(row["identity"]),
            "used": frozenset(row["used"]),
            "ignored": frozenset(row["ignored"]),
            "keep_headers": tuple(row["keep_headers"]),
        }
    )
