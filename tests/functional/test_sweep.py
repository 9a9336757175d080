"""Sweep as AWS runs it: what waits and is due goes back to the queue, and nothing that waits is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.agents import AgentKey
from domain.envelope import Envelope
from domain.errors import Cause, Unavailable
from domain.ports import Waiting
from runtime.wiring import process as wiring
from tests.builders import NOW, agent, envelope
from tests.functional.conftest import NOTHING, AwsFault, MotoStack, forget

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Refuses = Callable[..., AwsFault]
BODY = json.dumps({"id": "e", "type": "deal.updated", "data": {"id": "T-1", "version": 1, "status": "Active"}}).encode()


def waiting(number: int = 1, missing: tuple[str, ...] = (), source: str = "transactions") -> Waiting:
    """An event that waits since NOW, and is due a minute later."""
    return Waiting(
        envelope=envelope(f"evt-{number}", source=source),
        cause=Cause.UNKNOWN_AGENT if missing else Cause.PROVIDER_API,
        reason="wait",
        since=NOW,
        due_at=NOW + timedelta(minutes=1),
        missing=frozenset(AgentKey("transactions", one) for one in missing),
        deal="transactions/T-1",
    )


def received(stack: MotoStack) -> list[str]:
    """The events in the queue, each as often as it is there."""
    found: list[str] = []
    while page := stack.sqs.receive_message(QueueUrl=stack.queue, MaxNumberOfMessages=10).get("Messages", []):
        found += [Envelope.from_json(message["Body"]).event_id for message in page]
    return sorted(found)


def test_nothing_is_rung_before_its_time(moto_stack: MotoStack) -> None:
    moto_stack.waiting.defer(waiting())
    moto_stack.clock.move(seconds=59)
    assert moto_stack.sweep() == NOTHING
    moto_stack.clock.move(seconds=1)
    assert moto_stack.sweep() == NOTHING | {"queued": 1}
    assert received(moto_stack) == ["evt-1"]


def test_what_was_queued_is_not_rung_again_while_the_queue_still_tries(moto_stack: MotoStack) -> None:
    moto_stack.waiting.defer(waiting())
    moto_stack.clock.move(minutes=1)
    assert moto_stack.sweep()["queued"] == 1
    for _ in range(9):  # three visibility time-outs of three minutes
        moto_stack.clock.move(minutes=1)
        assert moto_stack.sweep()["queued"] == 0


def test_a_message_that_was_lost_on_its_way_is_rung_again(moto_stack: MotoStack) -> None:
    moto_stack.waiting.defer(waiting())
    moto_stack.clock.move(minutes=1)
    moto_stack.sweep()
    moto_stack.sqs.purge_queue(QueueUrl=moto_stack.queue)
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep()["queued"] == 1


def test_an_event_stays_parked_until_the_last_of_its_agents_is_known(moto_stack: MotoStack) -> None:
    moto_stack.waiting.park(waiting(missing=("A-71", "A-72")))
    moto_stack.clock.move(minutes=1)
    assert moto_stack.sweep() == NOTHING | {"still_parked": 1}
    moto_stack.directory.add([agent("A-71")])
    moto_stack.clock.move(minutes=10)
    assert moto_stack.sweep() == NOTHING | {"still_parked": 1}
    moto_stack.directory.add([agent("A-72")])
    moto_stack.clock.move(minutes=10)
    assert moto_stack.sweep() == NOTHING | {"queued": 1}
    assert received(moto_stack) == ["evt-1"]


def test_a_hundred_and_twenty_events_that_are_due_are_each_rung_once(moto_stack: MotoStack) -> None:
    for number in range(120):
        moto_stack.waiting.defer(waiting(number))
    moto_stack.clock.move(minutes=1)
    assert moto_stack.sweep()["queued"] == 120
    assert received(moto_stack) == sorted(f"evt-{number}" for number in range(120))


@pytest.mark.parametrize(("service", "operation"), [("sqs", "SendMessage"), ("dynamodb", "Query")])
def test_a_sweep_that_fails_says_so_and_the_next_one_finds_what_it_left(
    moto_stack: MotoStack, aws_refuses: Refuses, service: str, operation: str
) -> None:
    moto_stack.waiting.defer(waiting())
    moto_stack.clock.move(minutes=1)
    fault = aws_refuses(service, operation, "ThrottlingException", 400)
    with pytest.raises(Unavailable):  # Lambda hands it to the sweep's own dead-letter queue
        moto_stack.sweep()
    assert received(moto_stack) == []
    fault.mend()
    assert moto_stack.sweep()["queued"] == 1
    assert received(moto_stack) == ["evt-1"]


def test_an_event_that_our_settings_know_no_queue_for_is_counted_and_tried_again_later(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    moto_stack.waiting.defer(waiting())
    moto_stack.clock.move(minutes=1)
    fault = aws_refuses("sqs", "SendMessage", "AWS.SimpleQueueService.NonExistentQueue", 400)
    assert moto_stack.sweep() == NOTHING | {"stuck": 1}
    fault.mend()
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep() == NOTHING | {"queued": 1}


def test_an_event_that_was_applied_meanwhile_is_not_rung(moto_stack: MotoStack) -> None:
    moto_stack.waiting.defer(waiting())
    message = envelope("evt-1", body=BODY)
    moto_stack.sqs.send_message(QueueUrl=moto_stack.queue, MessageBody=message.to_json())
    assert moto_stack.work() == []
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep() == NOTHING


def test_an_event_that_went_back_and_died_as_a_bug_is_not_rung_for_ever(
    moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(wiring, "new_id", broken)
    forget()
    one = waiting()
    moto_stack.s3.put_object(Bucket="archive", Key=one.envelope.archive_key, Body=BODY)
    moto_stack.waiting.defer(one)
    moto_stack.clock.move(minutes=1)
    assert moto_stack.sweep()["queued"] == 1
    for _ in range(3):
        moto_stack.work(again_at_once=True)
    assert moto_stack.dead_letter()["cause"] == "bug"
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep() == NOTHING


def test_an_event_that_died_of_our_own_storage_comes_back_when_it_answers_again(
    moto_stack: MotoStack, aws_refuses: Refuses
) -> None:
    one = waiting()
    moto_stack.s3.put_object(Bucket="archive", Key=one.envelope.archive_key, Body=BODY)
    moto_stack.waiting.defer(one)
    moto_stack.clock.move(minutes=1)
    moto_stack.sweep()
    fault = aws_refuses("dynamodb", "TransactWriteItems", "ThrottlingException", 400)
    for _ in range(3):
        moto_stack.work(again_at_once=True)
    assert moto_stack.dead_letter()["cause"] == "unavailable"
    fault.mend()
    moto_stack.clock.move(hours=1)
    assert moto_stack.sweep()["queued"] == 1
    assert moto_stack.work() == []
    assert moto_stack.deal("T-1").version == 1


def test_an_event_of_a_source_that_was_removed_does_not_hold_up_the_others(moto_stack: MotoStack) -> None:
    moto_stack.waiting.defer(waiting(1, source="removed"))
    moto_stack.waiting.defer(replace(waiting(2), due_at=NOW + timedelta(minutes=2)))
    moto_stack.clock.move(minutes=5)
    moto_stack.sweep()
    assert received(moto_stack) == ["evt-2"]


def test_its_log_says_how_many_and_not_whose(moto_stack: MotoStack, capsys: pytest.CaptureFixture[str]) -> None:
    moto_stack.waiting.park(waiting(missing=("qzxcanary@example.com",)))
    moto_stack.clock.move(minutes=1)
    moto_stack.sweep()
    out = moto_stack.log.getvalue() + capsys.readouterr().out
    assert '"still_parked":1' in out
    assert "EventStillParked" in out
    assert "qzxcanary" not in out
