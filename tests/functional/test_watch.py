"""Watch as AWS runs it: the archive, the events table and the queue on moto; log and metrics seen afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.errors import Cause, Unavailable
from handlers import watch
from runtime.wiring import ingest as wiring_ingest
from runtime.wiring import watch as wiring
from tests.builders import envelope
from tests.functional.conftest import EVENTS, AwsFault, Context, MotoStack

Refuses = Callable[..., AwsFault]
CLOSING = (EVENTS / "transactions/deal.closed__co_listed.json").read_bytes()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FACTORIES = (wiring.ports, wiring.rules, wiring._settings)


@dataclass
class Watcher:
    """The function, and what its metrics say."""

    stack: MotoStack
    capture: pytest.CaptureFixture[str]

    def watch(self, task: str = "", **later: float) -> dict[str, float]:
        self.stack.clock.move(**later)
        answer: dict[str, float] = watch.lambda_handler({"task": task} if task else {}, Context())
        return answer

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.capture.readouterr().out.splitlines()]

    def gauges(self) -> dict[str, float]:
        """Metrics without dimensions that were left since the last look."""
        return {
            metric["Name"]: line[metric["Name"]][-1]
            for line in self.lines()
            for part in line["_aws"]["CloudWatchMetrics"]
            if part["Dimensions"] == [[]]
            for metric in part["Metrics"]
        }


def forget() -> None:
    for factory in FACTORIES:
        factory.cache_clear()


@pytest.fixture
def watcher(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Watcher]:
    clock, numbers = moto_stack.clock, count()
    monkeypatch.setattr(wiring, "now", clock.now)

    def receipt(at: datetime) -> str:
        return f"{(at - EPOCH) // timedelta(milliseconds=1):012x}{next(numbers):020x}"

    monkeypatch.setattr(wiring_ingest, "new_receipt", receipt)
    monkeypatch.setenv("WALK_MARGIN_S", "60")
    monkeypatch.setenv("REDRIVE_AFTER_S", "900")
    forget()
    yield Watcher(moto_stack, capsys)
    forget()


def test_a_webhook_is_pending_until_it_is_applied(watcher: Watcher) -> None:
    assert watcher.stack.post("transactions", CLOSING, "evt-1")[0] == 202
    watcher.lines()
    watcher.watch(minutes=1)
    gauges = watcher.gauges()
    assert (gauges["EventsPending"], gauges["OldestUnappliedSeconds"]) == (1, 60)
    assert watcher.stack.work() == []
    watcher.watch(minutes=1)
    gauges = watcher.gauges()
    assert (gauges["EventsPending"], gauges["OldestUnappliedSeconds"]) == (0, 0)


def test_every_gauge_is_there_each_minute_so_that_an_alarm_can_end(watcher: Watcher) -> None:
    watcher.watch()
    gauges = watcher.gauges()
    causes = {"Dead" + cause.value.title().replace("_", "") for cause in Cause}
    assert gauges == dict.fromkeys(
        causes | {"OldestUnappliedSeconds", "EventsPending", "EventsWaiting", "EventsParked", "SilentSources"}, 0
    )


def test_a_webhook_whose_message_was_lost_is_applied_all_the_same(watcher: Watcher) -> None:
    watcher.stack.post("transactions", CLOSING, "evt-1")
    watcher.stack.sqs.purge_queue(QueueUrl=watcher.stack.queue)
    assert watcher.watch(minutes=1)["SentAgain"] == 0
    assert watcher.watch(minutes=14)["SentAgain"] == 1
    assert watcher.stack.work() == []
    assert watcher.stack.deal("TX-100482").version == 1
    assert watcher.watch(minutes=1)["EventsPending"] == 0
    assert watcher.stack.queued() == 0


def test_an_event_that_we_do_not_use_is_never_pending(watcher: Watcher) -> None:
    assert watcher.stack.post("transactions", b'{"type":"ping"}', "evt-1")[0] == 200
    assert watcher.watch(minutes=1)["EventsPending"] == 0
    assert len(wiring.ports().deliveries.receipts("transactions", "2026-03-02")) == 1


def test_the_books_are_tied_out_by_the_hour(watcher: Watcher) -> None:
    watcher.stack.fire("transactions", CLOSING, "evt-1")
    assert watcher.watch("tie_out", minutes=10) == {"TieOutDifference": 0, "SentAgain": 0}
    late = envelope("evt-2", archive_key=f"2026-03-02/transactions/{0:032x}")  # stored behind the walk
    facts = {"receipt": f"{0:032x}", "source": "transactions", "event-type": "deal.updated", "event-id": "evt-2"}
    facts |= {"received-at": late.received_at.isoformat(), "mapping-version": "1", "content-type": "application/json"}
    watcher.stack.s3.put_object(
        Bucket="archive", Key=late.archive_key, Body=CLOSING, Metadata=facts | {"disposition": "accepted"}
    )
    assert watcher.watch("tie_out", hours=1) == {"TieOutDifference": 1, "SentAgain": 1}
    assert watcher.stack.work() == []
    assert watcher.watch("tie_out", hours=1) == {"TieOutDifference": 0, "SentAgain": 0}


def test_what_fails_makes_the_run_fail_and_the_rest_is_measured_all_the_same(
    watcher: Watcher, aws_refuses: Refuses
) -> None:
    fault = aws_refuses("s3", "ListObjectsV2", "SlowDown", 503)
    with pytest.raises(Unavailable):
        watcher.watch()
    assert watcher.gauges()["DeadMapping"] == 0
    assert "a part of the tally failed" in watcher.stack.log.getvalue()
    fault.mend()
    watcher.watch()


def test_the_silence_of_each_source_is_measured(watcher: Watcher) -> None:
    watcher.stack.fire("transactions", CLOSING, "evt-1")
    watcher.watch(minutes=1)
    watcher.lines()
    watcher.watch(hours=73)
    lines = watcher.lines()
    (silence,) = [line for line in lines if "SilenceHours" in line]
    assert (silence["source"], silence["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) == ("transactions", [["source"]])
    assert 73 < silence["SilenceHours"][0] < 73.1
    assert [line["SilentSources"] for line in lines if "SilentSources" in line] == [[1.0]]
