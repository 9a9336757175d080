"""The shared session: one login at a time, one a minute, and never again with what the CRM refused."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crm.session import LOGIN_EVERY_S, Lifetime, SharedSession, session_document
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRow
from domain.errors import Unavailable
from tests.fakes.delivery import MemorySharedRows
from tests.unit.crm.virtual import START, Clock, SlowRows

DENIED = Fault(FaultClass.AUTH_DENIED, "invalid login")
DOWN = Fault(FaultClass.UNAVAILABLE, "connection refused")
TIMED_OUT = Fault(FaultClass.AMBIGUOUS, "read timed out")


@dataclass
class SwitchedRows:
    """Shared rows that can be switched off."""

    rows: MemorySharedRows = field(default_factory=MemorySharedRows)
    is_off: bool = False
    reads: int = 0

    def read(self, name: str) -> SharedRow:
        self.reads += 1
        self._answer()
        return self.rows.read(name)

    def write(self, name: str, document: Mapping[str, Any], guard: int) -> None:
        self._answer()
        self.rows.write(name, document, guard)

    def _answer(self) -> None:
        if self.is_off:
            raise Unavailable("storage does not answer")


@dataclass
class Door:
    """A CRM that lets workers in, one after the other."""

    s: float = 0.0
    rows: SwitchedRows = field(default_factory=SwitchedRows)
    fingerprint: str = "f1"
    fault: Fault | None = None
    logins: list[float] = field(default_factory=list)
    #: Logins that the CRM has seen, or may have.
    seen: list[float] = field(default_factory=list)
    alive: str = ""
    paused: list[float] = field(default_factory=list)
    rows_fail_after_login: bool = False

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.s += seconds

    def login(self) -> str:
        self.logins.append(self.s)
        if self.fault is not DOWN:
            self.seen.append(self.s)
        self.s += 1.2
        self.rows.is_off = self.rows_fail_after_login
        if self.fault is not None:
            raise CrmFaulted(self.fault)
        self.alive = f"token-{len(self.logins)}"
        return self.alive

    def worker(self) -> SharedSession:
        return SharedSession(
            self.rows,
            "suitecrm",
            self.login,
            fingerprint=lambda: self.fingerprint,
            now=self.now,
            pause=self.pause,
        )

    def tried(self, session: SharedSession) -> str | Fault:
        try:
            return session.token()
        except CrmFaulted as refused:
            return refused.fault

    def refusal(self, session: SharedSession) -> Fault:
        answer = self.tried(session)
        assert isinstance(answer, Fault)
        return answer


@pytest.fixture
def door() -> Door:
    return Door()


class TestOneSessionForAll:
    def test_the_second_worker_takes_the_token_of_the_first(self, door: Door) -> None:
        assert door.worker().token() == door.worker().token() == "token-1"
        assert len(door.logins) == 1

    def test_a_known_token_is_not_read_again(self, door: Door) -> None:
        session = door.worker()
        session.token()
        before = door.rows.reads

        session.token()

        assert door.rows.reads == before

    def test_sixteen_workers_log_in_once_for_each_lifetime(self) -> None:
        clock = Clock()
        rows = SlowRows(clock)
        logins: list[float] = []
        waited: list[float] = []
        used: list[tuple[float, str]] = []

        def login() -> str:
            logins.append(clock.s)
            clock.pause(1.2)
            return f"token-{len(logins)}"

        def work(number: int) -> None:
            own = random.Random(number)
            session = SharedSession(
                rows,
                "suitecrm",
                login,
                fingerprint=lambda: "f1",
                now=clock.now,
                pause=clock.pause,
                lifetime=Lifetime(lifetime_s=600, margin_s=60),
            )
            while clock.s < 3000:
                try:
                    used.append((clock.s, session.token()))
                except CrmFaulted:
                    waited.append(clock.s)
                clock.pause(own.uniform(0.5, 20))

        clock.run(*(partial(work, number) for number in range(16)))

        assert len(logins) == 6
        assert max(waited, default=0.0) < 10  # only the very first login makes others wait
        born = {f"token-{number}": at for number, at in enumerate(logins, 1)}
        assert all(at - born[token] < 600 for at, token in used)

    def test_it_is_renewed_before_its_lifetime_ends(self, door: Door) -> None:
        session = door.worker()
        session.token()
        door.s += 3600 - 299

        assert session.token() == "token-2"

    def test_while_one_renews_the_others_go_on_with_the_old_token(self, door: Door) -> None:
        session, other = door.worker(), door.worker()
        session.token()
        door.s += 3600 - 299
        seen = []

        def login() -> str:
            seen.append(other.token())
            return "token-2"

        door.login = login
        door.worker().token()

        assert seen == ["token-1"]

    def test_a_renewal_that_fails_leaves_the_old_token_in_use(self, door: Door) -> None:
        door.worker().token()
        door.s += 3600 - 299
        door.fault = DOWN

        assert door.worker().token() == "token-1"

    def test_the_token_is_in_no_repr(self, door: Door) -> None:
        session = door.worker()
        session.token()

        assert "token-1" not in repr(session) + repr(session._known)


class TestExpiry:
    def test_a_token_that_the_crm_forgot_is_replaced(self, door: Door) -> None:
        session = door.worker()
        token = session.token()
        door.s += 100

        session.expired(token)

        assert session.token() == "token-2"

    def test_only_the_token_that_failed_is_forgotten(self, door: Door) -> None:
        first, second = door.worker(), door.worker()
        old = first.token()
        second.token()
        door.s += 100
        first.expired(old)
        first.token()

        second.expired(old)

        assert second.token() == "token-2"
        assert len(door.logins) == 2

    def test_there_is_one_login_a_minute_at_most(self, door: Door) -> None:
        session = door.worker()
        for _ in range(200):
            answer = door.tried(session)
            if isinstance(answer, Fault):
                assert answer.kind is FaultClass.UNAVAILABLE
                assert answer.wait_s > 0
            else:
                session.expired(answer)
            door.s += 1

        assert all(after - before >= LOGIN_EVERY_S for before, after in pairwise(door.logins))
        assert len(door.logins) <= 5


class TestFailedLogins:
    def test_a_crm_that_is_down_is_asked_again_by_the_next(self, door: Door) -> None:
        door.fault = DOWN
        assert door.refusal(door.worker()).kind is FaultClass.UNAVAILABLE
        door.fault = None

        assert door.worker().token() == "token-2"

    def test_a_login_that_timed_out_counts_as_one(self, door: Door) -> None:
        door.fault = TIMED_OUT
        assert door.refusal(door.worker()).kind is FaultClass.AMBIGUOUS
        door.fault = None

        assert door.refusal(door.worker()).wait_s > 50
        assert len(door.logins) == 1

    def test_refused_credentials_are_not_tried_again_by_anybody(self, door: Door) -> None:
        door.fault = DENIED
        assert door.refusal(door.worker()).kind is FaultClass.AUTH_DENIED
        for _ in range(50):
            door.s += 1000
            assert door.refusal(door.worker()).kind is FaultClass.AUTH_DENIED

        assert len(door.logins) == 1

    def test_changed_credentials_are_tried_and_lift_the_stop(self, door: Door) -> None:
        door.fault = DENIED
        door.tried(door.worker())
        door.s += 61
        door.fault, door.fingerprint = None, "f2"

        assert door.worker().token() == "token-2"
        door.fingerprint = "f1"
        assert door.worker().token() == "token-2"

    def test_a_person_resumes(self, door: Door) -> None:
        door.fault = DENIED
        session = door.worker()
        door.tried(session)
        door.fault = None

        session.resume()

        assert session.token() == "token-2"

    def test_two_wrong_passwords_do_not_take_turns_faster_than_once_a_minute(self, door: Door) -> None:
        door.fault = DENIED
        for number in range(600):
            door.fingerprint = f"f{number % 2}"
            door.tried(door.worker())
            door.s += 1

        assert all(after - before >= LOGIN_EVERY_S for before, after in pairwise(door.logins))

    def test_a_worker_that_died_while_logging_in_holds_nobody_for_long(self, door: Door) -> None:
        def die() -> str:
            raise KeyboardInterrupt

        session = SharedSession(door.rows, "suitecrm", die, fingerprint=lambda: "f1", now=door.now, pause=door.pause)
        with pytest.raises(KeyboardInterrupt):
            session.token()
        other = door.worker()

        refusal = door.refusal(other)
        assert refusal.wait_s <= 2
        assert sum(door.paused) <= 1
        door.s += 61
        assert other.token() == "token-1"


class TestStorage:
    def test_without_it_there_is_no_token(self, door: Door) -> None:
        door.rows.is_off = True

        assert door.refusal(door.worker()).kind is FaultClass.UNAVAILABLE

    def test_without_it_a_known_token_serves(self, door: Door) -> None:
        session = door.worker()
        session.token()
        door.rows.is_off = True

        assert session.token() == "token-1"

    def test_a_token_that_could_not_be_shared_serves_who_got_it(self, door: Door) -> None:
        door.rows_fail_after_login = True

        assert door.worker().token() == "token-1"

    def test_a_refusal_that_could_not_be_shared_is_told_as_such(self, door: Door) -> None:
        door.rows_fail_after_login, door.fault = True, DENIED

        assert door.refusal(door.worker()).kind is FaultClass.AUTH_DENIED

    def test_a_document_of_other_code_is_understood(self, door: Door) -> None:
        now_ms = int(START.timestamp() * 1000)
        door.rows.write(session_document("suitecrm"), {"token": "theirs", "born": now_ms, "later_field": "x"}, 0)

        assert door.worker().token() == "theirs"


class SessionMachine(RuleBasedStateMachine):
    """Workers that use, lose, renew and are refused sessions in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.door = Door()
        self.workers = [self.door.worker() for _ in range(4)]
        self.denied_logins = 0
        self.bad = ""

    @rule(who=st.integers(0, 3))
    def use(self, who: int) -> None:
        before = len(self.door.logins)
        answer = self.door.tried(self.workers[who])
        tried = len(self.door.logins) - before
        assert tried <= 1
        if self.bad == self.door.fingerprint and tried:
            self.denied_logins += 1
        if isinstance(answer, str) and answer != self.door.alive:
            shared = self._shared()
            self.workers[who].expired(answer)
            self.workers[who].expired(answer)
            assert self._shared() == ("" if shared == answer else shared)

    def _shared(self) -> str:
        return str(self.door.rows.rows.read(session_document("suitecrm")).document.get("token", ""))

    @rule(seconds=st.sampled_from([0.1, 5.0, 61.0, 1800.0, 3400.0]))
    def time_passes(self, seconds: float) -> None:
        self.door.s += seconds

    @rule()
    def the_crm_forgets_all_sessions(self) -> None:
        self.door.alive = ""

    @rule(fault=st.sampled_from([None, DOWN, TIMED_OUT]))
    def the_crm_is(self, fault: Fault | None) -> None:
        if not self.bad:
            self.door.fault = fault

    @rule()
    def the_password_is_wrong_from_now_on(self) -> None:
        if not self.bad:
            self.bad, self.door.fault = self.door.fingerprint, DENIED
            self.denied_logins = 0

    @rule()
    def somebody_puts_it_right(self) -> None:
        if self.bad:
            self.door.fingerprint = f"after-{self.bad}"
            self.bad, self.door.fault = "", None

    @invariant()
    def the_crm_sees_one_login_a_minute(self) -> None:
        assert all(after - before >= LOGIN_EVERY_S for before, after in pairwise(self.door.seen))

    @invariant()
    def refused_credentials_are_tried_once(self) -> None:
        assert self.denied_logins <= 1


TestAnyOrder = SessionMachine.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
