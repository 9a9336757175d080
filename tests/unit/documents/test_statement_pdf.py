"""The PDF of a statement: the year at a glance, each line with its reason, the same bytes every time."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from documents.statement_pdf import render
from domain.commission.calculation import CounterKey
from domain.commission.statement import (
    DealStanding,
    StatementAdjustment,
    StatementCap,
    StatementDeal,
    StatementDebt,
    StatementDocument,
    StatementLine,
)
from domain.money import Money
from tests.unit.documents.reading import pages, text


def usd(cents: int) -> Money:
    return Money.of_cents(cents)


LINES = (
    StatementLine(title="Commission", sentence="3 % of the price is 15,000.00.", amount=usd(1_500_000), yours=None),
    StatementLine(title="Your part", sentence="All of it.", amount=usd(1_500_000), yours=usd(1_500_000)),
    StatementLine(title="Company dollar", sentence="20 % of it.", amount=usd(300_000), yours=usd(-300_000)),
)
DEAL = StatementDeal(
    deal_id="D-1",
    reference="2026-0117 Pine Street",
    closing_date=date(2026, 3, 2),
    standing=DealStanding.PAID,
    needs="",
    calculation="D-1/2",
    plan="exp@2026-01-01",
    gci=usd(1_500_000),
    company_dollar=usd(300_000),
    fees=usd(0),
    net=usd(1_200_000),
    paid=usd(1_232_000),
    lines=LINES,
    exceptions=("Broker review: agreed by M. Olsen on 2026-01-02: first deal (memo 12)",),
)
CHANGE = StatementAdjustment(
    deal="2026-0117 Pine Street",
    calculation="D-1/2",
    posted=date(2026, 4, 1),
    title="Your part",
    before=usd(1_540_000),
    after=usd(1_500_000),
    delta=usd(-40_000),
)
DEBT = StatementDebt(deal="2026-0400 Lot 7", owed_to="Harbor Advance", what="Advance of 4 May", amount=usd(76_500))


def cap(counter: str, used: int, most: int | None, owner: str = "dana") -> StatementCap:
    left = None if most is None else max(0, most - used)
    return StatementCap(key=CounterKey(owner, counter, "2026-01-01"), used=used, cap=most, left=left)


def year(**changes: Any) -> StatementDocument:
    facts: dict[str, Any] = {
        "account": "dana",
        "name": "Dana Łukasz 王",
        "licence": "L-2001",
        "brokerage": "Big Sky Realty Group, LLC",
        "year": 2026,
        "as_of": date(2026, 11, 2),
        "currency": "USD",
        "gci": usd(1_500_000),
        "company_dollar": usd(300_000),
        "fees": usd(0),
        "net": usd(1_200_000),
        "pending": usd(0),
        "paid": usd(1_232_000),
        "adjusted": usd(-32_000),
        "caps": (cap("company_dollar", 300_000, 1_600_000),),
        "deals": (DEAL,),
        "adjustments": (CHANGE,),
        "debts": (DEBT,),
        "rounding": ("Each line is rounded once, to the cent; half a cent is rounded up.",),
    }
    return StatementDocument(**(facts | changes))


def test_everything_an_agent_asks_for_can_be_read() -> None:
    shown = text(render(year()))
    for expected in (
        "COMMISSION STATEMENT 2026",
        "Dana Łukasz 王",
        "As of November 2, 2026",
        "15,000.00",
        "(320.00)",
        "Company dollar 2026-01-01 3,000.00 16,000.00 13,000.00",
        "2026-0117 Pine Street · closed March 2, 2026",
        "paid: sent to the closing agent · plan exp@2026-01-01 · calculation D-1/2",
        "3 % of the price is 15,000.00.",
        "Net to you 12,000.00",
        "Exception. Broker review: agreed by M. Olsen",
        "Your part 2026-0117 Pine Street · calculation D-1/2 of April 1, 2026 15,400.00 15,000.00 (400.00)",
        "Owed back by you (320.00)",
        "Harbor Advance",
        "half a cent is rounded up",
        "Page 1 of 1",
    ):
        assert expected in shown, expected


def test_counts_are_told_without_cents_and_a_cap_that_is_reached_says_so() -> None:
    caps = (
        cap("company_dollar", 1_600_000, 1_600_000, "shared:whitcombe"),
        cap("deal_count", 700, 1600),
        cap("units", 650, None),
        cap("gci", 4_500_000, None),
    )
    shown = text(render(year(caps=caps)))
    assert "Company dollar (shared whitcombe) 2026-01-01 16,000.00 16,000.00 reached" in shown
    assert "Deal count 2026-01-01 7 16 9" in shown
    assert "Units 2026-01-01 6.50 no cap" in shown
    assert "GCI 2026-01-01 45,000.00 no cap" in shown


@pytest.mark.parametrize(
    ("standing", "needs", "words"),
    [
        (DealStanding.PENDING, "", "pending: settled"),
        (DealStanding.NEEDS, "a plan for dana", "on hold: a plan for dana"),
        (DealStanding.REVERSED, "", "reversed: the closing was rescinded"),
    ],
)
def test_where_the_money_is_stands_above_each_deal(standing: DealStanding, needs: str, words: str) -> None:
    shown = DEAL.model_copy(update={"standing": standing, "needs": needs})
    assert words in text(render(year(deals=(shown,))))


def test_what_an_adjustment_still_pays_out_is_not_called_a_debt() -> None:
    assert "Still to be paid to you 320.00" in text(render(year(adjusted=usd(32_000))))


def test_a_year_without_deals_says_so_and_leaves_empty_tables_out() -> None:
    shown = text(render(year(deals=(), caps=(), adjustments=(), debts=(), rounding=())))
    assert "No deal of yours closed in 2026." in shown
    for head in ("Caps and counters", "Changed after payment", "What you still owe", "Rounding"):
        assert head not in shown


def test_a_long_year_goes_on_over_pages_with_the_name_at_each_head() -> None:
    deals = tuple(DEAL.model_copy(update={"reference": f"Deal {number}"}) for number in range(40))
    shown = pages(render(year(deals=deals)))
    assert len(shown) > 5
    for number, page in enumerate(shown[1:], start=2):
        assert page.startswith("Dana Łukasz 王 Commission statement 2026")
        assert page.endswith(f"Page {number} of {len(shown)}")
    assert all(f"Deal {number} · closed" in " ".join(shown) for number in range(40))


def test_no_deal_leaves_its_net_alone_on_the_next_page() -> None:
    for count in range(1, 30):
        lines = (LINES[0],) * count
        deal = DEAL.model_copy(update={"lines": lines})
        page = [page for page in pages(render(year(deals=(deal,)))) if "Net to you 12,000.00" in page][-1]
        assert page.rpartition("Net to you 12,000.00")[0].count("3 % of the price") >= 1, count


def test_equal_statements_are_equal_bytes_without_a_moment_in_them() -> None:
    first = render(year())
    render(year(deals=()))
    assert render(year()) == first
    about = PdfReader(BytesIO(first)).metadata
    assert about is not None
    assert (about.title, about.subject) == ("Commission statement 2026, Dana Łukasz 王", "As of 2026-11-02")
    assert str(about["/CreationDate"]) == "D:20000101000000+00'00'"
