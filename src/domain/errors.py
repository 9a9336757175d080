"""Errors by what has to happen next. The type is the recovery strategy; nobody decides by message text.

DealwireError
├── PermanentError            this message can never succeed as it is: to the dead-letter queue at once
│   ├── BadPayload            not the provider's shape (not JSON, no event type, ambiguous keys)
│   ├── MappingFailed         does not fit the mapping; every failing field is listed
│   ├── ValidationFailed      fits the mapping but breaks a rule of the canonical deal
│   ├── CommissionRefused     a commission cannot be computed: something lacks in plan, terms or deal
│   └── DeferredTooLong       a fault outside the message outlived the time we wait
├── Deferred                  a fault outside the message (provider down, 401, 429, missing secret): wait
├── UnknownAgents             an agent of ours is not in the directory yet: the event is parked under each missing id
├── Unavailable               our own storage does not answer: the message stays in its queue
├── Conflict                  another writer was first: load again and decide again
└── ConfigurationError        a setting, mapping or plan of ours is wrong; names it and the remedy
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.agents import AgentKey


class Cause(StrEnum):
    """Why a message is dead or waiting; the closed list that dead-letter records are filed by."""

    BAD_PAYLOAD = "bad_payload"
    MAPPING = "mapping"
    VALIDATION = "validation"
    UNKNOWN_AGENT = "unknown_agent"
    PROVIDER_API = "provider_api"
    COMMISSION = "commission"
    CRM_REJECTED = "crm_rejected"
    CONFIG = "config"
    UNAVAILABLE = "unavailable"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that does not fit.

    Attributes:
        path: where in the payload, in the provider's words, e.g. `data.participants[2].phone`.
        value: what stood there, shortened for people; never written to logs.
        expected: what would have been accepted, e.g. `a day such as 2026-10-27`.
        field: our name of the field, e.g. `closing_date`.
    """

    path: str
    value: str
    expected: str
    field: str

    def __str__(self) -> str:
        return f"{self.path} = {self.value}: expected {self.expected} (for {self.field})"

    def without_value(self) -> str:
        """The problem without the payload's value: safe for message attributes, logs and alerts."""
        return f"{self.path}: expected {self.expected} (for {self.field})"


class DealwireError(Exception):
    """Base of everything Dealwire raises on purpose."""


class PermanentError(DealwireError):
    """This message can never succeed as it is.

    Attributes:
        cause: what the dead letter is filed under.
        problems: every failing field, possibly none.
        deal: `source/source id` of the deal it is about, where that could be read all the same.
    """

    cause: Cause = Cause.BUG
    deal: str = ""

    def __init__(self, message: str, problems: Iterable[FieldProblem] = (), *, cause: Cause | None = None) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        if cause is not None:
            self.cause = cause

    def reason(self) -> str:
        """What went wrong and where, without any value of the payload."""
        return "; ".join([str(self), *(problem.without_value() for problem in self.problems)])


class BadPayload(PermanentError):
    """Verified, but not this provider's shape."""

    cause = Cause.BAD_PAYLOAD


class MappingFailed(PermanentError):
    """The payload does not fit the mapping."""

    cause = Cause.MAPPING


class ValidationFailed(PermanentError):
    """The mapped facts break a rule of the canonical deal."""

    cause = Cause.VALIDATION


class CommissionRefused(PermanentError):
    """A commission cannot be computed; never a guessed figure. Each problem names field, value, expected, next step."""

    cause = Cause.COMMISSION


class DeferredTooLong(PermanentError):
    """Waited the whole time allowed for a fault outside the message to clear."""


class Deferred(DealwireError):
    """A fault outside the message; trying later can succeed.

    Attributes:
        cause: `provider_api`, `config` or `unavailable`.
        retry_after_s: the least time to wait, when the other side named one.
    """

    def __init__(self, message: str, *, cause: Cause, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.cause = cause
        self.retry_after_s = retry_after_s


class UnknownAgents(DealwireError):
    """Agents of ours that the directory does not hold yet."""

    def __init__(self, missing: Iterable[AgentKey], deal: str) -> None:
        self.missing = frozenset(missing)
        self.deal = deal
        names = ", ".join(sorted(str(key) for key in self.missing))
        super().__init__(f"unknown agent of ours: {names}; add with `dealwire agents import FILE.csv`")

    def counted(self) -> str:
        """The same without names, for letters and logs: some sources know agents by their e-mail address."""
        return f"{len(self.missing)} of our agents are not in the directory; add them with `dealwire agents import`"


class Unavailable(DealwireError):
    """A service of ours (DynamoDB, S3, SQS) failed or throttled us; nothing was written."""


class Conflict(DealwireError):
    """Another writer changed what this write was based on."""


class ConfigurationError(DealwireError):
    """A setting or data file of ours is wrong."""
