"""Files that people write: their names, their text, and one report of all the mistakes in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from domain.errors import ConfigurationError
from mappings.compiler.yaml_tree import Mistake

#: A source's name: in the webhook path, of its mapping file, and of its row in sources.yaml.
SOURCE_NAME = r"[a-z][a-z0-9_-]{0,30}"


def text_of(file: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        ConfigurationError: it cannot be read; says why and what to do.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 (at byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(f"{file} cannot be read ({reason}); check the path and its permissions") from error


def report(mistakes: Iterable[Mistake], file: str) -> str:
    """How many mistakes there are, and each on a line of its own as `file:line: what and remedy`."""
    ordered = sorted(mistakes, key=lambda mistake: mistake.line)
    noun = "mistake" if len(ordered) == 1 else "mistakes"
    return "\n".join([f"{file}: {len(ordered)} {noun}", *(f"{file}:{one.line}: {one.message}" for one in ordered)])
