"""The whole of Dealwire on this machine: the production template, built and deployed to an AWS emulator on 127.0.0.1.

`up` runs the ordinary `sam build` and `sam deploy`; only the endpoint differs. What the emulator does differently from
AWS is listed in docs/local-cloud.md. The user's AWS profile and credentials are never read: every process started here
gets dummy ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import platform
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli import detached
from cli.outputs import Outputs
from cli.seeding import demo_file, seed
from cli.tools import (
    HOST,
    MINISTACK,
    REGION,
    SAM,
    LocalCloudError,
    emulator_client,
    environment,
    free_port,
    tool_command,
)

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".dealwire"

#: Seconds: the emulator answers after about two; a slow disk may need ten times that.
START_S = 60.0

#: The stand-in for the providers' APIs, started beside the emulator: `python dev/provider_stub.py --port N` serves
#: GET /health and the APIs below these paths.
PROVIDER_STUB = ROOT / "dev" / "provider_stub.py"
PROVIDER_PATHS = {
    "DotloopApiUrl": "/dotloop/public/v2",
    "DotloopAuthUrl": "/dotloop/auth",
    "BrokermintApiUrl": "/brokermint/api",
}

#: The functions of the template, which names an output after each.
FUNCTIONS = ("ingest", "process", "sweep")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running local cloud: everything that a test, a demo or curl needs to reach it.

    Attributes:
        api_url: of the deployed API, stage included; works without a Host header.
        endpoint_url: of the emulator, for any AWS client (key `test`, secret `test`).
        region: as deployed.
        webhooks: source to the URL that its webhooks are posted to.
        tables: `records`, `agents`, `events` to table name.
        queues: `transactions`, `transactions_dlq`, `sweep_dlq` to queue URL.
        functions: `ingest`, `process`, `sweep` to function name.
        bucket: the archive.
        secrets_prefix: what the names of the secrets begin with.
        providers_url: of the stand-in for the providers' APIs, if it runs.
    """

    api_url: str
    endpoint_url: str
    region: str
    webhooks: dict[str, str]
    tables: dict[str, str]
    queues: dict[str, str]
    functions: dict[str, str]
    bucket: str
    secrets_prefix: str
    providers_url: str | None

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud, whatever AWS profile and variables the user has."""
        return emulator_client(self.endpoint_url, service)


def up(say: Say, home: Path = HOME) -> LocalCloud:
    """Bring the local cloud up, or up to date: one that runs what is in the tree now is left alone.

    Raises:
        LocalCloudError: a step failed; what this call started has been stopped again.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        before = _state(home)
        if before is not None and before["digest"] == _digest():
            say("the local cloud is up to date")
            return LocalCloud(**before["cloud"])
        try:
            return _up(say, home, before)
        except BaseException:
            if before is None:
                down(home)
            raise


def status(home: Path = HOME) -> LocalCloud | None:
    """The local cloud, if it runs."""
    state = _state(home)
    return None if state is None else LocalCloud(**state["cloud"])


def down(home: Path = HOME) -> bool:
    """Stop everything and forget it; False where nothing was running. The logs stay."""
    stopped = [detached.stop(home / f"{name}.lock") for name in ("ministack", "providers")]
    (home / "local-cloud.json").unlink(missing_ok=True)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return any(stopped)


def _up(say: Say, home: Path, before: Mapping[str, Any] | None) -> LocalCloud:
    digest = _digest()
    if before is None:
        down(home)  # what a crash may have left
        say("starting MiniStack on 127.0.0.1")
        endpoint = _start_ministack(home)
        providers = _start_providers(home)
    else:
        endpoint, providers = before["cloud"]["endpoint_url"], before["cloud"]["providers_url"]
    overrides = _overrides(providers)
    build = ["--build-dir", str(home / "build"), "--cache-dir", str(home / "cache")]
    template = ["--template-file", str(home / "build" / "template.yaml")]
    _sam(say, home, "build", [*build, "--parameter-overrides", *overrides])
    _wait(f"{endpoint}/_ministack/health", "ministack", home)
    if providers:
        _wait(f"{providers}/health", "providers", home)
    _sam(say, home, "deploy", [*template, "--parameter-overrides", *overrides], endpoint=endpoint)
    cloud = _describe(endpoint, providers)
    _number_concurrency(cloud)
    say("seeding the demo secrets and the agent directory")
    seed(cloud.client, cloud.secrets_prefix, cloud.tables["agents"])
    state = {"digest": digest, "cloud": asdict(cloud)}
    (home / "local-cloud.json").write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    return cloud


def _number_concurrency(cloud: LocalCloud) -> None:
    """Set MaximumConcurrency again: MiniStack keeps one that comes from a parameter as text, and its poller trips."""
    client = cloud.client("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if "ScalingConfig" in mapping:
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=mapping["ScalingConfig"])


def _start_ministack(home: Path) -> str:
    port = free_port()
    own = {
        "BIND_HOST": HOST,  # its default is every interface
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",  # an MQTT listener on every interface, whatever BIND_HOST says
        "SFTP_ENABLED": "0",
        "TMPDIR": str(home / "tmp"),  # artifacts that its workers run from
    }
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    _start(home, "ministack", tool_command(MINISTACK), own)
    return f"http://{HOST}:{port}"


def _start_providers(home: Path) -> str | None:
    if not PROVIDER_STUB.is_file():
        return None
    port = free_port()
    _start(home, "providers", [sys.executable, str(PROVIDER_STUB), "--port", str(port)], {})
    return f"http://{HOST}:{port}"


def _start(home: Path, name: str, command: Sequence[str], own: Mapping[str, str]) -> None:
    try:
        detached.start(home / f"{name}.lock", command, {**environment(), **own}, home / "logs" / f"{name}.log")
    except OSError as error:
        raise LocalCloudError(f"{name} did not start: {error}") from error


def _wait(url: str, name: str, home: Path) -> None:
    """Until the service answers; its end or its silence is an error."""
    log = home / "logs" / f"{name}.log"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if not detached.running(home / f"{name}.lock"):
            raise LocalCloudError(f"{name} ended while starting; see {log}")
        if _answers(url):
            return
        time.sleep(0.1)
    raise LocalCloudError(f"{name} did not answer within {START_S:.0f} s; see {log}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _sam(say: Say, home: Path, step: str, options: Sequence[str], endpoint: str | None = None) -> None:
    # Named, because sam looks for it beside the built template.
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command = [*tool_command(SAM), step, *config, *options]
    say(f"sam {step} --config-env local")
    log = home / "logs" / f"{step}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    env = environment() | ({"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    with log.open("wb") as output:
        output.write(f"$ {shlex.join(command)}\n".encode())
        output.flush()
        done = subprocess.run(  # noqa: S603 - the command is ours, nothing of it comes from outside
            command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise LocalCloudError(f"sam {step} failed; see {log}")


def _overrides(providers: str | None) -> list[str]:
    """The parameters of samconfig.toml's `local`, and what only this run knows."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    text: str = config["local"]["deploy"]["parameters"]["parameter_overrides"]
    values = dict(pair.split("=", 1) for pair in text.split())
    values["PythonRuntime"] = f"python{sys.version_info.major}.{sys.version_info.minor}"
    values["Architecture"] = {"x86_64": "x86_64", "AMD64": "x86_64"}.get(platform.machine(), "arm64")
    if providers:
        values |= {name: providers + path for name, path in PROVIDER_PATHS.items()}
    return [f"{name}={value}" for name, value in values.items()]


def _describe(endpoint: str, providers: str | None) -> LocalCloud:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    stack = config["local"]["deploy"]["parameters"]["stack_name"]
    described = emulator_client(endpoint, "cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    out = Outputs(stack, described["Outputs"])
    own = out.named({
        **{name: f"{name.capitalize()}FunctionName" for name in FUNCTIONS},
        "api": "WebhooksApiId", "bucket": "ArchiveBucketName", "secrets_prefix": "SecretsPrefix",
    })  # fmt: skip
    # The emulator's path form of an API's URL: the usual one needs a Host header or a resolver for *.localhost.
    stage = out.api_url.rpartition("/")[2]
    api = f"{endpoint}/_aws/execute-api/{own['api']}/{stage}"
    return LocalCloud(
        api_url=api,
        endpoint_url=endpoint,
        region=REGION,
        webhooks={source: f"{api}/webhooks/{source}" for source in demo_file("secrets.demo.json")},
        tables=out.tables,
        queues=out.queues,
        functions={name: own[name] for name in FUNCTIONS},
        bucket=own["bucket"],
        secrets_prefix=own["secrets_prefix"],
        providers_url=providers,
    )


def _digest() -> str:
    """Of everything that a deployment is made from."""
    digest = hashlib.sha256()
    files = [ROOT / "template.yaml", ROOT / "samconfig.toml", *sorted((ROOT / "bundles").glob("*/requirements.txt"))]
    files += sorted(path for path in (ROOT / "src").rglob("*") if path.is_file() and path.suffix != ".pyc")
    files += sorted((ROOT / "events").glob("*.*"))
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _state(home: Path) -> dict[str, Any] | None:
    """What `up` wrote, if the emulator still runs."""
    if not detached.running(home / "ministack.lock"):
        return None
    try:
        state: dict[str, Any] = json.loads((home / "local-cloud.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return state
