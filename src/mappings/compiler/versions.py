"""Versions of a mapping: each that was in force once is kept, so that an event can be mapped as it was then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from mappings.loader import HISTORY


def kept_history(built: dict[Path, str], *, amend: bool, folder: Path) -> dict[Path, str]:
    """The files to write beside the new ones: each mapping that is replaced goes to the history under its version.

    Args:
        built: file below `folder` to its new content; others are ignored.
        amend: the version was never deployed, so its meaning may change.
        folder: where the built mappings are now.

    Raises:
        ConfigurationError: a mapping changed its meaning and kept its version, or its version went back.
    """
    kept: dict[Path, str] = {}
    mistakes: list[str] = []
    for file, content in built.items():
        if file.parent != folder or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        old, new = json.loads(text), json.loads(content)
        if new["version"] > old["version"]:
            kept[folder / HISTORY.name / file.stem / f"{old['version']}.json"] = text
        elif new["version"] < old["version"]:
            mistakes.append(f"{new['file']}: `version` went back from {old['version']} to {new['version']}; raise it")
        elif _meaning(old) != _meaning(new) and not amend:
            mistakes.append(
                f"{new['file']}: it changed and still is version {new['version']}, which events remember they were "
                f"mapped by; raise `version` to {new['version'] + 1}, or add --amend if this version was never deployed"
            )
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return kept


def _meaning(part: Any) -> Any:
    """Without the line numbers, which move with every comment."""
    if isinstance(part, dict):
        return {name: _meaning(inner) for name, inner in part.items() if name != "line"}
    return [_meaning(inner) for inner in part] if isinstance(part, list) else part
