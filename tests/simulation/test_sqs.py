"""The model of SQS: what AWS documents of it (research: reliability.md §1)."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from tests.simulation.faults import Fault, Tally
from tests.simulation.sqs import Oddities, SqsQueue


@dataclass
class Clock:
    now: float = 0.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _queue(clock: Clock, *, fifo: bool = False, tally: Tally | None = None, **more: object) -> SqsQueue:
    made = SqsQueue("q", 30.0, lambda: clock.now, random.Random(3), tally or Tally(), fifo=fifo)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def _bodies(queue: SqsQueue, limit: int = 10) -> list[str]:
    return [message.body for message in queue.receive(limit)]


def test_a_received_message_is_hidden_and_comes_again_unless_it_is_deleted(clock: Clock) -> None:
    queue = _queue(clock)
    queue.send("one")
    (first,) = queue.receive()
    assert (first.receives, _bodies(queue)) == (1, [])
    clock.now = 30.0
    (second,) = queue.receive()
    assert second.receives == 2
    queue.delete(second.handle)
    clock.now = 99.0
    assert _bodies(queue) == []


def test_one_that_was_received_too_often_goes_to_the_dead_letter_queue(clock: Clock) -> None:
    dead = _queue(clock)
    queue = _queue(clock, max_receives=2, dead=dead)
    sent = queue.send("one", {"cause": "bug"})
    for _ in range(2):
        assert _bodies(queue) == ["one"]
        clock.now += 30.0
    assert _bodies(queue) == []
    (letter,) = dead.receive()
    assert (letter.id, letter.attributes, letter.receives) == (sent, {"cause": "bug"}, 1)


def test_a_hidden_message_can_be_shown_sooner_or_later(clock: Clock) -> None:
    queue = _queue(clock)
    queue.send("one")
    (first,) = queue.receive()
    queue.change_visibility(first.handle, 5.0)
    clock.now = 5.0
    (second,) = queue.receive()
    queue.change_visibility(first.handle, 0.0)  # of a receive that is over
    assert _bodies(queue) == []
    assert second.receives == 2


def test_a_standard_queue_may_hand_a_message_out_twice(clock: Clock) -> None:
    tally = Tally()
    queue = _queue(clock, tally=tally, oddities=Oddities(duplicate=1.0))
    queue.send("one")
    assert _bodies(queue) == ["one"]
    clock.now = 1.0
    assert _bodies(queue) == ["one"]
    assert tally.counts[Fault("queue", "duplicate")] == 2


def test_a_standard_queue_keeps_no_order(clock: Clock) -> None:
    tally = Tally()
    queue = _queue(clock, tally=tally, oddities=Oddities(reorder=1.0))
    sent = [str(number) for number in range(10)]
    for body in sent:
        queue.send(body)
    got = _bodies(queue)
    assert (got != sent, sorted(got)) == (True, sent)
    assert tally.counts[Fault("queue", "reordered")] == 1


def test_a_deleted_message_may_come_once_more(clock: Clock) -> None:
    queue = _queue(clock, oddities=Oddities(not_deleted=1.0))
    queue.send("one")
    queue.delete(queue.receive()[0].handle)
    clock.now = 30.0
    assert _bodies(queue) == ["one"]


def test_a_fifo_queue_keeps_the_order_of_a_group_and_waits_for_what_is_out(clock: Clock) -> None:
    queue = _queue(clock, fifo=True)
    for body in ("a1", "a2", "b1"):
        queue.send(body, group=body[0], dedup=body)
    (first,) = queue.receive(1)
    assert first.body == "a1"
    assert _bodies(queue) == ["b1"]
    queue.delete(first.handle)
    assert _bodies(queue) == ["a2"]


def test_a_batch_may_hold_several_of_a_group_in_order(clock: Clock) -> None:
    queue = _queue(clock, fifo=True)
    for body in ("a1", "a2", "a3"):
        queue.send(body, group="a", dedup=body)
    assert _bodies(queue) == ["a1", "a2", "a3"]


def test_a_fifo_queue_drops_an_id_that_it_knew_five_minutes_ago_even_if_that_was_consumed(clock: Clock) -> None:
    queue = _queue(clock, fifo=True)
    queue.send("one", group="a", dedup="v1")
    queue.delete(queue.receive()[0].handle)
    clock.now = 299.0
    queue.send("again", group="a", dedup="v1")
    assert len(queue) == 0
    queue.send("other", group="a", dedup="v2")
    clock.now = 300.0
    queue.send("later", group="a", dedup="v1")
    assert len(queue) == 2


def test_an_id_is_known_within_its_group_only(clock: Clock) -> None:
    queue = _queue(clock, fifo=True)
    queue.send("one", group="a", dedup="v1")
    queue.send("two", group="b", dedup="v1")
    assert len(queue) == 2


def test_a_fifo_message_is_not_deleted_by_a_receive_that_is_over(clock: Clock) -> None:
    queue = _queue(clock, fifo=True)
    queue.send("one", group="a", dedup="v1")
    (first,) = queue.receive()
    clock.now = 31.0
    queue.delete(first.handle)
    assert _bodies(queue) == ["one"]


def test_listeners_hear_when_something_becomes_visible(clock: Clock) -> None:
    heard: list[float] = []
    queue = _queue(clock, heard=[heard.append])
    queue.send("one")
    queue.receive()
    assert heard == [0.0, 30.0]
    assert queue.next_visible() == 30.0
