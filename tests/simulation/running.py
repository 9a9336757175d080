"""Runs seeds, one after the other or on every core, and adds up what they showed."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.checker import check
from tests.simulation.evidence import Wrong
from tests.simulation.faults import FAULTS, Counts, by_kind
from tests.simulation.seeds import script_of
from tests.simulation.world import SimulatedWorld

#: From so many seeds on, each fault must have taken effect so often.
MANY_SEEDS = 10_000
LEAST_OFTEN = 100

#: What is said of a seed that could not be run to its end.
BROKEN = "the simulation broke"

#: Seeds that one process runs at a time.
_CHUNK = 20


@dataclass
class Summary:
    """What some seeds showed.

    Attributes:
        seeds: how many.
        events: that were sent, repeats not counted.
        counts: faults that took effect.
        wrong: violations by kind.
        failed: seed to what was wrong with it.
    """

    seeds: int = 0
    events: int = 0
    counts: Counts = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, other: Summary) -> None:
        """Both together."""
        self.seeds += other.seeds
        self.events += other.events
        self.counts += other.counts
        self.wrong += other.wrong
        self.failed |= other.failed

    def rare(self) -> list[str]:
        """Faults that did not happen often enough for the number of seeds."""
        if self.seeds < MANY_SEEDS:
            return []
        return [f"{fault} {self.counts[fault]} times" for fault in FAULTS if self.counts[fault] < LEAST_OFTEN]

    def document(self) -> dict[str, Any]:
        """The last line of `make sim`."""
        told = {kind.value: self.wrong[kind] for kind in Wrong}
        return {"seeds": self.seeds, "events": self.events, "faults": by_kind(self.counts), **told}


def run_seed(seed: int) -> Summary:
    """One seed, from its script to the verdict."""
    script = script_of(seed)
    world = SimulatedWorld(script)
    try:
        violations = [(one.kind.value, str(one)) for one in check(world.run())]
    except Exception:  # noqa: BLE001 - whatever the flows raise is a finding about this seed
        violations = [(Wrong.UNSETTLED.value, f"{BROKEN}: " + traceback.format_exc(limit=-8))]
    return Summary(
        seeds=1,
        events=len(script.events),
        counts=world.tally.counts,
        wrong=Counter(kind for kind, _ in violations),
        failed={seed: [words for _, words in violations]} if violations else {},
    )


def run_seeds(seeds: Iterable[int]) -> Summary:
    """These seeds in this process."""
    total = Summary()
    with _undisturbed():
        for seed in seeds:
            total.add(run_seed(seed))
            gc.collect()
    return total


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Nothing is logged, and garbage is collected between seeds: while one runs, nearly everything is in use."""
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        logging.disable(logging.NOTSET)


def run_everywhere(seeds: Sequence[int], processes: int, told: Callable[[Summary], None]) -> Summary:
    """These seeds on so many cores; what each chunk showed is told as it comes, in the order of the seeds."""
    total = Summary()
    with _mapping(processes) as mapped:
        for part in mapped(run_seeds, list(_chunks(seeds))):
            told(part)
            total.add(part)
    return total


@contextmanager
def _mapping(processes: int) -> Iterator[Callable[..., Iterable[Summary]]]:
    if processes == 1:
        yield map
        return
    # Each worker starts afresh: threads and forks do not mix.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def _chunks(seeds: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(seeds), _CHUNK):
        yield seeds[start : start + _CHUNK]


def with_fixed_hashes() -> None:
    """Start this program again with one order of sets for all: a seed must replay exactly."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
