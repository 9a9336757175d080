"""Build the artifacts as for AWS, then judge them by what lies in them alone.

The local cloud builds for this machine, so nothing that runs here proves the build for AWS. This does, without running
any of it: every compiled file is for the template's default Python and machine, each handler's imports are all there,
and each room came whole.

    python dev/check_artifacts.py [--built DIR]    DIR: take a finished `sam build` instead of building
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bundles import SRC, module_file, reachable
from cli.tools import SAM, environment, tool_command

ROOT = Path(__file__).resolve().parents[1]

#: Template architecture to what a compiled file's name and its ELF header say.
MACHINES = {"arm64": ("aarch64", 0xB7), "x86_64": ("x86_64", 0x3E)}

#: In every Lambda runtime, so in no artifact: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
IN_THE_RUNTIME = {"boto3", "botocore"}


class _Loader(yaml.SafeLoader):
    """Reads past CloudFormation's short forms; what is asked for here has none."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return loaded


def build(into: Path) -> None:
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "prod"]
    command = [*tool_command(SAM), "build", *config, "--build-dir", str(into)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"sam build failed:\n{done.stdout}{done.stderr}")


def wrong_machine(artifact: Path, runtime: str, architecture: str) -> Iterator[str]:
    """The compiled files that the function could not import."""
    name, elf = MACHINES[architecture]
    python = f"cpython-{runtime.removeprefix('python').replace('.', '')}"
    for path in artifact.rglob("*.so*"):
        found = int.from_bytes(path.read_bytes()[18:20], "little")  # e_machine of the ELF header
        fits = f".{python}-{name}" in path.name or ".abi3." in path.name or ".cpython-" not in path.name
        if not fits or found != elf:
            yield f"{path.relative_to(artifact)} is not for {runtime} on {architecture}"


def missing_imports(artifact: Path, handler: str) -> Iterator[str]:
    """The modules that the handler imports, however indirectly, and the artifact lacks."""
    _, others = reachable(artifact, handler.rpartition(".")[0])
    for module in sorted(others):
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in IN_THE_RUNTIME:
            continue
        if module_file(artifact, module) is None and not list(artifact.glob(f"{module.replace('.', '/')}.*.so")):
            yield f"{handler} imports {module}, which is not in the artifact; is it in the dependency group?"


def broken_rooms(artifact: Path) -> Iterator[str]:
    """The files of linked rooms that are not, byte for byte, in the artifact; data files count."""
    for room in (path for path in SRC.iterdir() if (artifact / path.name).is_dir()):
        for file in (path for path in room.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            copy = artifact / file.relative_to(SRC)
            if not copy.is_file() or copy.read_bytes() != file.read_bytes():
                yield f"{file.relative_to(SRC)} is not in the artifact as it is in src/"


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the artifacts for AWS.")
    parser.add_argument("--built", type=Path, help="a directory that `sam build` made with the template's defaults")
    built: Path | None = parser.parse_args().built
    if built is None:
        built = ROOT / ".aws-sam" / "check"
        build(built)
    parameters = load(ROOT / "template.yaml")["Parameters"]
    runtime, architecture = (parameters[name]["Default"] for name in ("PythonRuntime", "Architecture"))
    problems = []
    for name, resource in load(built / "template.yaml")["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        artifact = built / resource["Properties"]["CodeUri"]
        found = list(wrong_machine(artifact, runtime, architecture))
        found += [*missing_imports(artifact, resource["Properties"]["Handler"]), *broken_rooms(artifact)]
        problems += [f"{name}: {problem}" for problem in found]
        size = sum(path.stat().st_size for path in artifact.rglob("*") if path.is_file()) / 1e6
        compiled = len(list(artifact.rglob("*.so")))
        print(f"{name}: {size:.1f} MB, {compiled} compiled for {runtime} on {architecture}, {len(found)} problems")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
