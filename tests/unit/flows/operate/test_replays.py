"""Replays: planned, looked at, run step by step, cut off, taken up again."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.agents import AgentKey
from domain.errors import Cause, Conflict, Unavailable
from domain.event_log import AuditEntry, Disposition, EventRecord, State
from domain.operate.replays import StepAnswer
from domain.ports import Waiting
from flows.operate import planning
from flows.operate.dispatch import dispatch
from flows.operate.pace import run_job
from tests.fakes.audit import MemoryAudit
from tests.unit.flows.operate.bench import POLICY, WHO, Bench, body

ID = "transactions/evt-1"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def planned(bench: Bench, **request: Any) -> str:
    answer: dict[str, str] = bench.done("plan", why="the zone is mended", **(request or {"letters": {}}))
    return answer["job"]


def steps(bench: Bench, job: str, limit: int = 25) -> Counter[str]:
    """Run a job to its end; how many events ended how."""
    counts: Counter[str] = Counter()
    while True:
        answer = bench.done("step", job=job, limit=limit)
        counts.update(one["done"] for one in answer["replayed"])
        if answer["done"] == answer["total"]:
            return counts


def apply(bench: Bench, event_id: str, name: str = "deal.created__listing", **data: Any) -> None:
    bench.queue.send([bench.receive(body(name, event_id, **data), event_id)])
    bench.work()
    assert bench.state(event_id) is State.APPLIED


# ------------------------------------------------------------------------------------------------ plan


def test_a_plan_freezes_the_list_and_changes_nothing_else(bench: Bench) -> None:
    bench.dead("evt-1")
    bench.clock.move(minutes=1)
    bench.dead("evt-2")
    answer = bench.done("plan", letters={}, why="the zone is mended")
    assert {name: answer[name] for name in ("total", "done", "kind", "mapping", "who")} == {
        "total": 2, "done": 0, "kind": "letters", "mapping": "now", "who": WHO,
    }  # fmt: skip
    bench.dead("evt-3")
    assert bench.jobs.keys(answer["job"], 0, 9) == ["transactions#evt-1", "transactions#evt-2"]
    assert {bench.state("evt-1"), bench.state("evt-2")} == {State.DEAD}
    (entry,) = bench.audit.entries
    assert (entry.action, entry.subject) == ("plan", f"JOB#{answer['job']}")
    assert entry.details == {"kind": "letters", "events": "2", "mapping": "now"}
    assert bench.done("job", job=answer["job"]) == answer


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("plan", {"letters": {}, "why": "the zone is mended"}),
        ("plan", {"events": {}, "why": "the zone is mended"}),
        ("groups", {}),
    ],
)
def test_a_list_that_takes_too_long_to_read_is_refused_with_what_to_narrow(
    bench: Bench, action: str, request_: dict[str, Any]
) -> None:
    bench.dead("evt-1")
    bench.clock.left_s = 3.0
    status, line = bench.error(action, **request_)
    assert status == 400
    assert "since and until" in line
    assert bench.jobs.jobs == {}


def test_a_letter_that_died_of_a_replay_as_then_is_replayed_as_now(bench: Bench) -> None:
    came = bench.receive(body("deal.created__listing", "evt-1"), "evt-1")
    bench.file(replace(came, replay="job-1", pinned=True, mapping_version=77), Cause.UNAVAILABLE, "cut off")
    assert bench.done("show", id=ID)["verdict"]["would"] == "applies cleanly"
    assert steps(bench, planned(bench)) == {"queued": 1}
    waiting = bench.waiting.find("transactions#evt-1")
    assert waiting is not None
    for sent in (waiting.envelope, *bench.queue.sent):
        assert (sent.replay, sent.pinned) == ("", False)


def test_what_comes_by_itself_is_not_planned_and_what_was_discarded_only_if_asked_for(bench: Bench) -> None:
    for name in ("evt-1", "evt-2"):
        bench.dead(name)
    bench.done("discard", ids=["transactions/evt-2"], why="not ours")
    park(bench)
    assert bench.jobs.keys(planned(bench), 0, 9) == ["transactions#evt-1"]
    both = planned(bench, letters={"states": ["dead", "discarded", "parked"]})
    assert bench.jobs.keys(both, 0, 9) == ["transactions#evt-1", "transactions#evt-2"]


def park(bench: Bench) -> None:
    missing = frozenset({AgentKey("transactions", "A-9")})
    now = bench.clock.now()
    bench.waiting.park(
        Waiting(bench.receive(b"{}", "evt-p"), Cause.UNKNOWN_AGENT, "unknown", now, now, missing=missing)
    )


def test_a_filter_is_heeded(bench: Bench) -> None:
    bench.dead("evt-1")
    bench.dead("evt-2", cause=Cause.MAPPING)
    assert bench.jobs.keys(planned(bench, letters={"cause": "mapping"}), 0, 9) == ["transactions#evt-2"]


def test_ids_and_receipts_may_be_mixed(bench: Bench) -> None:
    receipt = bench.dead("evt-1").envelope.receipt
    bench.dead("evt-2")
    job = planned(bench, ids=["transactions/evt-2", receipt, ID])
    assert bench.jobs.keys(job, 0, 9) == ["transactions#evt-2", "transactions#evt-1"]


def test_events_are_planned_in_the_order_in_which_they_came_each_once(bench: Bench) -> None:
    for name in ("evt-2", "evt-1", "evt-2"):
        bench.receive(body("deal.created__listing", name), name)
        bench.clock.move(minutes=1)
    bench.receive(b"{}", "evt-3", Disposition.IGNORED)
    job = bench.done("plan", events={"source": "transactions"}, mapping="then", why="the mapping was mended")
    assert (job["kind"], job["mapping"]) == ("events", "then")
    assert bench.jobs.keys(job["job"], 0, 9) == ["transactions#evt-2", "transactions#evt-1"]


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ({}, 400, "exactly one of ids, letters and events, got none"),
        ({"ids": [ID], "letters": {}}, 400, "got ids and letters"),
        ({"letters": {}, "events": {}}, 400, "got letters and events"),
        ({"ids": [ID], "mapping": "then"}, 400, "'then' is for events"),
        ({"letters": {}, "mapping": "then"}, 400, "'then' is for events"),
        ({"letters": {}, "mapping": "tomorrow"}, 400, "mapping"),
        ({"letters": {"cause": "mapping"}}, 404, "nothing matches"),
        ({"letters": {"states": ["parked"]}}, 404, "nothing matches"),
        ({"letters": {"states": ["applied"]}}, 400, "events list"),
        ({"letters": {"deal": "TX-1"}}, 400, "source/id"),
        ({"events": {"source": "dotloop"}}, 404, "nothing matches"),
        ({"events": {"source": "nosource"}}, 400, "brokermint, dotloop, transactions"),
        ({"events": {"deal": "TX-1"}}, 400, "source/id"),
        ({"events": {"since": "2026-03-02T10:00:00Z", "until": "2026-03-02T10:00:00Z"}}, 400, "before until"),
        ({"ids": ["transactions/none"]}, 404, "transactions/none"),
        ({"ids": [f"transactions/n-{number}" for number in range(9)]}, 404, "n-4 and 4 more"),
        ({"ids": ["none"]}, 400, "source/event id"),
        ({"ids": ["a" * 32]}, 404, "receipt"),
        ({"ids": ["x"] * 101}, 400, "ids"),
        ({"ids": [ID], "why": ""}, 400, "why"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(bench: Bench, request_: dict[str, Any], status: int, says: str) -> None:
    bench.dead()
    found, error = bench.error("plan", **{"why": "the zone is mended", **request_})
    assert (found, bench.jobs.jobs, bench.audit.entries) == (status, {}, [])
    assert says in error


def test_a_plan_of_too_many_events_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_EVENTS", 2)
    for number in range(3):
        bench.dead(f"evt-{number}")
        planning_fits = number < 2
        if planning_fits:
            planned(bench)
    status, error = bench.error("plan", letters={}, why="the zone is mended")
    assert status == 400
    assert "more than 2 events" in error


# ---------------------------------------------------------------------------------- job, preview, step


@pytest.mark.parametrize("action", ["job", "preview", "step"])
def test_a_replay_that_nobody_planned_is_not_found(bench: Bench, action: str) -> None:
    status, error = bench.error(action, job="none")
    assert status == 404
    assert "dealwire dlq replay" in error


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("preview", {"start": -1}),
        ("preview", {"limit": 26}),
        ("step", {"limit": 0}),
        ("step", {"limit": 101}),
        ("step", {"job": None}),
        ("job", {"job": 5}),
    ],
)
def test_a_step_that_makes_no_sense_is_refused(bench: Bench, action: str, request_: dict[str, Any]) -> None:
    bench.dead()
    assert bench.error(action, **{"job": planned(bench), **request_})[0] == 400
    assert bench.state() is State.DEAD


def test_a_preview_says_what_each_event_would_do(bench: Bench) -> None:
    bench.dead("evt-1")
    bench.dead("evt-2", status="Sold twice", cause=Cause.MAPPING)
    bench.file(bench.receive(b"x", "m-1", source="sweep-dlq"), Cause.BUG, "the sweeper failed")
    bench.dead("evt-4")
    bench.dead("evt-5")
    ids = [ID, "transactions/evt-2", "sweep-dlq/m-1", "transactions/evt-4", "transactions/evt-5"]
    job = planned(bench, ids=ids)
    apply(bench, "evt-4")
    bench.log.shut.pop("transactions#evt-5")
    answer = bench.done("preview", job=job)
    assert [verdict["would"] for verdict in answer["verdicts"]] == [
        "applies cleanly", "still fails", "nothing to replay", "already applied", "nothing to replay",
    ]  # fmt: skip
    rest = bench.done("preview", job=job, start=3, limit=1)
    assert ([verdict["id"] for verdict in rest["verdicts"]], rest["total"]) == (["transactions/evt-4"], 5)
    assert bench.done("preview", job=job, start=99)["verdicts"] == []


def test_a_step_releases_dead_letters_and_says_what_became_of_the_others(bench: Bench) -> None:
    names = [f"evt-{number}" for number in range(1, 7)]
    for name in names:
        bench.dead(name)
    bench.file(bench.receive(b"x", "m-1", source="sweep-dlq"), Cause.BUG, "the sweeper failed")
    job = planned(bench, ids=[*(f"transactions/{name}" for name in names), "sweep-dlq/m-1"])
    apply(bench, "evt-2")
    steps(bench, planned(bench, ids=["transactions/evt-3"]))
    bench.log.shut.pop("transactions#evt-4")
    bench.clock.move(minutes=1)
    bench.done("discard", ids=["transactions/evt-5"], why="not ours")
    bench.queue.sent.clear()
    answer = bench.done("step", job=job)
    assert {one["id"]: one["done"] for one in answer["replayed"]} == {
        "transactions/evt-1": "queued",
        "transactions/evt-2": "already queued or applied",
        "transactions/evt-3": "already queued or applied",
        "transactions/evt-4": "gone",
        "transactions/evt-5": "refused",
        "transactions/evt-6": "queued",
        "sweep-dlq/m-1": "refused",
    }
    assert (answer["done"], answer["total"]) == (7, 7)
    assert [envelope.event_id for envelope in bench.queue.sent] == ["evt-1", "evt-6"]
    assert (bench.state(), bench.state("evt-5")) == (State.WAITING, State.DISCARDED)
    entry = bench.entries("replay")[-1]
    assert (entry.subject, entry.details, entry.why) == (
        "EVENT#transactions#evt-6", {"job": job}, "the zone is mended",
    )  # fmt: skip
    assert bench.done("step", job=job)["replayed"] == []


def test_a_discarded_event_that_was_planned_is_replayed(bench: Bench) -> None:
    bench.dead()
    bench.done("discard", ids=[ID], why="not ours")
    bench.clock.move(minutes=1)
    assert steps(bench, planned(bench, ids=[ID])) == {"queued": 1}
    bench.work()
    assert bench.state() is State.APPLIED


def test_a_released_letter_that_is_never_queued_is_swept(bench: Bench) -> None:
    bench.dead()
    job = planned(bench)
    bench.queue.fault = Unavailable("SQS is down")
    assert bench.error("step", job=job)[0] == 503
    bench.queue.fault = None
    assert steps(bench, job) == {"already queued or applied": 1}
    assert bench.queue.sent == []
    bench.clock.move(minutes=5)
    bench.sweep()
    bench.work()
    assert bench.deals.applied == {"transactions#evt-1": 1}
    assert len(bench.entries("replay")) == 1


def test_a_letter_that_died_again_is_not_replayed_twice_by_the_same_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.dead(status="Sold twice", cause=Cause.MAPPING)
    job = planned(bench)
    with monkeypatch.context() as patch:
        patch.setattr(bench.jobs, "advance", fail)
        with pytest.raises(RuntimeError):
            bench.ask("step", {"job": job})
    bench.clock.move(minutes=1)
    bench.work()
    assert bench.state() is State.DEAD
    answer = bench.done("step", job=job)
    assert [(one["done"], one["detail"]) for one in answer["replayed"]] == [
        ("already queued or applied", "replayed by this job, and dead again")
    ]
    assert steps(bench, planned(bench)) == {"queued": 1}


def fail(*_: object) -> None:
    raise RuntimeError("cut off")


def test_a_letter_that_is_edited_after_the_plan_is_replayed_as_it_is_then(bench: Bench) -> None:
    bench.dead(status="Sold twice", cause=Cause.MAPPING)
    job = planned(bench)
    bench.clock.move(minutes=1)
    content = "eyJpZCI6IDF9"
    bench.done("edit", id=ID, body_base64=content, based_on=0, why="a typing error")
    assert steps(bench, job) == {"queued": 1}
    assert bench.queue.sent[0].archive_key.startswith("edits/transactions/")


def test_two_operators_who_replay_the_same_do_it_once(bench: Bench) -> None:
    for number in range(40):
        bench.dead(f"evt-{number}")
    mine, theirs = planned(bench), planned(bench)
    counts: Counter[str] = Counter()
    for job in itertools.islice(itertools.cycle([mine, theirs]), 8):
        counts.update(one["done"] for one in bench.done("step", job=job, limit=10)["replayed"])
    bench.work()
    assert counts == {"queued": 40, "already queued or applied": 40}
    assert set(bench.deals.applied.values()) == {1}
    assert (len(bench.deals.applied), len(bench.entries("replay"))) == (40, 40)


def test_an_event_that_another_operator_takes_at_the_same_moment_is_theirs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.dead()
    mine, theirs = planned(bench), planned(bench)
    release = bench.log.release

    def theirs_first(record: EventRecord, **rest: Any) -> None:
        monkeypatch.setattr(bench.log, "release", release)
        assert steps(bench, theirs) == {"queued": 1}
        release(record, **rest)

    monkeypatch.setattr(bench.log, "release", theirs_first)
    assert steps(bench, mine) == {"already queued or applied": 1}
    (entry,) = bench.entries("replay")
    assert entry.details == {"job": theirs}


def test_an_event_that_others_keep_changing_is_refused_and_the_rest_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.dead("evt-1")
    bench.dead("evt-2")
    job, release = planned(bench), bench.log.release

    def busy(record: EventRecord, **rest: Any) -> None:
        if record.key == "transactions#evt-1":
            raise Conflict("busy")
        release(record, **rest)

    monkeypatch.setattr(bench.log, "release", busy)
    assert steps(bench, job) == {"refused": 1, "queued": 1}
    assert bench.state("evt-1") is State.DEAD


def test_of_two_runs_of_the_same_job_one_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.dead()
    job, advance = planned(bench), bench.jobs.advance

    def other_first(*args: Any) -> None:
        advance(*args)
        advance(*args)

    monkeypatch.setattr(bench.jobs, "advance", other_first)
    status, error = bench.error("step", job=job)
    assert status == 409
    assert "somebody else" in error


def test_a_step_stops_in_time_and_always_comes_forward(bench: Bench) -> None:
    for number in range(5):
        bench.dead(f"evt-{number}")
    job = planned(bench)
    left = iter([30.0, 30.0, 4.0])
    short = replace(bench.clock.world(), time_left=lambda: next(left, 4.0))
    desk = replace(bench.desk(), policy=replace(POLICY, event_s=5.0, fetch_s=1.0), world=short)
    assert parsed(dispatch("step", f'{{"job": "{job}"}}', desk)).done == 3
    assert parsed(dispatch("step", f'{{"job": "{job}"}}', desk)).done == 4


def parsed(answer: tuple[int, str]) -> StepAnswer:
    assert answer[0] == 200, answer
    return StepAnswer.model_validate_json(answer[1])


# -------------------------------------------------------------------------- applied events, sent again


def test_an_applied_event_is_sent_again_with_the_name_of_its_replay(bench: Bench) -> None:
    apply(bench, "evt-1")
    rename_agent(bench, "Dana Whitfield-Cole")
    job = planned(bench, events={}, mapping="then")
    assert bench.done("preview", job=job)["verdicts"][0]["changes"] == ["agents", "stage history"]
    assert steps(bench, job) == {"queued": 1}
    (envelope,) = bench.queue.sent
    assert (envelope.replay, envelope.pinned, envelope.body) == (job, True, None)
    bench.work()
    assert bench.deals.applied == {"transactions#evt-1": 2}
    assert bench.log.known["transactions#evt-1"].replay == job


def test_a_replay_of_events_that_runs_twice_applies_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(bench, "evt-1")
    rename_agent(bench, "Dana Whitfield-Cole")
    job = planned(bench, events={})
    for _ in range(2):  # before the first is processed, and after it
        with monkeypatch.context() as patch:
            patch.setattr(bench.jobs, "advance", fail)
            with pytest.raises(RuntimeError):
                bench.ask("step", {"job": job})
    bench.work()
    assert steps(bench, job) == {"already queued or applied": 1}
    assert bench.deals.applied == {"transactions#evt-1": 2}
    assert len(bench.entries("replay")) == 1


def test_an_applied_event_that_would_change_nothing_is_not_sent(bench: Bench) -> None:
    apply(bench, "evt-1")
    answer = bench.done("step", job=planned(bench, events={}))
    assert [(one["done"], one["detail"]) for one in answer["replayed"]] == [("refused", "stale: changes nothing")]
    assert (bench.queue.sent, bench.entries("replay")) == ([], [])


def rename_agent(bench: Bench, name: str) -> None:
    """Replaying is not only for mended mappings: our own directory may say something else by now."""
    bench.clock.move(minutes=1)
    bench.directory.add([replace(agent, name=name) for agent in bench.directory.rows.values()])


def test_an_event_that_never_came_to_a_state_is_sent_from_its_delivery(bench: Bench) -> None:
    delivered = bench.receive(body("deal.created__listing", "evt-1"), "evt-1")
    job = planned(bench, events={})
    assert bench.done("preview", job=job)["verdicts"][0]["would"] == "applies cleanly"
    assert bench.queue.sent == []
    assert steps(bench, job) == {"queued": 1}
    assert bench.queue.sent == [replace(delivered, replay=job)]
    bench.work()
    assert bench.deals.applied == {"transactions#evt-1": 1}
    (entry,) = bench.entries("replay")
    assert entry.details == {"job": job}


def test_events_that_would_fail_or_were_discarded_are_not_sent(bench: Bench) -> None:
    bench.dead("evt-1", status="Sold twice", cause=Cause.MAPPING)
    bench.dead("evt-2")
    bench.done("discard", ids=["transactions/evt-2"], why="not ours")
    job = planned(bench, events={})
    answer = bench.done("step", job=job)
    details = {one["id"]: (one["done"], one["detail"].split(":")[0]) for one in answer["replayed"]}
    assert details == {ID: ("refused", "still fails"), "transactions/evt-2": ("refused", "nothing to replay")}
    assert (bench.queue.sent, bench.entries("replay")) == ([], [])


def test_an_event_whose_deliveries_are_gone_is_gone(bench: Bench) -> None:
    bench.receive(body("deal.created__listing", "evt-1"), "evt-1")
    job = planned(bench, events={})
    bench.deliveries.rows.clear()
    assert bench.done("preview", job=job)["verdicts"][0]["would"] == "nothing to replay"
    assert steps(bench, job) == {"gone": 1}


def test_a_step_over_events_that_was_cut_off_writes_one_audit_entry(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        bench.receive(body("deal.created__listing", f"evt-{number}"), f"evt-{number}")
    job = planned(bench, events={})
    bench.queue.fault = Unavailable("SQS is down")
    assert bench.error("step", job=job)[0] == 503
    bench.queue.fault = None
    with monkeypatch.context() as patch:
        patch.setattr(bench.jobs, "advance", fail)
        with pytest.raises(RuntimeError):
            bench.ask("step", {"job": job})
    assert steps(bench, job) == {"queued": 3}
    bench.work()
    assert bench.deals.applied == {f"transactions#evt-{number}": 1 for number in range(3)}
    assert len(bench.entries("replay")) == 3


# --------------------------------------------------------------------------------------- 5,000 letters


@dataclass
class QuickAudit(MemoryAudit):
    """The same, for thousands of entries."""

    seen: set[str] = field(default_factory=set)

    def put(self, entry: AuditEntry) -> None:
        assert entry.id not in self.seen
        self.seen.add(entry.id)
        self.entries.append(entry)


#: Of every ten letters: what is wrong with it, and with what. The last three still fail after the mending.
KINDS: list[tuple[Cause, str, dict[str, Any]]] = [
    (Cause.CONFIG, "deal.created__listing", {}),
    (Cause.UNAVAILABLE, "deal.status_changed__contingency_released", {}),
    (Cause.CONFIG, "deal.participants_changed__other_sides_agent", {}),
    (Cause.BUG, "deal.status_changed__contingency_released", {}),
    (Cause.MAPPING, "deal.status_changed__contingency_released", {}),
    (Cause.CONFIG, "deal.status_changed__contingency_released", {}),
    (Cause.CONFIG, "deal.status_changed__contingency_released", {}),
    (Cause.MAPPING, "deal.status_changed__contingency_released", {"status": "Sold twice"}),
    (Cause.VALIDATION, "deal.created__listing", {"list_price": -1}),
    (Cause.MAPPING, "deal.status_changed__contingency_released", {"version": "none"}),
]
FAILING = {7, 8, 9}


def test_five_thousand_dead_letters_are_replayed_once_each_at_the_rate_asked_for_however_often_it_is_cut_off() -> None:
    bench = Bench()
    with_quick_audit(bench)
    for number in range(5000):
        cause, name, data = KINDS[number % 10]
        bench.dead(f"evt-{number}", name, cause, **data)
        bench.clock.move(milliseconds=50)
    job = planned(bench)
    resent = {f"evt-{number}" for number in range(0, 5000, 70)}  # the provider sends these once more, and they pass
    for event_id in sorted(resent):
        _, name, data = KINDS[int(event_id[4:]) % 10]
        apply(bench, event_id, name, **data)
    before = pickle.loads(pickle.dumps(bench.everything()))  # a deep copy, in a fraction of the time
    verdicts = look(bench, job)
    assert bench.everything() == before
    assert verdicts == {"applies cleanly": 3428, "still fails": 1500, "already applied": 72}

    elapsed, told = run_with_two_cuts(bench, job)
    assert sum(len(answer.replayed) for answer in told) == 5000
    assert 0.9 <= 5000 / 50 / elapsed <= 1.1
    done = Counter(one.done.value for answer in told for one in answer.replayed)
    assert done["refused"] == done["gone"] == 0
    assert done["already queued or applied"] - 72 == 50  # the two steps that were cut off
    bench.clock.move(minutes=6)
    bench.sweep()
    bench.work()
    good = {f"transactions#evt-{number}" for number in range(5000) if number % 10 not in FAILING}
    assert bench.deals.applied == dict.fromkeys(good, 1)
    assert {key for key, record in bench.log.shut.items() if key not in good and record.state is State.DEAD} == {
        f"transactions#evt-{number}" for number in range(5000) if number % 10 in FAILING
    }
    assert {len(bench.log.filings[key]) for key in bench.log.filings if key not in good} == {2}
    entries = Counter(entry.subject for entry in bench.entries("replay"))
    assert set(entries.values()) == {1}
    assert len(entries) == 5000 - len(resent)
    assert not bench.waiting.rows


def with_quick_audit(bench: Bench) -> None:
    bench.audit = bench.log.audit = bench.jobs.audit = QuickAudit()


def look(bench: Bench, job: str) -> Counter[str]:
    verdicts: Counter[str] = Counter()
    start = 0
    while True:
        answer = bench.done("preview", job=job, start=start)
        verdicts.update(verdict["would"] for verdict in answer["verdicts"])
        start += len(answer["verdicts"])
        if start == answer["total"]:
            return verdicts


def run_with_two_cuts(bench: Bench, job: str) -> tuple[float, list[StepAnswer]]:
    """Run the job at 50 a second; the second cut comes after the queue took the events, the first before."""
    told: list[StepAnswer] = []
    started = bench.clock.now()
    waits = itertools.cycle([0.05, 0.4, 0.9, 0.02])
    taken = itertools.count(1)
    advance = bench.jobs.advance
    cut: dict[int, Callable[[], None]] = {
        60: lambda: setattr(bench.queue, "fault", RuntimeError("cut off before the queue took them")),
        131: lambda: setattr(bench.jobs, "advance", fail),
    }

    def step(limit: int) -> StepAnswer:
        cut.get(next(taken), lambda: None)()
        bench.clock.move(seconds=next(waits))
        return parsed(dispatch("step", f'{{"job": "{job}", "limit": {limit}}}', bench.desk()))

    def tell(answer: StepAnswer) -> None:
        told.append(answer)
        if len(told) % 10 == 0:
            bench.work()

    def run() -> None:
        run_job(
            step,
            rate=50,
            clock=lambda: bench.clock.now().timestamp(),
            pause=lambda seconds: bench.clock.move(seconds=seconds),
            tell=tell,
        )

    for _ in cut:
        with pytest.raises(RuntimeError):
            run()
        bench.queue.fault, bench.jobs.advance = None, advance  # type: ignore[method-assign]
        bench.work()
    run()
    return (bench.clock.now() - started) / timedelta(seconds=1), told


# ------------------------------------------------------------------------------------------------ pace


class Line:
    """A job of `total` events whose steps take as long as `takes` says."""

    def __init__(self, total: int, takes: Callable[[int], float]) -> None:
        self.total, self.takes = total, takes
        self.at, self.done, self.limits = 0.0, 0, list[int]()

    def step(self, limit: int) -> StepAnswer:
        self.limits.append(limit)
        self.at += self.takes(len(self.limits))
        count = min(limit, self.total - self.done)
        self.done += count
        replayed = tuple({"id": "x/y", "done": "queued"} for _ in range(count))
        return StepAnswer.model_validate({"replayed": replayed, "done": self.done, "total": self.total})

    def pause(self, seconds: float) -> None:
        assert seconds > 0
        self.at += seconds

    def run(self, rate: float) -> float:
        run_job(self.step, rate=rate, clock=lambda: self.at, pause=self.pause, tell=lambda _: None)
        return self.done / self.at


@pytest.mark.parametrize("rate", [0.5, 1, 3, 50, 200])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_the_rate_is_kept_whatever_a_step_takes(rate: float, share: float) -> None:
    line = Line(1000, lambda _: share * max(1, min(25, int(rate / 2))) / rate)
    assert line.run(rate) == pytest.approx(rate, rel=0.1)
    assert set(line.limits) == {max(1, min(25, int(rate / 2)))}


def test_a_slow_step_is_caught_up_with() -> None:
    line = Line(1000, lambda number: 5.0 if number == 10 else 0.1)
    assert line.run(50) == pytest.approx(50, rel=0.1)


def test_steps_that_are_too_slow_are_not_paused_between() -> None:
    line = Line(100, lambda _: 10.0)
    assert line.run(50) == pytest.approx(2.5)


def test_an_empty_answer_ends_a_run() -> None:
    answers = [StepAnswer(replayed=(), done=3, total=9)]
    run_job(lambda _: answers.pop(), rate=50, clock=lambda: 0.0, pause=fail, tell=lambda _: None)
    assert answers == []


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Line(1, lambda _: 0.0).run(rate)
