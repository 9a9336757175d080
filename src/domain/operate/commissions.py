"""Commissions of deals and agents: `commission`, `commission-preview`, `commission-explain`, `statement`.

Amounts and counters are text with two decimals (`12.34`), percentages text as exact as they are (`2.875`, `100/3`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.commission.statement import StatementDocument
from domain.operate.base import Id, Message


class LineTold(Message):
    """One line of a calculation, as `domain.commission.calculation.Line` explains its fields.

    Attributes:
        counters: owner to counter to what the line adds to it.
    """

    seq: int
    stage: str
    code: str
    payer: str
    payee: str
    basis: str | None
    rate: str | None
    amount: str
    counters: dict[str, dict[str, str]]
    rule: str
    title: str
    agent: str
    side: str
    of: str
    limit: str
    term: str
    memo: bool


class ReceivableTold(Message):
    """What an agent still owes after the deal."""

    agent: str
    owed_to: str
    rule: str
    amount: str


class GoverningTold(Message):
    """Which plan was applied to whom, and the days that decided."""

    agent: str
    plan: str
    version: str
    cap_day: date
    tax_day: date
    note: str


class CalculationTold(Message):
    """A calculation, as `commission preview --json` prints it.

    Attributes:
        payees: everybody outside the gross to what they get in the end.
        counters_after: owner to counter to its value after this deal.
    """

    deal: str
    closing_date: date
    currency: str
    rounding: str
    gross: str
    lines: tuple[LineTold, ...]
    payees: dict[str, str]
    counters_after: dict[str, dict[str, str]]
    receivables: tuple[ReceivableTold, ...]
    governing: tuple[GoverningTold, ...]


class CommissionRequest(Message):
    """`commission`: how a deal's commission stands. `deal`: `source/source id`, or our id."""

    deal: Id


class AdjustmentTold(Message):
    """One line that a later calculation changed: `delta` is new less old."""

    code: str
    rule: str
    title: str
    agent: str
    payer: str
    payee: str
    before: str | None
    after: str | None
    delta: str


class PostedRow(Message):
    """One calculation of the deal, and what it changed. `gross`: None where the closing was rescinded."""

    id: str
    number: int
    reason: str
    at: AwareDatetime
    supersedes: int
    after_payment: bool
    gross: str | None
    adjustments: tuple[AdjustmentTold, ...]


class RecordTold(Message):
    """One agent's commission record."""

    account: str
    name: str
    side: str
    plan: str
    gci: str
    company_dollar: str
    fees: str
    net: str
    status: str


class CommissionAnswer(Message):
    """How a deal's commission stands.

    Attributes:
        deal: our id.
        name: `source/source id`.
        standing: `settled`, `needs`, `reversed`, or `none` where nothing is due yet.
        needs: what is missing, and what to do.
        due: a change waits to be settled.
        paid: its CDA was sent: what changes from now on is owed by an adjustment statement.
        cda: the state of its CDA; empty if there is none.
        calculation: the current one.
        history: all of them, by number.
        records: of its agents, retired ones included.
    """

    deal: str
    name: str
    standing: str
    needs: str
    due: bool
    paid: bool
    cda: str
    calculation: CalculationTold | None
    history: tuple[PostedRow, ...]
    records: tuple[RecordTold, ...]


class DealPreviewRequest(Message):
    """`commission-preview`: what a deal of the store would come to. `as_of`: as if it closed on that day."""

    deal: Id
    as_of: date | None = None


class DealPreviewAnswer(Message):
    """What it would come to. Nothing was written."""

    deal: str
    name: str
    calculation: CalculationTold


class CommissionExplainRequest(Message):
    """`commission-explain`: a calculation in words: `DEAL/3`, or a deal for its current one."""

    calculation: Id


class StepTold(Message):
    """Lines that belong together, in words. `stage`: in the order of operations; empty for what is said of it all."""

    stage: str
    heading: str
    sentences: tuple[str, ...]


class CommissionExplainAnswer(Message):
    """The worked steps."""

    id: str
    steps: tuple[StepTold, ...]


class StatementRequest(Message):
    """`statement`: an agent's year. `agent`: `source/agent id` or the account; `year`: this one if not given."""

    agent: Id
    year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    pdf: bool = False


class Lacking(Message):
    """A closing whose commission cannot be computed yet, and what it needs."""

    deal: str
    closing_date: date | None
    needs: str


class StatementAnswer(Message):
    """The statement as data, and where it was asked for the same as PDF, in base64.

    `lacking`: closings of the year that are not in it, or not as they should be, because they need something.
    """

    account: str
    name: str
    year: int
    document: StatementDocument
    lacking: tuple[Lacking, ...]
    pdf_base64: str = ""
