"""Detached services: they outlive their starter, end with everything that they started, and are never mistaken."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import detached

#: Starts a child of its own, says who it is, and waits.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "service.lock"
    yield path
    detached.stop(path)


def eventually(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)
    return what()


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead child that nobody has reaped yet still answers.
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def start(lock: Path, script: str) -> Path:
    log = lock.with_suffix(".log")
    detached.start(lock, [sys.executable, "-c", script], os.environ, log)
    return log


def test_stopping_a_service_ends_its_children_too(lock: Path) -> None:
    log = start(lock, PARENT)
    assert eventually(lambda: log.read_text().strip().isdigit())
    child = int(log.read_text())
    assert detached.running(lock)

    assert detached.stop(lock)

    assert not detached.running(lock)
    assert eventually(lambda: not lives(child))


def test_a_service_that_ends_by_itself_is_not_running_and_there_is_nothing_to_stop(lock: Path) -> None:
    start(lock, "")
    assert eventually(lambda: not detached.running(lock))
    assert not detached.stop(lock)


def test_a_service_that_ignores_the_polite_signal_is_ended_all_the_same(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detached, "GRACE_S", 0.2)
    log = start(
        lock,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
    )
    assert eventually(lambda: "deaf" in log.read_text())
    assert detached.stop(lock)
    assert eventually(lambda: not detached.running(lock))


def test_the_process_of_a_stale_lock_file_is_left_alone(lock: Path) -> None:
    # Given a lock file from before a reboot, whose number now belongs to somebody else: to this test.
    lock.write_text(str(os.getpgid(0)))
    assert not detached.stop(lock)


def test_a_service_is_not_started_twice(lock: Path) -> None:
    start(lock, "import time; time.sleep(60)")
    with pytest.raises(BlockingIOError):
        start(lock, "")
