"""Every message of a dead-letter queue is filed once, under its event, with its cause; nothing stays unseen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.envelope import Envelope
from domain.errors import Cause, Conflict, Unavailable
from domain.event_log import EventRecord, Filing, State
from flows.file_dead_letters import MOVED, DeadMessage, Filed, FilePorts, dead_gauge, envelope_of, file_dead_letter
from tests.builders import NOW, envelope
from tests.fakes.archive import MemoryArchive
from tests.fakes.event_log import MemoryEventLog

QUEUE = "dealwire-test-TransactionsDeadLetterQueue-1A2B"
KEY = "transactions#evt-1"


def letter(
    message_id: str = "m-1", *, event: Envelope | None = None, receives: int = 1, **attributes: str
) -> DeadMessage:
    """A dead letter of evt-1; without attributes SQS itself has moved it."""
    body = (event or envelope(body=b'{"name": "Private Person"}')).to_json()
    return DeadMessage(message_id, QUEUE, body, attributes, NOW, receives)


def foreign(body: str, queue: str = QUEUE, **attributes: str) -> DeadMessage:
    """A message that is no event."""
    return DeadMessage("m-9", queue, body, attributes, NOW, 1)


#: When the event was tried again by itself, and failed again.
LATER = NOW + timedelta(minutes=5)


@dataclass
class Office:
    """Filing in memory."""

    log: MemoryEventLog = field(default_factory=MemoryEventLog)
    archive: MemoryArchive = field(default_factory=MemoryArchive)

    def file(self, message: DeadMessage, *, at: datetime = NOW, jitter: float = 0.5, filings: Any = None) -> Filed:
        ports = FilePorts(self.log, filings or self.log, self.archive)
        return file_dead_letter(message, ports, at, jitter, timedelta(minutes=2))

    def record(self, key: str = KEY) -> EventRecord:
        return self.log.find([key])[key]

    def filing(self, key: str = KEY) -> Filing:
        (filing,) = self.log.story(key).filings
        return filing


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_letter_is_filed_with_what_stands_on_it(office: Office) -> None:
    filed = office.file(letter(cause="mapping", reason="data.price: expected money", deal="transactions/T-1"))
    assert filed == Filed(True, State.DEAD, Cause.MAPPING, "data.price: expected money", "transactions")
    record, filing = office.record(), office.filing()
    assert (record.state, record.cause, record.reason) == (State.DEAD, Cause.MAPPING, "data.price: expected money")
    assert (record.deal, record.attempts, record.envelope.body) == ("transactions/T-1", 1, None)
    assert (filing.message_id, filing.queue, filing.receipt) == ("m-1", QUEUE, "r-evt-1")
    assert (filing.cause, filing.deal, filing.sent_at) == (Cause.MAPPING, "transactions/T-1", NOW)
    assert office.archive.objects == {}


def test_the_attempts_are_those_that_the_letter_tells_of(office: Office) -> None:
    told = {"cause": "bug", "reason": "KeyError", "receives": "3"}
    office.file(DeadMessage("m-1", QUEUE, envelope().to_json(), told, NOW, 1))
    assert (office.record().attempts, office.filing().receives) == (3, 3)


def test_a_letter_that_tells_of_no_attempts_has_those_that_sqs_counted_before_ours(office: Office) -> None:
    office.file(letter(receives=4))
    assert office.filing().receives == 3


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.UNAVAILABLE])
def test_every_cause_but_an_outage_waits_for_a_person_at_once(office: Office, cause: Cause) -> None:
    filed = office.file(letter(cause=cause.value, reason="x"))
    assert (filed.state, filed.cause) == (State.DEAD, cause)
    assert office.record().due_at is None


def test_a_message_that_is_received_twice_is_filed_once(office: Office) -> None:
    message = letter(cause="mapping", reason="x")
    assert office.file(message).new
    assert not office.file(message).new
    assert len(office.log.story(KEY).filings) == 1


@pytest.mark.parametrize("attributes", [{}, {"cause": "unavailable", "reason": "S3 is down"}, {"cause": "no such"}])
@pytest.mark.parametrize(("jitter", "minutes"), [(0.0, 2), (0.5, 3), (0.99, 3.98)])
def test_an_outage_is_replayed_by_itself_within_two_to_four_minutes(
    office: Office, attributes: dict[str, str], jitter: float, minutes: float
) -> None:
    filed = office.file(replace(letter(), attributes=attributes), jitter=jitter)
    assert (filed.state, filed.cause) == (State.WAITING, Cause.UNAVAILABLE)
    due_at = office.record().due_at
    assert due_at is not None
    assert abs(due_at - (NOW + timedelta(minutes=minutes))) < timedelta(seconds=1)


def test_an_outage_is_replayed_by_itself_only_once(office: Office) -> None:
    first, second = (letter(name, cause="unavailable", reason="S3 is down") for name in ("m-1", "m-2"))
    office.file(first)
    assert [office.file(second, at=LATER).state, office.record().state] == [State.DEAD] * 2
    assert office.record().cause is Cause.UNAVAILABLE


def test_a_letter_that_is_received_again_after_it_was_filed_does_not_count_as_a_second(office: Office) -> None:
    message = letter()
    office.file(message)
    again = office.file(message)
    assert (again.new, again.state, again.cause) == (False, State.WAITING, Cause.UNAVAILABLE)
    assert office.record().state is State.WAITING


def test_a_message_that_sqs_moves_twice_is_a_bug_of_ours(office: Office) -> None:
    assert office.file(letter("m-1")).reason == MOVED
    filed = office.file(letter("m-2"), at=LATER)
    assert (filed.state, filed.cause) == (State.DEAD, Cause.BUG)
    assert "does not survive" in filed.reason


def test_a_message_that_sqs_moves_after_an_outage_is_no_bug_yet(office: Office) -> None:
    office.file(letter("m-1", cause="unavailable", reason="S3 is down"))
    filed = office.file(letter("m-2"), at=LATER)
    assert (filed.state, filed.cause) == (State.DEAD, Cause.UNAVAILABLE)


def test_two_letters_of_one_try_do_not_use_up_the_replay(office: Office) -> None:
    office.file(letter("m-1", cause="unavailable", reason="DynamoDB is down"))  # by the last attempt itself
    filed = office.file(letter("m-2"), at=NOW + timedelta(seconds=119))  # and by SQS, whose patience ended meanwhile
    assert (filed.state, filed.cause) == (State.WAITING, Cause.UNAVAILABLE)


def test_earlier_letters_of_another_cause_do_not_use_up_the_replay(office: Office) -> None:
    office.file(letter("m-1", cause="mapping", reason="x"))
    assert office.file(letter("m-2", cause="unavailable", reason="S3 is down")).state is State.WAITING


def test_an_event_that_was_applied_meanwhile_stays_applied(office: Office) -> None:
    office.log.apply(EventRecord(KEY, State.APPLIED, envelope(), NOW, NOW))
    filed = office.file(letter(cause="mapping", reason="x"))
    assert (filed.new, filed.state) == (True, State.APPLIED)
    assert office.record().state is State.APPLIED


@pytest.mark.parametrize("fault", [Unavailable("DynamoDB is slow"), Conflict("somebody else writes")])
def test_what_cannot_be_filed_now_stays_in_its_queue(office: Office, fault: Exception) -> None:
    @dataclass
    class Shut:
        def file(self, filing: Filing, record: EventRecord) -> bool:
            raise fault

    with pytest.raises(type(fault)):
        office.file(letter(cause="mapping", reason="x"), filings=Shut())


def test_garbage_is_kept_as_it_is_and_filed_under_the_kind_of_its_queue(office: Office) -> None:
    filed = office.file(foreign("{ not JSON é", cause="mapping", reason="made up"))
    assert (filed.state, filed.cause, filed.source) == (State.DEAD, Cause.BUG, "transactions")
    body, facts = office.archive.objects["2026-03-02/unreadable/m-9"]
    assert body.decode() == "{ not JSON é"
    assert (facts["receipt"], facts["source"], facts["event-id"]) == ("m-9", "transactions", "m-9")
    assert (facts["disposition"], facts["event-type"]) == ("bad_payload", "unreadable")
    record = office.record("transactions#m-9")
    assert (record.envelope.event_type, record.envelope.archive_key) == ("unreadable", "2026-03-02/unreadable/m-9")
    assert "not JSON" not in record.reason
    assert "discard" in record.reason


def test_garbage_whose_bytes_cannot_be_kept_stays_in_its_queue(office: Office) -> None:
    office.archive.fault = Unavailable("S3 is down")
    with pytest.raises(Unavailable):
        office.file(foreign("?"))
    assert office.log.find(["transactions#m-9"]) == {}


def failed_run(error: str | None, function: str = "dealwire-SweepFunction-1A2B") -> str:
    """What Lambda's failure destination sends."""
    report: dict[str, Any] = {
        "version": "1.0",
        "requestContext": {
            "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{function}:$LATEST",
            "condition": "RetriesExhausted",
        },
        "requestPayload": {"secret": "Private Person"},
    }
    if error is not None:
        report["responsePayload"] = {"errorType": error, "errorMessage": "Private Person", "stackTrace": []}
    return json.dumps(report)


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        ("Unavailable", Cause.UNAVAILABLE, "Unavailable"),
        ("ConfigurationError", Cause.CONFIG, "ConfigurationError"),
        ("KeyError", Cause.BUG, "KeyError"),
        ("Sandbox.Timedout", Cause.BUG, "Sandbox.Timedout"),
        ("Private Person's name", Cause.BUG, "unknown"),
        (None, Cause.BUG, "RetriesExhausted"),
    ],
)
def test_a_failed_run_is_filed_under_what_failed(office: Office, error: str | None, cause: Cause, told: str) -> None:
    filed = office.file(foreign(failed_run(error), "dealwire-SweepDeadLetterQueue-9Z"))
    assert (filed.state, filed.cause, filed.source) == (State.DEAD, cause, "sweep")
    assert f"dealwire-SweepFunction-1A2B failed ({told})" in filed.reason
    assert "Private" not in filed.reason
    assert office.record("sweep#m-9").due_at is None  # nothing to replay


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AccessDeniedException", Cause.CONFIG),
        ("ResourceNotFoundException", Cause.CONFIG),
        ("TooManyRequestsException", Cause.UNAVAILABLE),
    ],
)
def test_a_schedule_that_could_not_start_its_function_is_filed(office: Office, code: str, cause: Cause) -> None:
    message = foreign('{"task": "x"}', "SweepDeadLetterQueue", SCHEDULE_ARN="arn:aws:scheduler:x", ERROR_CODE=code)
    filed = office.file(message)
    assert (filed.cause, filed.source) == (cause, "sweep")
    assert code in filed.reason


@pytest.mark.parametrize(
    "body", ["", "null", "[]", "7", '{"requestContext": 5}', '{"requestContext": {}}', "[" * 100_000]
)
def test_whatever_the_message_is_it_can_be_filed(office: Office, body: str) -> None:
    assert office.file(foreign(body, "my-own-queue")).source == "my-own-queue"
    assert office.record("my-own-queue#m-9").cause is Cause.BUG


@given(st.text(), st.dictionaries(st.sampled_from(["cause", "reason", "receives", "deal", "SCHEDULE_ARN"]), st.text()))
def test_no_message_can_keep_itself_from_being_filed(body: str, attributes: dict[str, str]) -> None:
    office = Office()
    message = DeadMessage("m-9", QUEUE, body, attributes, NOW, 1)
    assert office.file(message).new
    assert office.record(envelope_of(message).event_key).state is State.DEAD


def test_each_cause_has_a_gauge_of_its_own() -> None:
    assert dead_gauge(Cause.BAD_PAYLOAD) == "DeadBadPayload"
    assert dead_gauge(Cause.CRM_REJECTED) == "DeadCrmRejected"
    assert len({dead_gauge(cause) for cause in Cause}) == len(Cause)


def test_a_letter_that_joins_others_of_its_cause_is_news_again_after_an_hour(office: Office) -> None:
    assert not office.file(letter("m-1", cause="mapping", reason="x")).added
    assert not office.file(other("evt-2", "mapping"), at=NOW + timedelta(minutes=60)).added
    assert office.file(other("evt-3", "mapping"), at=NOW + timedelta(minutes=61)).added
    assert not office.file(other("evt-4", "validation"), at=NOW + timedelta(minutes=62)).added


def other(event_id: str, cause: str) -> DeadMessage:
    return DeadMessage(f"m-{event_id}", QUEUE, envelope(event_id).to_json(), {"cause": cause, "reason": "x"}, NOW, 1)
