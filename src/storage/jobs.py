"""Replays under way, in the events table.

| pk | sk | what |
|---|---|---|
| `JOB#id` | `KEYS#00000` ... | a part of the frozen list of event keys |
| same | `JOB` | the replay, how far it has come, and how many keys each part holds |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.event_log import Job
from storage import dynamo
from storage.audit import audit_put

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.event_log import AuditEntry

#: Event keys of one part, at most.
PART = 500

#: Of the 400 KB that DynamoDB's item may have.
PART_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class DynamoJobs:
    """Replays on DynamoDB; implements `domain.operate.ports.Jobs`."""

    client: DynamoDBClient
    events_table: str
    audit_table: str
    pause: Callable[[float], None]

    def create(self, job: Job, keys: Sequence[str], entry: AuditEntry) -> None:
        """Store the list, then the job with its audit entry: a half-written one is not there at all.

        Raises:
            ValueError: the job's total is not the length of the list; a bug of ours.
            Conflict: there is such a job already.
        """
        if job.total != len(keys):
            raise ValueError(f"job {job.id} says {job.total} events and lists {len(keys)}")
        part = part_size(keys)
        parts = [
            _part_key(job.id, number) | {"keys": list(keys[start : start + part])}
            for number, start in enumerate(range(0, len(keys), part))
        ]
        dynamo.batch_put(self.client, self.events_table, parts, self.pause)
        put = dynamo.put(self.events_table, _row(job, part), "attribute_not_exists(pk)")
        dynamo.write_all(self.client, f"create job {job.id}", [put, audit_put(self.audit_table, entry)])

    def load(self, job_id: str) -> Job | None:
        """The job as it stands."""
        row = dynamo.get(self.client, self.events_table, _job_key(job_id))
        return _job(job_id, row) if row else None

    def keys(self, job_id: str, start: int, limit: int) -> Sequence[str]:
        """The event keys from the `start`-th; none of a job that there is not."""
        row = dynamo.get(self.client, self.events_table, _job_key(job_id))
        end = min(start + limit, int(row["total"])) if row else 0
        if row is None or start >= end:
            return []
        part = int(row["part"])
        first = start // part
        wanted = [_part_key(job_id, number) for number in range(first, (end - 1) // part + 1)]
        found = dynamo.batch_get(self.client, {self.events_table: wanted}, self.pause)[self.events_table]
        keys = [key for item in sorted(found, key=lambda item: str(item["sk"])) for key in item["keys"]]
        return keys[start - first * part : end - first * part]

    def advance(self, job_id: str, seen: int, done: int) -> None:
        """Set how many are done.

        Raises:
            Conflict: it is not as it was `seen`: another run of the same job has advanced it.
        """
        values = {":done": done, ":seen": seen}
        step = dynamo.update(self.events_table, _job_key(job_id), "SET done = :done", "done = :seen", values)
        dynamo.write_all(self.client, f"advance job {job_id}", [step])


def part_size(keys: Sequence[str]) -> int:
    """How many keys one part holds, so that no part is too large; the same for all, so that the n-th key is found."""
    longest = max((len(key.encode()) for key in keys), default=1)
    # Each element of a list takes a few bytes more than its text.
    return max(1, min(PART, PART_BYTES // (longest + 4)))


def _job_key(job_id: str) -> dict[str, str]:
    return {"pk": f"JOB#{job_id}", "sk": "JOB"}


def _part_key(job_id: str, number: int) -> dict[str, str]:
    return {"pk": f"JOB#{job_id}", "sk": f"KEYS#{number:05d}"}


def _row(job: Job, part: int) -> dict[str, Any]:
    return _job_key(job.id) | {
        "kind": job.kind,
        "total": job.total,
        "done": job.done,
        "pinned": job.pinned,
        "who": job.who,
        "why": job.why,
        "at": job.at.isoformat(),
        "part": part,
    }


def _job(job_id: str, row: dict[str, Any]) -> Job:
    return Job(
        id=job_id,
        kind=row["kind"],
        total=int(row["total"]),
        who=row["who"],
        why=row["why"],
        at=datetime.fromisoformat(row["at"]),
        done=int(row["done"]),
        pinned=bool(row["pinned"]),
    )
