"""A commission disbursement authorization as PDF: one page for an ordinary deal, equal bytes for equal documents."""

from __future__ import annotations

from documents.band import band
from documents.cda_money import disbursement, sources
from documents.facts import Block, Fact, two_columns
from documents.layout import (
    BODY,
    CONTENT,
    INK,
    MARGIN,
    NOTE,
    PAGE,
    PAGE_ROOM,
    SMALL,
    STRONG,
    Sheet,
    Style,
    amount,
    currency_words,
    day,
    drawn,
    wrap,
)
from domain.commission.cda import CdaDocument, CdaParty

TITLE = "Commission Disbursement Authorization"

#: Whose telephone and e-mail are left out: the closing agent has them of their own.
_CLIENTS = frozenset({"seller", "buyer", "landlord", "tenant"})

#: The room that the signature needs, with what it says: it is never torn apart (1.6 in).
SIGNATURE = 115.2

_TERMS = (
    "This authorization may be changed only in writing by the broker named below. A later version replaces it.",
    (
        "Pay exactly the amounts above. If the funds on the settlement statement differ from the total, do not divide"
        " the difference: call the brokerage for a revised authorization."
    ),
    (
        "Payment instructions are on file and are never sent by e-mail. Before the first payment, and whenever they"
        " seem to have changed, verify them by calling back the number on file."
    ),
)


def render(document: CdaDocument) -> bytes:
    """The PDF of a CDA.

    Args:
        document: what it says. Without `approval` it is marked as a draft; `void` and `superseded` mark it across.

    Returns:
        The PDF; equal documents give equal bytes, on any machine and in any process.

    Raises:
        CommissionRefused: it says something in letters that no packaged font has.
    """
    return drawn(lambda pages: _draw(document, pages))


def _draw(document: CdaDocument, pages: int) -> Sheet:
    sheet = Sheet(
        f"{TITLE} {document.reference} version {document.version}",
        document.brokerage.legal_name,
        f"Calculation {document.calculation}, SHA-256 {document.digest}",
        pages,
    )
    sheet.mark = _mark(document)
    sheet.head = lambda at: _running_head(at, document)
    sheet.foot = lambda at: _foot(at, document)
    sheet.start()
    _band(sheet, document)
    _instruction(sheet, document)
    two_columns(sheet, _deal(document), _people(document))
    sources(sheet, document)
    disbursement(sheet, document)
    _terms(sheet, document)
    _signature(sheet, document)
    return sheet


def _mark(document: CdaDocument) -> str:
    if document.void:
        return "VOID"
    if document.superseded:
        word = document.superseded.split()[0].rstrip(":")
        return word if word.isupper() else "SUPERSEDED"
    return "" if document.approval else "DRAFT"


def _band(sheet: Sheet, document: CdaDocument) -> None:
    house = document.brokerage
    title, strong = Style(size=11, bold=True), Style(size=7.6, bold=True)
    left = [
        (house.dba or house.legal_name, Style(size=13, bold=True)),
        (f"{house.legal_name} · license {house.licence} · EIN {house.ein}", SMALL),
        (house.address, SMALL),
        (f"{house.phone} · {house.email}", SMALL),
    ]
    right = [
        ("COMMISSION DISBURSEMENT", title),
        ("AUTHORIZATION", title),
        (f"Version {document.version} · issued {day(document.issued)}", SMALL),
        (f"Supersedes {document.supersedes}" if document.supersedes else "", strong),
        (document.superseded, strong),
        (document.void, strong),
    ]
    band(sheet, left, right)


def _running_head(sheet: Sheet, document: CdaDocument) -> None:
    """The head of every further page: what this is a page of."""
    sheet.y -= STRONG.leading
    sheet.text(MARGIN, sheet.y + 3, document.brokerage.dba or document.brokerage.legal_name, STRONG)
    sheet.text(PAGE[0] - MARGIN, sheet.y + 3, f"{TITLE}, version {document.version}", BODY, "right")
    sheet.y -= SMALL.leading
    file = f"Title file no. {document.title_file or 'not given'} · {document.reference}"
    for line in wrap(f"{file} · {', '.join(document.property) or 'property not given'}", SMALL, CONTENT):
        sheet.text(MARGIN, sheet.y + 3, line, SMALL)
        sheet.y -= SMALL.leading
    sheet.y += SMALL.leading - 2
    sheet.rule(sheet.y, INK, 0.8)
    sheet.y -= 6


def _foot(sheet: Sheet, document: CdaDocument) -> None:
    sheet.rule(43)
    sheet.text(MARGIN, 33, wrap(f"Calculation {document.calculation}", NOTE, CONTENT - 80)[0], NOTE)
    sheet.text(PAGE[0] - MARGIN, 33, f"Page {sheet.page} of {sheet.pages}", NOTE, "right")
    sheet.text(MARGIN, 23, f"SHA-256 {document.digest}", NOTE)


def _instruction(sheet: Sheet, document: CdaDocument) -> None:
    agent = document.closing_agent
    to = "the closing agent" if agent is None else agent.company or agent.name
    officer = f", attention {agent.name}" if agent and agent.company else ""
    sheet.paragraph(f"To {to}{officer}:", STRONG)
    sheet.paragraph(
        "At closing, please pay the commission of this transaction as listed under “Disbursement”."
        f" All amounts are in {currency_words(document.gross.currency)}."
    )
    sheet.y -= 3


def _deal(document: CdaDocument) -> Block:
    price = "not given" if document.price is None else f"${amount(document.price)}"
    represents = {
        "both": "seller and buyer (dual agency)",
        "listing": "seller",
        "buying": "buyer",
        "referral": "nobody; referral",
    }
    facts = [
        Fact("Title file no.", (document.title_file or "not given",), strong=True),
        Fact("Our reference", (document.reference,)),
        Fact("Property", document.property or ("not given",)),
        *([Fact("MLS no.", (document.mls_id,))] if document.mls_id else []),
        Fact("Contract", (day(document.contract_date),)),
        Fact("Closing", (day(document.closing_date),)),
        Fact("Sale price", (price,)),
        Fact("We represent", (represents.get(document.represents, document.represents or "not given"),)),
        Fact("Commission", document.commission or ("none",)),
    ]
    return Block("Transaction", tuple(facts))


def _people(document: CdaDocument) -> Block:
    agent = document.closing_agent
    facts = [Fact("Closing agent", ("not given",) if agent is None else _person(agent), strong=True)]
    for role in dict.fromkeys(party.role for party in document.parties):
        named = [party for party in document.parties if party.role == role]
        facts.append(Fact(role.capitalize(), _clients(named) if role in _CLIENTS else _firms(named)))
    for ours in document.agents:
        license_ = f"license {ours.licence}" if ours.licence else "license not given"
        facts.append(Fact("Our agent", (ours.name, f"{ours.role} side, {license_}" if ours.role else license_)))
    return Block("Parties", tuple(facts))


def _clients(parties: list[CdaParty]) -> tuple[str, ...]:
    return (", ".join(f"{party.name} ({party.company})" if party.company else party.name for party in parties),)


def _firms(parties: list[CdaParty]) -> tuple[str, ...]:
    return tuple(line for party in parties for line in _person(party))


def _person(party: CdaParty) -> tuple[str, ...]:
    license_ = f"license {party.licence}" if party.licence else ""
    first = ", ".join(filter(None, (party.company or party.name, party.name if party.company else "")))
    second = " · ".join(filter(None, (license_, party.contact)))
    return (first, second) if second else (first,)


def _terms(sheet: Sheet, document: CdaDocument) -> None:
    """The terms; they go to the next page together with the signature rather than leave it there alone."""
    house = document.brokerage
    contact = f"Any difference or question: {house.phone}, {house.email}."
    terms = (*_TERMS, contact, *house.terms)
    lines = sum(len(wrap(term, SMALL, CONTENT - 14)) for term in terms)
    together = lines * SMALL.leading + 24 + SIGNATURE
    sheet.section("Terms", keep=together if together < PAGE_ROOM else 44)
    for number, term in enumerate(terms, start=1):
        sheet.ensure(SMALL.leading)
        sheet.text(MARGIN, sheet.y - SMALL.size, f"{number}.", SMALL)
        sheet.paragraph(term, SMALL, x=MARGIN + 14, room=CONTENT - 14)


def _signature(sheet: Sheet, document: CdaDocument) -> None:
    """The broker's block: their approval, or lines to sign on."""
    sheet.section("Authorized by the broker", keep=SIGNATURE)
    approval, house = document.approval, document.brokerage
    signer = approval or house.broker
    signed = dated = ""
    if approval:
        signed, dated = f"/s/ {approval.name}", day(approval.at.date())
        zone = approval.at.tzname() or "UTC"
        sheet.paragraph(
            f"Approved electronically by {approval.name}, {approval.authority}, on {dated} at"
            f" {approval.at:%H:%M:%S} {zone}."
        )
    else:
        sheet.paragraph("Not approved yet: a draft authorizes nobody to pay.", STRONG)
    sheet.y -= 24
    half = CONTENT * 0.6
    _line_to_sign(sheet, MARGIN, half, signed, f"{signer.name}, license {signer.licence}, for {house.legal_name}")
    _line_to_sign(sheet, MARGIN + half + 20, CONTENT - half - 20, dated, "Date")


def _line_to_sign(sheet: Sheet, x: float, room: float, signed: str, about: str) -> None:
    sheet.text(x + 2, sheet.y + 4, wrap(signed, BODY, room)[0], BODY)
    sheet.canvas.setStrokeColorRGB(*INK)
    sheet.canvas.setLineWidth(0.7)
    sheet.canvas.line(x, sheet.y, x + room, sheet.y)
    for index, line in enumerate(wrap(about, NOTE, room), start=1):
        sheet.text(x, sheet.y - index * NOTE.leading, line, NOTE)
