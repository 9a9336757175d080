"""Who may log in to the model, and how long that lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from crm.suitecrm.calls import SoapFault

_NEVER = float("inf")


@dataclass
class Logins:
    """Sessions of the model.

    Attributes:
        now: UNIX seconds.
        users: name to password.
        idle_s: a session ends when it was not used for so long; PHP's own default is 24 minutes.
        lifetime_s: a session ends so long after its login, however much it is used.
        denial: code of a fault that every login ends with (12, 1008, 1009, ...); empty: none.
        count: of logins that succeeded.
        attempts: of logins, at which time.
    """

    now: Callable[[], float]
    users: dict[str, str] = field(default_factory=dict)
    idle_s: float = 1440.0
    lifetime_s: float = _NEVER
    denial: str = ""
    count: int = 0
    attempts: list[float] = field(default_factory=list)
    _open: dict[str, tuple[float, float]] = field(default_factory=dict)

    def begin(self, user: str, password: str) -> str:
        """A new session.

        Raises:
            SoapFault: 10, or what `denial` says.
        """
        self.attempts.append(self.now())
        known = self.users.get(user, "")
        if self.denial:
            raise SoapFault(self.denial, "Login Denied")
        if not known or not compare_digest(known.encode(), password.encode()):
            raise SoapFault("10", "Invalid Login")
        self.count += 1
        token = sha256(f"session {self.count} {self.now()}".encode()).hexdigest()[:26]
        self._open[token] = (self.now(), self.now())
        return token

    def check(self, token: str) -> None:
        """Use the session.

        Raises:
            SoapFault: 11, there is no such session any more.
        """
        began, used = self._open.pop(token, (-_NEVER, -_NEVER))
        now = self.now()
        if now - used > self.idle_s or now - began > self.lifetime_s:
            raise SoapFault("11", "Invalid Session ID")
        self._open[token] = (began, now)

    def expire(self) -> None:
        """Every session ends."""
        self._open.clear()
