"""The narrowest port that fits every CRM we know (research: crm.md §3), and what goes over it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.crm.faults import Fault
    from domain.crm.rows import Kind, RowKey

#: The one field of a link.
ROLE = "role"


class Outcome(StrEnum):
    """What became of one row."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Remote:
    """A record as the CRM holds it.

    Attributes:
        id: in the CRM; of a link `deal's id/contact's id`.
        live: not deleted.
        fields: as plain text, HTML entities undone; those asked for that the CRM returned. A link has `ROLE`, where the
            CRM tells it.
    """

    id: str
    live: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unread:
    """What the CRM fails to read, and it alone: nobody knows whether it is there, and what it holds.

    Attributes:
        fault: what the CRM answers.
    """

    fault: Fault


@dataclass(frozen=True, slots=True)
class CrmRow:
    """A row to write.

    Attributes:
        key: ours.
        remote_id: in the CRM; of a link `deal's id/contact's id`.
        fields: everything that the record should hold of what is ours, in the CRM's names and texts.
        send: those of the fields to write; on a create all.
        create: the CRM was never sent this id, or was seen not to hold it.
    """

    key: RowKey
    remote_id: str
    fields: Mapping[str, str]
    send: frozenset[str]
    create: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """What the CRM is searched by for a person whom it may know already.

    Attributes:
        key: our contact.
        email: normalised (trimmed, lower case); empty if unknown.
        phone: in E.164; empty if unknown.
        last_name: compared after folding; empty if unknown.
    """

    key: RowKey
    email: str = ""
    phone: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one row.

    Attributes:
        key: of the row.
        outcome: in one word. `unknown`: it may be done, or be done later; find it before it is written again.
        fault: why it is rejected, deferred or unknown.
        held: the record as read back after the write; None where it was not read.
        altered: CRM field to (sent, held) where the CRM keeps something else than it was given.
    """

    key: RowKey
    outcome: Outcome
    fault: Fault | None = None
    held: Mapping[str, str] | None = None
    altered: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """A field as the CRM describes it.

    Attributes:
        length: the most characters it holds; 0 if it names none.
        type: the CRM's word.
    """

    length: int = 0
    type: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the CRM lacks for us.

    Attributes:
        what: e.g. `Opportunities.dw_reference_c`.
        effect: what does not work without it.
        remedy: how to add it.
        fatal: nothing of that kind of rows can be delivered without it.
    """

    what: str
    effect: str
    remedy: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """What the CRM was seen to be able to hold.

    Attributes:
        version: what the CRM calls itself, e.g. `SuiteCRM 7.14.6`.
        fields: for each kind, CRM field to what it holds; of those that our mapping names.
        lacks: what is missing.
    """

    version: str
    fields: Mapping[Kind, Mapping[str, FieldSchema]]
    lacks: Sequence[Lack] = ()


class CrmSink(Protocol):
    """An external CRM. Sessions, rates, arrays, paging and batch sizes are its adapter's own."""

    def preflight(self) -> Schema:
        """Log in and describe what is there.

        Raises:
            CrmFaulted: the CRM does not answer, or refuses us.
        """
        ...

    def find(self, kind: Kind, remote_ids: Collection[str]) -> Mapping[str, Remote | Unread]:
        """These records by id, live, deleted or unread; one that is absent is not there.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        ...

    def match(self, terms: Sequence[Terms]) -> Mapping[RowKey, Sequence[Remote] | Unread]:
        """Live contacts with the e-mail address, else with phone and last name; every key has its candidates, or none.

        Unread: somebody with this address or phone may be there, and cannot be read.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        ...

    def upsert(self, kind: Kind, rows: Sequence[CrmRow]) -> list[Result]:
        """Create or update, then read back. One result for each row, in order; never raises for a row."""
        ...

    def link(self, rows: Sequence[CrmRow]) -> list[Result]:
        """Link deals and contacts in roles, then read back. As `upsert`."""
        ...

    def retire(self, kind: Kind, rows: Sequence[CrmRow]) -> list[Result]:
        """What is no longer true at its source: links are taken off, records get their status; nothing is deleted."""
        ...
