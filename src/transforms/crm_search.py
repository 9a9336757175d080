"""What a person is searched by in a CRM that was full before we arrived. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from domain.crm.rows import Kind, RowKey
from domain.crm.sink import Terms
from transforms.converters.people import address
from transforms.converters.texts import clean
from transforms.crm_texts import digest
from transforms.crm_values import person_names

if TYPE_CHECKING:
    from domain.deal import Contact

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def terms(contact: Contact) -> Terms:
    """E-mail address, phone and last name; each empty where it is not known, or is none."""
    phone = clean(contact.values.get("phone") or "").partition(";ext=")[0]
    return Terms(
        key=RowKey(Kind.CONTACT, contact.id),
        email=address(clean(contact.values.get("email") or "")) or "",
        phone=phone if _E164.fullmatch(phone) else "",
        last_name=folded(person_names(contact.values)[1]),
    )


def claims(searched: Terms) -> frozenset[str]:
    """Digests of what only one contact of ours may be created under at a time."""
    found = []
    if searched.email:
        found.append(f"email:{searched.email}")
    if searched.phone and searched.last_name:
        found.append(f"phone:{searched.phone} {searched.last_name}")
    return frozenset(map(digest, found))


def folded(name: str) -> str:
    """A name as it is compared: in any letter case, with or without accents.

    Examples:
        >>> folded(" Núñez  de la Cruz") == folded("NUNEZ DE LA CRUZ")
        True
    """
    letters = unicodedata.normalize("NFKD", clean(name).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
