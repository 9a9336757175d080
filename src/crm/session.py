"""The session that all workers share: implements `crm.gate.Sessions`.

One document (`session/<credential>`) holds the token. One worker at a time logs in, under a lease, and at most once a
minute; the others go on with the old token while it lives. Refused credentials are not tried again until they change or
a person resumes: a CRM locks an account that keeps failing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRows
from domain.errors import Conflict, Unavailable

_log = logging.getLogger(__name__)

#: A worker may wait this long for another's login, in seconds, in steps of the second figure.
LONGEST_PAUSE_S = 1.0
_PAUSE_S = 0.25

#: Between two logins, in seconds.
LOGIN_EVERY_S = 60.0

#: How often an operator is expected to look after a sink that is stopped, in seconds.
_STOPPED_S = 300.0

#: How soon to ask again where our own storage does not answer, in seconds.
_STORAGE_S = 5.0

#: How often a row is read again when another worker was first.
_ROUNDS = 12

#: Faults after which a login surely did not take place.
_NOT_TRIED = frozenset({FaultClass.UNAVAILABLE, FaultClass.THROTTLED, FaultClass.QUOTA})


def session_document(credential: str) -> str:
    """Name of the shared row of a credential's session."""
    return f"session/{credential}"


def session_age(document: Mapping[str, Any], now: datetime) -> float | None:
    """How old the shared session is, in seconds; None if there is none. Its token is told to nobody."""
    row = _SessionRow.parse(document)
    return max(0, int(now.timestamp() * 1000) - row.born) / 1000 if row.token else None


def session_stopped(document: Mapping[str, Any], fingerprint: str) -> str:
    """Why no login is tried with these credentials; empty if one is."""
    row = _SessionRow.parse(document)
    return row.stopped if row.stopped_of == fingerprint else ""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives, in seconds.

    Attributes:
        lifetime_s: from the login on, as the CRM's administrator has set it.
        margin_s: so long before its end a new one is got; longer than a call and the difference of clocks.
        login_s: how long a login may take, its time-out included.
    """

    lifetime_s: float = 3600.0
    margin_s: float = 300.0
    login_s: float = 60.0

    @property
    def fresh_ms(self) -> int:
        """How long it is used without a thought."""
        return round(1000 * max(self.lifetime_s / 2, self.lifetime_s - self.margin_s))

    @property
    def usable_ms(self) -> int:
        """How long it is used while somebody gets a new one: a call that begins then still ends in time."""
        return round(1000 * max(self.lifetime_s / 2, self.lifetime_s - self.margin_s / 5))


#: As SuiteCRM is delivered to most.
USUAL = Lifetime()


@dataclass(frozen=True, slots=True)
class _SessionRow:
    """The shared document. Times are milliseconds since 1970; 0 stands for never.

    Attributes:
        token: of the session; empty if there is none.
        born: when its login began.
        login: number of the last login.
        login_at: when it began.
        lease_until: somebody logs in until then.
        stopped: why no login is tried.
        stopped_of: fingerprint of the credentials that were refused.
    """

    token: str = ""
    born: int = 0
    login: int = 0
    login_at: int = 0
    lease_until: int = 0
    stopped: str = ""
    stopped_of: str = ""

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> _SessionRow:
        return cls(**{name: kind(document[name]) for name, kind in _KINDS.items() if name in document})

    def document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _KINDS}

    def __repr__(self) -> str:
        return f"_SessionRow(login={self.login}, {'with' if self.token else 'without'} a token)"

    def age(self, now_ms: int) -> int:
        return now_ms - self.born


#: Name to type of each value; numbers may come back from storage as another type of number.
_KINDS: dict[str, Any] = {name: type(value) for name, value in asdict(_SessionRow()).items()}


class SharedSession:
    """The session of one credential. One object serves one thread.

    Args:
        rows: shared by all workers.
        credential: name of it, e.g. `suitecrm`.
        login: logs in and returns a token; raises `CrmFaulted`.
        fingerprint: digest of the user and password in use; a change of it lifts a stop.
        lifetime: of a session.
        now: the time.
        pause: waits so many seconds.
    """

    def __init__(
        self,
        rows: SharedRows,
        credential: str,
        login: Callable[[], str],
        *,
        fingerprint: Callable[[], str],
        now: Callable[[], datetime],
        pause: Callable[[float], None],
        lifetime: Lifetime = USUAL,
    ) -> None:
        self._rows = rows
        self._name = session_document(credential)
        self._login = login
        self._fingerprint = fingerprint
        self._now = now
        self._pause = pause
        self._lifetime = lifetime
        self._known = _SessionRow()

    def token(self) -> str:
        """The token to call with; logs in, one worker at a time, where there is none.

        Raises:
            CrmFaulted: `auth_denied`; `unavailable` while somebody else logs in, or did so less than a minute ago, or
                our own storage does not answer; or what the login raised.
        """
        if self._known.token and self._known.age(self._now_ms()) < self._lifetime.fresh_ms:
            return self._known.token
        try:
            return self._shared_token()
        except Unavailable as fault:
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, f"no session: {fault}", wait_s=_STORAGE_S)) from fault

    def expired(self, token: str) -> None:
        """The CRM does not know this token any more. Forgotten only if it still is the shared one."""
        if self._known.token == token:
            self._known = _SessionRow()
        try:
            self._change(lambda row: replace(row, token="", born=0) if row.token == token else row)
        except Unavailable as fault:
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, f"no session: {fault}", wait_s=_STORAGE_S)) from fault

    def resume(self) -> None:
        """A person acted on refused credentials: the next call may log in at once.

        Raises:
            Unavailable: storage does not answer.
        """
        self._change(lambda row: replace(row, stopped="", stopped_of="", login_at=0))

    def _shared_token(self) -> str:
        paused_s = 0.0
        for _ in range(_ROUNDS):
            row, guard = self._read()
            now_ms = self._now_ms()
            self._heed_stop(row)
            if row.token and row.age(now_ms) < self._lifetime.fresh_ms:
                return self._keep(row)
            wait_ms = self._wait_ms(row, now_ms)
            if wait_ms <= 0:
                leased = self._leased(row, now_ms)
                if self._wrote(leased, guard):
                    return self._logged_in(row, leased)
            elif self._is_usable(row, now_ms):
                return row.token
            elif paused_s < LONGEST_PAUSE_S and row.lease_until > now_ms:
                paused_s += _PAUSE_S
                self._pause(_PAUSE_S)
            else:
                raise CrmFaulted(_logging_in(row, now_ms, wait_ms))
        raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, "too many workers want to log in at once", wait_s=1.0))

    def _wait_ms(self, row: _SessionRow, now_ms: int) -> int:
        """Until this worker may log in: not even changed credentials are tried more often than once a minute."""
        return max(row.lease_until, row.login_at + round(LOGIN_EVERY_S * 1000)) - now_ms

    def _is_usable(self, row: _SessionRow, now_ms: int) -> bool:
        return bool(row.token) and row.age(now_ms) < self._lifetime.usable_ms

    def _leased(self, row: _SessionRow, now_ms: int) -> _SessionRow:
        until = now_ms + round(self._lifetime.login_s * 1000)
        return replace(row, login=row.login + 1, login_at=now_ms, lease_until=until)

    def _logged_in(self, before: _SessionRow, leased: _SessionRow) -> str:
        """Log in under the lease; where that fails and the old token still lives, go on with it."""
        fingerprint = self._fingerprint()
        try:
            token = self._login()
        except CrmFaulted as failed:
            self._end_lease(before, leased, failed.fault, fingerprint)
            if failed.fault.kind is not FaultClass.AUTH_DENIED and self._is_usable(before, self._now_ms()):
                return before.token
            raise
        mine = replace(leased, token=token, born=leased.login_at, lease_until=0, stopped="", stopped_of="")
        self._known = mine
        self._settle(lambda row: mine if row.login == leased.login else row)
        return token

    def _end_lease(self, before: _SessionRow, leased: _SessionRow, fault: Fault, fingerprint: str) -> None:
        denied = fault.kind is FaultClass.AUTH_DENIED
        ended = replace(
            leased,
            lease_until=0,
            login_at=before.login_at if fault.kind in _NOT_TRIED else leased.login_at,
            stopped=fault.words if denied else leased.stopped,
            stopped_of=fingerprint if denied else leased.stopped_of,
        )
        self._settle(lambda row: replace(ended, token=row.token, born=row.born) if row.login == leased.login else row)

    def _settle(self, change: Callable[[_SessionRow], _SessionRow]) -> None:
        """Tell the others how a login ended; if storage does not answer, they wait until the lease is over."""
        try:
            self._change(change)
        except Unavailable:
            _log.warning("the CRM's shared session cannot be written; other workers wait until the login's lease ends")

    def _heed_stop(self, row: _SessionRow) -> None:
        if row.stopped and row.stopped_of == self._fingerprint():
            raise CrmFaulted(Fault(FaultClass.AUTH_DENIED, row.stopped, wait_s=_STOPPED_S))

    def _keep(self, row: _SessionRow) -> str:
        self._known = row
        return row.token

    def _change(self, change: Callable[[_SessionRow], _SessionRow]) -> None:
        for _ in range(_ROUNDS):
            row, guard = self._read()
            changed = change(row)
            if changed == row or self._wrote(changed, guard):
                return
        raise Unavailable(
            "the CRM's shared session is written by too many workers at once; it is tried again by itself"
        )

    def _read(self) -> tuple[_SessionRow, int]:
        stored = self._rows.read(self._name)
        return _SessionRow.parse(stored.document), stored.guard

    def _wrote(self, row: _SessionRow, guard: int) -> bool:
        try:
            self._rows.write(self._name, row.document(), guard)
        except Conflict:
            return False
        return True

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def _logging_in(row: _SessionRow, now_ms: int, wait_ms: int) -> Fault:
    if row.lease_until > now_ms:
        # Whoever logs in is done within seconds; only a crash makes the lease last.
        words, wait_ms = "another worker logs in to the CRM; the row goes on by itself", min(wait_ms, 2000)
    else:
        words = "the CRM forgot a session that is less than a minute old; it is logged in to once a minute at most"
    return Fault(FaultClass.UNAVAILABLE, words, wait_s=wait_ms / 1000)
