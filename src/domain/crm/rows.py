"""CRM rows and what we know of each: the sync row.

A *CRM row* is one contact, deal, commission record or link there. What it should hold is always drawn afresh from the
CRM store; its *sync row* says what was sent, what the CRM confirmed, what is in doubt, and when somebody must look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid5

#: Namespace of every id that we give a record of the CRM.
NAMESPACE = UUID("6f0c1a52-5f0e-4f9a-9d5c-1f6f0c3f2a77")

_KEY = re.compile(r"(contact|deal):([^/:]+)|(commission|link):([^/:]+)/(.+)")


class Kind(StrEnum):
    """Kinds of CRM rows, parents first."""

    CONTACT = "contact"
    DEAL = "deal"
    COMMISSION = "commission"
    LINK = "link"


class RowKey(NamedTuple):
    """Which CRM row, in our ids.

    Attributes:
        kind: of the row.
        id: our id of the contact or the deal.
        other: of a commission the agent's account, of a link our id of the contact; else empty.
    """

    kind: Kind
    id: str
    other: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}/{self.other}" if self.other else f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> RowKey:
        """Read what `str` wrote.

        Raises:
            ValueError: it is no key of a CRM row.
        """
        found = _KEY.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is no key of a CRM row; expected contact:ID, deal:ID, commission:DEAL/ACCOUNT or "
                "link:DEAL/CONTACT"
            )
        alone, record_id, paired, deal_id, other = found.groups()
        return cls(Kind(alone), record_id) if alone else cls(Kind(paired), deal_id, other)

    @property
    def parents(self) -> tuple[RowKey, ...]:
        """The rows that must be confirmed before this one; an agent's contact is never ours."""
        if self.kind is Kind.COMMISSION:
            return (RowKey(Kind.DEAL, self.id),)
        if self.kind is Kind.LINK:
            return (RowKey(Kind.DEAL, self.id), RowKey(Kind.CONTACT, self.other))
        return ()

    def remote_id(self, generation: int) -> str:
        """The id that we give the record in the CRM: of its key and generation, never of data that changes."""
        return str(uuid5(NAMESPACE, f"{self}#{generation}"))


class Standing(StrEnum):
    """Where a row stands.

    - `open`: something is to be done, at `due_at`.
    - `clean`: the CRM was seen to hold what we hold.
    - `behind`: waits for a parent.
    - `asks`: a person must decide (several candidates; deleted or merged in the CRM).
    - `refused`: the CRM refuses it; a dead letter says why, and the row waits until it changes.
    - `left`: a person decided to leave it to the CRM.
    """

    OPEN = "open"
    CLEAN = "clean"
    BEHIND = "behind"
    ASKS = "asks"
    REFUSED = "refused"
    LEFT = "left"


class Verb(StrEnum):
    """What a write was to do."""

    CREATE = "create"
    UPDATE = "update"
    LINK = "link"
    RETIRE = "retire"


class Question(StrEnum):
    """What a person is asked."""

    CANDIDATES = "candidates"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that was announced and not confirmed yet.

    Attributes:
        verb: what it does.
        at: when it was announced; its bytes left later than this.
        version: of the record that it was drawn from.
        sent: digest of each field that it sends.
    """

    verb: Verb
    at: datetime
    version: int
    sent: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the CRM was seen to hold, live, after the last write.

    Attributes:
        at: when it was read.
        version: of the record that was sent.
        sent: CRM field to digest of what was sent, all fields that are ours; what decides whether to write.
        held: CRM field to digest of what the CRM held; for reconcile, and to see that something changed it since.
        altered: CRM field to (sent, held) where the CRM keeps something else than it was given.
    """

    at: datetime
    version: int
    sent: Mapping[str, str]
    held: Mapping[str, str]
    altered: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncRow:
    """What we know of one CRM row.

    Attributes:
        key: which row.
        lease: token of the worker that may write it; empty if nobody may.
        lease_until: when the lease ends.
        rung: counts those who asked for the row to be looked at; who finishes it finishes what they had seen only.
        standing: where it stands.
        generation: part of the remote id; a person who has it recreated raises it.
        remote_id: of the record in the CRM, fixed at the first intent; empty before.
        owns: None: every field that the mapping calls ours. Of an adopted record: those that were empty when we came.
        decided: a person answered `create`: the CRM is not searched for candidates.
        confirmed: what the CRM was seen to hold; None if it never was, and while a write is open.
        before: the last confirmation, kept while a write is open: what was adopted or altered is known by it.
        intent: the open write. While there is one, the CRM is read before anything else.
        doubted_at: when the last write of unknown outcome was sent: it may still be executed. None: there is none.
        sight: the CRM must be read before the next decision, though no write is open.
        question: what a person is asked, if the row `asks`.
        candidates: remote ids to choose from.
        behind: the parent that it waits for.
        reason: why it waits or asks, in words for people; no payload values.
        attempts: that did not end well since the last confirmation.
        refused: digest of the content that the CRM refused.
        letter: event id of the open dead letter about it; empty if there is none.
        due_at: when somebody must look at it; None: not until something changes.
        backfill: what is owed came from a replay or a reconcile, and live rows go first.
        asked_at: since when a person is asked; only read, the store keeps it.
    """

    key: RowKey
    lease: str = ""
    lease_until: datetime | None = None
    rung: int = 0
    standing: Standing = Standing.OPEN
    generation: int = 0
    remote_id: str = ""
    owns: frozenset[str] | None = None
    decided: bool = False
    confirmed: Confirmation | None = None
    before: Confirmation | None = None
    intent: Intent | None = None
    doubted_at: datetime | None = None
    sight: bool = False
    question: Question | None = None
    candidates: tuple[str, ...] = ()
    behind: RowKey | None = None
    reason: str = ""
    attempts: int = 0
    refused: str = ""
    letter: str = ""
    due_at: datetime | None = None
    backfill: bool = False
    asked_at: datetime | None = field(default=None, compare=False)

    @property
    def is_there(self) -> bool:
        """Whether the CRM was seen to hold it, live; a write that is open since changes what it holds, not that."""
        seen = self.confirmed is not None or self.before is not None
        return seen and self.standing not in {Standing.ASKS, Standing.LEFT}

    @property
    def ever_sent(self) -> bool:
        """Whether the CRM may know it: from the first intent on."""
        return bool(self.remote_id)


@dataclass(frozen=True, slots=True)
class Owed:
    """A record of the CRM store whose content the CRM is owed, as its own item says.

    Attributes:
        version: of the record.
        backfill: whether a replay set the mark.
    """

    version: int
    backfill: bool = False
