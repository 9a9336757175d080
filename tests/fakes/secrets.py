"""Secrets in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.errors import ConfigurationError


@dataclass
class MemorySecrets:
    """Holds on to what it gave once, as the real store does, until it is asked afresh."""

    values: dict[str, str] = field(default_factory=dict)
    fault: Exception | None = None
    held: dict[str, str] = field(default_factory=dict)
    fresh_asked: int = 0

    def secret(self, name: str, *, fresh: bool = False) -> str:
        if self.fault:
            raise self.fault
        self.fresh_asked += fresh
        if fresh or name not in self.held:
            if not self.values.get(name):
                raise ConfigurationError(f"secret {name} does not exist; set it")
            self.held[name] = self.values[name]
        return self.held[name]
