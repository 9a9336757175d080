"""What goes into each Lambda artifact: `bundles/<group>/` with the locked requirements and links to the rooms it needs.

SAM builds an artifact from one directory. A bundle holds nothing of its own: `requirements.txt` is exported from
uv.lock for the dependency group of the same name, and each room of src/ that the bundle's handlers import, however
indirectly, is a symbolic link (SAM follows them). So the rooms stay in one place and no artifact carries another's
dependencies.

    python dev/bundles.py            write the bundles
    python dev/bundles.py --check    exit 1 and say what differs, if anything does
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
BUNDLES = ROOT / "bundles"

#: Dependency group to the handlers that are deployed with it.
HANDLERS = {
    "ingest": ("handlers.ingest",),
    "process": (
        *("handlers.process", "handlers.sweep", "handlers.bury"),
        *("handlers.watch", "handlers.settle", "handlers.notify", "handlers.ring"),
    ),
    "deliver": ("handlers.deliver",),  # the SOAP stack, and nothing that its cold start does not need
    # What `process` has, what CDAs and statements are drawn with, and the CRM to look at.
    "operate": ("handlers.operate", "handlers.reconcile"),
}


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below the node but the bodies of `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _run_time_nodes(child)


def imports_of(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(module, names taken from it) of every import that running the file can execute, in functions too."""
    for node in _run_time_nodes(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise SystemExit(f"{path}:{node.lineno}: relative import; rooms are imported by name")
            yield node.module, tuple(alias.name for alias in node.names)


def module_file(root: Path, name: str) -> Path | None:
    """The file of a dotted module name under `root`, or None."""
    base = root.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def reachable(root: Path, start: str) -> tuple[set[str], set[str]]:
    """Walk the imports from a module of ours: (our modules under `root`, the modules of others that they import).

    Raises:
        SystemExit: a module of ours is imported that `root` does not have.
    """
    rooms = {path.name for path in SRC.iterdir() if path.is_dir()}
    ours: set[str] = set()
    others: set[str] = set()
    todo = [(start, "")]
    while todo:
        name, importer = todo.pop()
        if name in ours:
            continue
        file = module_file(root, name)
        if file is None:
            raise SystemExit(f"{importer or root} needs {name}, which {root} does not have")
        ours.add(name)
        for module, taken in imports_of(file):
            if module.partition(".")[0] not in rooms:
                others.add(module)
                continue
            submodules = (f"{module}.{item}" for item in taken)
            found = [inner for inner in submodules if module_file(root, inner) is not None]
            todo += [(inner, name) for inner in [module, *found]]
        if "." in name:
            todo.append((name.rpartition(".")[0], name))  # importing a.b runs a first
    return ours, others


def rooms_of(group: str) -> set[str]:
    """The rooms of src/ that the group's handlers reach."""
    return {name.partition(".")[0] for handler in HANDLERS[group] for name in reachable(SRC, handler)[0]}


def requirements_of(group: str) -> str:
    """The group's locked requirements, exact versions, for the builder (which resolves wheels for the target)."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise SystemExit("uv is not installed; run `make setup`")
    command = [uv, "export", "--frozen", "--quiet", "--only-group", group, "--no-emit-project", "--no-annotate"]
    export = subprocess.run([*command, "--no-header"], cwd=ROOT, check=True, capture_output=True, text=True)
    return f"# Written by dev/bundles.py from uv.lock, group {group}. Do not edit.\n{export.stdout}"


def differences(group: str) -> list[str]:
    """What the bundle on disk has that it should not have, and the reverse."""
    bundle, problems = BUNDLES / group, []
    requirements = bundle / "requirements.txt"
    if not requirements.is_file() or requirements.read_text(encoding="utf-8") != requirements_of(group):
        problems.append(f"{requirements.relative_to(ROOT)} differs from uv.lock")
    links = {path.name: path for path in bundle.glob("*") if path != requirements} if bundle.is_dir() else {}
    wanted = rooms_of(group)
    problems += [f"bundles/{group}/{room} is missing" for room in sorted(wanted - links.keys())]
    problems += [f"bundles/{group}/{name} is not needed" for name in sorted(links.keys() - wanted)]
    for room in sorted(wanted & links.keys()):
        if not links[room].is_symlink() or links[room].resolve() != SRC / room:
            problems.append(f"bundles/{group}/{room} is not a link to ../../src/{room}")
    return problems


def write(group: str) -> None:
    """Make the bundle what it should be."""
    bundle = BUNDLES / group
    bundle.mkdir(parents=True, exist_ok=True)
    for path in bundle.iterdir():
        if path.is_symlink():
            path.unlink()
    for room in sorted(rooms_of(group)):
        (bundle / room).symlink_to(Path("..", "..", "src", room), target_is_directory=True)
    (bundle / "requirements.txt").write_text(requirements_of(group), encoding="utf-8")


def main() -> int:
    """Write the bundles, or check them."""
    parser = argparse.ArgumentParser(description="Write or check bundles/.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on a difference")
    check = parser.parse_args().check
    if not check:
        for group in HANDLERS:
            write(group)
    problems = [problem for group in HANDLERS for problem in differences(group)]
    for problem in problems:
        print(f"{problem}; run `python dev/bundles.py`", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
