"""Logging in, as the shared session asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain.crm.faults import CrmFaulted, Fault, FaultClass

if TYPE_CHECKING:
    from crm.caller import FreshTokens, Line
    from crm.suitecrm.calls import SoapCalls

#: What the service says in place of a session id.
_NO_SESSION = frozenset({"", "-1"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are there."""

    user: str
    password: str = field(repr=False)


def login_with(
    calls: SoapCalls, line: Line, fresh: FreshTokens, credentials: Callable[[], Credentials]
) -> Callable[[], str]:
    """What the shared session logs in with. A login takes a permit and a time-out, as every call.

    Args:
        calls: the service.
        line: budget and clock.
        fresh: told of every new token.
        credentials: read at each login, so that a changed password needs no new process.
    """

    def login() -> str:
        who = credentials()
        try:
            token = line.run("login", lambda timeout: calls.login(who.user, who.password, timeout_s=timeout))
        except CrmFaulted as error:
            if error.fault.kind is FaultClass.AUTH_EXPIRED:  # of a login it can only mean that we may not
                raise CrmFaulted(line.refuse(replace(error.fault, kind=FaultClass.AUTH_DENIED))) from error
            raise
        if token in _NO_SESSION:
            words = "the CRM accepted the login and gave no session id"
            raise CrmFaulted(line.refuse(Fault(FaultClass.AUTH_DENIED, words, answered=True)))
        fresh.born(token)
        return token

    return login
