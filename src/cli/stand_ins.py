"""What runs beside the emulator of the local cloud: stand-ins for other people's servers, and what MiniStack lacks.

Each is a module of dev/ that serves `GET /health` on 127.0.0.1, or none at all.
"""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli import detached
from cli.tools import HOST, LocalCloudError, environment, free_port

ROOT = Path(__file__).resolve().parents[2]

#: Seconds: the emulator answers after about two; a slow disk may need ten times that.
START_S = 60.0


@dataclass(frozen=True, slots=True)
class StandIn:
    """A process beside the emulator.

    Attributes:
        name: of its lock and its log.
        module: of dev/.
        serves: whether it is given a port of its own, and has a URL.
    """

    name: str
    module: str
    serves: bool = True


#: In the order in which they are started. `metrics` is told where the emulator is, the others need not know.
STAND_INS = (
    StandIn("providers", "dev.provider_stub"),
    StandIn("slack", "dev.slack_stub"),
    StandIn("crm", "dev.crm.server"),
    StandIn("metrics", "dev.metrics_bridge", serves=False),
)


def start_stand_ins(home: Path, endpoint: str) -> dict[str, str]:
    """Start them all; name to URL of those that serve.

    Raises:
        LocalCloudError: one cannot be started.
    """
    urls = {}
    own = {"PYTHONPATH": str(ROOT)}  # dev/ is not installed
    for one in STAND_INS:
        command = [sys.executable, "-m", one.module]
        if one.serves:
            port = free_port()
            urls[one.name] = f"http://{HOST}:{port}"
            start(home, one.name, [*command, "--port", str(port)], own)
        else:
            start(home, one.name, [*command, "--endpoint", endpoint], own)
    return urls


def start(home: Path, name: str, command: Sequence[str], own: Mapping[str, str]) -> None:
    """Start a process that outlives this one, with variables of its own beside the usual ones.

    Raises:
        LocalCloudError: it cannot be started.
    """
    try:
        detached.start(home / f"{name}.lock", command, {**environment(), **own}, log_of(home, name))
    except OSError as error:
        raise LocalCloudError(f"{name} did not start: {error}") from error


def await_answer(url: str, name: str, home: Path) -> None:
    """Wait until the process answers.

    Raises:
        LocalCloudError: it ended, or stays silent.
    """
    log = log_of(home, name)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if not detached.running(home / f"{name}.lock"):
            raise LocalCloudError(f"{name} ended while starting; see {log}")
        if _answers(url):
            return
        time.sleep(0.1)
    raise LocalCloudError(f"{name} did not answer within {START_S:.0f} s; see {log}")


def log_of(home: Path, name: str) -> Path:
    """Where the process writes."""
    return home / "logs" / f"{name}.log"


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
