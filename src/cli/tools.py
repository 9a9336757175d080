"""The pinned tools of the local cloud, and the environment in which they run: nothing of the user's AWS in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Tools that pin many versions have an environment of their own; the Makefile names the same ones (a test compares).
SAM = ("aws-sam-cli==1.170.0", "sam")
MINISTACK = ("ministack[full]==1.5.33", "ministack")

HOST = "127.0.0.1"
REGION = "us-east-1"


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked; the message says why and which log tells more."""


def tool_command(tool: tuple[str, str]) -> list[str]:
    """The command of a tool that has an environment of its own; from uv's cache where it is there, which saves 4 s."""
    package, command = tool
    base = [_uv(), "tool", "run", "--python", sys.executable, "--from", package]
    cached = [*base[:3], "--offline", *base[3:]]
    probe = [*cached, "python", "-c", ""]
    tried = subprocess.run(  # noqa: S603 - the command is ours, nothing of it comes from outside
        probe, env=environment(), capture_output=True, check=False
    )
    return [*(base if tried.returncode else cached), command]


def _uv() -> str:
    found = shutil.which("uv", path=environment()["PATH"])
    if found is None:
        raise LocalCloudError("uv is not installed; run `make setup`")
    return found


def environment() -> dict[str, str]:
    """The user's environment without anything of AWS, Python or this virtual environment in it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON", "VIRTUAL_ENV"))}
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY", ""), HOST, "localhost"])),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",  # it asks every 5 s otherwise; the emulator is done in one
    }


def emulator_client(endpoint: str, service: str) -> Any:
    """A boto3 client of the emulator that reads neither the user's AWS variables nor their files."""
    import boto3  # a fifth of a second that `dealwire --help` does not need
    import botocore.session

    ignored: dict[str, Any] = dict.fromkeys(("profile", "ca_bundle"), (None, None, None, None))
    ignored |= dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    core = botocore.session.Session(session_vars=ignored)
    session: Any = boto3.Session("test", "test", region_name=REGION, botocore_session=core)
    return session.client(service, endpoint_url=endpoint)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
