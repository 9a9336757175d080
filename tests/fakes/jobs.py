"""Replays under way in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from domain.errors import Conflict
from domain.event_log import AuditEntry, Job
from tests.fakes.audit import MemoryAudit


@dataclass
class MemoryJobs:
    """Implements `domain.operate.ports.Jobs`; give it the audit trail that creating a job writes to."""

    audit: MemoryAudit = field(default_factory=MemoryAudit)
    jobs: dict[str, Job] = field(default_factory=dict)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def create(self, job: Job, keys: Sequence[str], entry: AuditEntry) -> None:
        if job.total != len(keys):
            raise ValueError(f"job {job.id} says {job.total} events and lists {len(keys)}")
        if job.id in self.jobs:
            raise Conflict(f"job {job.id} is there already")
        self.audit.put(entry)
        self.jobs[job.id], self.lists[job.id] = job, tuple(keys)

    def load(self, job_id: str) -> Job | None:
        return self.jobs.get(job_id)

    def keys(self, job_id: str, start: int, limit: int) -> Sequence[str]:
        return list(self.lists.get(job_id, ())[start : start + limit])

    def advance(self, job_id: str, seen: int, done: int) -> None:
        held = self.jobs.get(job_id)
        if held is None or held.done != seen:
            raise Conflict(f"job {job_id} is not at {seen}")
        self.jobs[job_id] = replace(held, done=done)
