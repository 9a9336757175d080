"""SuiteCRM as a `CrmSink`, over SOAP v4_1: what is decided; how it goes over the wire is below.

Parts: `reading` (what is there), `searching` (who may be there already), `batching` with `records` and `links` (writing
and what became of it), `preflight` (what the CRM can hold). Below them `crm.caller` keeps to time, budget and session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from crm.caller import Caller
from crm.suitecrm.batching import Batching
from crm.suitecrm.calls import SoapCalls
from crm.suitecrm.census import Census
from crm.suitecrm.links import LinkTask
from crm.suitecrm.modules import Batches, Modules
from crm.suitecrm.preflight import Preflight
from crm.suitecrm.reading import Reader
from crm.suitecrm.records import RecordTask
from crm.suitecrm.searching import Searcher
from domain.agents import Agent
from domain.crm.reconciling import Attached
from domain.crm.rows import Kind, RowKey
from domain.crm.sink import CrmRow, Lack, Outcome, Remote, Result, Schema, Terms, Unread


class SuiteCrmSink:
    """Implements `domain.crm.sink.CrmSink` and `domain.crm.reconciling.CrmReader`.

    Args:
        calls: the SOAP operations.
        caller: how they are called.
        modules: where our rows lie.
        batches: rows of one call.
    """

    def __init__(self, calls: SoapCalls, caller: Caller, modules: Modules, batches: Batches | None = None) -> None:
        self._batches = batches or Batches()
        self._reader = Reader(calls, caller, modules, self._batches)

    def preflight(self) -> Schema:
        """Log in and describe what is there.

        Raises:
            CrmFaulted: the CRM does not answer, or refuses us.
        """
        return Preflight(self._reader).schema()

    def check_agents(self, agents: Iterable[Agent]) -> tuple[Lack, ...]:
        """CRM ids of the agent directory that lead nowhere there.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        return Preflight(self._reader).agents(agents)

    def find(self, kind: Kind, remote_ids: Collection[str]) -> Mapping[str, Remote | Unread]:
        """These records by id, live, deleted or unread; one that is absent is not there.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        if kind is Kind.LINK:
            return self._reader.find_links(remote_ids)
        return self._reader.find(kind, remote_ids)

    def match(self, terms: Sequence[Terms]) -> Mapping[RowKey, Sequence[Remote] | Unread]:
        """Live contacts with the e-mail address, else with phone and last name; every key has its candidates, or none.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        return Searcher(self._reader).match(terms)

    def doubles(self, kind: Kind, column: str, values: Collection[str]) -> Mapping[str, Collection[str]]:
        """Live records that have one of these values in a column: value to their ids.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        return Census(self._reader).doubles(kind, column, values)

    def attached(self, deal_ids: Collection[str], columns: Mapping[Kind, str]) -> Mapping[str, Attached | Unread]:
        """What hangs on these deals, with our ids of it, or that it cannot be read; one that is not live is not there.

        Raises:
            CrmFaulted: the CRM does not answer.
        """
        return Census(self._reader).attached(deal_ids, columns)

    def upsert(self, kind: Kind, rows: Sequence[CrmRow]) -> list[Result]:
        """Create or update, then read back. One result for each row, in order; never raises for a row."""
        if kind is Kind.LINK:
            return self.link(rows)
        return Batching(RecordTask(kind, self._reader), self._batches.write).write(rows)

    def link(self, rows: Sequence[CrmRow]) -> list[Result]:
        """Link deals and contacts in roles, then read back. As `upsert`."""
        return Batching(LinkTask(self._reader), self._batches.links).write(rows)

    def retire(self, kind: Kind, rows: Sequence[CrmRow]) -> list[Result]:
        """Take links off; give records their last fields, and never create one for that."""
        if kind is Kind.LINK:
            return Batching(LinkTask(self._reader, take_off=True), self._batches.links).write(rows)
        never_there = {row.key for row in rows if row.create}
        results = self.upsert(kind, [replace(row, create=False) for row in rows if row.key not in never_there])
        by_key = {result.key: result for result in results}
        return [by_key.get(row.key) or Result(row.key, Outcome.UNCHANGED) for row in rows]
