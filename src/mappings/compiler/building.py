"""Compiled files: a folder of YAML becomes JSON that is loaded at run time, all of it or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from mappings.compiler.files import text_of


def compiled(folder: Path, compile_text: Callable[[str, str], Any], built: Path) -> dict[Path, str]:
    """Every YAML file of a folder, compiled: where it is to be written, and its content.

    Args:
        folder: of the YAML files.
        compile_text: (text, file name) to what is written as JSON.
        built: where compiled files lie.

    Raises:
        ConfigurationError: lists the mistakes of all files.
    """
    written, mistakes = {}, []
    for file in sorted(folder.glob("*.yaml")):
        try:
            written[built / f"{file.stem}.json"] = as_json(compile_text(text_of(file), file.name))
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return written


def as_json(data: Any) -> str:
    """As compiled files are written: one line for each entry, so that a change shows in a diff."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def write(outputs: Callable[[], Mapping[Path, str]]) -> int:
    """Write these files and say so; 1 if there are mistakes, which are shown, and nothing is written."""
    try:
        files = outputs()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {file}\n")
    return 0
