"""The way to the model breaks as the plan says: what the sender sees, and what became of the call."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random

import pytest

from crm.suitecrm.calls import Broke, LinkCall, SoapFault, WireFault
from dev.crm.faults import FaultyCalls
from dev.crm.model import CrmModel
from dev.crm.plans import DONE, UNDONE, Form, Injected, Outage, Plan, Script, Seeded, evenly
from dev.crm.quota import Quota
from dev.crm.road import Way

START = 1_772_442_000.0


class Journey:
    """A model at the end of a faulty way, with a clock of its own."""

    def __init__(self, plan: Plan | None = None, *, latency_s: float = 1.2, quota: Quota | None = None) -> None:
        self.time = START
        self.heard: list[dict[str, str]] = []
        self.crm = CrmModel(lambda: self.time)
        self.script = Script(behind=plan)
        way = Way(
            now=lambda: self.time,
            sleep=self.sleep,
            later=self.crm.later,
            expire=self.crm.logins.expire,
            latency_s=lambda _operation, _rows: latency_s,
            heard=lambda headers: self.heard.append(dict(headers)),
        )
        self.calls = FaultyCalls(self.crm, way, self.script, quota=quota, tells=quota is not None)
        self.session = self.calls.login("dealwire", "secret", timeout_s=10)

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def put(self, *ids: str, name: str = "x") -> None:
        rows = [{"id": each, "new_with_id": "1", "name": name} for each in ids]
        self.calls.set_entries(self.session, "Opportunities", rows, timeout_s=10)

    def read(self, record_id: str = "d1") -> str:
        return self.calls.get_entries(self.session, "Opportunities", [record_id], ["name"], {}, timeout_s=10)[0].id

    def there(self) -> list[str]:
        return list(self.crm.records["Opportunities"])


def test_a_call_takes_its_time_and_is_executed_within_it() -> None:
    way = Journey()
    before = way.time
    way.put("d1")
    assert way.time - before == pytest.approx(1.2)
    assert way.crm.log[-1].at == pytest.approx(before + 0.6)
    assert way.heard == [{}, {}]


@pytest.mark.parametrize(
    ("form", "broke", "status", "empty", "done"),
    [
        (Form("unsent", "refused"), Broke.UNSENT, 0, False, []),
        (Form("status", "502"), Broke.STATUS, 502, False, []),
        (Form("status", "503"), Broke.STATUS, 503, False, []),
        (Form("status", "500 not done"), Broke.STATUS, 500, True, []),
        (Form("status", "500 done"), Broke.STATUS, 500, True, ["d1", "d2"]),
        (Form("status", "504 not done"), Broke.STATUS, 504, False, []),
        (Form("status", "504 done"), Broke.STATUS, 504, False, ["d1", "d2"]),
        (Form("reset", "not done"), Broke.CUT, 0, False, []),
        (Form("reset", "done"), Broke.CUT, 0, False, ["d1", "d2"]),
        (Form("time-out", "before"), Broke.CUT, 0, False, []),
        (Form("time-out", "lost"), Broke.CUT, 0, False, ["d1", "d2"]),
        (Form("time-out", "prefix"), Broke.CUT, 0, False, ["d1"]),
    ],
)
def test_each_form_shows_its_face_and_has_its_effect(
    form: Form, broke: Broke, status: int, empty: bool, done: list[str]
) -> None:
    way = Journey()
    way.script.add(form, "set_entries")
    with pytest.raises(WireFault) as fault:
        way.put("d1", "d2")
    assert (fault.value.broke, fault.value.status, fault.value.empty) == (broke, status, empty)
    assert way.there() == done
    assert way.calls.counts == {form: 1}
    way.put("d3")
    assert way.there() == [*done, "d3"]


@pytest.mark.parametrize(("form", "done"), [("not done", []), ("prefix", ["d1"]), ("done", ["d1", "d2"])])
def test_a_service_that_dies_answers_with_fault_minus_1_whatever_it_did(form: str, done: list[str]) -> None:
    way = Journey()
    way.script.add(Form("died", form), "set_entries")
    with pytest.raises(SoapFault) as fault:
        way.put("d1", "d2")
    assert fault.value.code == "-1"
    assert way.there() == done


def test_a_time_out_takes_the_whole_time() -> None:
    way = Journey()
    way.script.add(Form("time-out", "before"))
    before = way.time
    with pytest.raises(WireFault):
        way.put("d1")
    assert way.time - before == pytest.approx(10)


def test_what_is_applied_late_is_seen_by_the_first_call_after_it() -> None:
    way = Journey()
    way.script.add(Form("time-out", "late"), "set_entries", seconds=60)
    with pytest.raises(WireFault):
        way.put("d1")
    way.read()
    assert way.there() == []
    way.time = START + 70
    way.read()
    assert way.there() == ["d1"]
    assert way.crm.log[-1].late


def test_what_is_applied_late_may_come_after_newer_writes_and_over_an_ended_session() -> None:
    way = Journey()
    way.put("d1")
    way.script.add(Form("time-out", "late"), "set_entry", seconds=60)
    with pytest.raises(WireFault):
        way.calls.set_entry(way.session, "Opportunities", {"id": "d1", "name": "old"}, timeout_s=10)
    way.calls.set_entry(way.session, "Opportunities", {"id": "d1", "name": "new"}, timeout_s=10)
    way.crm.logins.expire()
    assert way.crm.run_late(START + 1000) == 1
    assert way.crm.text("Opportunities", "d1", "name") == "old"
    assert way.calls.counts[Form("time-out", "late after newer")] == 1


def test_a_late_create_of_what_was_created_again_changes_nothing() -> None:
    way = Journey()
    way.script.add(Form("time-out", "late"), "set_entries", seconds=60)
    with pytest.raises(WireFault):
        way.put("d1", name="old")
    way.put("d1", name="new")
    way.crm.run_late(START + 1000)
    assert way.crm.text("Opportunities", "d1", "name") == "new"
    assert [(write.applied, write.late) for write in way.crm.log] == [(True, False), (False, True)]


def test_a_call_that_takes_longer_than_its_sender_waits_is_executed_all_the_same() -> None:
    way = Journey(latency_s=8)
    way.script.lines.append(("set_entries", Injected(Form("latency", "slow"), times=3)))
    with pytest.raises(WireFault) as fault:
        way.put("d1")
    assert fault.value.broke is Broke.CUT
    way.crm.run_late(START + 100)
    assert way.there() == ["d1"]


def test_a_refusal_names_its_wait_in_seconds_or_as_a_date_or_not_at_all() -> None:
    for hint in ("no hint", "seconds", "date"):
        way = Journey()
        way.script.add(Form("throttled", hint), "get_entries", seconds=6.5)
        at = way.time
        with pytest.raises(WireFault) as fault:
            way.read()
        assert fault.value.status == 429
        told = fault.value.headers.get("retry-after", "")
        if hint == "seconds":
            assert told == "7"
        elif hint == "date":
            assert parsedate_to_datetime(told) >= datetime.fromtimestamp(at + 6.5, UTC)
        else:
            assert told == ""


def test_whoever_comes_before_the_wait_is_over_is_refused_again() -> None:
    way = Journey()
    way.script.add(Form("storm", "seconds"), "get_entries", seconds=30)
    for _ in range(3):
        with pytest.raises(WireFault):
            way.read()
    way.time += 30
    way.read()
    assert [answered for _, _, answered in way.calls.arrivals] == [True, False, False, False, True]
    assert all(until == pytest.approx(way.calls.told[0][1]) for _, until in way.calls.told)


def test_a_quota_refuses_what_is_too_much_and_tells_what_is_left() -> None:
    way = Journey(latency_s=0.1, quota=Quota(3, 1.0))
    assert way.heard[-1]["x-ratelimit-limit"] == "3"
    way.read()
    way.read()
    with pytest.raises(WireFault) as fault:
        way.read()
    assert (fault.value.status, fault.value.headers["retry-after"]) == (429, "1")
    assert fault.value.headers["x-ratelimit-remaining"] == "0"
    way.time += 1
    way.read()
    assert way.calls.counts == {Form("throttled", "quota"): 1}


def test_a_session_may_end_under_a_call() -> None:
    way = Journey()
    way.script.add(Form("session", "expired"), "get_entries")
    with pytest.raises(SoapFault) as fault:
        way.read()
    assert fault.value.code == "11"


def test_an_outage_fails_every_call_until_it_is_over() -> None:
    way = Journey(Seeded(Random(1), {}, [Outage(START + 10, START + 20, Form("status", "502"))]))
    way.read()
    way.time = START + 10
    for _ in range(3):
        with pytest.raises(WireFault):
            way.read()
    way.time = START + 20
    way.read()


def test_the_same_seed_breaks_the_same_calls() -> None:
    def outcomes(seed: int) -> list[str]:
        plan = Seeded(Random(seed), evenly(0.5), spared=frozenset({"login"}))
        way = Journey(plan)
        seen = []
        for number in range(200):
            try:
                way.calls.set_entry(way.session, "Contacts", {"id": f"c{number}", "new_with_id": "1"}, timeout_s=10)
                seen.append("ok")
            except (SoapFault, WireFault) as fault:
                seen.append(str(fault))
        return seen

    assert outcomes(7) == outcomes(7)
    assert outcomes(7) != outcomes(8)


def test_every_form_happens_to_writes_and_only_harmless_ones_to_reads() -> None:
    plan = Seeded(Random(3), evenly(1.0))
    assert {drawn.form for _ in range(2000) if (drawn := plan.draw("x", 0.0, write=True))} == set(UNDONE + DONE)
    assert {drawn.form for _ in range(2000) if (drawn := plan.draw("x", 0.0, write=False))} == set(UNDONE)


def test_every_operation_goes_the_same_way() -> None:
    way = Journey()
    way.put("d1")
    way.calls.get_server_info(timeout_s=10)
    way.calls.get_available_modules(way.session, timeout_s=10)
    way.calls.get_module_fields(way.session, "Contacts", timeout_s=10)
    way.calls.get_entry_list(
        way.session, "Contacts", "", ["id"], order_by="", offset=0, limit=1, deleted=False, timeout_s=10
    )
    way.calls.get_relationships(way.session, "Opportunities", "d1", "contacts", ["id"], timeout_s=10)
    way.calls.set_relationships(way.session, [LinkCall("Opportunities", "d1", "contacts", "c1")], timeout_s=10)
    assert [operation for _, operation, _ in way.calls.arrivals] == [call.operation for call in way.crm.calls]
    assert len(way.crm.calls) == 8
