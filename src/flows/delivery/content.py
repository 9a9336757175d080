"""What a CRM row should hold now, drawn from the records of the CRM store. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from domain.crm.rows import Kind, RowKey, SyncRow
from domain.stages import Stage
from transforms.crm_record import (
    Drawn,
    digest,
    draw_commission,
    draw_contact,
    draw_deal,
    draw_link,
    fitted,
    folded,
)

if TYPE_CHECKING:
    from domain.crm.ports import Records
    from domain.crm.sink import Remote, Schema
    from domain.deal import Deal
    from domain.errors import FieldProblem
    from mappings.crm.model import CrmMapping

#: The CRM's records that rows follow, by our keys: those of `followed`.
Parents = Mapping[RowKey, SyncRow]


#: Stages of a deal that came to nothing: its people are taken off it (8: absence is content).
_OVER = frozenset({Stage.FELL_THROUGH, Stage.WITHDRAWN})


@dataclass(frozen=True)
class Content:
    """What a row should hold.

    Attributes:
        key: of the row.
        version: of the record that it was drawn from.
        fields: CRM field to text; of a link its role, empty where it is retired.
        create_only: fields that are given once, and people's from then on.
        remote_id: where the record's id follows from its parents: of links.
        retired: no longer true at its source: status, zero amount, link taken off. Never created.
        problems: what the CRM would garble or cannot do without; nothing is sent while there are any.
        cut: field to the length it was cut to.
        lacking: fields that the CRM does not have yet: an add-on may bring them.
        source: of the deal it belongs to, where that is known; its dead letters are filed under it.
        deal: `source/source id`, likewise.
        siblings: of a link those of others on the deal who are the same record there: it is one link for all of them.
        borrowed: of a link: whose it was has left the deal, and only its siblings keep it there.
    """

    key: RowKey
    version: int
    fields: Mapping[str, str]
    create_only: frozenset[str] = frozenset()
    remote_id: str = ""
    retired: bool = False
    problems: tuple[FieldProblem, ...] = ()
    cut: Mapping[str, int] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()
    source: str = ""
    deal: str = ""
    siblings: tuple[RowKey, ...] = ()
    borrowed: bool = False

    @cached_property
    def digests(self) -> dict[str, str]:
        """Digest of each field that we keep right."""
        return {name: digest(text) for name, text in self.fields.items() if name not in self.create_only}

    @cached_property
    def digest(self) -> str:
        """Digest of everything, problems included: what a refusal is remembered by."""
        parts = [f"{name}={text}" for name, text in sorted(self.fields.items())]
        return digest("\n".join(parts + [str(problem) for problem in self.problems]))


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn with: the mapping, and what the CRM can hold."""

    mapping: CrmMapping
    schema: Schema

    def content(self, key: RowKey, records: Records, parents: Parents) -> Content | None:
        """What the row should hold; None if there is no such record of ours.

        Args:
            key: of the row.
            records: of ours that it is drawn from.
            parents: of what it follows (`followed`) the sync rows that exist.
        """
        if key.kind is Kind.CONTACT:
            return self._contact(key, records)
        deal = records.deals.get(key.id)
        if deal is None:
            return None
        if key.kind is Kind.DEAL:
            drawn = draw_deal(deal, self.mapping)
            return self._fitted(key, deal.version, drawn, deal, retired=deal.merged_into is not None)
        if key.kind is Kind.LINK:
            return self._link(key, deal, parents)
        return self._commission(key, deal, records, parents)

    def is_somebody_else(self, content: Content, remote: Remote) -> bool:
        """Whether a contact of the CRM is another one of ours, by another name: couples share an address.

        Under the same name it is the same person, whom we know from two deals.
        """
        columns = self.mapping.kinds[Kind.CONTACT].sources

        def differ(source: str) -> bool:
            pairs = [(content.fields.get(one, ""), remote.fields.get(one, "")) for one in columns.get(source, ())]
            return any(ours and theirs and folded(ours) != folded(theirs) for ours, theirs in pairs)

        return differ("id") and (differ("given_name") or differ("family_name"))

    def _contact(self, key: RowKey, records: Records) -> Content | None:
        contact = records.contacts.get(key.id)
        return self._fitted(key, contact.version, draw_contact(contact, self.mapping)) if contact else None

    def _commission(self, key: RowKey, deal: Deal, records: Records, parents: Parents) -> Content | None:
        record = records.commissions.get((key.id, key.other))
        if record is None:
            return None
        parent = parents.get(RowKey(Kind.DEAL, key.id))
        drawn = draw_commission(record, deal, parent.remote_id if parent else "", self.mapping)
        return self._fitted(key, record.number, drawn, deal, retired=record.status == "retired")

    def _link(self, key: RowKey, deal: Deal, parents: Parents) -> Content:
        ends = [_record(parents, parent) for parent in key.parents]
        same = {key.other, *_same_there(ends[-1], deal, parents)}
        on_it = [link for link in deal.participants if link.contact_id in same]
        people = dict.fromkeys(link.contact_id for link in on_it)
        retired = not on_it or deal.merged_into is not None or deal.details.stage in _OVER
        drawn = Drawn({}) if retired else draw_link([link.role for link in on_it], self.mapping)
        fit = self._fitted(key, deal.version, drawn, deal, retired=retired, remote_id="/".join(ends))
        siblings = tuple(RowKey(Kind.LINK, deal.id, one) for one in people if one != key.other)
        return replace(fit, siblings=siblings, borrowed=not retired and key.other not in people)

    def _fitted(
        self,
        key: RowKey,
        version: int,
        drawn: Drawn,
        deal: Deal | None = None,
        *,
        retired: bool = False,
        remote_id: str = "",
    ) -> Content:
        fit = fitted(drawn, self.schema.fields.get(key.kind, {}))
        return Content(
            key=key,
            version=version,
            fields=fit.fields,
            create_only=fit.create_only,
            remote_id=remote_id,
            retired=retired,
            problems=fit.problems,
            cut=fit.cut,
            lacking=fit.lacking,
            source=deal.source if deal else "",
            deal=f"{deal.source}/{deal.source_id}" if deal else "",
        )


def followed(keys: Iterable[RowKey], records: Records) -> set[RowKey]:
    """The rows whose records in the CRM these follow: their parents, and of a link everybody on its deal.

    Several of them may be one record there, and then they share the link.
    """
    rows = {parent for key in keys for parent in key.parents}
    linked = {key.id for key in keys if key.kind is Kind.LINK} & records.deals.keys()
    people = {link.contact_id for deal_id in linked for link in records.deals[deal_id].participants}
    return rows | {RowKey(Kind.CONTACT, contact_id) for contact_id in people}


def _same_there(remote_id: str, deal: Deal, parents: Parents) -> set[str]:
    """Whoever on the deal is this record of the CRM."""
    people = {link.contact_id for link in deal.participants} if remote_id else set[str]()
    return {one for one in people if _record(parents, RowKey(Kind.CONTACT, one)) == remote_id}


def _record(parents: Parents, key: RowKey) -> str:
    return parents[key].remote_id if key in parents else ""
