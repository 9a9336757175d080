"""Searching the CRM for people whom it may know already, before one of them is created.

One search for all e-mail addresses, then one for the phones of those whom no address found. `where` is SQL as it is
and runs whatever it says (crm.md §1a), so only addresses and digits of a strict form are put into it; names never are.
What comes back is compared here, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Final

from crm.suitecrm.calls import Entry
from crm.suitecrm.reading import Reader, in_chunks, plain
from domain.crm.rows import RowKey
from domain.crm.sink import Remote, Terms, Unread
from transforms.crm_record import folded

#: The only addresses that are put into SQL.
EMAIL: Final = re.compile(r"(?=.{1,254}\Z)[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}")

#: The only phone numbers that are searched for.
PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")

#: What nobody has.
NO_EMAIL: Final = "nobody@dealwire.invalid"
NO_PHONE: Final = "+10000000001"

#: Digits by which two spellings of a number are the same: those of a North American number without its country code.
_TELLING_DIGITS = 10

#: Pages of one search; more candidates than that tell nobody apart.
_MOST_PAGES = 25

_EMAILS = ("email1", "email2")
_PHONES = ("phone_home", "phone_mobile", "phone_work", "phone_other")
_EXTENSION = re.compile(r"(?:ext\.?|x|#).*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Searcher:
    """Finds candidates; every method raises `CrmFaulted` if the CRM does not answer."""

    reader: Reader

    def match(self, terms: Sequence[Terms]) -> dict[RowKey, Sequence[Remote] | Unread]:
        """Live contacts with the e-mail address, else with phone and last name; every key has its candidates."""
        found: dict[RowKey, Sequence[Remote] | Unread] = {each.key: () for each in terms}
        mails, phones = len(_with_email(terms)), len(_with_phone(terms))
        sizes, line = self.reader.batches, self.reader.caller.line
        line.expect(ceil(mails / sizes.read) + ceil(phones / sizes.phones))
        found |= self._by_email(terms)
        return found | self._by_phone([each for each in terms if found[each.key] == ()])

    def _by_email(self, terms: Sequence[Terms]) -> dict[RowKey, Sequence[Remote] | Unread]:
        wanted = _with_email(terms)
        found: dict[str, Sequence[Remote] | Unread] = {}
        for addresses in in_chunks(sorted({each.email for each in wanted}), self.reader.batches.read):
            parts = self.reader.in_parts(addresses, self._holders, nothing=NO_EMAIL)
            for holders in parts.replies:
                found |= {address: _each_once(remotes) for address, remotes in holders.items()}
            found |= {address: Unread(fault) for address, fault in parts.unread.items()}
        return {each.key: found.get(each.email, ()) for each in wanted}

    def _holders(self, addresses: Sequence[str]) -> dict[str, list[Remote]]:
        """Who has each of these addresses."""
        entries = self._list(_where_emails(addresses))
        holders: dict[str, list[Remote]] = {}
        for entry in entries:
            for address in _addresses(entry) & set(addresses):
                holders.setdefault(address, []).append(self._remote(entry))
        self._attribute_others(entries, addresses, holders)
        return holders

    def _attribute_others(
        self, entries: Sequence[Entry], addresses: Collection[str], holders: dict[str, list[Remote]]
    ) -> None:
        """Whose third address it was that matched: a list shows two only, the link shows all."""
        others = {entry.id: entry for entry in entries if not _addresses(entry) & set(addresses)}
        for chunk in in_chunks(list(others), self.reader.batches.read):
            linked = self.reader.entries(
                self.reader.modules.contact.module, chunk, ["id"], {"email_addresses": ["email_address"]}
            )
            for entry in linked:
                held = {_address(each.get("email_address", "")) for each in entry.links.get("email_addresses", ())}
                for address in held & set(addresses):
                    holders.setdefault(address, []).append(self._remote(others[entry.id]))

    def _by_phone(self, terms: Sequence[Terms]) -> dict[RowKey, Sequence[Remote] | Unread]:
        found: dict[RowKey, Sequence[Remote] | Unread] = {}
        for chunk in in_chunks(_with_phone(terms), self.reader.batches.phones):
            phones = sorted({each.phone for each in chunk})
            parts = self.reader.in_parts(phones, lambda some: self._list(_where_phones(some)), nothing=NO_PHONE)
            entries = list(chain.from_iterable(parts.replies))
            for each in chunk:
                fault = parts.unread.get(each.phone)
                people = _each_once(self._remote(entry) for entry in entries if _is_person(entry, each))
                found[each.key] = people if fault is None else Unread(fault)
        return found

    def _list(self, where: str) -> list[Entry]:
        of = self.reader.modules.contact
        fields = sorted({*of.columns, *_EMAILS, *_PHONES, "last_name"})
        return self.reader.listed(of.module, where, fields, pages=_MOST_PAGES)

    def _remote(self, entry: Entry) -> Remote:
        fields = {name: plain(entry.fields.get(name, "")) for name in self.reader.modules.contact.columns}
        return Remote(entry.id, live=True, fields=fields)


def _with_email(terms: Iterable[Terms]) -> list[Terms]:
    return [each for each in terms if EMAIL.fullmatch(each.email)]


def _with_phone(terms: Iterable[Terms]) -> list[Terms]:
    return [each for each in terms if PHONE.fullmatch(each.phone) and each.last_name.strip()]


def _where_emails(addresses: Iterable[str]) -> str:
    listed = ",".join(f"'{address.upper()}'" for address in addresses)
    return (
        "contacts.id IN (SELECT eabr.bean_id FROM email_addr_bean_rel eabr "  # noqa: S608 - EMAIL let through what is listed
        "JOIN email_addresses ea ON (ea.id = eabr.email_address_id) "
        f"WHERE eabr.deleted = 0 AND eabr.bean_module = 'Contacts' AND ea.email_address_caps IN ({listed}))"
    )


def _where_phones(phones: Iterable[str]) -> str:
    """However people wrote them: the digits in their order, anything between."""
    patterns = sorted({"%" + "%".join(_telling(phone)) + "%" for phone in phones})
    return " OR ".join(f"contacts.{column} LIKE '{pattern}'" for pattern in patterns for column in _PHONES)


def _is_person(entry: Entry, terms: Terms) -> bool:
    if folded(plain(entry.fields.get("last_name", ""))) != folded(terms.last_name):
        return False
    return any(_is_phone(entry.fields.get(column, ""), terms.phone) for column in _PHONES)


def _is_phone(held: str, phone: str) -> bool:
    digits = "".join(char for char in _EXTENSION.sub("", held) if char in "0123456789")
    if digits == phone[1:]:
        return True
    return len(digits) >= _TELLING_DIGITS and digits[-_TELLING_DIGITS:] == _telling(phone)


def _telling(phone: str) -> str:
    return phone[1:][-_TELLING_DIGITS:]


def _addresses(entry: Entry) -> set[str]:
    return {_address(entry.fields.get(name, "")) for name in _EMAILS}


def _address(text: str) -> str:
    return plain(text).strip().casefold()


def _each_once(remotes: Iterable[Remote]) -> tuple[Remote, ...]:
    by_id: Mapping[str, Remote] = {remote.id: remote for remote in remotes}
    return tuple(by_id[each] for each in sorted(by_id))
