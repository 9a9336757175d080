"""What is done about one row: each invariant of architecture.md that is a decision, by its number."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.crm.rows import Confirmation, Intent, Kind, Question, RowKey, Standing, SyncRow, Verb
from domain.crm.sink import ROLE, Remote
from domain.errors import FieldProblem
from flows.delivery.case import Case, Do, Looked, Step
from flows.delivery.content import Content
from flows.delivery.deciding import decide
from flows.delivery.resting import confirmed
from tests.builders import NOW
from transforms.crm_record import digest

MAX_REQUEST = timedelta(seconds=300)
DEAL = RowKey(Kind.DEAL, "d1")
PERSON = RowKey(Kind.CONTACT, "c1")
LINK = RowKey(Kind.LINK, "d1", "c1")
FIELDS = {"name": "12 Elm St", "amount": "350000.00"}


def content(key: RowKey = DEAL, version: int = 2, **kwargs: object) -> Content:
    fields = kwargs.pop("fields", FIELDS)
    return Content(key, version, fields, **kwargs)  # type: ignore[arg-type]  # the test names the fields


def was(fields: dict[str, str], held: dict[str, str] | None = None, **altered: tuple[str, str]) -> Confirmation:
    sent = {name: digest(text) for name, text in fields.items()}
    return Confirmation(NOW, 1, sent, {n: digest(t) for n, t in (held or fields).items()}, altered)


def there(key: RowKey) -> SyncRow:
    return SyncRow(key, standing=Standing.CLEAN, remote_id=f"remote-{key.id}", confirmed=was(FIELDS))


def case(row: SyncRow, wanted: Content | None = None, **kwargs: object) -> Case:
    given = {"parents": {}, "now": NOW} | kwargs
    if wanted is None:
        wanted = content(row.key, remote_id="rd/rc" if row.key.kind is Kind.LINK else "")
    return Case(row, wanted, max_request=MAX_REQUEST, **given)  # type: ignore[arg-type]  # the test names them


def opened(row: SyncRow, verb: Verb = Verb.UPDATE) -> SyncRow:
    intent = Intent(verb, NOW - timedelta(seconds=20), 1, {})
    return replace(row, intent=intent, confirmed=None, before=row.confirmed, remote_id=row.remote_id or "remote-d1")


def test_a_row_that_holds_what_was_sent_rests() -> None:
    step = decide(case(there(DEAL)))
    assert (step.do, step.row.standing, step.row.due_at) == (Do.REST, Standing.CLEAN, None)


def test_only_the_fields_that_changed_are_sent() -> None:
    step = decide(case(there(DEAL), content(fields=FIELDS | {"amount": "360000.00"})))
    assert step.do is Do.WRITE
    assert step.write is not None
    assert (step.write.send, step.write.create) == (frozenset({"amount"}), False)


def test_4_an_intent_voids_the_confirmation_in_the_same_write() -> None:
    step = decide(case(there(DEAL), content(fields=FIELDS | {"amount": "1"})))
    assert step.row.confirmed is None
    assert step.row.before == there(DEAL).confirmed
    assert step.row.intent is not None
    assert step.row.intent.verb is Verb.UPDATE


def test_4_while_an_intent_is_open_the_crm_is_read_before_anything_is_compared() -> None:
    assert decide(case(opened(there(DEAL)))).do is Do.LOOK


def test_4_an_intent_that_the_crm_turns_out_to_hold_is_confirmed_without_a_write() -> None:
    step = decide(case(opened(SyncRow(DEAL), Verb.CREATE), looked=Looked(Remote("remote-d1", True, FIELDS))))
    assert (step.do, step.row.standing) == (Do.REST, Standing.CLEAN)
    assert step.row.confirmed is not None
    assert step.row.intent is None


def test_4_after_an_unknown_outcome_all_fields_that_are_ours_are_sent() -> None:
    stale = Remote("remote-d1", True, FIELDS | {"amount": "1"})
    step = decide(case(opened(there(DEAL)), looked=Looked(stale)))
    assert step.do is Do.WRITE
    assert step.write is not None
    assert step.write.send == frozenset(FIELDS)


def test_5_no_is_not_no_yet() -> None:
    row = replace(opened(SyncRow(DEAL), Verb.CREATE), doubted_at=NOW - timedelta(seconds=20))
    step = decide(case(row, looked=Looked(None)))
    assert (step.do, step.row.due_at) == (Do.REST, NOW + timedelta(seconds=280))
    assert step.row.intent is not None


def test_5_once_nothing_can_run_late_a_row_that_is_not_there_is_created() -> None:
    row = replace(opened(SyncRow(DEAL), Verb.CREATE), doubted_at=NOW - timedelta(seconds=301))
    step = decide(case(row, looked=Looked(None)))
    assert step.do is Do.WRITE
    assert step.write is not None
    assert step.write.create
    assert step.write.remote_id == "remote-d1"


def test_5_a_row_that_had_an_unknown_outcome_is_read_once_more_when_nothing_can_run_late() -> None:
    doubted = NOW - timedelta(seconds=100)
    row = replace(opened(there(DEAL)), doubted_at=doubted)
    settled = decide(case(row, looked=Looked(Remote("remote-d1", True, FIELDS)))).row
    assert (settled.standing, settled.due_at) == (Standing.CLEAN, doubted + MAX_REQUEST)
    later = doubted + MAX_REQUEST
    again = decide(case(settled, now=later))
    assert again.do is Do.LOOK
    late_write = Remote("remote-d1", True, FIELDS | {"amount": "1"})
    assert decide(case(settled, now=later, looked=Looked(late_write))).do is Do.WRITE
    done = decide(case(settled, now=later, looked=Looked(Remote("remote-d1", True, FIELDS)))).row
    assert (done.doubted_at, done.due_at) == (None, None)


def test_6_a_deleted_record_is_no_confirmation_and_a_person_is_asked() -> None:
    step = decide(case(opened(there(DEAL)), looked=Looked(Remote("remote-d1", False, {}))))
    assert (step.row.standing, step.row.question) == (Standing.ASKS, Question.GONE)
    assert "recreate" in step.row.reason


def test_6_what_the_crm_altered_is_recorded_and_not_sent_again() -> None:
    held = FIELDS | {"name": "12 Elm"}
    row = confirmed(there(DEAL), content(), held, NOW, MAX_REQUEST, written={"name"})
    assert row.confirmed is not None
    assert row.confirmed.altered == {"name": ("12 Elm St", "12 Elm")}
    assert decide(case(row)).do is Do.REST
    looked = replace(row, sight=True)
    assert decide(case(looked, looked=Looked(Remote("remote-d1", True, held)))).do is Do.REST


def test_6_a_difference_in_a_field_that_was_not_sent_is_no_alteration_and_is_looked_at_again() -> None:
    held = FIELDS | {"amount": "5"}
    row = confirmed(there(DEAL), content(), held, NOW, MAX_REQUEST, written={"name"})
    assert row.confirmed is not None
    assert row.confirmed.altered == {}
    assert (row.standing, row.sight) == (Standing.OPEN, True)
    assert row.due_at is not None
    assert decide(case(row, looked=Looked(Remote("remote-d1", True, held)))).do is Do.WRITE


def test_5_an_intent_whose_worker_died_may_still_leave_until_its_lease_ended() -> None:
    lease_ends = NOW + timedelta(seconds=150)
    row = decide(case(SyncRow(DEAL, lease="t", lease_until=lease_ends))).row
    assert row.doubted_at == lease_ends
    found = decide(case(row, now=NOW + timedelta(seconds=200), looked=Looked(None)))
    assert (found.do, found.row.due_at) == (Do.REST, lease_ends + MAX_REQUEST)


def test_6_a_field_that_people_changed_is_set_right_when_the_row_is_looked_at() -> None:
    looked = Looked(Remote("remote-d1", True, FIELDS | {"amount": "5"}))
    assert decide(case(replace(there(DEAL), sight=True), looked=looked)).do is Do.WRITE


def test_6_a_difference_that_was_seen_is_not_forgotten_while_a_parent_has_to_come_first() -> None:
    share = RowKey(Kind.COMMISSION, "d1", "a")
    looked = Looked(Remote("remote-d1", True, FIELDS | {"amount": "5"}))
    waits = decide(case(replace(there(share), sight=True), looked=looked)).row
    assert waits.behind == DEAL
    step = decide(case(waits, parents={DEAL: there(DEAL)}))
    assert step.write is not None
    assert step.write.send == frozenset({"amount"})


def test_6_a_link_that_is_there_again_is_taken_off_even_if_that_has_to_wait() -> None:
    row = SyncRow(LINK, standing=Standing.CLEAN, remote_id="rd/rc", confirmed=was({}), sight=True)
    gone = content(LINK, fields={}, remote_id="rd/rc", retired=True)
    waits = decide(case(row, gone, looked=Looked(Remote("rd/rc", True, {})))).row
    assert waits.standing is Standing.BEHIND
    step = decide(case(waits, gone, parents={DEAL: there(DEAL), PERSON: there(PERSON)}))
    assert step.row.intent is not None
    assert step.row.intent.verb is Verb.RETIRE


def test_8_a_link_waits_behind_the_end_that_is_not_there() -> None:
    parents = {DEAL: there(DEAL)}
    step = decide(case(SyncRow(LINK), content(LINK, fields={ROLE: "Buyer"}, remote_id="rd/"), parents=parents))
    assert (step.row.standing, step.row.behind) == (Standing.BEHIND, PERSON)
    assert step.row.due_at is not None


@pytest.mark.parametrize("standing", [Standing.ASKS, Standing.LEFT])
def test_8_a_parent_that_was_deleted_in_the_crm_is_not_there(standing: Standing) -> None:
    parents = {DEAL: there(DEAL), PERSON: replace(there(PERSON), standing=standing)}
    wanted = content(LINK, fields={ROLE: "Buyer"}, remote_id="rd/rc")
    assert decide(case(SyncRow(LINK), wanted, parents=parents)).row.behind == PERSON


def test_8_a_link_whose_ends_are_there_is_set() -> None:
    parents = {DEAL: there(DEAL), PERSON: there(PERSON)}
    wanted = content(LINK, fields={ROLE: "Buyer"}, remote_id="rd/rc")
    step = decide(case(SyncRow(LINK), wanted, parents=parents))
    assert step.row.intent is not None
    assert (step.row.intent.verb, step.row.remote_id) == (Verb.LINK, "rd/rc")


def test_8_absence_is_content_a_link_that_is_no_longer_true_is_taken_off() -> None:
    parents = {DEAL: there(DEAL), PERSON: there(PERSON)}
    row = SyncRow(LINK, standing=Standing.CLEAN, remote_id="rd/rc", confirmed=was({ROLE: "Buyer"}))
    step = decide(case(row, content(LINK, fields={}, remote_id="rd/rc", retired=True), parents=parents))
    assert step.row.intent is not None
    assert step.row.intent.verb is Verb.RETIRE


def test_8_what_never_was_there_is_not_created_to_be_retired() -> None:
    step = decide(case(SyncRow(DEAL), content(retired=True)))
    assert (step.do, step.row.standing) == (Do.REST, Standing.CLEAN)


def test_9_a_contact_is_searched_for_before_its_first_create() -> None:
    assert decide(case(SyncRow(PERSON), content(PERSON))).do is Do.SEARCH
    assert decide(case(SyncRow(PERSON, remote_id="x"), content(PERSON))).do is Do.WRITE
    assert decide(case(SyncRow(PERSON, decided=True), content(PERSON))).do is Do.WRITE


def test_9_nobody_like_it_in_the_crm_it_is_created_under_an_id_of_its_own() -> None:
    step = decide(case(SyncRow(PERSON), content(PERSON), candidates=[]))
    assert step.write is not None
    assert (step.write.create, step.write.remote_id) == (True, PERSON.remote_id(0))
    again = decide(case(SyncRow(PERSON, generation=1), content(PERSON), candidates=[]))
    assert again.write is not None
    assert again.write.remote_id != step.write.remote_id


def test_9_one_candidate_is_adopted_for_good_and_only_its_empty_fields_are_filled() -> None:
    theirs = Remote("theirs", True, {"last_name": "O'Brien", "phone": "", "email": ""})
    wanted = content(PERSON, fields={"last_name": "Obrien", "phone": "+13035550100", "email": ""})
    step = decide(case(SyncRow(PERSON), wanted, candidates=[theirs]))
    assert step.adopts
    assert step.write is not None
    assert (step.write.remote_id, step.write.send, step.write.create) == ("theirs", frozenset({"phone"}), False)
    assert step.row.owns == frozenset({"phone", "email"})
    held = theirs.fields | {"phone": "+13035550100"}
    settled = confirmed(step.row, wanted, held, NOW, MAX_REQUEST)
    renamed = content(PERSON, 3, fields=dict(wanted.fields) | {"last_name": "Smith"})
    assert decide(case(settled, renamed)).do is Do.REST


def test_9_several_candidates_wait_for_a_person() -> None:
    several = [Remote("b", True, {}), Remote("a", True, {})]
    row = decide(case(SyncRow(PERSON), content(PERSON), candidates=several)).row
    assert (row.standing, row.question, row.candidates) == (Standing.ASKS, Question.CANDIDATES, ("a", "b"))
    assert row.due_at is not None


def test_9_a_contact_that_somebody_else_is_just_creating_is_waited_for() -> None:
    rival = RowKey(Kind.CONTACT, "c0")
    row = decide(case(SyncRow(PERSON), content(PERSON), rival=rival)).row
    assert (row.standing, row.behind) == (Standing.BEHIND, rival)


def test_what_the_crm_would_garble_is_refused_before_anything_is_sent() -> None:
    problem = FieldProblem("Opportunities.amount", "10000000000000", "less than 10^12", "sale_price")
    step = decide(case(SyncRow(DEAL), content(problems=(problem,))))
    assert (step.do, step.row.standing) == (Do.REST, Standing.REFUSED)
    assert step.refusal == "Opportunities.amount: expected less than 10^12 (for sale_price)"
    assert "10000000000000" not in step.refusal


def test_a_refused_row_rests_until_it_changes_or_somebody_asks_for_it() -> None:
    refused = replace(SyncRow(DEAL), standing=Standing.REFUSED, refused=content().digest)
    assert decide(case(refused)) == Step(Do.REST, replace(refused, due_at=None))
    assert decide(case(refused, content(fields=FIELDS | {"amount": "1"}))).do is Do.WRITE
    assert decide(case(replace(refused, sight=True))).do is Do.WRITE


def test_other_content_than_what_was_refused_has_attempts_of_its_own() -> None:
    refused = replace(there(DEAL), standing=Standing.REFUSED, refused=content().digest, attempts=5)
    step = decide(case(refused, content(fields=FIELDS | {"amount": "1"})))
    assert (step.do, step.row.attempts, step.row.refused) == (Do.WRITE, 0, "")
    again = decide(case(replace(refused, sight=True, confirmed=None), looked=Looked(None)))
    assert (again.do, again.row.attempts) == (Do.WRITE, 5)


def test_a_field_that_is_peoples_after_the_create_is_sent_once() -> None:
    made = decide(case(SyncRow(DEAL), content(create_only=frozenset({"name"}))))
    assert made.write is not None
    assert "name" in made.write.fields
    settled = confirmed(made.row, content(create_only=frozenset({"name"})), FIELDS, NOW, MAX_REQUEST)
    renamed = content(fields=FIELDS | {"name": "x", "amount": "2"}, create_only=frozenset({"name"}))
    again = decide(case(settled, renamed))
    assert again.write is not None
    assert (again.write.send, dict(again.write.fields)) == (frozenset({"amount"}), {"amount": "2"})


def test_a_record_that_vanished_is_not_created_again_without_a_person() -> None:
    row = replace(there(DEAL), sight=True)
    assert decide(case(row, looked=Looked(None))).row.question is Question.GONE


def test_a_record_that_was_deleted_and_restored_goes_on_by_itself() -> None:
    asks = replace(there(DEAL), standing=Standing.ASKS, question=Question.GONE)
    assert decide(case(asks)).do is Do.LOOK
    back = decide(case(asks, looked=Looked(Remote("remote-d1", True, FIELDS)))).row
    assert (back.standing, back.question) == (Standing.CLEAN, None)
    assert back.is_there


def test_what_a_person_left_to_the_crm_is_left() -> None:
    left = replace(there(DEAL), standing=Standing.LEFT, due_at=NOW)
    step = decide(case(left, content(fields={"amount": "2"})))
    assert (step.do, step.row.standing, step.row.due_at) == (Do.REST, Standing.LEFT, None)
