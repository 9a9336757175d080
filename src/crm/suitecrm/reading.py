"""Reading records back: what is there, live, and what it holds.

SuiteCRM answers a read of a missing or deleted record with a row that carries a warning, and no fault; both look alike.
Text comes with HTML entities (`O&#039;Brien`). A link column cannot be read: the link behind it is. (crm.md §1a, §6)
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Generic, TypeVar

from crm.caller import Caller
from crm.suitecrm.calls import Entry, EntryPage, SoapCalls
from crm.suitecrm.halving import Halving, Parts
from crm.suitecrm.modules import Batches, ModuleOf, Modules
from domain.crm.faults import Fault
from domain.crm.rows import Kind
from domain.crm.sink import Remote, Unread
from transforms.crm_record import comparable

T = TypeVar("T")
R = TypeVar("R")

#: The only ids that are sent: ours, SuiteCRM's own, and those of its installers. `where` is SQL as it is.
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")

#: No record has this id, ours or theirs: reading it shows whether the CRM answers at all.
NOBODY: Final = "dealwire-reads-nobody"

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def plain(text: str) -> str:
    """The text without HTML entities. Only whole ones: `R&D` and `&copy` without a semicolon are what people wrote.

    Examples:
        >>> plain("O&#039;Brien &amp; Sons"), plain("AT&T &reg")
        ("O'Brien & Sons", 'AT&T &reg')
    """
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text)


def altered(given: Mapping[str, str], held: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Field to (sent, held) where the CRM keeps something else than it was given; what it does not tell is left out."""
    return {
        name: (text, held[name])
        for name, text in given.items()
        if name in held and comparable(text) != comparable(held[name])
    }


def in_chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, at most `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def known_ids(ids: Iterable[str]) -> list[str]:
    """Each id once, in order, without what is no id."""
    return [each for each in dict.fromkeys(ids) if ID.fullmatch(each)]


def link_ends(remote_id: str) -> tuple[str, str]:
    """The deal's id and the contact's of a link's id."""
    deal_id, _, contact_id = remote_id.partition("/")
    return deal_id, contact_id


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What reading showed.

    Attributes:
        held: id to what it holds, of what is there.
        unread: id to the fault that the CRM answers for it alone; whether that is there, nobody knows.
    """

    held: dict[str, T] = field(default_factory=dict)
    unread: dict[str, Fault] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads in batches; every method raises `CrmFaulted` if the CRM does not answer."""

    calls: SoapCalls
    caller: Caller
    modules: Modules
    batches: Batches

    def live(self, kind: Kind, ids: Iterable[str]) -> Seen[dict[str, str]]:
        """Fields of those records that are live, by id; a field that the CRM has as null is an empty text."""
        of = self.modules.of(kind)
        read = self.each(of.module, ids, of.columns, of.links)
        return Seen({entry.id: _fields(entry, of) for entry in read.held.values()}, read.unread)

    def deleted(self, kind: Kind, ids: Iterable[str]) -> Seen[None]:
        """Those of the ids that exist, deleted. Asked only where nothing live was found."""
        of = self.modules.of(kind)
        seen: Seen[None] = Seen()

        def read(chunk: Sequence[str]) -> EntryPage:
            listed = ",".join(f"'{each}'" for each in chunk)
            where = f"{of.table}.id IN ({listed})"
            return self._page(of.module, where, ["id", "deleted"], offset=0, limit=len(chunk), deleted=True)

        for chunk in in_chunks(known_ids(ids), self.batches.read):
            parts = self.in_parts(chunk, read)
            entries = chain.from_iterable(page.entries for page in parts.replies)
            seen.held.update({entry.id: None for entry in entries if entry.fields.get("deleted") == "1"})
            seen.unread.update(parts.unread)
        return seen

    def find(self, kind: Kind, ids: Collection[str]) -> dict[str, Remote | Unread]:
        """Records by id, live, deleted or unread; one that is absent is not there."""
        live = self.live(kind, ids)
        missing = [each for each in ids if each not in live.held and each not in live.unread]
        deleted = self.deleted(kind, missing)
        found: dict[str, Remote | Unread] = {
            each: Remote(each, live=True, fields=fields) for each, fields in live.held.items()
        }
        found |= {each: Remote(each, live=False, fields={}) for each in deleted.held}
        return found | {each: Unread(fault) for each, fault in (live.unread | deleted.unread).items()}

    def contacts_of(self, deal_ids: Iterable[str]) -> Seen[frozenset[str]]:
        """The live contacts that each live deal is linked to; a deal that is not live is not there."""
        link = self.modules.link.link
        read = self.each(self.modules.deal.module, deal_ids, ["id"], {link: ["id"]}, size=self.batches.links)
        held = {entry.id: frozenset(linked_ids(entry, link)) for entry in read.held.values()}
        return Seen(held, read.unread)

    def find_links(self, ids: Collection[str]) -> dict[str, Remote | Unread]:
        """Links by `deal's id/contact's id`. SuiteCRM does not tell their roles."""
        ends = {each: link_ends(each) for each in ids}
        deals = self.contacts_of(deal_id for deal_id, _ in ends.values())
        found: dict[str, Remote | Unread] = {
            each: Remote(each, live=True, fields={})
            for each, (deal_id, contact_id) in ends.items()
            if contact_id in deals.held.get(deal_id, ())
        }
        unread = {each: deals.unread[deal_id] for each, (deal_id, _) in ends.items() if deal_id in deals.unread}
        return found | {each: Unread(fault) for each, fault in unread.items()}

    # -- how it is read

    def each(
        self,
        module: str,
        ids: Iterable[str],
        fields: Sequence[str],
        links: Mapping[str, Sequence[str]],
        *,
        size: int | None = None,
    ) -> Seen[Entry]:
        """Live records by id, whatever of the others the CRM fails to read.

        Args:
            module: of the records.
            ids: what is no id is left out.
            fields: to read.
            links: per link, the fields to read of the linked records.
            size: ids of one call; None: as many as a read of records takes.
        """
        seen: Seen[Entry] = Seen()
        for chunk in in_chunks(known_ids(ids), size or self.batches.read):
            parts = self.in_parts(chunk, lambda some: self.entries(module, some, fields, links))
            entries = chain.from_iterable(parts.replies)
            seen.held.update({entry.id: entry for entry in entries if not _is_gone(entry)})
            seen.unread.update(parts.unread)
        return seen

    def in_parts(self, items: Sequence[str], read: Callable[[Sequence[str]], R], *, nothing: str = NOBODY) -> Parts[R]:
        """Read items of one batch, in smaller parts where the CRM fails on one of them.

        Args:
            items: of the batch.
            read: reads some of them by one of the methods below.
            nothing: an item that the CRM has not.
        """
        return Halving(read, nothing, self.caller.line.refuse).all(items)

    def entries(
        self, module: str, ids: Sequence[str], fields: Sequence[str], links: Mapping[str, Sequence[str]]
    ) -> Sequence[Entry]:
        """One `get_entries`, as it is answered. Only for `in_parts`, which says whose fault a fault is."""
        return self.caller.read(
            "get_entries",
            lambda token, timeout: self.calls.get_entries(token, module, ids, fields, links, timeout_s=timeout),
            of_rows=True,
        )

    def listed(self, module: str, where: str, fields: Sequence[str], *, pages: int) -> list[Entry]:
        """Live records that a search finds, of so many pages at most. Only for `in_parts`, as `entries`.

        Args:
            module: that is searched.
            where: SQL as it is: only what a strict pattern let through may be in it.
            fields: to read.
            pages: after which it is given up.
        """
        size = self.batches.page
        found: list[Entry] = []
        for number in range(pages):
            page = self._page(module, where, fields, offset=number * size, limit=size)
            found += page.entries
            if page.result_count < size:  # the offset that comes back does not say whether there is more
                break
        return found

    def _page(
        self, module: str, where: str, fields: Sequence[str], *, offset: int, limit: int, deleted: bool = False
    ) -> EntryPage:
        return self.caller.read(
            "get_entry_list",
            lambda token, timeout: self.calls.get_entry_list(
                token,
                module,
                where,
                fields,
                order_by="id",
                offset=offset,
                limit=limit,
                deleted=deleted,
                timeout_s=timeout,
            ),
            of_rows=True,
        )


def linked_ids(entry: Entry, link: str) -> list[str]:
    """Ids of the records at the other end of a link that was read along."""
    return [each["id"] for each in entry.links.get(link, ()) if each.get("id")]


def _is_gone(entry: Entry) -> bool:
    return "warning" in entry.fields or entry.fields.get("deleted") == "1"


def _fields(entry: Entry, of: ModuleOf) -> dict[str, str]:
    told = {name: plain(entry.fields.get(name, "")) for name in of.columns}
    for column, parent in of.parents.items():
        linked = linked_ids(entry, parent.link)
        told[column] = linked[0] if linked else ""
    return told
