"""One call: time, session, permit, bytes; and what the gate and the sessions are told."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest

from crm.caller import Caller, FreshTokens, Line, Timing
from crm.suitecrm.calls import Broke, SoapFault, WireFault
from crm.suitecrm.faults import WIRE_ERRORS
from crm.suitecrm.login import Credentials, login_with
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from tests.fakes.crm_line import OneSession, OpenGate
from tests.unit.crm.sinks import CUT, DIED, UNSENT, World, deal_row, world

EXPIRED = SoapFault("11", "Invalid Session ID")


class Bench:
    """A caller whose sessions are numbered, and whose clock and run are set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.left = 60.0
        self.gate = OpenGate()
        self.fresh = FreshTokens()
        self.logins = 0
        self.sessions = OneSession(self.login)
        timing = Timing(20.0, 5.0, 3.0, lambda: self.now, lambda: self.left)
        self.line = Line(self.gate, WIRE_ERRORS, timing)
        self.caller = Caller(self.line, self.sessions, self.fresh)

    def login(self) -> str:
        self.logins += 1
        token = f"token-{self.logins}"
        self.fresh.born(token)
        return token


@pytest.fixture
def bench() -> Bench:
    return Bench()


def failing(*errors: Exception) -> Callable[[str, float], str]:
    """A call that fails so often, then says which token it was given."""
    left = list(errors)

    def call(token: str, _timeout: float) -> str:
        if left:
            raise left.pop(0)
        return token

    return call


def fault_of(call: Callable[[], object]) -> Fault:
    """What the call fails with."""
    with pytest.raises(CrmFaulted) as raised:
        call()
    return raised.value.fault


def test_a_call_gets_the_session_and_the_time_out_of_the_setting(bench: Bench) -> None:
    assert bench.caller.read("op", lambda token, timeout: (token, timeout)) == ("token-1", 20.0)
    assert bench.gate.admitted == 1


def test_a_time_out_always_ends_before_the_run_does(bench: Bench) -> None:
    bench.left = 12.0
    assert bench.caller.read("op", lambda _token, timeout: timeout) == 9.0


def test_a_call_whose_time_out_does_not_fit_is_not_sent_and_nobody_is_told(bench: Bench) -> None:
    bench.left = 7.9
    fault = fault_of(lambda: bench.caller.write("op", failing()))
    assert (fault.kind, fault.words) == (FaultClass.UNAVAILABLE, "no time is left in this run")
    assert (bench.logins, bench.gate.admitted, bench.gate.faults) == (0, 0, [])


def test_nothing_is_written_that_could_not_be_read_back(bench: Bench) -> None:
    bench.left = 3.0 + 5.0 + 4.9
    assert fault_of(lambda: bench.caller.write("op", failing())).words == "no time is left in this run"
    assert bench.caller.read("op", lambda token, _timeout: token) == "token-1"


def test_time_that_goes_by_while_waiting_for_a_permit_is_not_used_twice(bench: Bench) -> None:
    class SlowGate(OpenGate):
        def admit(self, following: int = 0, longest_s: float = inf) -> None:
            super().admit()
            bench.left = 6.0

    slow = SlowGate()
    line = Line(slow, WIRE_ERRORS, bench.line.timing)
    fault = fault_of(lambda: Caller(line, bench.sessions, bench.fresh).write("op", failing()))
    assert fault.kind is FaultClass.UNAVAILABLE
    assert slow.faults == []


def test_a_permit_is_waited_for_only_so_long_that_the_call_still_fits(bench: Bench) -> None:
    waits = []

    class NotingGate(OpenGate):
        def admit(self, following: int = 0, longest_s: float = inf) -> None:
            super().admit()
            waits.append(longest_s)

    line = Line(NotingGate(), WIRE_ERRORS, bench.line.timing)
    caller = Caller(line, bench.sessions, bench.fresh)
    bench.left = 3.0 + 5.0 + 2.5
    caller.read("op", lambda token, _timeout: token)
    bench.left = 3.0 + 5.0 + 5.0
    caller.write("op", lambda token, _timeout: token)
    assert waits[-2:] == [2.5, 0.0]


def test_a_permit_that_is_refused_stops_the_call_with_its_wait(bench: Bench) -> None:
    bench.gate.closed = Fault(FaultClass.THROTTLED, "the credential waits", wait_s=12)
    assert fault_of(lambda: bench.caller.read("op", failing())) == bench.gate.closed


def test_the_gate_is_told_how_long_an_answer_took_and_its_headers(bench: Bench) -> None:
    def call(_token: str, _timeout: float) -> str:
        bench.now += 1.25
        bench.line.heard({"x-ratelimit-remaining": "7"})
        return "done"

    bench.caller.read("op", call)
    bench.caller.read("op", lambda token, _timeout: token)
    assert bench.gate.answers == [(1.25, {"x-ratelimit-remaining": "7"}), (0.0, {})]
    assert bench.line.calls == 2


def test_a_throttled_call_tells_the_gate_with_the_headers_of_the_reply(bench: Bench) -> None:
    throttled = WireFault(Broke.STATUS, "429", status=429, headers={"retry-after": "30"})
    assert fault_of(lambda: bench.caller.write("op", failing(throttled))).kind is FaultClass.THROTTLED
    ((fault, headers),) = bench.gate.faults
    assert (fault.kind, headers) == (FaultClass.THROTTLED, {"retry-after": "30"})


def test_the_wait_that_the_gate_keeps_is_the_wait_of_the_fault(bench: Bench) -> None:
    class WaitingGate(OpenGate):
        def failed(self, fault: Fault, headers: object) -> Fault:
            return Fault(fault.kind, fault.words, wait_s=45)

    caller = Caller(Line(WaitingGate(), WIRE_ERRORS, bench.line.timing), bench.sessions, bench.fresh)
    assert fault_of(lambda: caller.write("op", failing(UNSENT))).wait_s == 45


@pytest.mark.parametrize("error", [SoapFault("20", "Module Does Not Exist"), DIED], ids=str)
def test_an_answer_with_a_fault_of_the_request_says_nothing_against_the_crm(bench: Bench, error: Exception) -> None:
    fault_of(lambda: bench.caller.write("op", failing(error)))
    assert bench.gate.faults == []
    assert len(bench.gate.answers) == 1


@pytest.mark.parametrize("error", [CUT, UNSENT], ids=str)
def test_no_answer_says_something_against_the_crm(bench: Bench, error: Exception) -> None:
    fault_of(lambda: bench.caller.write("op", failing(error)))
    assert len(bench.gate.faults) == 1


def test_an_expired_session_is_forgotten_and_the_call_repeated_with_the_next(bench: Bench) -> None:
    bench.caller.read("op", failing())
    assert bench.caller.write("op", failing(EXPIRED)) == "token-2"
    assert bench.sessions.forgotten == ["token-1"]


def test_a_session_that_others_had_for_long_may_be_as_old_and_a_third_is_tried(bench: Bench) -> None:
    bench.sessions.held = "old"
    tokens: list[str] = []

    class Shared(OneSession):
        def token(self) -> str:
            tokens.append("asked")
            return {1: "old", 2: "older"}.get(len(tokens), "new")

    caller = Caller(bench.line, Shared(bench.login), bench.fresh)
    assert caller.read("op", failing(EXPIRED, EXPIRED)) == "new"


def test_three_sessions_that_end_in_one_call_leave_it_to_the_next_run(bench: Bench) -> None:
    class Shared(OneSession):
        def token(self) -> str:
            return f"old-{len(self.forgotten)}"

    caller = Caller(bench.line, Shared(bench.login), bench.fresh)
    assert fault_of(lambda: caller.read("op", failing(*[EXPIRED] * 9))).kind is FaultClass.UNAVAILABLE


def test_two_new_sessions_that_are_refused_at_once_stop_the_sink(bench: Bench) -> None:
    fault = fault_of(lambda: bench.caller.read("op", failing(*[EXPIRED] * 9)))
    assert fault.kind is FaultClass.AUTH_DENIED
    assert "verify_client_ip" in fault.words
    assert bench.logins == 2
    assert [told.kind for told, _ in bench.gate.faults] == [FaultClass.AUTH_DENIED]


def test_a_session_that_worked_once_proves_that_logging_in_helps(bench: Bench) -> None:
    bench.caller.read("op", failing(EXPIRED))
    assert bench.caller.read("op", failing(EXPIRED)) == "token-3"
    assert bench.caller.read("op", failing(EXPIRED)) == "token-4"


def test_no_token_is_shown(bench: Bench) -> None:
    bench.fresh.born("secret-token")
    assert "secret-token" not in repr(bench.fresh)
    assert "hunter2" not in repr(Credentials("dealwire", "hunter2"))


def test_an_error_that_is_not_of_the_wire_goes_through_as_it_is(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        bench.caller.read("op", failing(ZeroDivisionError()))


# ---------------------------------------------------------------------------------------------- logging in


def test_a_login_takes_a_permit_like_every_call() -> None:
    crm = world()
    crm.sink.upsert(deal_row(1).key.kind, [deal_row(1)])
    assert crm.gate.admitted == 3  # login, write, read


@pytest.mark.parametrize("code", ["10", "12", "1008", "1009", "1012"])
def test_a_login_that_is_refused_stops_the_sink(code: str) -> None:
    crm = world()
    crm.break_next("login", SoapFault(code, "no"))
    (result,) = crm.sink.upsert(deal_row(1).key.kind, [deal_row(1)])
    assert result.fault is not None
    assert result.fault.kind is FaultClass.AUTH_DENIED
    assert [told.kind for told, _ in crm.gate.faults] == [FaultClass.AUTH_DENIED]
    assert crm.sent_to("login") == 1


def test_an_unauthorised_login_is_denied_not_expired() -> None:
    crm = world()
    crm.break_next("login", WireFault(Broke.STATUS, "401", status=401))
    assert fault_of(crm.sessions.token).kind is FaultClass.AUTH_DENIED


@pytest.mark.parametrize("given", ["", "-1"])
def test_a_login_without_a_session_id_is_denied(bench: Bench, given: str) -> None:
    class NoSession:
        def login(self, user: str, password: str, *, timeout_s: float) -> str:
            return given

    login = login_with(NoSession(), bench.line, bench.fresh, lambda: Credentials("dealwire", "secret"))
    assert fault_of(login).kind is FaultClass.AUTH_DENIED


def test_a_session_that_expires_between_two_batches_loses_nothing() -> None:
    crm: World = world()
    crm.sink.upsert(deal_row(1).key.kind, [deal_row(1)])
    crm.model.logins.expire()
    (result,) = crm.sink.upsert(deal_row(2).key.kind, [deal_row(2)])
    assert result.outcome == "created"
    assert crm.model.logins.count == 2
