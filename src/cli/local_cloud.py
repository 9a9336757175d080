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
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cli import detached
from cli.outputs import Outputs
from cli.seeding import demo_file, enter_agents, seed, staff
from cli.stand_ins import STAND_INS, await_answer, log_of, start, start_stand_ins
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

#: The name under which it deploys, as in samconfig.toml.
STACK = "dealwire-local"

#: Below the stand-in for the providers' APIs, the paths where each API lies.
PROVIDER_PATHS = {
    "DotloopApiUrl": "/dotloop/public/v2",
    "DotloopAuthUrl": "/dotloop/auth",
    "BrokermintApiUrl": "/brokermint/api",
}

#: Below the stand-in for Slack, the path that alarms are posted to.
SLACK_PATH = "/services/T0LOCAL/B0LOCAL/demo"

#: The functions of the template, which names an output after each.
FUNCTIONS = (
    *("ingest", "process", "settle", "ring", "deliver", "reconcile"),
    *("sweep", "bury", "watch", "operate", "notify"),
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LocalCloud:
    """A running local cloud: everything that a test, a demo or curl needs to reach it.

    Attributes:
        api_url: of the deployed API, stage included; works without a Host header.
        operate_url: of the operators' API, likewise; wants signed requests.
        endpoint_url: of the emulator, for any AWS client (key `test`, secret `test`).
        region: as deployed.
        webhooks: source to the URL that its webhooks are posted to.
        tables: `records`, `agents`, `events`, `audit` to table name.
        queues: `transactions`, `crm_sync` and the dead-letter queues (`transactions_dlq`, ...) to queue URL.
        functions: `ingest`, `process`, ... to function name.
        bucket: the archive.
        secrets_prefix: what the names of the secrets begin with.
        alarms_topic: ARN of the topic that every alarm goes to.
        providers_url: of the stand-in for the providers' APIs.
        slack_url: of the stand-in for Slack; GET /posts says what it was told.
        crm_url: of the stand-in for SuiteCRM; GET /_dealwire/state says what it holds.
    """

    api_url: str
    operate_url: str
    endpoint_url: str
    region: str
    webhooks: dict[str, str]
    tables: dict[str, str]
    queues: dict[str, str]
    functions: dict[str, str]
    bucket: str
    secrets_prefix: str
    alarms_topic: str
    providers_url: str
    slack_url: str
    crm_url: str

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud, whatever AWS profile and variables the user has."""
        return emulator_client(self.endpoint_url, service)

    @property
    def region_name(self) -> str:
        """The region, as boto3's sessions call it."""
        return self.region

    def get_credentials(self) -> Any:
        """What requests to this cloud are signed with, as boto3's sessions give it."""
        from botocore.credentials import Credentials

        return Credentials("test", "test")


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
    names = ["ministack", *(one.name for one in STAND_INS)]
    stopped = [detached.stop(home / f"{name}.lock") for name in names]
    (home / "local-cloud.json").unlink(missing_ok=True)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return any(stopped)


def _up(say: Say, home: Path, before: Mapping[str, Any] | None) -> LocalCloud:
    digest = _digest()
    if before is None:
        down(home)  # what a crash may have left
        say("starting MiniStack on 127.0.0.1")
        endpoint = _start_ministack(home)
        beside = start_stand_ins(home, endpoint)
    else:
        running = before["cloud"]
        endpoint = running["endpoint_url"]
        beside = {one.name: running[f"{one.name}_url"] for one in STAND_INS if one.serves}
    overrides = _overrides(beside)
    build = ["--build-dir", str(home / "build"), "--cache-dir", str(home / "cache")]
    template = ["--template-file", str(home / "build" / "template.yaml")]
    _sam(say, home, "build", [*build, "--parameter-overrides", *overrides])
    await_answer(f"{endpoint}/_ministack/health", "ministack", home)
    for name, url in beside.items():
        await_answer(f"{url}/health", name, home)
    _sam(say, home, "deploy", [*template, "--parameter-overrides", *overrides], endpoint=endpoint)
    cloud = _describe(endpoint, beside)
    _number_concurrency(cloud)
    say("seeding the demo secrets and the agent directory")
    seed(cloud.client, cloud.secrets_prefix, cloud.tables["agents"], cloud.slack_url + SLACK_PATH)
    enter_agents(cloud.crm_url, staff())
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
    start(home, "ministack", tool_command(MINISTACK), own)
    return f"http://{HOST}:{port}"


def _sam(say: Say, home: Path, step: str, options: Sequence[str], endpoint: str | None = None) -> None:
    # Named, because sam looks for it beside the built template.
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command = [*tool_command(SAM), step, *config, *options]
    say(f"sam {step} --config-env local")
    log = log_of(home, step)
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


def _overrides(beside: Mapping[str, str]) -> list[str]:
    """The parameters of samconfig.toml's `local`, and what only this run knows."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    text: str = config["local"]["deploy"]["parameters"]["parameter_overrides"]
    values = dict(pair.split("=", 1) for pair in text.split())
    values["PythonRuntime"] = f"python{sys.version_info.major}.{sys.version_info.minor}"
    values["Architecture"] = {"x86_64": "x86_64", "AMD64": "x86_64"}.get(platform.machine(), "arm64")
    values |= {name: beside["providers"] + path for name, path in PROVIDER_PATHS.items()}
    values |= {"CrmKind": "suitecrm", "CrmBaseUrl": beside["crm"]}
    return [f"{name}={value}" for name, value in values.items()]


def _describe(endpoint: str, beside: Mapping[str, str]) -> LocalCloud:
    described = emulator_client(endpoint, "cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    out = Outputs(STACK, described["Outputs"])
    own = out.named({
        **{name: f"{name.capitalize()}FunctionName" for name in FUNCTIONS},
        "api": "WebhooksApiId", "operate_api": "OperateApiId", "alarms_topic": "AlarmsTopicArn",
        "bucket": "ArchiveBucketName", "secrets_prefix": "SecretsPrefix",
    })  # fmt: skip
    # The emulator's path form of an API's URL: the usual one needs a Host header or a resolver for *.localhost.
    rest = f"{endpoint}/_aws/execute-api"
    api = f"{rest}/{own['api']}/{out.api_url.rpartition('/')[2]}"
    return LocalCloud(
        api_url=api,
        operate_url=f"{rest}/{own['operate_api']}/{out.operate_url.rpartition('/')[2]}",
        endpoint_url=endpoint,
        region=REGION,
        webhooks={source: f"{api}/webhooks/{source}" for source in demo_file("secrets.demo.json")},
        tables=out.tables,
        queues=out.queues,
        functions={name: own[name] for name in FUNCTIONS},
        bucket=own["bucket"],
        secrets_prefix=own["secrets_prefix"],
        alarms_topic=own["alarms_topic"],
        providers_url=beside["providers"],
        slack_url=beside["slack"],
        crm_url=beside["crm"],
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
    """What `up` wrote, if the emulator still runs; nothing that another version of Dealwire wrote."""
    if not detached.running(home / "ministack.lock"):
        return None
    try:
        state: dict[str, Any] = json.loads((home / "local-cloud.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    known = {field.name for field in fields(LocalCloud)}
    return state if state["cloud"].keys() == known else None
