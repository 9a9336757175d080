"""Whether the CRM is right in the end, judged by what was sent and by the CRM alone.

The checker never looks at our own ledger, which can look right while the CRM is wrong. It knows three exceptions, each
of which it asks the CRM's log to prove: what people changed there, what waits for an answer of theirs, and what the CRM
itself makes of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from dev.crm import values
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES
from tests.simulation.checking_calls import check_calls
from tests.simulation.evidence import Evidence, Violation, Wrong
from tests.simulation.folding import Expected, ExpectedDeal, ExpectedPerson, PersonKey, fold, parts
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


@dataclass
class _Book:
    """What was found so far."""

    evidence: Evidence
    expected: Expected
    wrong: list[Violation] = field(default_factory=list)
    contacts: dict[PersonKey, str] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        people = [entry for entry in self.evidence.log if entry.call_no == 0]
        self.edited = {(entry.id, name) for entry in people if entry.verb == "edit" for name in entry.fields}
        self.made = {entry.id for entry in people if entry.verb == "create" and entry.id.startswith("human-")}
        self.gone = {entry.id for entry in people if entry.verb in ("delete", "merge", "purge")}
        self.asked = {one for ask in self.evidence.asks for one in ask.remote_ids}

    def add(self, kind: Wrong, words: str) -> None:
        self.wrong.append(Violation(kind, words))

    def live(self, module: str) -> Mapping[str, Mapping[str, str]]:
        return self.evidence.holdings.live.get(module, {})

    def dead(self, module: str) -> Mapping[str, Mapping[str, str]]:
        return self.evidence.holdings.gone.get(module, {})


def check(evidence: Evidence) -> list[Violation]:
    """Everything that is wrong."""
    applied = [
        event for event in evidence.script.events if event.id in evidence.accepted and event.id not in evidence.filed
    ]
    book = _Book(evidence, fold(applied))
    _conserved(book)
    _unique(book)
    for person in book.expected.people.values():
        _person(book, person)
    for deal in book.expected.deals.values():
        _deal(book, deal)
    _asks(book)
    return book.wrong + list(check_calls(evidence))


def _conserved(book: _Book) -> None:
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


def _unique(book: _Book) -> None:
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


# --------------------------------------------------------------------------------------------------------------- people


def _person(book: _Book, person: ExpectedPerson) -> None:
    if not person.listed and person.key[0] != "id":  # someone without an id who is on no list any more
        return
    found = [one for one in book.live(CONTACTS) if _is(book, one, person)]
    priors = [one for one in found if one in book.evidence.priors]
    ours = [one for one in found if one not in book.evidence.priors]
    if len(ours) > 1 or (ours and priors):
        if book.made & set(found):
            return
        book.add(Wrong.DUPLICATED, f"person {person.key} is in the CRM as {', '.join(found)}")
    if len(priors) > 1:  # people made them twice, and must say who it is
        if not set(priors) <= book.asked and not book.gone:
            book.add(Wrong.WRONG, f"person {person.key} stands there as {priors}, and nobody is asked")
        return
    if not found:
        if not _explained(book, CONTACTS, lambda one: _is(book, one, person)):
            book.add(Wrong.LOST, f"person {person.key} is not in the CRM")
        return
    if book.made & set(found):  # people made another record of theirs, and are asked about ours
        return
    book.contacts[person.key] = found[0]
    _compare(book, CONTACTS, found[0], _fields_of(book, person, found[0]), person.past)


def _is(book: _Book, contact_id: str, person: ExpectedPerson) -> bool:
    fields = book.live(CONTACTS).get(contact_id) or book.dead(CONTACTS).get(contact_id, {})
    address = person.values.get("email", "")
    if address:
        return book.evidence.holdings.emails.get(contact_id, "").lower() == address.lower()
    return fields.get("last_name") == values.plain(values.stored(person.values["last_name"], "varchar", 100))


def _fields_of(book: _Book, person: ExpectedPerson, contact_id: str) -> dict[str, str]:
    wanted = {"first_name": person.values.get("first_name", ""), "last_name": person.values.get("last_name", "")}
    phone = person.values.get("phone", "")
    wanted |= {"phone_mobile": f"+{phone}"} if phone else {}
    before = book.evidence.priors.get(contact_id, {})
    return wanted | {name: before[name] for name in wanted if before.get(name)}  # only what was empty is filled


# ---------------------------------------------------------------------------------------------------------------- deals


def _deal(book: _Book, deal: ExpectedDeal) -> None:
    name = f"transactions:{deal.id}"
    found = [one for one, fields in book.live(OPPORTUNITIES).items() if fields.get("dw_external_id_c") == name]
    if len(found) > 1:
        book.add(Wrong.DUPLICATED, f"deal {deal.id} is in the CRM as {', '.join(found)}")
    if not found:
        dead = [one for one, fields in book.dead(OPPORTUNITIES).items() if fields.get("dw_external_id_c") == name]
        if not book.gone & set(dead):
            book.add(Wrong.LOST, f"deal {deal.id} is not in the CRM")
        elif not book.asked & set(dead) and _differs_since(book, deal, dead[0]):
            book.add(Wrong.WRONG, f"deal {deal.id} was deleted and changed since, and nobody is asked")
        return
    book.deals[deal.id] = found[0]
    _compare(book, OPPORTUNITIES, found[0], _wanted(deal), _past(deal))
    _links(book, deal, found[0])
    _commissions(book, deal, found[0])


def _differs_since(book: _Book, deal: ExpectedDeal, record_id: str) -> bool:
    held = book.dead(OPPORTUNITIES)[record_id]
    return any(not _same(name, held.get(name, ""), text) for name, text in _wanted(deal).items())


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


def _amount(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


def _links(book: _Book, deal: ExpectedDeal, deal_id: str) -> None:
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
        if not unclear and contact_id not in book.gone | book.asked | book.made:
            book.add(Wrong.WRONG, f"contact {contact_id} is still linked to deal {deal.id}")


def _commissions(book: _Book, deal: ExpectedDeal, deal_id: str) -> None:
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
            if not _explained(book, COMMISSIONS, partial(_is_of, book, agent)):
                book.add(Wrong.LOST, f"the commission of {agent} by deal {deal.id} is not in the CRM")
            continue
        record_id = by_agent[agent][0]
        wanted = {"amount": _amount(net), "gci": _amount(gross), "company_dollar": _amount(gross - net)}
        _compare(book, COMMISSIONS, record_id, wanted, {})
        if (agent, record_id) not in holdings.links.get(_AGENT_LINK, {}) and record_id not in book.gone:
            book.add(Wrong.WRONG, f"commission {record_id} is not linked to its agent {agent}")


def _is_of(book: _Book, agent: str, record_id: str) -> bool:
    return book.dead(COMMISSIONS)[record_id].get("agent_key") == agent


def _retired(book: _Book, deal: ExpectedDeal, agent: str, record_id: str) -> None:
    fields = book.live(COMMISSIONS)[record_id]
    if fields.get("commission_status") != "retired" or float(fields.get("amount") or 0) != 0:
        book.add(Wrong.WRONG, f"{agent} has no commission by deal {deal.id} any more, and the CRM says {dict(fields)}")


# ------------------------------------------------------------------------------------------------------------ comparing


def _compare(
    book: _Book, module: str, record_id: str, wanted: Mapping[str, str], past: Mapping[str, Iterable[str]]
) -> None:
    if record_id in book.asked:
        return
    held = book.live(module)[record_id]
    for name, text in wanted.items():
        if (record_id, name) in book.edited or _same(name, held.get(name, ""), text):
            continue
        older = any(_same(name, held.get(name, ""), str(one)) for one in past.get(name, ()))
        kind = Wrong.MISORDERED if older else Wrong.WRONG
        book.add(kind, f"{module} {record_id}: {name} is {held.get(name, '')!r} and should be {text!r}")


def _same(name: str, held: str, wanted: str) -> bool:
    if held == wanted:
        return True
    try:
        return float(held or "0") == float(wanted or "0")
    except ValueError:
        return held == values.plain(values.stored(wanted, "varchar", 255 if name.startswith("dw_") else 100)).strip()


def _explained(book: _Book, module: str, fits: Callable[[str], bool]) -> bool:
    """Whether people took the record away, or are asked about it."""
    return any(one in book.gone and fits(one) for one in book.dead(module)) or bool(book.asked & set(book.live(module)))


def _asks(book: _Book) -> None:
    """Nobody is asked without need."""
    for ask in book.evidence.asks:
        ids = {one for remote_id in ask.remote_ids for one in remote_id.split("/")}
        if ask.question == "gone" and not ids & book.gone:
            book.add(Wrong.WRONG, f"people are asked about {ask.kind} {sorted(ids)}, which nobody deleted")
        if ask.question == "candidates" and len(ids & (book.evidence.priors.keys())) < 2:
            book.add(
                Wrong.WRONG, f"people are asked to choose among {sorted(ids)}, which are not several people of theirs"
            )
