"""The queues in memory. Messages pass through their wire form, so that a test sees what a consumer would."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from domain.envelope import Envelope
from domain.errors import Cause, ConfigurationError


@dataclass
class MemoryQueues:
    """`MessageQueue` and `DeadLetters`; shares a journal with other fakes; fails when told to."""

    sources: Collection[str] = ("transactions", "brokermint", "dotloop")
    sent: list[Envelope] = field(default_factory=list)
    dead: list[tuple[Envelope, Cause, str]] = field(default_factory=list)
    dead_facts: list[tuple[str, int]] = field(default_factory=list)  # (deal, receives) of each in `dead`
    journal: list[str] = field(default_factory=list)
    fault: Exception | None = None
    dead_fault: Exception | None = None

    def send(self, envelopes: Sequence[Envelope]) -> None:
        if self.fault:
            raise self.fault
        for envelope in envelopes:
            self._check(envelope)
        self.journal.append("queued")
        self.sent += [Envelope.from_json(envelope.to_json()) for envelope in envelopes]

    def bury(self, envelope: Envelope, cause: Cause, reason: str, *, deal: str = "", receives: int = 1) -> None:
        if self.dead_fault:
            raise self.dead_fault
        self._check(envelope)
        self.journal.append("buried")
        self.dead.append((Envelope.from_json(envelope.to_json()), cause, reason))
        self.dead_facts.append((deal, receives))

    def _check(self, envelope: Envelope) -> None:
        if envelope.source not in self.sources:
            raise ConfigurationError(f"source {envelope.source} has no queue here; check sources.yaml")
