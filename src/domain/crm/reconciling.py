"""Comparing what we hold with the CRM, and with the source's own export: what is found, and what it takes to look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.crm.rows import Kind, RowKey
    from domain.crm.sink import Remote, Unread


class Against(StrEnum):
    """What our CRM store is compared with."""

    CRM = "crm"
    SOURCE = "source"


class What(StrEnum):
    """What a comparison finds.

    - `missing`: in our store, and not in the CRM, live; or in the source's export, and not in our store.
    - `extra`: in the CRM under one of our ids, and not in our store; or in our store, and not in the export.
    - `different`: a field of which the two hold different values.
    - `duplicated`: several live records of the CRM under one of our ids.
    - `changed_by_people`: a field of ours that the CRM held as we sent it, and does not any more.
    - `refused`: the CRM refuses the row; a dead letter says why.
    - `asks`: a person must decide.
    - `overdue`: owed to the CRM for longer than delivering takes.
    - `unreadable`: a value of the export that its mapping does not understand, or a record that the CRM fails to read.
    - `pending`: owed, or in doubt: not a difference yet.
    - `altered`: the CRM keeps something else than it was given, as it was seen to do when it was written.
    - `left`: a person decided to leave the row to the CRM.
    """

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"
    DUPLICATED = "duplicated"
    CHANGED = "changed_by_people"
    REFUSED = "refused"
    ASKS = "asks"
    OVERDUE = "overdue"
    UNREADABLE = "unreadable"
    PENDING = "pending"
    ALTERED = "altered"
    LEFT = "left"

    @property
    def is_difference(self) -> bool:
        """Whether the two do not agree."""
        return self not in {What.PENDING, What.ALTERED, What.LEFT}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        against: what our store was compared with.
        what: was found.
        row: which row; None if our store has none.
        name: how people call it, `source/source id` of the deal; empty where nobody knows.
        field: in the CRM's name, or the canonical one; empty if it is about the row as a whole.
        canonical: our name of the field.
        ours: what our store holds.
        theirs: what the other holds.
        detail: in words, without values.
        fixable: looking at the row again may mend it.
    """

    against: Against
    what: What
    row: RowKey | None
    name: str = ""
    field: str = ""
    canonical: str = ""
    ours: str = ""
    theirs: str = ""
    detail: str = ""
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class Attached:
    """What hangs on a live deal of the CRM, whoever put it there.

    Attributes:
        contacts: id in the CRM to our id of the contact, as the record there says; empty if it says none.
        commissions: id in the CRM to our name of the record, likewise.
    """

    contacts: Mapping[str, str] = field(default_factory=dict)
    commissions: Mapping[str, str] = field(default_factory=dict)


class CrmReader(Protocol):
    """Reads an external CRM; every method raises `CrmFaulted` if it does not answer."""

    def find(self, kind: Kind, remote_ids: Collection[str]) -> Mapping[str, Remote | Unread]:
        """These records by id, live, deleted or unread; one that is absent is not there. As `CrmSink.find`."""
        ...

    def doubles(self, kind: Kind, column: str, values: Collection[str]) -> Mapping[str, Collection[str]]:
        """Live records that have one of these values in a column: value to their ids.

        A value that cannot be asked for safely, or whose records cannot be read, is not there, like one that no record
        has.
        """
        ...

    def attached(self, deal_ids: Collection[str], columns: Mapping[Kind, str]) -> Mapping[str, Attached | Unread]:
        """What hangs on these deals, or that it cannot be read; one that is not live is not there.

        Args:
            deal_ids: in the CRM.
            columns: where contacts and commissions there hold our ids; of a kind without one they are told as empty.
        """
        ...
