"""What becomes of a closing: settled at once, in need of something, corrected by adjustments, taken back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from domain.commission.account import Opening
from domain.commission.calculation import CounterKey
from domain.commission.cda import CdaState
from domain.commission.letters import COMMISSION_DUE, letter_answered
from domain.commission.settlement import CounterState, Reason, ReplayMark, Standing
from domain.errors import Cause, Conflict, Unavailable
from domain.event_log import AuditEntry
from flows.outcome import Result
from flows.settle.releasing import release_blocked
from flows.settle.replaying import replay_due
from flows.settle.ringing import ring
from flows.settle.settling import settle_due
from tests.builders import NOW
from tests.fakes.commissions import FakeCdaDesk
from tests.unit.flows.settle.office import CAPPED, Office, deal_of

ALONE = {"ann": Fraction(1)}
MARCH, APRIL, MAY = date(2026, 3, 2), date(2026, 4, 2), date(2026, 5, 2)


@pytest.fixture
def office() -> Office:
    made = Office()
    made.publish()
    for agent in ("ann", "bob"):
        made.hire(agent)
    return made


def sign(office: Office, deal_id: str, state: CdaState = CdaState.APPROVED) -> None:
    """The broker signs the CDA, or sends it, which is to be paid."""
    row, head = office.store.cdas[deal_id], office.store.head(deal_id)
    made = row.model_copy(update={"state": state, "version": max(1, row.version), "guard": row.guard + 1})
    entry = AuditEntry(f"sign-{made.guard}", NOW, "broker", "cda-approve", f"DEAL#{deal_id}", "as agreed")
    paid = replace(head, version=head.version + 1, paid=state is CdaState.SENT)
    FakeCdaDesk(office.store).save(made, paid, entry)


def test_a_closing_is_settled_with_records_ledgers_counters_and_the_draft_of_its_cda(office: Office) -> None:
    office.close(deal_of("d1", MARCH, {"ann": Fraction(2, 3), "bob": Fraction(1, 3)}))
    report = office.settle()
    head = office.store.head("d1")
    assert (report.settled, head.number, head.standing) == (1, 1, Standing.SETTLED)
    posted = office.store.calculation("d1", 1)
    assert posted is not None
    assert (posted.reason, posted.adjustments, posted.supersedes) == (Reason.CLOSED, (), 0)
    ann, bob = office.store.records(["d1"])
    assert [(r.account, str(r.gci), str(r.company_dollar), str(r.fees), str(r.net)) for r in (ann, bob)] == [
        ("ann", "2000.00 USD", "600.00 USD", "0.00 USD", "1400.00 USD"),
        ("bob", "1000.00 USD", "300.00 USD", "0.00 USD", "700.00 USD"),
    ]
    assert (ann.plan, ann.side, ann.closing_date) == ("capped@2026-01-01", "listing", MARCH)
    assert office.counter("ann", "company_dollar") == 60_000
    entry = office.store.entry_before("ann", ("9", "", ""))
    assert entry is not None
    assert entry.before["company_dollar"] == ("2026-01-01", 0)
    assert entry.after["gci"] == ("2026-01-01", 200_000)
    cda = office.store.cdas["d1"]
    assert (cda.state, cda.number, cda.version, cda.guard) == (CdaState.DRAFT, 1, 0, 1)
    assert not office.store.marks


def test_a_mark_without_anything_new_only_goes(office: Office) -> None:
    deal = office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.close(replace(deal, details=deal.details.model_copy(update={"title_file_number": "T-9"})))
    assert office.settle().unchanged == 1
    assert len(office.store.history("d1")) == 1
    assert not office.store.marks


def test_an_amendment_posts_adjustments_and_moves_the_counters_by_the_difference(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.close(deal_of("d1", MARCH, ALONE, price=90_000))
    office.settle()
    posted = office.store.calculation("d1", 2)
    assert posted is not None
    assert (posted.reason, posted.supersedes, posted.after_payment) == (Reason.AMENDED, 1, False)
    assert {adjustment.line.code: adjustment.delta.cents for adjustment in posted.adjustments} == {
        "commission": -30_000,
        "part": -30_000,
        "split": -9_000,
    }
    assert office.counter("ann", "company_dollar") == 81_000
    first = office.store.calculation("d1", 1)
    assert first is not None
    assert first.calculation is not None
    assert first.calculation.gross.cents == 300_000


def test_a_rescinded_closing_is_taken_back_and_may_close_again(office: Office) -> None:
    deal = office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.rescind("d1")
    assert office.settle().reversed == 1
    assert (office.store.head("d1").standing, office.counter("ann", "company_dollar")) == (Standing.REVERSED, 0)
    (record,) = office.store.records(["d1"])
    assert (record.status, record.gci.cents, record.net.cents) == ("retired", 0, 0)
    assert office.store.cdas["d1"].state is CdaState.VOID
    assert office.store.entry_before("ann", ("9", "", "")) is None
    office.close(deal)
    assert office.settle().settled == 1
    assert office.counter("ann", "company_dollar") == 90_000
    assert office.store.records(["d1"])[0].status == "active"


def test_a_deal_that_became_part_of_another_is_taken_back(office: Office) -> None:
    deal = office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.close(replace(deal, merged_into="d0", agents=()))
    assert office.settle().reversed == 1


def test_a_closing_that_is_taken_back_before_it_was_settled_leaves_nothing(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.rescind("d1")
    assert office.settle().unchanged == 1
    assert not office.store.history("d1")
    assert not office.store.marks


def test_an_agent_who_left_the_deal_keeps_a_retired_record_and_no_place_in_the_ledger(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.close(deal_of("d1", MARCH, {"bob": Fraction(1)}))
    office.settle()
    assert {r.account: r.status for r in office.store.records(["d1"])} == {"ann": "retired", "bob": "active"}
    assert [owner for owner, _ in office.store.entries] == ["bob"]
    assert (office.counter("ann", "gci"), office.counter("bob", "gci")) == (0, 300_000)


def test_a_late_arrival_takes_its_place_and_the_deals_behind_it_are_computed_again(office: Office) -> None:
    office.close(deal_of("d2", APRIL, ALONE, price=200_000))
    office.close(deal_of("d3", MAY, ALONE, price=200_000))
    office.settle()
    office.clock.move(minutes=1)
    office.close(deal_of("d1", MARCH, ALONE))
    report = office.work_off()
    assert (report.settled, report.replayed, report.ledgers) == (1, 2, 1)
    assert [office.company_dollar(deal) for deal in ("d1", "d2", "d3")] == [[90_000], [180_000], [30_000]]
    reasons = [posted.reason for deal in ("d1", "d3") for posted in office.store.history(deal)]
    assert reasons == [Reason.LATE, Reason.CLOSED, Reason.REPLAYED]


def test_a_replay_that_comes_to_entries_that_begin_as_before_passes_them(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE, price=400_000))
    office.close(deal_of("d2", APRIL, ALONE, price=100_000))
    office.settle()
    office.store.set_replay(ReplayMark("ann", ("", "", ""), 0, office.clock.now()))
    report = office.work_off()
    assert (report.replayed, report.ledgers) == (0, 1)
    assert len(office.store.history("d2")) == 1


def test_a_replay_stops_when_time_runs_out_and_goes_on_in_the_next_run(office: Office) -> None:
    for number in range(1, 5):
        office.close(deal_of(f"d{number}", date(2026, number + 3, 1), ALONE, price=60_000))
    office.settle()
    office.close(deal_of("d0", MARCH, ALONE, price=10_000))
    office.settle()
    left = iter([300.0, 300.0, 300.0, 1.0, 1.0])
    world = replace(office.world, time_left=lambda: next(left))
    assert replay_due(office.ports, world).replayed == 2
    (mark,) = office.store.replays.values()
    assert mark.after[2] == "d2"
    assert replay_due(office.ports, office.world).replayed == 2
    assert not office.store.replays


def test_a_signed_cda_is_superseded_by_what_changes_and_left_alone_by_what_changes_nobodys_money(
    office: Office,
) -> None:
    office.close(deal_of("d2", APRIL, ALONE))
    office.settle()
    sign(office, "d2")
    office.close(deal_of("d1", MARCH, ALONE))  # moves the counters before d2, and no money of it
    office.work_off()
    assert office.store.head("d2").number == 2
    assert (office.store.cdas["d2"].state, office.store.cdas["d2"].number) == (CdaState.APPROVED, 1)
    office.close(deal_of("d2", APRIL, ALONE, price=90_000))
    office.work_off()
    row = office.store.cdas["d2"]
    assert (row.state, row.number, row.version) == (CdaState.DRAFT, 3, 1)
    (signed,) = FakeCdaDesk(office.store).versions("d2")
    assert (signed.state, signed.superseded_by) == (CdaState.APPROVED, 3)


def test_what_changes_after_payment_says_so(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    sign(office, "d1", CdaState.SENT)
    office.close(deal_of("d1", MARCH, ALONE, price=90_000))
    office.settle()
    posted = office.store.calculation("d1", 2)
    assert posted is not None
    assert posted.after_payment
    assert office.store.head("d1").paid


def test_counters_that_were_brought_begin_the_year_also_where_deals_are_settled_already(office: Office) -> None:
    for number in (1, 2):
        office.close(deal_of(f"d{number}", date(2026, number + 2, 1), ALONE, price=200_000))
    office.settle()
    opening = Opening(as_of=date(2026, 1, 1), counters={"company_dollar": "1000"})  # type: ignore[dict-item]  # as files say it
    held = office.accounts.rows["ann"]
    office.accounts.rows["ann"] = held.model_copy(update={"openings": (opening,)})
    office.store.set_replay(ReplayMark("ann", ("2026-01-01", "", ""), 0, office.clock.now()))
    office.work_off()
    assert [office.company_dollar(deal) for deal in ("d1", "d2")] == [[180_000], [20_000]]
    assert office.counter("ann", "company_dollar") == 300_000
    assert office.counter("ann", "gci") == 1_200_000


# ---------------------------------------------------------------------------------------------------------- in need


def test_a_closing_without_a_plan_says_what_it_needs_and_is_filed_once(office: Office) -> None:
    office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    assert office.settle().needs == 1
    head, mark = office.store.head("d1"), office.store.marks["d1"]
    assert head.standing is Standing.NEEDS
    assert "dealwire plan assign zoe PLAN" in head.needs
    assert (mark.needs, mark.attempts, mark.due_at > office.clock.now()) == (head.needs, 1, True)
    ((letter, cause, reason),) = office.dead.dead
    assert (letter.event_type, letter.source, cause) == (COMMISSION_DUE, "transactions", Cause.COMMISSION)
    assert (letter.event_id, letter.body) == ("commission:d1:1", b'{"deal_id": "d1"}')
    assert reason == head.needs
    assert office.dead.dead_facts == [("transactions/T-d1", 1)]
    office.clock.move(hours=2)
    office.settle()
    assert (len(office.dead.dead), office.store.marks["d1"].attempts) == (1, 2)


def test_every_problem_of_a_deal_is_told_at_once(office: Office) -> None:
    office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}, commission={}, sale_price=None))
    office.settle()
    needs = office.store.head("d1").needs
    assert "plan of agent zoe" in needs
    assert "commission.percent" in needs


def test_a_mended_plan_settles_the_closing_by_itself_and_closes_its_letter(office: Office) -> None:
    deal = office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    office.settle()
    office.hire("zoe")
    assert release_blocked(office.store, office.clock.now()) == 1
    assert office.settle().settled == 1
    assert (office.store.head("d1").standing, office.store.head("d1").needs) == (Standing.SETTLED, "")
    assert office.deals.was_applied(letter_answered(deal, 1, NOW))
    assert not office.store.marks


def test_a_run_that_stops_between_posting_and_closing_the_letter_is_finished_by_the_next(office: Office) -> None:
    deal = office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    office.settle()
    office.hire("zoe")
    release_blocked(office.store, office.clock.now())
    office.clock.move(seconds=1)

    class Cut(type(office.deals)):  # type: ignore[misc]  # a fake of a fake
        def commit(self, change: object, now: object) -> None:
            raise Unavailable("cut off")

    cut = replace(office.ports, deals=Cut(deals=office.deals.deals))
    with pytest.raises(Unavailable):
        settle_due(cut, office.world)
    assert office.store.head("d1").standing is Standing.SETTLED
    assert not office.deals.was_applied(letter_answered(deal, 1, NOW))
    assert office.settle().unchanged == 1
    assert office.deals.was_applied(letter_answered(deal, 1, NOW))
    assert not office.store.marks


def test_the_next_fault_is_the_next_letter(office: Office) -> None:
    good = office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    for _ in range(2):
        office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
        office.settle()
        office.close(good)
        office.settle()
    assert [letter.event_id for letter, _, _ in office.dead.dead] == ["commission:d1:2", "commission:d1:3"]
    assert office.store.head("d1").standing is Standing.SETTLED
    assert [posted.adjustments for posted in office.store.history("d1")[1:]] == [(), ()]


def test_the_last_good_calculation_stays_current_while_a_deal_is_in_need(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    office.settle()
    head = office.store.head("d1")
    assert (head.number, head.standing) == (1, Standing.NEEDS)
    assert office.counter("ann", "company_dollar") == 90_000


def test_a_replayed_letter_makes_the_closing_due_and_comes_back_if_it_still_lacks_something(office: Office) -> None:
    office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    office.settle()
    letter = office.dead.dead[0][0]
    outcome = ring(letter, office.deals, office.store, office.clock.now())
    assert (outcome.result, outcome.cause, outcome.deal_id) == (Result.DEFERRED, Cause.COMMISSION, "d1")
    office.settle()
    assert len(office.dead.dead) == 2
    office.hire("zoe")
    ring(letter, office.deals, office.store, office.clock.now())
    assert office.settle().settled == 1
    assert ring(letter, office.deals, office.store, office.clock.now()).result is Result.REPEATED


def test_one_deal_that_the_code_cannot_compute_does_not_keep_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    office.clock.move(seconds=5)
    office.close(deal_of("d2", MARCH, {"bob": Fraction(1)}))
    load = office.deals.deal_by_id

    class Broken(type(office.deals)):  # type: ignore[misc]  # a fake of a fake
        def contacts(self, contact_ids: object) -> None: ...

    def broken(accounts: object) -> object:
        if "ann" in list(accounts):  # type: ignore[call-overload]  # a list of ids
            raise ArithmeticError("values of the deal")
        return type(office.accounts).load(office.accounts, accounts)  # type: ignore[arg-type]  # as above

    monkeypatch.setattr(office.accounts, "load", broken)
    report = office.settle()
    assert (report.needs, report.settled) == (1, 1)
    assert [cause for _, cause, _ in office.dead.dead] == [Cause.BUG]
    assert "values of the deal" not in caplog.text
    assert "ArithmeticError" in office.store.head("d1").needs
    assert load("d1") is not None


def test_an_outage_ends_the_run_and_leaves_the_mark(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.close(deal_of("d1", MARCH, ALONE))

    def down(accounts: object) -> object:
        raise Unavailable("DynamoDB does not answer")

    monkeypatch.setattr(office.accounts, "load", down)
    with pytest.raises(Unavailable):
        office.settle()
    monkeypatch.undo()
    assert office.settle().settled == 1


# ------------------------------------------------------------------------------------------------------- concurrency


def test_a_loser_of_a_race_decides_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    commit = office.store.commit
    lost: list[object] = []

    def contended(settlement: object) -> None:
        if len(lost) < 3:
            lost.append(settlement)
            raise Conflict("another was first")
        commit(settlement)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(office.store, "commit", contended)
    assert office.settle().settled == 1
    assert len(lost) == 3


def test_whoever_loses_every_race_leaves_the_deal_to_the_next_run(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.close(deal_of("d1", MARCH, ALONE))

    def contended(settlement: object) -> None:
        raise Conflict("another was first")

    monkeypatch.setattr(office.store, "commit", contended)
    assert office.settle().contended == 1
    monkeypatch.undo()
    assert office.settle().settled == 1


def test_closings_of_one_agent_at_one_moment_never_spend_the_same_room_twice(office: Office) -> None:
    for number in range(8):
        office.close(deal_of(f"d{number}", MARCH, ALONE, price=100_000))
    office.clock.move(seconds=1)
    pages = [[mark] for mark in office.store.marks.values()]
    start = threading.Barrier(len(pages))
    failures: list[BaseException] = []

    def run(mark: object) -> None:
        from flows.settle.settling import settle_one

        try:
            start.wait()
            for _ in range(50):
                if not settle_one(mark, office.ports, office.world).contended:  # type: ignore[arg-type]  # a mark
                    return
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=page) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    office.work_off()
    spent = [office.company_dollar(f"d{number}")[0] for number in range(8)]
    assert sum(spent) == 300_000 == office.counter("ann", "company_dollar")
    assert spent == [90_000, 90_000, 90_000, 30_000, 0, 0, 0, 0]


def test_a_counter_that_somebody_else_moved_meanwhile_makes_the_settlement_fail(office: Office) -> None:
    office.close(deal_of("d1", MARCH, ALONE))
    key = CounterKey("ann", "company_dollar", "2026-01-01")
    commit = office.store.commit
    seen: list[object] = []

    def raced(settlement: object) -> None:
        if not seen:
            office.store.counter_rows[key] = CounterState(value=0, version=7)
        seen.append(settlement)
        commit(settlement)  # type: ignore[arg-type]  # as it came

    office.store.commit = raced  # type: ignore[method-assign]  # a race, as storage would see it
    assert office.settle().settled == 1
    assert len(seen) == 2
    assert office.store.counter_rows[key] == CounterState(90_000, 8, (MARCH.isoformat(), "", "d1"))


def test_a_plan_that_counts_a_day_which_the_deal_has_not_is_told(office: Office) -> None:
    office.publish(CAPPED | {"plan": "funded", "dates": {"cap_year": "funded"}})
    office.hire("ann", plan="funded")
    office.close(deal_of("d1", MARCH, ALONE))
    office.settle()
    assert "funded_date" in office.store.head("d1").needs
    office.close(deal_of("d1", MARCH, ALONE, funded_date=MARCH + timedelta(days=3)))
    assert office.settle().settled == 1


def test_a_letter_that_was_filed_while_the_deal_was_mended_is_closed_by_what_settled_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = office.close(deal_of("d1", MARCH, {"zoe": Fraction(1)}))
    needs = office.store.needs

    def overtaken(mark: object, head: object) -> None:
        office.hire("zoe")
        office.close(deal)
        needs(mark, head)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(office.store, "needs", overtaken)
    assert office.settle().settled == 1
    assert len(office.dead.dead) == 1
    assert office.deals.was_applied(letter_answered(deal, 1, office.clock.now()))


def test_one_deal_that_the_code_cannot_compute_again_does_not_stop_its_ledger(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office.close(deal_of("d1", APRIL, ALONE))
    office.close(deal_of("d2", MAY, ALONE))
    office.settle()
    office.close(deal_of("d0", MARCH, ALONE, price=250_000))
    office.settle()
    load = office.accounts.load_for

    def broken(deal_id: str, accounts: list[str]) -> object:
        if deal_id == "d1":
            raise ArithmeticError("values of the deal")
        return load(deal_id, accounts)

    monkeypatch.setattr(office.accounts, "load_for", broken)
    report = replay_due(office.ports, office.world)
    assert (report.ledgers, report.replayed) == (1, 0)
    assert "values of the deal" not in caplog.text
    assert list(office.store.marks) == ["d1"]
