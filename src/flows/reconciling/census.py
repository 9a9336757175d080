"""One lot of rows, both sides read: records and sync rows from our store, the CRM's records in full calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from domain.crm.reconciling import Against, Attached, Finding, What
from domain.crm.rows import Kind, RowKey, Standing
from domain.crm.sink import Remote, Unread
from flows.delivery.content import followed
from flows.reconciling.judging import Judge, Sides, doubles, is_pending

if TYPE_CHECKING:
    from domain.commission.ports import CommissionStore
    from domain.crm.ports import Records, SyncStore
    from domain.crm.reconciling import CrmReader
    from domain.crm.rows import SyncRow
    from domain.deal import Deal
    from flows.delivery.content import Content, Drawing
    from mappings.reconcile.tolerances import Tolerances

_RECORDS = (Kind.CONTACT, Kind.DEAL, Kind.COMMISSION)


class CrmSide(Protocol):
    """The external CRM, as comparing needs it."""

    def drawing(self) -> Drawing:
        """What rows are drawn with; raises `CrmFaulted` if the CRM must be asked for that and does not answer."""
        ...

    def reader(self) -> CrmReader:
        """Reads it, under the share of the backfill."""
        ...


@dataclass(frozen=True, slots=True)
class ReconcilePorts:
    """Everything outside that comparing needs.

    Attributes:
        rows: our store, and what we know of the CRM's rows.
        commissions: which commission records a deal has.
        crm: the external CRM; None: our store is the CRM.
        tolerances: what counts as the same.
    """

    rows: SyncStore
    commissions: CommissionStore
    crm: CrmSide | None
    tolerances: Tolerances


@dataclass
class Census:
    """Compares one lot of rows.

    Attributes:
        ports: everything outside.
        crm: the external CRM.
        overdue: rows that are owed for long.
    """

    ports: ReconcilePorts
    crm: CrmSide
    overdue: Collection[RowKey]
    records: Records = field(init=False)
    rows: Mapping[RowKey, SyncRow] = field(init=False)
    drawing: Drawing = field(init=False)

    def compare(self, keys: Collection[RowKey]) -> list[Finding]:
        """What does not agree of these rows.

        Raises:
            CrmFaulted: the CRM does not answer.
            Unavailable: our storage does not.
        """
        self.drawing = self.crm.drawing()
        self.records = self.ports.rows.load(keys)
        self.rows = self.ports.rows.rows({*keys, *followed(keys, self.records)})
        contents = {key: made for key in keys if (made := self.drawing.content(key, self.records, self.rows))}
        settled = [key for key in contents if not self._waits(key)]
        remotes, attached = self._read(settled)
        judge = Judge(self.drawing.mapping, self.ports.tolerances)
        found: list[Finding] = []
        for key, content in contents.items():
            found += judge.judge(self._sides(key, content, remotes.get(key)))
        return [*found, *self._doubles(settled, contents), *self._extra(settled, attached, contents)]

    # -- our side

    def _sides(self, key: RowKey, content: Content, remote: Remote | Unread | None) -> Sides:
        return Sides(
            key=key,
            row=self.rows.get(key),
            content=content,
            remote=remote,
            owed=self._is_owed(key),
            overdue=key in self.overdue or (key.kind is Kind.LINK and RowKey(Kind.DEAL, key.id) in self.overdue),
            left=any(self._is_left(parent) for parent in key.parents),
        )

    def _is_owed(self, key: RowKey) -> bool:
        """What is owed of a link is owed of its deal."""
        return (RowKey(Kind.DEAL, key.id) if key.kind is Kind.LINK else key) in self.records.owed

    def _is_left(self, key: RowKey) -> bool:
        return key in self.rows and self.rows[key].standing is Standing.LEFT

    def _waits(self, key: RowKey) -> bool:
        row = self.rows.get(key)
        asks = row is not None and row.standing in {Standing.ASKS, Standing.LEFT, Standing.REFUSED}
        return asks or is_pending(row, owed=self._is_owed(key))

    # -- their side

    def _read(self, keys: Sequence[RowKey]) -> tuple[dict[RowKey, Remote | Unread], Mapping[str, Attached | Unread]]:
        ids = {key: self.rows[key].remote_id for key in keys if key in self.rows and self.rows[key].remote_id}
        reader = self.crm.reader()
        found: dict[RowKey, Remote | Unread] = {}
        for kind in _RECORDS:
            wanted = {key: remote_id for key, remote_id in ids.items() if key.kind is kind}
            held = reader.find(kind, sorted(set(wanted.values()))) if wanted else {}
            found |= {key: held[remote_id] for key, remote_id in wanted.items() if remote_id in held}
        # A link is read from its deal; the same call tells what else hangs there.
        deals = {ids[key].partition("/")[0] for key in ids if key.kind in {Kind.DEAL, Kind.LINK}}
        attached = reader.attached(sorted(deals), self._columns()) if deals else {}
        for key, remote_id in ids.items():
            deal_id, _, contact_id = remote_id.partition("/")
            there = attached.get(deal_id) if key.kind is Kind.LINK else None
            if isinstance(there, Unread):
                found[key] = there
            elif there is not None and contact_id in there.contacts:
                found[key] = Remote(remote_id, live=True, fields={})
        return found, attached

    def _columns(self) -> dict[Kind, str]:
        """Where records of the CRM hold our ids, as far as this CRM has such a field."""
        kinds, columns = self.drawing.mapping.kinds, {}
        for kind in _RECORDS:
            source = "id" if kind is Kind.CONTACT else "external_id"
            for name in kinds[kind].sources.get(source, ()):
                if name in self.drawing.schema.fields.get(kind, {}):
                    columns[kind] = name
        return columns

    def _doubles(self, keys: Iterable[RowKey], contents: Mapping[RowKey, Content]) -> Iterator[Finding]:
        reader, columns = self.crm.reader(), self._columns()
        for kind, column in columns.items():
            there = [key for key in keys if key.kind is kind and self._is_there(key)]
            wanted = {contents[key].fields[column]: key for key in there if contents[key].fields.get(column)}
            if wanted:
                names = {value: contents[key].deal for value, key in wanted.items()}
                found = reader.doubles(kind, column, list(wanted))
                yield from doubles(wanted, {value: list(ids) for value, ids in found.items()}, names)

    def _is_there(self, key: RowKey) -> bool:
        return key in self.rows and self.rows[key].is_there

    def _extra(
        self, keys: Iterable[RowKey], attached: Mapping[str, Attached | Unread], contents: Mapping[RowKey, Content]
    ) -> Iterator[Finding]:
        """What hangs on our deals under our ids, and is not ours any more, or never was."""
        for key in keys:
            there = attached.get(self.rows[key].remote_id) if key.kind is Kind.DEAL and key in self.rows else None
            if there is None or isinstance(there, Unread):
                continue
            name = contents[key].deal
            yield from self._extra_links(self.records.deals[key.id], there, name)
            yield from self._extra_commissions(key, there, contents[key], name)

    def _extra_links(self, deal: Deal, there: Attached, name: str) -> Iterator[Finding]:
        """Whom people linked is theirs; only of people who are ours it is told."""
        links = [row for row in self.ports.rows.children_of(deal.id) if row.key.kind is Kind.LINK]
        ours = {link.contact_id for link in deal.participants} | {row.key.other for row in links}
        # Somebody whom we know from two deals is one record there, and that says only one of our two ids.
        linked = {row.remote_id.partition("/")[2] for row in links}
        strangers = {
            our_id
            for remote_id, our_id in there.contacts.items()
            if our_id not in {"", *ours} and remote_id not in linked
        }
        known = self.ports.rows.load([RowKey(Kind.CONTACT, our_id) for our_id in sorted(strangers)]).contacts
        for our_id in sorted(known):
            key, told = RowKey(Kind.LINK, deal.id, our_id), "people linked somebody of ours who is not on the deal"
            yield Finding(Against.CRM, What.EXTRA, key, name=name, detail=told)

    def _extra_commissions(self, key: RowKey, there: Attached, content: Content, name: str) -> Iterator[Finding]:
        records = self.ports.commissions.records([key.id])
        deal_name = f"{content.deal.replace('/', ':', 1)}/"
        ours = {f"{deal_name}{record.account}" for record in records}
        for remote_id, theirs in sorted(there.commissions.items()):
            if theirs and theirs not in ours:
                row = RowKey(Kind.COMMISSION, key.id, theirs.removeprefix(deal_name))
                told = f"record {remote_id} says {theirs}, which we do not have"
                yield Finding(Against.CRM, What.EXTRA, row, name=name, detail=told)
