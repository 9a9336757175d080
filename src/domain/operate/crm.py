"""The external CRM: `crm-asks`, `crm-show`, `crm-answer`, `crm-status`, `crm-resume`, `crm-preflight`.

A row is named as `domain.crm.rows.RowKey` is written: `contact:ID`, `deal:ID`, `commission:DEAL/ACCOUNT`,
`link:DEAL/CONTACT`; instead of our id of a deal or a contact, `source/source id` will do.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.operate.base import Id, Message, Why


class Decision(StrEnum):
    """What a person can answer about a row that asks, or that was left.

    - `adopt`: that record of the CRM is the row's from now on.
    - `create`: none of the candidates is; a record is created.
    - `recreate`: the record is gone, and a new one is created.
    - `leave`: the CRM keeps it as it is; nothing is written any more.
    """

    ADOPT = "adopt"
    CREATE = "create"
    RECREATE = "recreate"
    LEAVE = "leave"


class CrmAsksRequest(Message):
    """`crm-asks`: rows that wait for a person, oldest first."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AskingRow(Message):
    """One row that waits for a person.

    Attributes:
        row: its key.
        name: what people call its deal, `source/source id`; of a contact, up to three deals that it is on.
        question: `candidates` or `gone`.
        reason: the same in words.
        asked_at: since when.
        candidates: ids in the CRM to choose from.
        possible: what can be answered.
    """

    row: str
    name: str
    question: str
    reason: str
    asked_at: AwareDatetime | None
    candidates: tuple[str, ...]
    possible: tuple[Decision, ...]


class CrmAsksAnswer(Message):
    """The rows; `more` if there are others."""

    rows: tuple[AskingRow, ...]
    more: bool = False


class CrmShowRequest(Message):
    """`crm-show`: one row, and what belongs to it. `row`: its key, or a deal as `source/source id`."""

    row: Id


class AlteredField(Message):
    """A field that the CRM keeps otherwise than it was given; values masked."""

    field: str
    sent: str
    held: str


class RowTold(Message):
    """What we know of one row.

    Attributes:
        row: its key.
        standing: in one word: `open`, `clean`, `behind`, `asks`, `refused`, `left`; `unknown` if nobody looked at it.
        words: the same in a sentence.
        owed: our record has changed since it was delivered.
        remote_id: of the record in the CRM; empty if there is none.
        confirmed_at: when the CRM was last seen to hold what we hold.
        fields: how many fields are ours there.
        owns: the fields that we filled in an adopted record; None: it is none, and every one of the mapping is ours.
        altered: fields that the CRM keeps otherwise than they were given.
        intent: a write that was announced and is not confirmed.
        reason: why it waits.
        candidates: ids in the CRM to choose from.
        due_at: when it is looked at next.
        working: somebody is at work on it.
        possible: what a person can answer.
    """

    row: str
    standing: str
    words: str
    owed: bool
    remote_id: str = ""
    confirmed_at: AwareDatetime | None = None
    fields: int = 0
    owns: tuple[str, ...] | None = None
    altered: tuple[AlteredField, ...] = ()
    intent: str = ""
    reason: str = ""
    candidates: tuple[str, ...] = ()
    due_at: AwareDatetime | None = None
    working: bool = False
    possible: tuple[Decision, ...] = ()


class CrmShowAnswer(Message):
    """The row, and of a deal its people, links and commissions. `name`: as in `AskingRow`."""

    name: str
    row: RowTold
    others: tuple[RowTold, ...] = ()


class CrmAnswerRequest(Message):
    """`crm-answer`: a person's decision. `remote_id`: which record is adopted."""

    row: Id
    decision: Decision
    remote_id: Annotated[str, Field(max_length=100)] = ""
    why: Why


class CrmAnswerAnswer(Message):
    """The row as it stands now; `rung`: others that are looked at again because of it."""

    row: RowTold
    rung: tuple[str, ...] = ()


class CrmStatusRequest(Message):
    """`crm-status`: how the CRM stands, and what it is owed."""


class CrmStatusAnswer(Message):
    """How it all stands. Counts are bounded: `most` means that many or more.

    Attributes:
        kind: the CRM; empty: our store is the CRM.
        passage: `free`, `waits`, `broken` or `stopped`.
        until: when it is tried again.
        why: in words, where it is not free.
        rate: calls a second that are allowed now.
        rate_limit: as configured.
        session_age_s: of the shared session; None if there is none.
        owed: rows that are due.
        owed_backfill: those of replays and reconciles.
        owed_soon: rows of both that are due within the hour, those that are due now included: the others were put off
            by a fault, wait for another row, or are read once more.
        asking: rows that wait for a person.
        refused: rows that the CRM refuses.
        oldest_owed_s: for how long the oldest of them has been due.
        most: up to where is counted.
    """

    kind: str
    passage: str = ""
    until: AwareDatetime | None = None
    why: str = ""
    rate: float = 0.0
    rate_limit: float = 0.0
    session_age_s: float | None = None
    owed: int = 0
    owed_backfill: int = 0
    owed_soon: int = 0
    asking: int = 0
    refused: int = 0
    oldest_owed_s: float = 0.0
    most: int


class CrmResumeRequest(Message):
    """`crm-resume`: the CRM refused us, and a person acted; it is tried again."""

    why: Why


class CrmResumeAnswer(Message):
    """How the CRM stands now."""

    passage: str
    why: str = ""


class CrmPreflightRequest(Message):
    """`crm-preflight`: log in and see what the CRM can hold of ours. Ends a stop if we are let in."""

    why: Why = "preflight"


class FieldTold(Message):
    """A field as the CRM describes it; `length` 0: it names none."""

    name: str
    type: str
    length: int


class ModuleTold(Message):
    """Where rows of one kind lie."""

    kind: str
    module: str
    fields: tuple[FieldTold, ...]


class LackTold(Message):
    """Something that is missing: what does not work without it, and how to add it."""

    what: str
    effect: str
    remedy: str
    fatal: bool


class CrmPreflightAnswer(Message):
    """What the CRM can hold; `ready`: nothing is missing that a kind of rows cannot do without."""

    version: str
    modules: tuple[ModuleTold, ...]
    lacks: tuple[LackTold, ...]
    agents: int
    ready: bool
