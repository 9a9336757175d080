"""Processes that outlive the command that starts them, and end whole: the emulator with its workers, the stand-ins.

A service holds a lock file open for as long as it lives. So whether it runs is a fact about the lock, not a guess from
a stored process id: after a crash or a reboot the lock is free, and nothing that belongs to somebody else is ended.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

#: Seconds that a service has to end by itself before it is killed.
GRACE_S = 5.0

#: Services of this very process: kept so that they can be reaped.
_children: dict[int, subprocess.Popen[bytes]] = {}


def start(lock: Path, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
    """Start the service in a process group of its own, its output in `log`.

    Raises:
        BlockingIOError: it runs already.
        OSError: the command cannot be started.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="ascii") as held, log.open("wb") as output:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        child = subprocess.Popen(  # noqa: S603 - the command is ours, nothing of it comes from outside
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[held.fileno()],
        )
        held.truncate(0)
        held.write(str(child.pid))
    _children[child.pid] = child


def running(lock: Path) -> bool:
    """Whether the service lives."""
    try:
        with lock.open(encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def stop(lock: Path) -> bool:
    """End the service and everything that it started; False where it was not running."""
    group = _group(lock)
    lives = running(lock)
    if lives and group:
        _signal(group, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while running(lock) and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal(group, signal.SIGKILL)  # workers that outlive their parent are still in its group
    if group in _children:
        _children.pop(group).wait()
    lock.unlink(missing_ok=True)
    return lives


def _group(lock: Path) -> int:
    """The process group that the service was started as; 0 where there never was one."""
    text = lock.read_text(encoding="ascii") if lock.is_file() else ""
    return int(text or 0)


def _signal(group: int, what: signal.Signals) -> None:
    try:
        os.killpg(group, what)
    except ProcessLookupError:
        return
