"""An agent's statement: their year, from the ledger to the page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from domain.operate.commissions import Lacking, StatementAnswer
from flows.operate.accounts import account_of
from flows.operate.aftermath import office_day
from flows.operate.errors import BadRequest
from flows.operate.parties import called, person

if TYPE_CHECKING:
    from domain.commission.account import Account
    from domain.commission.calculation import CounterKey
    from domain.commission.settlement import PostedCalculation
    from domain.commission.statement import StatementDocument
    from domain.deal import Deal
    from domain.operate.commissions import StatementRequest
    from flows.operate.desk import Desk

#: Bytes of a PDF that an answer carries: Lambda's takes 6 MB, and base64 makes four bytes of three.
LARGEST_PDF = 4_000_000

#: Closings that lack something and are looked at; more are an incident, and `status` tells it.
MOST_LACKING = 200


def statement(request: StatementRequest, desk: Desk) -> StatementAnswer:
    """Tell an agent's year: every deal with its lines, what is pending and paid, and what is left to each cap.

    Raises:
        NotFound: there is no such agent.
        BadRequest: a team has no statement of its own; or the PDF is larger than an answer may be.
    """
    who = person(request.agent, desk)
    if who.is_group:
        raise BadRequest(f"agent is {request.agent!r}; a statement is of one agent: name each of the team")
    year = request.year or office_day(desk).year
    account = account_of(who, desk)
    document = _document(account, year, desk)
    pdf = _pdf(document) if request.pdf else b""
    return StatementAnswer(
        account=who.account,
        name=who.name,
        year=year,
        document=document,
        lacking=tuple(_lacking(account, year, desk)),
        pdf_base64=base64.b64encode(pdf).decode(),
    )


def _document(account: Account, year: int, desk: Desk) -> StatementDocument:
    from commissions.statement import statement as told

    store = desk.ports.commissions
    since, until = date(year, 1, 1), date(year, 12, 31)
    entries = store.ledger(account.account, since=since, until=until)
    # What was reversed, or is others' by now, is told too: a part that was paid out is owed back.
    left = [deal_id for *_, deal_id in store.gone(account.account, since=since, until=until)]
    ids = list(dict.fromkeys([*(entry.deal_id for entry in entries), *left]))
    posted = {deal_id: store.history(deal_id) for deal_id in ids}
    heads = {deal_id: store.head(deal_id) for deal_id in ids}
    brokerage = desk.ports.accounts.brokerage()
    return told(
        account,
        year=year,
        as_of=office_day(desk),
        posted=posted,
        heads=heads,
        records=store.records(ids),
        entries=entries,
        counters=store.counters(_keys(account, posted.values())),
        references=_references(ids, desk),
        brokerage=brokerage.legal_name if brokerage else "",
    )


def _lacking(account: Account, year: int, desk: Desk) -> Iterator[Lacking]:
    """The agent's closings of the year whose commission needs something; those may be in no ledger yet."""
    marks = (mark for page in desk.ports.commissions.blocked() for mark in page)
    for mark in islice(marks, MOST_LACKING):
        deal = desk.ports.process.deals.deal_by_id(mark.deal_id)
        if deal is not None and _is_of(deal, account, year):
            yield Lacking(deal=called(deal), closing_date=deal.details.closing_date, needs=mark.needs)


def _is_of(deal: Deal, account: Account, year: int) -> bool:
    closed = deal.details.closing_date
    return (closed is None or closed.year == year) and any(
        share.crm_contact_id == account.account for share in deal.agents
    )


def _keys(account: Account, posted: Iterable[Sequence[PostedCalculation]]) -> set[CounterKey]:
    """The counters of the agent, and of the groups whose caps they share."""
    details = account.details
    owners = {account.account, f"team:{details.team}", f"shared:{details.shared_cap}"}
    made = [one.calculation for history in posted for one in history if one.calculation is not None]
    return {key for calculation in made for key in calculation.opening if key.owner in owners}


def _references(ids: Sequence[str], desk: Desk) -> dict[str, str]:
    """What people call the deals: as their CDAs do."""
    rows = {deal_id: desk.ports.cdas.row(deal_id) for deal_id in ids}
    return {deal_id: row.reference for deal_id, row in rows.items() if row is not None}


def _pdf(document: StatementDocument) -> bytes:
    from documents.statement_pdf import render  # reportlab takes its time, and few actions need it

    pdf = render(document)
    if len(pdf) > LARGEST_PDF:
        raise BadRequest(
            f"the statement has {len(pdf):,} bytes as PDF, and an answer carries {LARGEST_PDF:,}; "
            "ask for it without --pdf"
        )
    return pdf
