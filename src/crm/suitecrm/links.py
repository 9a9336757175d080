"""Linking deals and contacts, and taking links off. Both can be sent again and again: SuiteCRM keeps one link.

SuiteCRM counts a link as created though an end does not exist, and keeps a row that leads nowhere. So what is read
back counts, and both ends are looked at where the link is not found. (crm.md §1a)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.suitecrm.batching import Sight, State, in_doubt
from crm.suitecrm.calls import LinkCall
from crm.suitecrm.reading import ID, Reader, Seen, link_ends
from domain.crm.faults import Fault, FaultClass
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import ROLE, CrmRow, Outcome, Result

#: A role goes into SQL as it is there (data/Relationships/SugarRelationship.php): nothing else may be in it. The column
#: holds 50 characters.
_ROLE = re.compile(r"[A-Za-z0-9 ,&/()-]{0,50}")


@dataclass(frozen=True, slots=True)
class LinkTask:
    """Implements `batching.Task` for links.

    Attributes:
        reader: reads them, and has the service.
        take_off: links are taken off.
    """

    reader: Reader
    take_off: bool = False

    def before(self, row: CrmRow) -> Result | None:
        """Refuse what would break the CRM's SQL, or link nothing."""
        if not all(ID.fullmatch(end) for end in link_ends(row.remote_id)):
            return _rejected(row, "id", "is no id of a link; expected the deal's id / the contact's id")
        if not self.take_off and not _ROLE.fullmatch(row.fields.get(ROLE, "")):
            words = (
                "a role may have 50 letters, digits, spaces and , & / ( ) - only; correct its label in the CRM mapping"
            )
            return _rejected(row, self.reader.modules.link.role, words)
        return None

    def send(self, rows: Sequence[CrmRow]) -> Fault | None:
        """One `set_relationships`; one that it counts as failed raises no fault there, and names no link."""
        calls = [self._call(row) for row in rows]
        count = self.reader.caller.write(
            "set_relationships",
            lambda token, timeout: self.reader.calls.set_relationships(token, calls, timeout_s=timeout),
        )
        if not count.failed:
            return None
        module, link = self.reader.modules.deal.module, self.reader.modules.link.link
        words = (
            f"{count.failed} of {len(calls)} links failed: {module} has no link field {link}, or the CRM user may "
            "not see the deals; `dealwire crm preflight` says what is missing"
        )
        return Fault(FaultClass.CONFIG, words, field=link, answered=True)

    def send_alone(self, row: CrmRow) -> Fault | None:
        """The same for one."""
        return self.send([row])

    def look(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """Read the deals' links; where one is not found, its contact too."""
        deals = self.reader.contacts_of(link_ends(row.remote_id)[0] for row in rows)
        unlinked = [row for row in rows if not _is_linked(row, deals)]
        contacts: Seen[dict[str, str]] = Seen()
        if unlinked and not self.take_off:
            contacts = self.reader.live(Kind.CONTACT, [link_ends(row.remote_id)[1] for row in unlinked])
        return {row.key: self._sight(row, deals, contacts) for row in rows}

    def look_after_fault(self, rows: Sequence[CrmRow]) -> Mapping[RowKey, Sight]:
        """The same: what is taken off and what never was are alike."""
        return self.look(rows)

    def written(self, row: CrmRow, seen: Sight) -> Result:
        """What was read back decides."""
        result = self.settled(row, seen)
        if result is not None:
            return result
        if not self.take_off and seen.state is State.LIVE:
            return Result(row.key, Outcome.CREATED if row.create else Outcome.UPDATED, held={})
        words = f"the link was {'taken off' if self.take_off else 'set'}, and reading it back does not show that"
        return Result(row.key, Outcome.UNKNOWN, Fault(FaultClass.AMBIGUOUS, words, answered=True))

    def settled(self, row: CrmRow, seen: Sight) -> Result | None:
        """After a fault a link that is there may still lack its role, which cannot be read: it is set once more."""
        if self.take_off:
            return Result(row.key, Outcome.UPDATED, held={}) if seen.state is not State.LIVE else None
        if seen.missing:
            return Result(row.key, Outcome.DEFERRED, Fault(FaultClass.GONE, seen.missing, answered=True))
        return None

    def refused(self, row: CrmRow, seen: Sight, fault: Fault) -> Result:
        """Twice a fault, the second time alone."""
        return self.settled(row, seen) or in_doubt(row, fault)

    def _call(self, row: CrmRow) -> LinkCall:
        link = self.reader.modules.link
        deal_id, contact_id = link_ends(row.remote_id)
        # Without its column in the list the former role would stay.
        values = {} if self.take_off else {link.role: row.fields.get(ROLE, "")}
        return LinkCall(self.reader.modules.deal.module, deal_id, link.link, contact_id, values, delete=self.take_off)

    def _sight(self, row: CrmRow, deals: Seen[frozenset[str]], contacts: Seen[dict[str, str]]) -> Sight:
        deal_id, contact_id = link_ends(row.remote_id)
        fault = deals.unread.get(deal_id) or contacts.unread.get(contact_id)
        if fault is not None:
            return Sight(State.UNREAD, fault=fault)
        if _is_linked(row, deals):
            return Sight(State.LIVE)
        return Sight(State.ABSENT, missing=self._missing(row, deals.held, contacts.held))

    def _missing(self, row: CrmRow, linked: Mapping[str, object], contacts: Mapping[str, object]) -> str:
        deal_id, contact_id = link_ends(row.remote_id)
        modules = self.reader.modules
        if deal_id not in linked:
            return f"{modules.deal.module} {deal_id} was deleted or merged in the CRM"
        if not self.take_off and contact_id not in contacts:
            return f"{modules.contact.module} {contact_id} was deleted or merged in the CRM"
        return ""


def _is_linked(row: CrmRow, deals: Seen[frozenset[str]]) -> bool:
    deal_id, contact_id = link_ends(row.remote_id)
    return contact_id in deals.held.get(deal_id, ())


def _rejected(row: CrmRow, name: str, words: str) -> Result:
    return Result(row.key, Outcome.REJECTED, Fault(FaultClass.REJECTED, words, field=name))
