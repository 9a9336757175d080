"""Whether the CRM is right in the end, judged by what was sent and by the CRM alone.

The checker never looks at our own ledger, which can look right while the CRM is wrong. It knows three exceptions, each
of which it asks the CRM's log to prove: what people changed there, what waits for an answer of theirs, and what the CRM
itself makes of a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES
from tests.simulation.book import Book, same
from tests.simulation.checking_calls import check_calls
from tests.simulation.checking_order import check_order
from tests.simulation.checking_people import check_people
from tests.simulation.crm_side import THEIRS
from tests.simulation.evidence import Evidence, Violation, Wrong
from tests.simulation.folding import ExpectedDeal, fold, parts
from tests.simulation.seeds import COMPANY_PERCENT

_ROLES_LINK = "opportunities_contacts"
_DEAL_LINK = "dw_commissions_opportunities"
_AGENT_LINK = "dw_commissions_contacts"

_STAGES = {
    "active": "Prospecting",
    "under_contract": "Proposal/Price Quote",
    "contingency_released": "Negotiation/Review",
    "closing_delayed": "Negotiation/Review",
    "closed": "Closed Won",
    "fell_through": "Closed Lost",
    "withdrawn": "Closed Lost",
}
_OVER = ("fell_through", "withdrawn")
_LABELS = {
    "buyer": "Buyer", "seller": "Seller", "tenant": "Tenant", "lender": "Lender", "title": "Title",
    "attorney": "Attorney", "inspector": "Inspector", "coordinator": "Coordinator",
}  # fmt: skip
#: CRM field to ours, for texts.
_TEXTS = {
    "dw_reference_c": "reference",
    "dw_office_c": "office",
    "dw_lead_source_c": "lead_source",
    "dw_title_file_c": "title_file_number",
    "dw_street_c": "property.street",
    "dw_city_c": "property.city",
    "date_closed": "closing_date",
    "dw_stage_c": "stage",
}
_MONEY = {"dw_list_price_c": "list_price", "dw_sale_price_c": "sale_price", "dw_concessions_c": "concessions"}


def check(evidence: Evidence) -> list[Violation]:
    """Everything that is wrong."""
    applied = [
        event for event in evidence.script.events if event.id in evidence.accepted and event.id not in evidence.filed
    ]
    book = Book(evidence, fold(applied))
    _conserved(book)
    _unique(book)
    check_people(book)
    for deal in book.expected.deals.values():
        _deal(book, deal)
    _kept(book)
    _asks(book)
    return [*book.wrong, *check_calls(evidence), *check_order(evidence, dict(_said(book)), same)]


def _conserved(book: Book) -> None:
    evidence = book.evidence
    for event in evidence.script.events:
        if event.id not in evidence.accepted:
            book.add(Wrong.UNSETTLED, f"event {event.id} was never accepted")
        elif event.mappable and event.id in evidence.filed:
            book.add(Wrong.UNSETTLED, f"event {event.id} is a dead letter, and nothing is wrong with it")
        elif not event.mappable and event.id not in evidence.filed:
            book.add(Wrong.LOST, f"event {event.id} cannot be applied, and no dead letter says so")
    if evidence.refused_bells:
        book.add(Wrong.UNSETTLED, f"{evidence.refused_bells} bells were received too often")
    if not evidence.cleared:
        book.add(Wrong.UNSETTLED, "something is still on its way long after the last fault")


def _unique(book: Book) -> None:
    for module, name in (
        (CONTACTS, "dw_external_id_c"),
        (OPPORTUNITIES, "dw_external_id_c"),
        (COMMISSIONS, "external_id"),
    ):
        seen: dict[str, str] = {}
        for record_id, fields in book.live(module).items():
            key = fields.get(name, "")
            if key and key in seen:
                book.add(Wrong.DUPLICATED, f"{module} {seen[key]} and {record_id} are both {key}")
            seen[key] = record_id


# ---------------------------------------------------------------------------------------------------------------- deals


def _deal(book: Book, deal: ExpectedDeal) -> None:
    name = f"transactions:{deal.id}"
    found = [one for one, fields in book.live(OPPORTUNITIES).items() if fields.get("dw_external_id_c") == name]
    if len(found) > 1:
        book.add(Wrong.DUPLICATED, f"deal {deal.id} is in the CRM as {', '.join(found)}")
    if not found:
        _gone(book, deal, name)
        return
    book.compare(OPPORTUNITIES, found[0], _wanted(deal), _past(deal))
    _links(book, deal, found[0])
    _commissions(book, deal, found[0])


def _gone(book: Book, deal: ExpectedDeal, name: str) -> None:
    dead = [one for one, fields in book.dead(OPPORTUNITIES).items() if fields.get("dw_external_id_c") == name]
    if not book.is_explained(OPPORTUNITIES, lambda one: one in dead):
        book.add(Wrong.LOST, f"deal {deal.id} is not in the CRM")
    else:
        book.changed_since(OPPORTUNITIES, dead, _wanted(deal))


def _wanted(deal: ExpectedDeal) -> dict[str, str]:
    wanted = {name: deal.values.get(ours) or "" for name, ours in _TEXTS.items()}
    wanted |= {name: _amount(deal.values.get(ours)) for name, ours in _MONEY.items()}
    price = deal.values.get("sale_price") or deal.values.get("list_price")
    wanted["amount"] = "0" if deal.stage in _OVER else _amount(price)
    wanted["sales_stage"] = _STAGES.get(deal.stage, "")
    return wanted


def _past(deal: ExpectedDeal) -> dict[str, set[str]]:
    """Every value that a field had once: what stands there although something newer was said."""
    past = {name: {str(value) for value in deal.past.get(ours, ())} for name, ours in _TEXTS.items()}
    return past | {name: {_amount(value) for value in deal.past.get(ours, ())} for name, ours in _MONEY.items()}


def _said(book: Book) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Each deal's record, live or not, and what its fields were given in the order in which it was said."""
    for record_id, fields in {**book.live(OPPORTUNITIES), **book.dead(OPPORTUNITIES)}.items():
        deal = book.expected.deals.get(fields.get("dw_external_id_c", "").removeprefix("transactions:"))
        if deal is not None:
            said = {
                name: ["", *(str(value or "") for value in deal.past.get(ours, ()))] for name, ours in _TEXTS.items()
            }
            said |= {name: ["", *map(_amount, deal.past.get(ours, ()))] for name, ours in _MONEY.items()}
            yield record_id, said


def _amount(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


def _links(book: Book, deal: ExpectedDeal, deal_id: str) -> None:
    if f"transactions:{deal.id}" in book.left_links:
        return
    holdings = book.evidence.holdings
    linked = holdings.linked(_ROLES_LINK, left=deal_id)
    wanted: dict[str, set[str]] = {}
    for key, roles in deal.people.items() if deal.stage not in _OVER else ():  # a deal that is over keeps no links
        contact_id = book.contacts.get(key)
        if contact_id is None:  # it is told above, or under question
            continue
        named = {label for role, label in _LABELS.items() if role in roles}
        wanted[contact_id] = wanted.get(contact_id, set()) | named
    for contact_id, labels in wanted.items():
        if contact_id not in linked:
            book.add(Wrong.LOST, f"contact {contact_id} is not linked to deal {deal.id}")
        elif {label.strip() for label in linked[contact_id].split(",")} != labels:
            book.add(
                Wrong.WRONG, f"contact {contact_id} is {linked[contact_id]!r} of deal {deal.id}, not {sorted(labels)}"
            )
    unclear = any(key not in book.contacts for key in deal.people)
    for contact_id in linked.keys() - wanted.keys():
        # To a record that people merged ours into, the links came with it.
        if not unclear and contact_id not in book.gone | book.asked and not _is_of_people(book, contact_id):
            book.add(Wrong.WRONG, f"contact {contact_id} is still linked to deal {deal.id}")


def _is_of_people(book: Book, contact_id: str) -> bool:
    """Whether it is a record of people that nobody adopted."""
    return contact_id in book.made and contact_id not in {one.chosen for one in book.evidence.answers}


def _commissions(book: Book, deal: ExpectedDeal, deal_id: str) -> None:
    holdings, records = book.evidence.holdings, book.live(COMMISSIONS)
    linked = [right for (left, right) in holdings.links.get(_DEAL_LINK, {}) if left == deal_id and right in records]
    figures = {f"contact-{agent}": figure for agent, figure in parts(deal, COMPANY_PERCENT).items()}
    by_agent: dict[str, list[str]] = {}
    for record_id in linked:
        by_agent.setdefault(records[record_id].get("agent_key", ""), []).append(record_id)
    for agent, ids in by_agent.items():
        if len(ids) > 1:
            book.add(Wrong.DUPLICATED, f"commission of {agent} by deal {deal.id} is there as {', '.join(ids)}")
        if agent not in figures:
            _retired(book, deal, agent, ids[0])
    for agent, (gross, net) in figures.items():
        if agent not in by_agent:
            if not book.is_explained(COMMISSIONS, partial(_is_of, book, agent)):
                book.add(Wrong.LOST, f"the commission of {agent} by deal {deal.id} is not in the CRM")
            book.changed_since(COMMISSIONS, _dead_of(book, deal, agent), _figures(gross, net))
            continue
        record_id = by_agent[agent][0]
        book.compare(COMMISSIONS, record_id, _figures(gross, net), {})
        if (agent, record_id) not in holdings.links.get(_AGENT_LINK, {}) and record_id not in book.gone:
            book.add(Wrong.WRONG, f"commission {record_id} is not linked to its agent {agent}")


def _figures(gross: int, net: int) -> dict[str, str]:
    return {"amount": _amount(net), "gci": _amount(gross), "company_dollar": _amount(gross - net)}


def _dead_of(book: Book, deal: ExpectedDeal, agent: str) -> list[str]:
    name = f"transactions:{deal.id}/{agent}"
    return [one for one, fields in book.dead(COMMISSIONS).items() if fields.get("external_id") == name]


def _is_of(book: Book, agent: str, record_id: str) -> bool:
    return book.dead(COMMISSIONS)[record_id].get("agent_key") == agent


def _retired(book: Book, deal: ExpectedDeal, agent: str, record_id: str) -> None:
    fields = book.live(COMMISSIONS)[record_id]
    if fields.get("commission_status") != "retired" or float(fields.get("amount") or 0) != 0:
        book.add(Wrong.WRONG, f"{agent} has no commission by deal {deal.id} any more, and the CRM says {dict(fields)}")


def _kept(book: Book) -> None:
    """Nobody writes over what people wrote into fields of theirs."""
    for (record_id, name), text in book.edited.items():
        for module, fields in THEIRS.items():
            held = book.live(module).get(record_id)
            if held is not None and name in fields and held.get(name) != text:
                book.add(Wrong.WRONG, f"people wrote {text!r} into {name} of {record_id}, and it is {held.get(name)!r}")


def _asks(book: Book) -> None:
    """Nobody is asked without need."""
    for ask in book.evidence.asks:
        ids = {one for remote_id in ask.remote_ids for one in remote_id.split("/")}
        if ask.question == "gone" and not ids & book.gone:
            book.add(Wrong.WRONG, f"people are asked about {ask.kind} {sorted(ids)}, which nobody deleted")
        if ask.question == "candidates" and len(ids & (book.evidence.priors.keys())) < 2:
            book.add(
                Wrong.WRONG, f"people are asked to choose among {sorted(ids)}, which are not several people of theirs"
            )
