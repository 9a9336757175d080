"""Forgetting a person: what is cleared on their contact and on the deals they stood on. Amounts, ids and roles stay.

A cleared value keeps a mark: on the contact that of the request, so that what was said before it does not come back;
on the deal its own, since the order of a deal's events need not be one of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from domain.deal import PERSON_FIELDS, Contact, Deal, DealDetails, DealRole, Known
from domain.marks import Mark

if TYPE_CHECKING:
    from datetime import datetime

#: Free text of a deal in which sources name people: cleared where it is nothing but the name of the person.
_NAMED_IN = ("lead_source", "earnest_money_holder", "referral.agent_name")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to forget.

    Attributes:
        contact_id: our id.
        traits: (`email`, `phone` or `name`, value in one spelling) by which they are recognised.
    """

    contact_id: str
    traits: frozenset[tuple[str, str]]


def person_of(contact: Contact, deals: Iterable[Deal]) -> Person:
    """Who it is: by what the contact holds, and what the deals' events said of it before it was corrected."""
    said = [known.values for deal in deals for known in deal.people.values() if known.contact_id == contact.id]
    return Person(contact.id, frozenset(trait for values in (contact.values, *said) for trait in _traits(values)))


def forgotten_contact(contact: Contact, now: datetime) -> Contact:
    """The contact with every personal value cleared as of `now`; the very object if nothing is left to clear."""
    if contact.marks.keys() >= set(PERSON_FIELDS) and not _said(contact.values):
        return contact
    return Contact(contact.id, contact.version + 1, *_nothing(now))


def deal_without(deal: Deal, person: Person, now: datetime) -> Deal:
    """The deal without what it holds about the person; the very object if it holds nothing.

    The person stays in the list of people, under an alias that says nothing about them. What is known under it is what
    their contact holds from now on, since the next event that lists people shows the one in the other.
    """
    new_alias = {alias: _forgotten_alias(alias, person) for alias in _aliases_of(deal, person)}
    people = {alias: known for alias, known in deal.people.items() if alias not in new_alias}
    # Of what no contact is known by, nothing need remain.
    ours = [alias for alias in new_alias if deal.people[alias].contact_id == person.contact_id]
    people |= {new_alias[alias]: Known(person.contact_id, *_nothing(now)) for alias in ours}
    after = replace(
        deal,
        people=people,
        participants=tuple(_under(link, new_alias) for link in deal.participants),
        details=_without_names(deal.details, {value for trait, value in person.traits if trait == "name"}),
    )
    return deal if after == deal else replace(after, version=deal.version + 1)


def cleared_on_contact(before: Contact) -> frozenset[str]:
    """Names of the fields that forgetting the contact clears."""
    return frozenset(_said(before.values))


def cleared_on_deal(before: Deal, after: Deal) -> frozenset[str]:
    """Names of the fields that the deal held before and, without the person, does not hold after."""
    gone = [known.values for alias, known in before.people.items() if after.people.get(alias) != known]
    texts = {name for name in _NAMED_IN if _text(before.details, name) != _text(after.details, name)}
    return frozenset(texts.union(*map(_said, gone)))


def family(deal: Deal) -> frozenset[str]:
    """Our ids of the deals that share its people because the source merged them."""
    return frozenset(deal.absorbed_ids) | ({deal.merged_into} if deal.merged_into is not None else set())


def _nothing(now: datetime) -> tuple[dict[str, str | None], dict[str, Mark]]:
    """Values and marks of somebody of whom nothing is known, as of `now`."""
    return dict.fromkeys(PERSON_FIELDS), dict.fromkeys(PERSON_FIELDS, Mark.at(now, "forgotten"))


def _aliases_of(deal: Deal, person: Person) -> list[str]:
    """Theirs, and those that belong to nobody on the list any more but hold an address, number or name of theirs."""
    theirs = [alias for alias, known in deal.people.items() if known.contact_id == person.contact_id]
    others = {link.known_as for link in deal.participants if link.contact_id != person.contact_id}
    stray = [
        alias
        for alias, known in deal.people.items()
        if known.contact_id is None and alias not in others and person.traits & _traits(known.values)
    ]
    return [alias for alias in (*theirs, *stray) if alias != _forgotten_alias(alias, person)]


def _forgotten_alias(alias: str, person: Person) -> str:
    return f"{alias.partition('|')[0]}|forgotten:{person.contact_id}"


def _under(link: DealRole, new_alias: Mapping[str, str]) -> DealRole:
    known_as = new_alias.get(link.known_as or "", link.known_as)
    return link if known_as == link.known_as else replace(link, known_as=known_as)


def _without_names(details: DealDetails, names: set[str]) -> DealDetails:
    update: dict[str, Any] = {}
    for field in _NAMED_IN:
        if _plain(_text(details, field)) in names:
            group, _, inner = field.rpartition(".")
            value = getattr(details, group).model_copy(update={inner: None}) if group else None
            update[group or inner] = value
    return details.model_copy(update=update) if update else details


def _text(details: DealDetails, field: str) -> str | None:
    group, _, inner = field.rpartition(".")
    value: str | None = getattr(getattr(details, group) if group else details, inner)
    return value


def _said(values: Mapping[str, str | None]) -> set[str]:
    return {name for name, value in values.items() if value is not None}


def _traits(values: Mapping[str, str | None]) -> frozenset[tuple[str, str]]:
    """What the person is recognised by; a company's name only where no person is named, as for aliases."""
    name = values.get("name") or " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    found = {
        "email": values.get("email"),
        "phone": values.get("phone"),
        "name": name or values.get("company"),
    }
    return frozenset((trait, plain) for trait, value in found.items() if (plain := _plain(value)))


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())
