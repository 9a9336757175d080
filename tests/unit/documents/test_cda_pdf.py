"""The PDF of a CDA: one page for an ordinary deal, everything on it readable, the same bytes every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from commissions.cda import document
from documents.cda_pdf import render
from domain.commission.cda import CdaDocument, CdaLine, CdaParty
from domain.errors import CommissionRefused
from domain.money import Money
from domain.terms import Role
from tests.unit.documents.closings import (
    APPROVAL,
    BROKERAGE,
    PEOPLE,
    accounts,
    closing,
    computed,
    deal,
    listing,
    people,
    posted,
)
from tests.unit.documents.reading import pages, text

ROOT = Path(__file__).resolve().parents[3]
PARTIES = (
    *PEOPLE,
    (Role.REFERRING_AGENT, "Jill Tran", "Puget Referral Network", "WA-22918", "(206) 555-0155"),
    (Role.COORDINATOR, "Sam Okafor", "", "", ""),
)


def ordinary(**changes: Any) -> CdaDocument:
    """Two agents, a referral out, a coordinator, and earnest money: more than most deals have."""
    participants, contacts = people(*PARTIES)
    held = {"earnest_money": Money.of_cents(200_000), "earnest_money_holder": "Big Sky Realty"}
    dana = {"agent": "dana", "share": "2/3", "flags": ["coordinated"]}
    referral = {
        "rule": "referral",
        "code": "referral",
        "title": "Outside referral",
        "payee": "referring_agent",
        "flat": 3750,
    }
    drawn = document(
        posted(computed(closing([listing(dana, {"agent": "lee", "share": "1/3"})], charges=[referral]))),
        deal=deal(participants, **held),
        contacts=contacts,
        accounts=accounts(("dana", "Dana Whitcombe", "RRE-2001"), ("lee", "Lee Okonkwo", "RRE-2002")),
        brokerage=BROKERAGE,
        version=2,
        supersedes="version 1 of 2026-11-01",
        approval=APPROVAL,
    )
    return drawn.model_copy(update=changes)


def crowded(payees: int) -> CdaDocument:
    """As many payees, all with long names."""
    name = "Bartholomew Featherstonehaugh-Cholmondeley of the Upper Rattlesnake Creek Homeowners Limited Partnership"
    lines = [
        CdaLine(
            payee=f"{name} {number}", role="Third party", licence="L" * 70, memo="m" * 80, amount=Money.of_cents(100)
        )
        for number in range(1, payees)
    ]
    rest = Money.of_cents(1_300_000 - 100 * (payees - 1))
    last = CdaLine(payee="Big Sky Realty Group, LLC", role="Brokerage", licence="", memo="Commission", amount=rest)
    return ordinary(lines=(*lines, last))


def test_an_ordinary_deal_is_one_page_of_us_letter() -> None:
    reader = PdfReader(BytesIO(render(ordinary())))
    assert len(reader.pages) == 1
    assert [float(side) for side in reader.pages[0].mediabox[2:]] == [612.0, 792.0]


def test_a_mark_does_not_push_the_signature_to_a_page_of_its_own() -> None:
    for mark in ({"superseded": "SUPERSEDED by calculation 3"}, {"void": "VOID: the deal fell through"}):
        assert len(pages(render(ordinary(**mark)))) == 1


def test_everything_a_closing_agent_looks_for_can_be_searched() -> None:
    cda = ordinary()
    shown = text(render(cda))
    for expected in (
        "COMMISSION DISBURSEMENT AUTHORIZATION",
        "Version 2 · issued November 2, 2026",
        "Supersedes version 1 of 2026-11-01",
        "Big Sky Realty Group, LLC · license RRE-BRO-LIC-1001 · EIN 81-1234567",
        "To Clark Fork Title & Escrow, attention Priya Raman:",
        "CF-26-10443",
        "1480 Rattlesnake Drive",
        "$500,000.00",
        "October 30, 2026",
        "Łukasz Żółć, 王小明",
        "Puget Referral Network",
        "Listing side: 15,000.00 (3% of 500,000.00)",
        "Earnest money held and retained by the brokerage (2,000.00)",
        "Due from closing $13,000.00 = total disbursed $13,000.00",
        "TOTAL $13,000.00",
        "verify them by calling back",
        "/s/ Marguerite Olsen",
        "Approved electronically by Marguerite Olsen, designated broker, on November 2, 2026 at 18:30:00 UTC.",
        "Calculation D-1/1",
        cda.digest,
        "Page 1 of 1",
    ):
        assert expected in shown, expected
    assert all(f"{line.amount.amount:,}" in shown and line.payee in shown for line in cda.lines)


def test_what_is_missing_says_so_instead_of_leaving_a_blank() -> None:
    shown = text(render(ordinary(title_file="", closing_agent=None, price=None, contract_date=None, property=())))
    assert shown.count("not given") >= 5
    assert "To the closing agent:" in shown


def test_the_telephone_numbers_of_buyers_and_sellers_stay_off_it() -> None:
    assert "555-0111" not in text(render(ordinary()))


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"approval": None}, "DRAFT"),
        ({"superseded": "SUPERSEDED by calculation 3"}, "SUPERSEDED"),
        ({"superseded": "replaced on 2026-11-05"}, "SUPERSEDED"),
        ({"superseded": "RETURNED: the side is wrong"}, "RETURNED"),
        ({"void": "VOID: the deal fell through"}, "VOID"),
    ],
)
def test_a_version_that_authorizes_nobody_is_marked_across_every_page(changes: dict[str, Any], mark: str) -> None:
    shown = pages(render(crowded(15).model_copy(update=changes)))
    assert len(shown) > 1
    assert all(mark in page.replace(changes.get("superseded", "-"), "") for page in shown)
    assert mark not in text(render(ordinary()))


def test_a_draft_has_lines_to_sign_on_and_says_that_it_authorizes_nobody() -> None:
    shown = text(render(ordinary(approval=None)))
    assert "a draft authorizes nobody to pay" in shown
    assert "/s/" not in shown


def test_further_pages_repeat_head_and_file_number_and_the_signature_is_never_alone() -> None:
    first, *others = pages(render(crowded(15)))
    assert first.count("PAYEE") == 1
    for page in others:
        assert page.startswith(
            "Big Sky Realty Commission Disbursement Authorization, version 2 Title file no. CF-26-10443"
        )
        assert "Page 1 of" not in page
    last = others[-1]
    assert "This authorization may be changed only in writing" in last
    assert "Authorized by the broker" in last
    assert "TOTAL" in next(page for page in (first, *others) if "Due from closing $13,000.00 = " in page)


@pytest.mark.parametrize("payees", range(2, 30, 3))
def test_however_many_payees_nothing_is_drawn_into_the_foot_and_every_amount_is_there(payees: int) -> None:
    cda = crowded(payees)
    reader = PdfReader(BytesIO(render(cda)))
    feet: list[str] = []
    lowest: list[float] = []

    def visit(drawn: str, _cm: Any, tm: list[float], _font: Any, _size: float) -> None:
        if not drawn.strip() or tm[1] != 0:  # the mark across the page is turned
            return
        if tm[5] < 42:
            feet.append(drawn)
        else:
            lowest.append(tm[5])

    for page in reader.pages:
        page.extract_text(visitor_text=visit)
    assert min(lowest) >= 43
    assert all(any(word in foot for word in ("Calculation", "Page", "SHA-256")) for foot in feet)
    shown = text(render(cda))
    assert all(f"Partnership {number} " in shown for number in range(1, payees))


def test_a_closing_agent_who_pays_nothing_is_told_so() -> None:
    nothing = Money.of_cents(0)
    held = {"earnest_money": Money.of_cents(1_500_000), "from_closing": nothing, "held": Money.of_cents(1_800_000)}
    shown = text(render(ordinary(lines=(), **held)))
    assert "Nothing is due from closing." in shown
    assert "the brokerage remits 3,000.00 to the closing agent" in shown


def test_lines_that_do_not_add_up_are_never_printed() -> None:
    with pytest.raises(ArithmeticError, match="come to"):
        render(ordinary(from_closing=Money.of_cents(1_299_999)))


def test_a_name_that_no_packaged_font_can_show_is_refused_and_not_printed_as_boxes() -> None:
    party = CdaParty(role="seller", name="שרה כהן")
    with pytest.raises(CommissionRefused) as refused:
        render(ordinary(parties=(party,)))
    assert "U+05E9 HEBREW LETTER SHIN" in str(refused.value.problems[0])
    assert "transaction system" in str(refused.value.problems[0])


def test_equal_documents_are_equal_bytes_in_every_process() -> None:
    program = (
        "import hashlib, sys; sys.path[:0] = ['src', '.']\n"
        "from tests.unit.documents.test_cda_pdf import crowded, render\n"
        "print(hashlib.sha256(render(crowded(7))).hexdigest())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert elsewhere.stdout.strip() == hashlib.sha256(render(crowded(7))).hexdigest()


def test_the_bytes_do_not_depend_on_what_was_rendered_before() -> None:
    first = render(ordinary())
    render(crowded(20))
    assert render(ordinary()) == first


def test_its_properties_name_calculation_and_hash_and_no_moment() -> None:
    cda = ordinary()
    about = PdfReader(BytesIO(render(cda))).metadata
    assert about is not None
    assert about.title == "Commission Disbursement Authorization 2026-0417 Rattlesnake Drive version 2"
    assert about.author == "Big Sky Realty Group, LLC"
    assert about.subject == f"Calculation D-1/1, SHA-256 {cda.digest}"
    assert str(about["/CreationDate"]) == str(about["/ModDate"]) == "D:20000101000000+00'00'"
