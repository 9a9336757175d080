"""What stands between an adapter and the wire: the shared session, and the rate budget of the credential."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.crm.faults import Fault


class Gate(Protocol):
    """The rate budget and the circuit of one credential, as one call meets them. Asked before each call, told after."""

    def admit(self, following: int = 0, longest_s: float = inf) -> None:
        """Wait for a permit, a second at most or, in the middle of something, a few, and take it.

        Args:
            following: calls that the caller will make right after this one, each as soon as the last is answered.
            longest_s: that it may wait.

        Raises:
            CrmFaulted: `throttled` or `quota` (the credential waits, `wait_s` says how long), `unavailable` (the
                circuit is open), `auth_denied` (the sink is stopped until a person acts).
        """
        ...

    def answered(self, took_s: float, headers: Mapping[str, str]) -> None:
        """The CRM answered, if only with a fault of the request. Header names are in lower case."""
        ...

    def failed(self, fault: Fault, headers: Mapping[str, str]) -> Fault:
        """The call failed as a whole; returns the fault with the wait that the credential keeps now."""
        ...


class Sessions(Protocol):
    """The session that all workers share."""

    def token(self) -> str:
        """The token to call with; logs in, one worker at a time, where there is none.

        Raises:
            CrmFaulted: `auth_denied`; or `unavailable` while somebody else logs in, or did so less than a minute ago.
        """
        ...

    def expired(self, token: str) -> None:
        """The CRM does not know this token any more. Forgotten only if it still is the shared one."""
        ...
