"""Reading records back: what is there, live, and what it holds.

SuiteCRM answers a read of a missing or deleted record with a row that carries a warning, and no fault; both look alike.
Text comes with HTML entities (`O&#039;Brien`). A link column cannot be read: the link behind it is. (crm.md §1a, §6)
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from crm.caller import Caller
from crm.suitecrm.calls import Entry, EntryPage, SoapCalls
from crm.suitecrm.modules import Batches, ModuleOf, Modules
from domain.crm.rows import Kind
from domain.crm.sink import Remote
from transforms.crm_record import comparable

T = TypeVar("T")

#: The only ids that are sent: ours, SuiteCRM's own, and those of its installers. `where` is SQL as it is.
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")

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
class Reader:
    """Reads in batches; every method raises `CrmFaulted` if the CRM does not answer."""

    calls: SoapCalls
    caller: Caller
    modules: Modules
    batches: Batches

    def live(self, kind: Kind, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Fields of those records that are live, by id; a field that the CRM has as null is an empty text."""
        of = self.modules.of(kind)
        found: dict[str, dict[str, str]] = {}
        for chunk in in_chunks(known_ids(ids), self.batches.read):
            for entry in self.entries(of.module, chunk, of.columns, of.links):
                if not _is_gone(entry):
                    found[entry.id] = _fields(entry, of)
        return found

    def deleted(self, kind: Kind, ids: Iterable[str]) -> set[str]:
        """Those of the ids that exist, deleted. Asked only where nothing live was found."""
        found: set[str] = set()
        for chunk in in_chunks(known_ids(ids), self.batches.read):
            of, listed = self.modules.of(kind), ",".join(f"'{each}'" for each in chunk)
            where = f"{of.table}.id IN ({listed})"
            page = self._page(of.module, where, ["id", "deleted"], offset=0, limit=len(chunk), deleted=True)
            found |= {entry.id for entry in page.entries if entry.fields.get("deleted") == "1"}
        return found

    def listed(self, module: str, where: str, fields: Sequence[str], *, pages: int) -> list[Entry]:
        """Live records that a search finds, of so many pages at most.

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
        )

    def find(self, kind: Kind, ids: Collection[str]) -> dict[str, Remote]:
        """Records by id, live or deleted; one that is absent is not there."""
        held = self.live(kind, ids)
        found = {each: Remote(each, live=True, fields=fields) for each, fields in held.items()}
        missing = [each for each in ids if each not in held]
        if missing:
            found |= {each: Remote(each, live=False, fields={}) for each in self.deleted(kind, missing)}
        return found

    def contacts_of(self, deal_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """The live contacts that each live deal is linked to; a deal that is not live is not there."""
        link = self.modules.link.link
        found: dict[str, frozenset[str]] = {}
        for chunk in in_chunks(known_ids(deal_ids), self.batches.links):
            for entry in self.entries(self.modules.deal.module, chunk, ["id"], {link: ["id"]}):
                if not _is_gone(entry):
                    linked = entry.links.get(link, ())
                    found[entry.id] = frozenset(each["id"] for each in linked if each.get("id"))
        return found

    def find_links(self, ids: Collection[str]) -> dict[str, Remote]:
        """Links by `deal's id/contact's id`. SuiteCRM does not tell their roles."""
        ends = {each: link_ends(each) for each in ids}
        linked = self.contacts_of(deal_id for deal_id, _ in ends.values())
        return {
            each: Remote(each, live=True, fields={})
            for each, (deal_id, contact_id) in ends.items()
            if contact_id in linked.get(deal_id, ())
        }

    def entries(
        self, module: str, ids: Sequence[str], fields: Sequence[str], links: Mapping[str, Sequence[str]]
    ) -> Sequence[Entry]:
        """One `get_entries`, as it is answered."""
        return self.caller.read(
            "get_entries",
            lambda token, timeout: self.calls.get_entries(token, module, ids, fields, links, timeout_s=timeout),
        )


def _is_gone(entry: Entry) -> bool:
    return "warning" in entry.fields or entry.fields.get("deleted") == "1"


def _fields(entry: Entry, of: ModuleOf) -> dict[str, str]:
    told = {name: plain(entry.fields.get(name, "")) for name in of.columns}
    for column, parent in of.parents.items():
        linked = [each["id"] for each in entry.links.get(parent.link, ()) if each.get("id")]
        told[column] = linked[0] if linked else ""
    return told
