"""The providers' APIs in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import Cause, Deferred, PermanentError

#: What a provider may do to us, in the words of the stand-in, and the cause that an event then waits for.
FAULTS: Mapping[int | str, Cause] = {
    401: Cause.CONFIG,
    403: Cause.CONFIG,
    400: Cause.PROVIDER_API,
    429: Cause.PROVIDER_API,
    500: Cause.PROVIDER_API,
    503: Cause.PROVIDER_API,
    "slow": Cause.PROVIDER_API,
    "close": Cause.PROVIDER_API,
    "html": Cause.PROVIDER_API,
    "huge": Cause.PROVIDER_API,
}


@dataclass
class MemoryProviderApi:
    """Implements `domain.ports.ProviderApi`: documents by (source, path), and faults for the next fetches of a path."""

    documents: dict[tuple[str, str], Any] = field(default_factory=dict)
    faults: dict[str, list[int | str]] = field(default_factory=dict)
    retry_after_s: float = 7.0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self, source: str, paths: Mapping[str, str]) -> Mapping[str, Any]:
        return {name: self._document(source, path) for name, path in paths.items()}

    def _document(self, source: str, path: str) -> Any:
        self.asked.append((source, path))
        fault = self.faults[path].pop(0) if self.faults.get(path) else None
        if fault in (404, 410) or (fault is None and (source, path) not in self.documents):
            raise PermanentError(f"{source} has no {path}", cause=Cause.PROVIDER_API)
        if fault is not None:
            wait = self.retry_after_s if fault == 429 else 0.0
            raise Deferred(f"{source} fails for {path}: {fault}", cause=FAULTS[fault], retry_after_s=wait)
        return self.documents[source, path]
