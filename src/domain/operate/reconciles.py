"""Comparing: `reconcile`, `reconcile-values`, `reconcile-export`, `reconcile-export-values`, `reconcile-fix`.

The first and third mask what fields hold; those with `-values` show it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.crm.reconciling import Against, What
from domain.operate.base import MOST_IDS, Id, Message, Why

#: Rows of an export that one request may carry: each is a deal that is read.
MOST_EXPORT_ROWS = 100

Cell = Annotated[str, Field(max_length=5_000)]


class ReconcileRequest(Message):
    """`reconcile`: a page of our store against the external CRM.

    Attributes:
        since: rows that were confirmed earlier are left out; None: none is.
        after: the `next` of the page before.
        why: for the audit of who looked at values.
    """

    since: AwareDatetime | None = None
    after: Annotated[str, Field(max_length=3_000)] = ""
    why: Why = "reconcile"


class FindingTold(Message):
    """One thing that was found.

    Attributes:
        against: what our store was compared with.
        what: was found.
        row: its key; empty if our store has none.
        name: `source/source id` of the deal, where that is known.
        field: that differs; empty if it is about the row as a whole.
        ours: what our store holds.
        theirs: what the other holds.
        detail: in words, without values.
        difference: whether the two do not agree, and not merely not yet.
        fixable: looking at the row again may mend it.
    """

    against: Against
    what: What
    row: str = ""
    name: str = ""
    field: str = ""
    ours: str = ""
    theirs: str = ""
    detail: str = ""
    difference: bool
    fixable: bool = False


class DealHeld(Message):
    """A deal that our store holds."""

    id: str
    source: str
    name: str


class ReconcileAnswer(Message):
    """A page.

    Attributes:
        crm: the external CRM; empty: there is none, and nothing was compared.
        rows: keys of the rows that were compared, or are held.
        deals: those of them that are deals; merged ones are left out.
        findings: what does not agree, or not yet.
        next: `after` of the next page; empty on the last.
        stopped: why the page ended early: the CRM does not answer. Go on with `next`, or again from the start.
        wait_s: how long to wait before.
    """

    crm: str
    rows: tuple[str, ...]
    deals: tuple[DealHeld, ...]
    findings: tuple[FindingTold, ...]
    next: str = ""
    stopped: str = ""
    wait_s: float = 0.0


class ReconcileExportRequest(Message):
    """`reconcile-export`: rows of a source's own export against our store."""

    source: Id
    header: Annotated[tuple[Cell, ...], Field(min_length=1, max_length=500)]
    rows: Annotated[tuple[Annotated[tuple[Cell, ...], Field(max_length=500)], ...], Field(max_length=MOST_EXPORT_ROWS)]
    why: Why = "reconcile"


class ReconcileExportAnswer(Message):
    """What these rows told.

    Attributes:
        deals: our ids of the deals that they name.
        rows: that were compared.
        fields: our names of the fields that were compared.
        ignored: headers of columns that nothing is known of.
        findings: what does not agree.
    """

    deals: tuple[str, ...]
    rows: int
    fields: tuple[str, ...]
    ignored: tuple[str, ...]
    findings: tuple[FindingTold, ...]


class ReconcileFixRequest(Message):
    """`reconcile-fix`: have these rows looked at again, behind everything that is live. Changes nothing else."""

    rows: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MOST_IDS)]
    why: Why


class ReconcileFixAnswer(Message):
    """How many rows are due now."""

    rung: int
