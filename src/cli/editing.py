"""A new body for an event: by a JSON Patch, from a file, or in the operator's editor. No copy of it stays here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from cli.failures import CommandFailed, Status
from domain.errors import BadPayload
from sources import strict_json

#: Signals that would end the command without a chance to remove the file.
DEADLY = (signal.SIGTERM, signal.SIGHUP)
EXAMPLE = '[{"op": "replace", "path": "/data/status", "value": "Closed"}]'


def patched(body: bytes, patch: Path) -> bytes:
    """The body after a JSON Patch (RFC 6902). Numbers keep the digits they have.

    Raises:
        CommandFailed: the body is not JSON, or the patch is none, or it does not apply.
    """
    import jsonpatch
    from jsonpointer import JsonPointerException

    try:
        document = strict_json.parse(body)
    except BadPayload as error:
        raise CommandFailed(f"a JSON Patch cannot change this body: {error}; replace it with --file") from error
    operations = _operations(patch)
    changed = document
    try:
        jsonpatch.JsonPatch(operations)
        for number, operation in enumerate(operations, start=1):
            changed = _applied(operation, changed, f"{patch} does not apply to this body: operation {number}")
    except (jsonpatch.InvalidJsonPatch, JsonPointerException, TypeError) as error:
        raise CommandFailed(f"{patch} is no JSON Patch ({_line(error)}); expected such as {EXAMPLE}") from error
    return body if _same(changed, document) else written(changed).encode()


def _applied(operation: Mapping[str, Any], document: Any, where: str) -> Any:
    import jsonpatch
    from jsonpointer import JsonPointerException

    try:
        return jsonpatch.JsonPatch([operation]).apply(document)
    except jsonpatch.InvalidJsonPatch:
        raise
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError) as error:
        # The library's own words hold values of the payload.
        done = f"{operation['op']} {operation['path']!r}, does not fit what is there"
        raise CommandFailed(f"{where}, {done}; nothing was changed") from error


def _operations(patch: Path) -> list[Mapping[str, Any]]:
    try:
        read = json.loads(patch.read_bytes(), parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise CommandFailed(f"{patch} is not JSON{where}; expected such as {EXAMPLE}") from error
    except RecursionError as error:
        raise CommandFailed(f"{patch} is nested too deeply; expected such as {EXAMPLE}") from error
    if not isinstance(read, list) or not all(isinstance(one, dict) for one in read):
        raise CommandFailed(f"{patch} is no JSON Patch; expected a list of operations such as {EXAMPLE}")
    return read


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _same(one: Any, other: Any) -> bool:
    # Python takes 1, 1.0 and True for equal; JSON does not.
    return written(one) == written(other)


def written(value: Any, indent: int | None = None, level: int = 0) -> str:
    """The JSON text of what `strict_json` read: `Decimal` keeps every digit; indented by so many, or compact."""
    if isinstance(value, Decimal):
        return str(value)
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False)
    inner = "" if indent is None else "\n" + " " * indent * (level + 1)
    outer = "" if indent is None else "\n" + " " * indent * level
    comma = "," + (inner or " ")
    if isinstance(value, dict):
        parts = (f"{json.dumps(k, ensure_ascii=False)}: {written(v, indent, level + 1)}" for k, v in value.items())
        return f"{{{inner}{comma.join(parts)}{outer}}}"
    return f"[{inner}{comma.join(written(one, indent, level + 1) for one in value)}{outer}]"


def in_editor(body: bytes, environment: Mapping[str, str] = os.environ) -> bytes:
    """The body as the operator leaves it; exactly the same bytes if nothing was changed.

    It lies in a file for this user only while the editor is open. JSON is indented for it.

    Raises:
        CommandFailed: there is no editor, or it failed.
    """
    command = _editor(environment)
    offered = _legible(body)
    with _private_file(offered) as file:
        try:
            ended = subprocess.run([*command, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
        except OSError as error:
            text = f"editor {command[0]!r} cannot be started ({error.strerror}); set VISUAL or EDITOR, or use --patch"
            raise CommandFailed(text) from error
        if ended != 0:
            raise CommandFailed(f"editor {command[0]!r} ended with status {ended}; nothing was changed")
        left = file.read_bytes()
    # Many editors end the last line; that is not the operator's change.
    unchanged = left in {offered, offered + b"\n"}
    return body if unchanged else left


def _editor(environment: Mapping[str, str]) -> list[str]:
    named = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise CommandFailed(f"VISUAL or EDITOR is {named!r}, which is no command ({error})", Status.USAGE) from error
    if not command:
        raise CommandFailed("there is no editor; set VISUAL or EDITOR, or use --patch or --file", Status.USAGE)
    return command


def _legible(body: bytes) -> bytes:
    try:
        return written(strict_json.parse(body), indent=2).encode()
    except BadPayload:
        return body


@contextmanager
def _private_file(content: bytes) -> Iterator[Path]:
    """A file that only this user can read; overwritten and removed whatever happens, with what the editor left."""
    folder = Path(tempfile.mkdtemp(prefix="dealwire-"))  # mkdtemp makes it 0700
    before = {number: signal.signal(number, _leave) for number in DEADLY}
    try:
        file = folder / "body.json"
        first = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(first, content)
            yield file
        finally:
            # The editor may have put another file in its place: both are overwritten.
            _overwrite(first)
    finally:
        _remove(folder)
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _remove(folder: Path) -> None:
    try:
        for left in folder.rglob("*"):  # backups and swap files of the editor too
            if left.is_file() and not left.is_symlink():
                left.chmod(0o600)
                _overwrite(os.open(left, os.O_RDWR))
    finally:
        shutil.rmtree(folder)


def _overwrite(opened: int) -> None:
    """Put zeros in place of what the open file holds, and close it."""
    try:
        os.lseek(opened, 0, os.SEEK_SET)
        os.write(opened, b"\0" * os.fstat(opened).st_size)
        os.fsync(opened)
    finally:
        os.close(opened)
