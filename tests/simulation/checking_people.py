"""Whether each person is in the CRM once, with what was said of them last, and whether what people decided holds."""

from __future__ import annotations

from collections.abc import Mapping

from dev.crm import values
from dev.crm.schema import CONTACTS
from tests.simulation.book import Book
from tests.simulation.evidence import Answered, Wrong
from tests.simulation.folding import ExpectedPerson


def check_people(book: Book) -> None:
    """Note everything that is wrong, and which record is whose."""
    for person in book.expected.people.values():
        if person.listed or person.key[0] == "id":  # not of someone without an id who is on no list any more
            _person(book, person)


def _person(book: Book, person: ExpectedPerson) -> None:
    if _is_taken_for_another(book, person):
        return
    found = [one for one in book.live(CONTACTS) if _is(book, one, person)]
    gone = [one for one in book.dead(CONTACTS) if _is(book, one, person)]
    answer = book.answer_about(CONTACTS, [*found, *gone])
    if answer is not None:
        found = _decided(book, found, answer)
        if answer.decision == "leave" or book.asked & {*found, *gone}:
            return
    elif not _is_known_before(book, person, found):
        return
    if not found:
        if not book.is_explained(CONTACTS, lambda one: _is(book, one, person)):
            book.add(Wrong.LOST, f"person {person.key} is not in the CRM")
        if not book.made and len(gone) == 1:
            book.changed_since(CONTACTS, gone, _fields_of(person, book.evidence.priors.get(gone[0], {})))
        return
    if len(found) > 1:
        book.add(Wrong.DUPLICATED, f"person {person.key} is in the CRM as {', '.join(found)}")
    book.contacts[person.key] = found[0]
    before = book.evidence.priors.get(found[0]) or book.made.get(found[0], {})
    wanted = _fields_of(person, before)
    book.compare(CONTACTS, found[0], wanted, person.past, theirs=[name for name in wanted if before.get(name)])


def _is_taken_for_another(book: Book, person: ExpectedPerson) -> bool:
    """Whether people made a record with the address of a couple: whoever of the two comes next is found by it."""
    address = person.values.get("email", "")
    return address in book.shared and any(fields.get("email1") == address for fields in book.made.values())


def _decided(book: Book, found: list[str], answer: Answered) -> list[str]:
    """The records that are ours by that decision: the chosen one, or those that nobody else had made."""
    if answer.chosen:
        others = [one for one in found if one != answer.chosen and not _is_theirs(book, one)]
        return [one for one in (answer.chosen,) if one in found] + others
    return [one for one in found if not _is_theirs(book, one)]


def _is_theirs(book: Book, contact_id: str) -> bool:
    return contact_id in book.evidence.priors or contact_id in book.made


def _is_known_before(book: Book, person: ExpectedPerson, found: list[str]) -> bool:
    """Look at those who were there before us; False if it is for people to say who it is."""
    priors = [one for one in found if one in book.evidence.priors]
    if book.made.keys() & set(found):  # people made another record of theirs, and are asked about ours
        return False
    if len(priors) > 1:  # people made them twice, and must say who it is
        if len(found) > len(priors):
            book.add(Wrong.DUPLICATED, f"person {person.key} is in the CRM as {', '.join(found)}")
        if not set(priors) <= book.asked and not book.gone:
            book.add(Wrong.WRONG, f"person {person.key} stands there as {priors}, and nobody is asked")
        return False
    return True


def _is(book: Book, contact_id: str, person: ExpectedPerson) -> bool:
    fields = book.live(CONTACTS).get(contact_id) or book.dead(CONTACTS).get(contact_id, {})
    address = person.values.get("email", "")
    if address and book.evidence.holdings.emails.get(contact_id, "").lower() != address.lower():
        return False
    if address and address not in book.shared:
        return True
    return fields.get("last_name") == values.plain(values.stored(person.values["last_name"], "varchar", 100))


def _fields_of(person: ExpectedPerson, before: Mapping[str, str]) -> dict[str, str]:
    wanted = {"first_name": person.values.get("first_name", ""), "last_name": person.values.get("last_name", "")}
    phone = person.values.get("phone", "")
    wanted |= {"phone_mobile": f"+{phone}"} if phone else {}
    return wanted | {name: before[name] for name in wanted if before.get(name)}  # only what was empty is filled
