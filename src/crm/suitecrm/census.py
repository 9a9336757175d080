"""What a comparison reads of SuiteCRM beside the records themselves: doubles, and whatever hangs on a deal.

`where` is raw SQL there, so a value goes into it only if a strict pattern lets it through. (crm.md §1a)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from crm.suitecrm.reading import ID, Reader, in_chunks, plain
from domain.crm.reconciling import Attached
from domain.crm.rows import Kind
from domain.crm.sink import Unread

if TYPE_CHECKING:
    from crm.suitecrm.calls import Entry
    from crm.suitecrm.modules import ModuleOf

#: The only values that are put into SQL: ids of sources as they are usual. No quotes, backslashes or wildcards.
VALUE: Final = re.compile(r"[A-Za-z0-9:/._@ -]{1,255}")

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")

#: How the names of fields end that stand in the module's table of custom fields.
_CUSTOM = "_c"

#: Pages of one search: so many records share what was to be unique that counting on helps nobody.
_MOST_PAGES = 10


@dataclass(frozen=True, slots=True)
class Census:
    """Counts; every method raises `CrmFaulted` if the CRM does not answer."""

    reader: Reader

    def doubles(self, kind: Kind, column: str, values: Collection[str]) -> dict[str, list[str]]:
        """Live records that have one of these values in a column: value to their ids."""
        of = self.reader.modules.of(kind)
        if not _COLUMN.fullmatch(column):
            raise ValueError(f"{column!r} is no column of {of.module}; correct it in the CRM mapping")
        wanted = sorted({value for value in values if VALUE.fullmatch(value)})
        found: dict[str, list[str]] = {}
        for chunk in in_chunks(wanted, self.reader.batches.read):
            parts = self.reader.in_parts(chunk, lambda some: self._list(of, column, some))
            for entry in chain.from_iterable(parts.replies):
                held = plain(entry.fields.get(column, ""))
                if held in chunk:  # the database folds letter case and blanks at the end, our ids do not
                    found.setdefault(held, []).append(entry.id)
        return found

    def attached(self, deal_ids: Collection[str], columns: Mapping[Kind, str]) -> dict[str, Attached | Unread]:
        """What hangs on these deals, or that it cannot be read; one that is not live is not there."""
        modules = self.reader.modules
        links = {modules.link.link: _asked(columns.get(Kind.CONTACT, ""))}
        to_deal = next((parent.link for parent in modules.commission.parents.values() if parent.ours), "")
        if to_deal:
            links[to_deal] = _asked(columns.get(Kind.COMMISSION, ""))
        read = self.reader.each(modules.deal.module, deal_ids, ["id"], links, size=self.reader.batches.links)
        found: dict[str, Attached | Unread] = {
            entry.id: Attached(
                contacts=_named(entry, modules.link.link, columns.get(Kind.CONTACT, "")),
                commissions=_named(entry, to_deal, columns.get(Kind.COMMISSION, "")),
            )
            for entry in read.held.values()
        }
        return found | {deal_id: Unread(fault) for deal_id, fault in read.unread.items()}

    def _list(self, of: ModuleOf, column: str, values: Sequence[str]) -> list[Entry]:
        table = f"{of.table}_cstm" if column.endswith(_CUSTOM) else of.table
        listed = ",".join(f"'{value}'" for value in values)
        return self.reader.listed(of.module, f"{table}.{column} IN ({listed})", ["id", column], pages=_MOST_PAGES)


def _asked(column: str) -> list[str]:
    return ["id", column] if column else ["id"]


def _named(entry: Entry, link: str, column: str) -> dict[str, str]:
    linked = entry.links.get(link, ())
    return {each["id"]: plain(each.get(column, "")) for each in linked if ID.fullmatch(each.get("id", ""))}
