"""What stands between an adapter and a CRM, in memory: an open gate, sessions of one process, and calls that break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from domain.crm.faults import CrmFaulted, Fault


@dataclass
class OpenGate:
    """Implements `crm.gate.Gate`: every permit is there, unless `closed` says why not."""

    closed: Fault | None = None
    admitted: int = 0
    answers: list[tuple[float, Mapping[str, str]]] = field(default_factory=list)
    faults: list[tuple[Fault, Mapping[str, str]]] = field(default_factory=list)

    def admit(self, following: int = 0, longest_s: float = inf) -> None:
        if self.closed is not None:
            raise CrmFaulted(self.closed)
        self.admitted += 1

    def answered(self, took_s: float, headers: Mapping[str, str]) -> None:
        self.answers.append((took_s, headers))

    def failed(self, fault: Fault, headers: Mapping[str, str]) -> Fault:
        self.faults.append((fault, headers))
        return fault


@dataclass
class OneSession:
    """Implements `crm.gate.Sessions`, for one worker."""

    login: Callable[[], str]
    held: str = ""
    forgotten: list[str] = field(default_factory=list)

    def token(self) -> str:
        if not self.held:
            self.held = self.login()
        return self.held

    def expired(self, token: str) -> None:
        self.forgotten.append(token)
        if token == self.held:
            self.held = ""


@dataclass
class Break:
    """How a call breaks: with this error, after it was executed or instead.

    Attributes:
        when: called with the arguments; the call goes through as long as it says no.
    """

    error: Exception
    applied: bool = False
    when: Callable[[tuple[Any, ...]], bool] = lambda _arguments: True


class BreakingCalls:
    """`SoapCalls` over others, of which those break that are told to."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self._breaks: dict[str, list[Break]] = {}
        self._always: dict[str, Break] = {}
        self.made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def next(self, operation: str, *breaks: Break) -> None:
        """The next calls of the operation break so, one each."""
        self._breaks.setdefault(operation, []).extend(breaks)

    def always(self, operation: str, each: Break) -> None:
        """Every call of the operation breaks so."""
        self._always[operation] = each

    def names(self) -> list[str]:
        """Operations called so far."""
        return [name for name, _, _ in self.made]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._inner, operation)

        def call(*arguments: Any, **settings: Any) -> Any:
            self.made.append((operation, arguments, settings))
            how = self._drawn(operation, arguments)
            if how is None:
                return method(*arguments, **settings)
            if how.applied:
                method(*arguments, **settings)
            raise how.error

        return call

    def _drawn(self, operation: str, arguments: tuple[Any, ...]) -> Break | None:
        waiting = self._breaks.get(operation, [])
        if waiting and waiting[0].when(arguments):
            return waiting.pop(0)
        always = self._always.get(operation)
        return always if always is not None and always.when(arguments) else None
