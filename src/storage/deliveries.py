"""The index of the archive: a row for each verified delivery, and how far the archive was walked.

| pk | sk | what | read by |
|---|---|---|---|
| `EVENT#source#event id` | `DELIVERY#receipt` | one delivery | event; `by_day`; `due`: kind `pending` until settled |
| `WALK#source` | `WALK` | newest archive key that was filed, and when that delivery was received | source |
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain.errors import Conflict
from domain.event_log import Delivery, Disposition
from domain.operate.ports import Page
from sources.catalog import catalog
from storage import dynamo
from storage.event_rows import DELIVERY, moment
from storage.records import event_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.operate.replays import EventsFilter

#: How far back a list goes whose filter does not say.
WINDOW = timedelta(days=7)

#: What one page reads at most; a page that ends here may hold less than was asked for, and says how to go on.
MOST_DAYS = 366
MOST_READ = 5_000

PENDING = "pending"


@dataclass(frozen=True, slots=True)
class DynamoDeliveryLog:
    """Deliveries on DynamoDB; implements `domain.operate.ports.DeliveryLog`.

    Attributes:
        now: aware UTC, for lists whose filter names no time.
    """

    client: DynamoDBClient
    events_table: str
    pause: Callable[[float], None]
    now: Callable[[], datetime]

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write the rows that are not there yet; one that is settled stays so.

        Read first, then written: a row that is settled between the two is pending once more, and is settled again
        with the next look at what is pending.
        """
        wanted: dict[tuple[str, str], Delivery] = {}
        for one in deliveries:
            if one.settled or (one.key, one.receipt) not in wanted:
                wanted[one.key, one.receipt] = one
        keys = [_key(one) for one in wanted.values()]
        found = dynamo.batch_get(self.client, {self.events_table: keys}, self.pause)[self.events_table]
        held = {(row["pk"], row["sk"]): "due_kind" not in row for row in found}
        rows = [delivery_row(one) for one in wanted.values()]
        self._put([row for row in rows if _adds(row, held.get((row["pk"], row["sk"])))])

    def pending(self, *, limit: int) -> Sequence[Delivery]:
        """Those that have no outcome yet, oldest first. The index lags: some may have been settled a moment ago."""
        request: dict[str, Any] = {
            "TableName": self.events_table,
            "IndexName": "due",
            "KeyConditionExpression": "due_kind = :pending",
            "PaginationConfig": {"MaxItems": limit},
        }
        return [delivery_from(row) for row in dynamo.query(self.client, request, {":pending": PENDING})]

    def settle(self, deliveries: Sequence[Delivery]) -> None:
        """These have an outcome: their rows leave the index of what is pending."""
        rows = {(one.key, one.receipt): _key(one) | _columns(one) for one in deliveries}
        self._put(list(rows.values()))

    def page(
        self, wanted: EventsFilter, *, after: str = "", limit: int = 50, newest_first: bool = True
    ) -> Page[Delivery]:
        """Deliveries by time of receipt, from `since` on, up to but not including `until`.

        Raises:
            ValueError: `after` is not a `next` of ours.
        """
        low, high = self._bounds(wanted)
        if after:
            _check(after)
            low, high = (low, min(high, after)) if newest_first else (max(low, after), high)
        items: list[Delivery] = []
        seen = after
        for read, row in enumerate(self._rows(wanted, low, high, newest_first=newest_first)):
            if len(items) == limit or read == MOST_READ or "more" in row:
                return Page(items, row.get("more", seen))
            if row["delivered_at"] == after:
                continue
            seen = row["delivered_at"]
            if _fits(row, wanted):
                items.append(delivery_from(row))
        return Page(items)

    def receipts(self, source: str, day: str) -> frozenset[str]:
        """The receipts of one source and UTC day that have a row."""
        request = self._by_day() | {"KeyConditionExpression": "delivery_day = :day", "ProjectionExpression": "receipt"}
        rows = dynamo.query(self.client, request, {":day": f"{source}#{day}"})
        return frozenset(row["receipt"] for row in rows)

    def _bounds(self, wanted: EventsFilter) -> tuple[str, str]:
        # A delivery of this very moment is still wanted, whosever clock it was received by.
        until = wanted.until or self.now() + timedelta(hours=1)
        since = datetime.min.replace(tzinfo=UTC) if wanted.deal else (wanted.until or self.now()) - WINDOW
        return moment(wanted.since or since), moment(until)

    def _rows(self, wanted: EventsFilter, low: str, high: str, *, newest_first: bool) -> Iterator[dict[str, Any]]:
        """Rows in order; one with nothing but `more`, where to go on, ends a list that is too long for one page."""
        if wanted.deal is not None:
            rows = [row for row in self._of_deal(wanted.deal) if low <= row["delivered_at"] <= high]
            yield from sorted(rows, key=_delivered_at, reverse=newest_first)
            return
        sources = sorted(catalog()) if wanted.source is None else [wanted.source]
        for number, day in enumerate(_days(low, high, newest_first=newest_first)):
            if number == MOST_DAYS:
                yield {"more": _edge(day, newest_first=newest_first)}
            lists = [self._of_day(f"{one}#{day}", low, high, newest_first=newest_first) for one in sources]
            yield from heapq.merge(*lists, key=_delivered_at, reverse=newest_first)

    def _of_day(self, day: str, low: str, high: str, *, newest_first: bool) -> Iterator[dict[str, Any]]:
        between = "delivery_day = :day AND delivered_at BETWEEN :low AND :high"
        request = self._by_day() | {
            "KeyConditionExpression": between,
            "ScanIndexForward": not newest_first,
            "PaginationConfig": {"PageSize": 100},
        }
        return dynamo.query(self.client, request, {":day": day, ":low": low, ":high": high})

    def _of_deal(self, deal: str) -> Iterator[dict[str, Any]]:
        request = {
            "TableName": self.events_table,
            "IndexName": "by_deal",
            "KeyConditionExpression": "deal = :deal",
        }
        events = {row["pk"] for row in dynamo.query(self.client, request, {":deal": deal}) if row["sk"] == "EVENT"}
        of_event = {
            "TableName": self.events_table,
            "KeyConditionExpression": "pk = :event AND begins_with(sk, :delivery)",
            "ConsistentRead": True,
        }
        for event in sorted(events):
            yield from dynamo.query(self.client, of_event, {":event": event, ":delivery": DELIVERY})

    def _by_day(self) -> dict[str, Any]:
        return {"TableName": self.events_table, "IndexName": "by_day"}

    def _put(self, rows: Sequence[dict[str, Any]]) -> None:
        dynamo.batch_put(self.client, self.events_table, rows, self.pause)


@dataclass(frozen=True, slots=True)
class DynamoWalk:
    """How far the archive was walked, on DynamoDB; implements `domain.operate.ports.Walk`."""

    client: DynamoDBClient
    events_table: str
    pause: Callable[[float], None]

    def last_seen(self, source: str) -> str:
        """The archive key of the newest delivery that was filed; empty at first."""
        row = dynamo.get(self.client, self.events_table, _walk_key(source))
        return str(row["archive_key"]) if row else ""

    def seen(self, source: str, archive_key: str, received_at: datetime) -> None:
        """Remember it; a step back is ignored. Keys begin with the day and end with the receipt: they sort by time."""
        row = _walk_key(source) | {
            "source": source,
            "archive_key": archive_key,
            "last_received_at": moment(received_at),
        }
        try:
            with dynamo.translated(f"remember the walk of {source}"):
                self.client.put_item(
                    TableName=self.events_table,
                    Item=dynamo.to_wire(row),
                    ConditionExpression="attribute_not_exists(pk) OR archive_key < :key",
                    ExpressionAttributeValues=dynamo.to_wire({":key": archive_key}),
                )
        except Conflict:  # another walk has come as far or further
            return

    def last_received(self) -> Mapping[str, datetime]:
        """Source of the catalog to when its newest filed delivery was received; none for one never heard."""
        keys = [_walk_key(source) for source in sorted(catalog())]
        rows = dynamo.batch_get(self.client, {self.events_table: keys}, self.pause)[self.events_table]
        return {row["source"]: datetime.fromisoformat(row["last_received_at"]) for row in rows}


def delivery_row(one: Delivery) -> dict[str, Any]:
    """The delivery as it is stored; until it is settled, with what the index of pending ones reads."""
    due = {} if one.settled else {"due_kind": PENDING, "due_at": int(one.received_at.timestamp())}
    return _key(one) | _columns(one) | due


def delivery_from(row: dynamo.Item) -> Delivery:
    """The delivery that `delivery_row` stored."""
    return Delivery(
        key=row["pk"].removeprefix("EVENT#"),
        receipt=row["receipt"],
        archive_key=row["archive_key"],
        received_at=datetime.fromisoformat(row["received_at"]),
        source=row["source"],
        event_type=row["event_type"],
        disposition=Disposition(row["disposition"]),
        mapping_version=int(row["mapping_version"]),
        content_type=row["content_type"],
        settled="due_kind" not in row,
    )


def _key(one: Delivery) -> dict[str, str]:
    return event_key(one.key) | {"sk": f"{DELIVERY}{one.receipt}"}


def _columns(one: Delivery) -> dict[str, Any]:
    at = moment(one.received_at)
    return {
        "receipt": one.receipt,
        "archive_key": one.archive_key,
        "received_at": at,
        "source": one.source,
        "event_type": one.event_type,
        "disposition": one.disposition.value,
        "mapping_version": one.mapping_version,
        "content_type": one.content_type,
        "delivery_day": f"{one.source}#{at[:10]}",
        "delivered_at": f"{at}#{one.receipt}",
    }


def _adds(row: dynamo.Item, settled_already: bool | None) -> bool:
    """Whether writing the row adds anything; None: it is not there yet."""
    return settled_already is None or (not settled_already and "due_kind" not in row)


def _fits(row: dynamo.Item, wanted: EventsFilter) -> bool:
    source, event_type = wanted.source, wanted.event_type
    return source in (None, row["source"]) and event_type in (None, row["event_type"])


def _delivered_at(row: dynamo.Item) -> str:
    return str(row["delivered_at"])


def _days(low: str, high: str, *, newest_first: bool) -> Iterator[date]:
    """The UTC days of a time span, in the order asked for; none where the span is empty."""
    first, last = date.fromisoformat(low[:10]), date.fromisoformat(high[:10])
    count = (last - first).days + 1 if low <= high else 0
    return (last - timedelta(days=n) if newest_first else first + timedelta(days=n) for n in range(count))


def _edge(day: date, *, newest_first: bool) -> str:
    """The cursor that stands just before every delivery of the day."""
    midnight = day + timedelta(days=1) if newest_first else day
    return f"{midnight}T00:00:00+00:00#"


def _check(after: str) -> None:
    instant, hash_mark, _ = after.partition("#")
    try:
        ours = bool(hash_mark) and moment(datetime.fromisoformat(instant)) == instant
    except ValueError:
        ours = False
    if not ours:
        raise ValueError(f"after = {after!r}: expected the `next` of the page before; begin again without it")


def _walk_key(source: str) -> dict[str, str]:
    return {"pk": f"WALK#{source}", "sk": "WALK"}
