"""The index of the archive in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from domain.event_log import Delivery
from domain.operate.ports import Page
from domain.operate.replays import EventsFilter
from sources.catalog import catalog
from tests.builders import NOW


@dataclass
class MemoryDeliveryLog:
    """Implements `domain.operate.ports.DeliveryLog`; `deal_of` tells the deal of an event key, if it is known."""

    now: Callable[[], datetime] = lambda: NOW
    deal_of: Callable[[str], str] = lambda _key: ""
    rows: dict[tuple[str, str], Delivery] = field(default_factory=dict)

    def add(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            held = self.rows.get((one.key, one.receipt))
            if held is None or one.settled:
                self.rows[one.key, one.receipt] = one

    def pending(self, *, limit: int) -> Sequence[Delivery]:
        return sorted((one for one in self.rows.values() if not one.settled), key=_place)[:limit]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        self.rows |= {(one.key, one.receipt): replace(one, settled=True) for one in deliveries}

    def page(
        self, wanted: EventsFilter, *, after: str = "", limit: int = 50, newest_first: bool = True
    ) -> Page[Delivery]:
        until = wanted.until or self.now() + timedelta(hours=1)
        start = datetime.min.replace(tzinfo=UTC) if wanted.deal else (wanted.until or self.now()) - timedelta(days=7)
        since = wanted.since or start
        found = sorted((one for one in self.rows.values() if self._fits(one, wanted)), key=_place, reverse=newest_first)
        found = [one for one in found if since <= one.received_at < until]
        if after:
            datetime.fromisoformat(after.partition("#")[0])
            found = [one for one in found if (_place(one) < after if newest_first else _place(one) > after)]
        return Page(found[:limit], _place(found[limit - 1]) if len(found) > limit else "")

    def receipts(self, source: str, day: str) -> frozenset[str]:
        return frozenset(
            one.receipt for one in self.rows.values() if one.source == source and _place(one).startswith(day)
        )

    def _fits(self, one: Delivery, wanted: EventsFilter) -> bool:
        return (
            wanted.source in (None, one.source)
            and (wanted.source is not None or wanted.deal is not None or one.source in catalog())
            and wanted.event_type in (None, one.event_type)
            and wanted.deal in (None, self.deal_of(one.key))
        )


@dataclass
class MemoryWalk:
    """Implements `domain.operate.ports.Walk`."""

    rows: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def last_seen(self, source: str) -> str:
        return self.rows[source][0] if source in self.rows else ""

    def seen(self, source: str, archive_key: str, received_at: datetime) -> None:
        if archive_key > self.last_seen(source):
            self.rows[source] = (archive_key, received_at)

    def last_received(self) -> Mapping[str, datetime]:
        return {source: at for source, (_, at) in self.rows.items() if source in catalog()}


def _place(one: Delivery) -> str:
    return f"{one.received_at.astimezone(UTC).isoformat()}#{one.receipt}"
