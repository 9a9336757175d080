"""Five hundred seeds: the deliveries are right whatever goes wrong. (`make sim SEEDS=n FROM=m` runs more.)"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faults import FAULTS
from tests.simulation.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
CHUNK = 50
SEEDS = 500


def _simulated(*options: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, where the order of sets is fixed and a seed replays exactly."""
    command = [sys.executable, "-m", "tests.simulation", "--processes", "1", *options]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_event_ends_in_the_crm_exactly_once(first: int) -> None:
    run = _simulated("--seeds", str(CHUNK), "--from", str(first))
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["seeds"] == CHUNK
    assert told["events"] >= 30 * CHUNK


def test_a_seed_replays_exactly() -> None:
    first, second = (_simulated("--seeds", "2", "--from", "7").stdout for _ in range(2))
    assert first == second


def test_what_is_told_names_every_fault_in_each_form() -> None:
    told = json.loads(_simulated("--seeds", "1", "--from", "3").stdout.splitlines()[-1])
    assert {(kind, form) for kind, forms in told["faults"].items() for form in forms} == set(FAULTS)


def test_a_broken_delivery_is_caught() -> None:
    run = _simulated("--from", "0", "--mutants", "per-deal instead of per-field marks")
    assert run.returncode == 0, run.stdout + run.stderr


def test_each_of_the_sixteen_mistakes_has_its_mutant() -> None:
    assert len(MUTANTS) == 16
