"""`python -m tests.simulation --seeds N --from M`: run seeds; the last line is one JSON object.

`--mutants` breaks the code on purpose, one invariant at a time, and says after how many seeds each was caught.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.simulation.copying import copy_quickly  # noqa: E402 - src is put on the path above

copy_quickly()

from tests.simulation.mutants import MUTANTS, caught_after  # noqa: E402 - copies first
from tests.simulation.running import Summary, run_everywhere, with_fixed_hashes  # noqa: E402 - likewise

#: Seeds within which each mutant must be caught.
MUTANT_SEEDS = 500


def main() -> int:
    """Run what the command line asks for; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at the same time")
    parser.add_argument(
        "--mutants", nargs="*", metavar="NAME", help="break the code on purpose: these, or each in turn"
    )
    wanted = parser.parse_args()
    with_fixed_hashes()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    if wanted.mutants is not None:
        return _mutants(wanted.mutants or list(MUTANTS), wanted.first, wanted.processes)
    return _seeds(wanted.first, wanted.seeds, wanted.processes)


def _seeds(first: int, count: int, processes: int) -> int:
    total = run_everywhere(range(first, first + count), processes, _tell)
    rare = total.rare()
    if rare:
        print("not injected often enough:", "; ".join(rare))
    print(json.dumps(total.document()))
    return 1 if total.failed or rare else 0


def _tell(part: Summary) -> None:
    for seed, words in part.failed.items():
        print(f"seed {seed} failed; again: make sim SEEDS=1 FROM={seed}")
        for line in words[:10]:
            print(f"    {line}")
    sys.stdout.flush()


def _mutants(names: list[str], first: int, processes: int) -> int:
    after = caught_after(names, first, MUTANT_SEEDS, processes)
    for name, seeds in after.items():
        print(f"{name}: " + (f"caught after {seeds} seeds" if seeds else f"NOT caught within {MUTANT_SEEDS} seeds"))
    print(json.dumps(after))
    return 0 if all(after.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
