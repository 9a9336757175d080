"""What a decision about one row is taken from, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.crm.rows import RowKey, SyncRow
from domain.crm.sink import CrmRow, Remote
from domain.errors import Cause
from flows.delivery.content import Content, Parents


class Do(StrEnum):
    """What comes next for a row."""

    REST = "rest"
    LOOK = "look"
    SEARCH = "search"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Looked:
    """What reading the CRM showed; `remote` is None where it has no such record."""

    remote: Remote | None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision is taken from.

    Attributes:
        row: as it was leased.
        content: what it should hold; None if we have no such record.
        parents: their sync rows, read after the lease.
        now: aware UTC.
        max_request: how long the CRM may still execute a request that we gave up.
        looked: what reading it showed, if it was read.
        candidates: what searching found, if it was searched.
        rival: another contact's row that is being created under the same search terms.
    """

    row: SyncRow
    content: Content | None
    parents: Parents
    now: datetime
    max_request: timedelta
    looked: Looked | None = None
    candidates: Sequence[Remote] | None = None
    rival: RowKey | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A decision.

    Attributes:
        do: what comes next.
        row: as it is to be stored: for a write with its intent, else as it rests.
        write: what goes to the CRM.
        refusal: the reason of a dead letter to file.
        cause: what it is filed under.
        adopts: the write fills a record that people had made.
    """

    do: Do
    row: SyncRow
    write: CrmRow | None = None
    refusal: str = ""
    cause: Cause = Cause.CRM_REJECTED
    adopts: bool = False
