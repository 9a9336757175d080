"""The state of each event, read from the events table; see `storage.event_rows` for its rows and indexes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING, Any

from domain.errors import Cause
from domain.event_log import State, Story
from domain.operate.ports import Page
from storage import dynamo
from storage.audit import DynamoAudit
from storage.deliveries import delivery_from
from storage.event_rows import (
    BODY,
    DELIVERY,
    FILED,
    PAST,
    filing_from,
    is_place,
    moment,
    open_kind,
    passage_from,
    readable,
    version_from,
)
from storage.records import event_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from domain.event_log import EventRecord
    from domain.operate.letters import Filter

#: Rows of the first read of each kind of open events; a kind that fills more of the page is read on in larger parts.
FIRST_PART = 8

#: Rows of one read where a filter has to look at them all.
LARGEST_PART = 500

#: Rows that one page looks at, at most; a page that ends here may hold less than was asked for, and says how to go on.
MOST_READ = 5_000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DynamoEventLog:
    """The event log on DynamoDB; implements `domain.operate.ports.EventLog`."""

    client: DynamoDBClient
    events_table: str
    audit_table: str
    pause: Callable[[float], None]

    def find(self, keys: Collection[str]) -> Mapping[str, EventRecord]:
        """The events that have a state, by key."""
        wanted = {self.events_table: [event_key(key) for key in dict.fromkeys(keys)]}
        rows = dynamo.batch_get(self.client, wanted, self.pause)[self.events_table]
        return {record.key: record for record in readable(rows)}

    def open(self, wanted: Filter, *, after: str = "", limit: int = 50, newest_first: bool = True) -> Page[EventRecord]:
        """Open events by `since` (from `wanted.since` on, before `wanted.until`), merged from the kinds wanted.

        Each kind (state and cause) is read only as far as the page needs it. With `deal`, that deal's events are read.

        Raises:
            ValueError: `after` is not a `next` of ours.
        """
        kinds = _kinds(wanted)
        low, high = _bounds(wanted, after, newest_first=newest_first)
        if low > high:
            return Page([])
        if wanted.deal is None:
            most = limit + 1 if wanted.source is None else LARGEST_PART
            streams = [self._stream(kind, low, high, most, newest_first=newest_first) for kind in kinds]
            rows: Iterator[Row] = merge(*streams, key=_place, reverse=newest_first)
        else:
            held = [row for row in self._of_deal(wanted.deal) if row.get("open_kind") in kinds]
            within = [row for row in held if low <= _place(row) <= high]
            rows = iter(sorted(within, key=_place, reverse=newest_first))
        return _page(rows, wanted.source, after, limit)

    def count(self, state: State, cause: Cause, *, most: int) -> int:
        """How many are open with this state and cause, counted up to `most`."""
        found, request = 0, self._open_request(open_kind(state, cause)) | {"Select": "COUNT"}
        while found < most:
            with dynamo.translated("count open events"):
                answer = self.client.query(**request, Limit=most - found)
            found += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return found

    def of_deal(self, deal: str) -> Sequence[EventRecord]:
        """Every event of `source/source id` that has a state, oldest first."""
        return readable(self._of_deal(deal))

    def story(self, key: str) -> Story:
        """Everything filed about one event, each part in the order in which it happened."""
        subject = event_key(key)["pk"]
        request = {"TableName": self.events_table, "KeyConditionExpression": "pk = :event", "ConsistentRead": True}
        rows = list(dynamo.query(self.client, request, {":event": subject}))
        deliveries = [delivery_from(row) for row in rows if row["sk"].startswith(DELIVERY)]
        filings = [filing_from(row) for row in rows if row["sk"].startswith(FILED)]
        return Story(
            record=next(iter(readable(row for row in rows if row["sk"] == "EVENT")), None),
            deliveries=tuple(sorted(deliveries, key=lambda delivery: delivery.received_at)),
            filings=tuple(sorted(filings, key=lambda filing: filing.at)),
            versions=tuple(version_from(row) for row in rows if row["sk"].startswith(BODY)),
            passages=tuple(passage_from(row) for row in rows if row["sk"].startswith(PAST)),
            audit=tuple(DynamoAudit(self.client, self.audit_table).about(subject)),
        )

    def _stream(self, kind: str, low: str, high: str, most: int, *, newest_first: bool) -> Iterator[Row]:
        """The rows of one kind in order, read in parts that double up to `most`, each only when it is asked for."""
        request = self._open_request(kind, low, high) | {"ScanIndexForward": not newest_first}
        part = min(FIRST_PART, most)
        while True:
            with dynamo.translated("read open events"):
                answer = self.client.query(**request, Limit=part)
            yield from map(dynamo.from_wire, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            part = min(2 * part, most)

    def _open_request(self, kind: str, low: str = "0", high: str = "~") -> dict[str, Any]:
        return {
            "TableName": self.events_table,
            "IndexName": "open",
            "KeyConditionExpression": "open_kind = :kind AND open_at BETWEEN :low AND :high",
            "ExpressionAttributeValues": dynamo.to_wire({":kind": kind, ":low": low, ":high": high}),
        }

    def _of_deal(self, deal: str) -> list[dict[str, Any]]:
        request = {
            "TableName": self.events_table,
            "IndexName": "by_deal",
            "KeyConditionExpression": "deal = :deal",
        }
        return [row for row in dynamo.query(self.client, request, {":deal": deal}) if row["sk"] == "EVENT"]


def _page(rows: Iterator[Row], source: str | None, after: str, limit: int) -> Page[EventRecord]:
    """The first rows of the source behind `after`; of a long list of others', those among the first that are read."""
    page: list[Row] = []
    place = after
    for read, row in enumerate(rows):
        if read == MOST_READ:
            return Page(readable(page), place)
        place = _place(row)
        if place == after or source not in (None, row["source"]):
            continue
        if len(page) == limit:
            return Page(readable(page), _place(page[-1]))
        page.append(row)
    return Page(readable(page))


def _kinds(wanted: Filter) -> frozenset[str]:
    causes = tuple(Cause) if wanted.cause is None else (wanted.cause,)
    return frozenset(
        open_kind(state, cause)
        for state in wanted.states
        for cause in causes
        if state is not State.APPLIED and (state is not State.PARKED or cause is Cause.UNKNOWN_AGENT)
    )


def _bounds(wanted: Filter, after: str, *, newest_first: bool) -> tuple[str, str]:
    """Between which places to read, both included; what stands exactly at `after` was on the page before."""
    # A place is a time and more, so the bare time of `until` sorts before every event of that time: it is excluded.
    low = "0" if wanted.since is None else moment(wanted.since)
    high = "~" if wanted.until is None else moment(wanted.until)
    if not after:
        return low, high
    if not is_place(after):
        raise ValueError(f"after = {after!r} is not the `next` of a page; give it as it came, or leave it out")
    return (low, min(high, after)) if newest_first else (max(low, after), high)


def _place(row: Row) -> str:
    return str(row["open_at"])
