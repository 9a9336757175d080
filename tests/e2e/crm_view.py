"""The stand-in CRM as any other client of its SOAP service sees it: what stands there, and how often."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from crm.suitecrm.calls import Entry, SoapFault
from crm.suitecrm.transport import ZeepCalls
from dev.crm.server import PASSWORD, USER

TIMEOUT_S = 30.0
MOST = 100

#: Fields of each end that are looked at.
DEAL = ("id", "name", "amount", "sales_stage", "date_closed", "assigned_user_id", "dw_external_id_c", "dw_city_c")
CONTACT = ("id", "first_name", "last_name", "email1", "phone_mobile", "dw_external_id_c")
COMMISSION = ("id", "external_id", "agent_key", "agent_name", "amount", "commission_status", "calculation_number")
LINKS = {"contacts": CONTACT, "dw_commissions_opportunities": COMMISSION}

Answer = TypeVar("Answer")
Fields = Mapping[str, str]


@dataclass
class CrmView:
    """A session of its own; a new one whenever the CRM has forgotten it."""

    url: str
    calls: ZeepCalls = field(init=False)
    session: str = ""

    def __post_init__(self) -> None:
        self.calls = ZeepCalls(self.url, application="reading back")

    def deals(self, source_id: str) -> list[Entry]:
        """Live deals with our name of this one."""
        return self._named("Opportunities", "opportunities_cstm.dw_external_id_c", f"transactions:{source_id}", DEAL)

    def deal(self, source_id: str) -> Entry:
        """The deal, with the people and the commissions that hang on it; there must be one."""
        (found,) = self.deals(source_id)
        (entry,) = self._asked(
            lambda token: self.calls.get_entries(
                token, "Opportunities", [found.id], list(DEAL), LINKS, timeout_s=TIMEOUT_S
            )
        )
        return plain(entry)

    def contacts(self, contact_id: str) -> list[Entry]:
        """Live contacts with our id."""
        return self._named("Contacts", "contacts_cstm.dw_external_id_c", contact_id, CONTACT)

    def agent_of(self, commission_id: str) -> list[str]:
        """Ids of the contacts that a commission record is linked to."""
        link = "dw_commissions_contacts"
        linked = self._asked(
            lambda token: self.calls.get_relationships(
                token, "DW_Commissions", commission_id, link, ["id"], timeout_s=TIMEOUT_S
            )
        )
        return [one.id for one in linked]

    def _named(self, module: str, column: str, value: str, fields: Sequence[str]) -> list[Entry]:
        page = self._asked(
            lambda token: self.calls.get_entry_list(
                token,
                module,
                f"{column} IN ('{value}')",
                list(fields),
                order_by="id",
                offset=0,
                limit=MOST,
                deleted=False,
                timeout_s=TIMEOUT_S,
            )
        )
        return [plain(entry) for entry in page.entries]

    def _asked(self, call: Callable[[str], Answer]) -> Answer:
        try:
            return call(self.session or self._log_in())
        except SoapFault as fault:
            if fault.code != "11":
                raise
            return call(self._log_in())

    def _log_in(self) -> str:
        self.session = self.calls.login(USER, PASSWORD, timeout_s=TIMEOUT_S)
        return self.session


def plain(entry: Entry) -> Entry:
    """Without the entities that SuiteCRM puts into texts."""

    def undone(fields: Fields) -> dict[str, str]:
        return {name: html.unescape(text) for name, text in fields.items()}

    links = {name: [undone(each) for each in linked] for name, linked in entry.links.items()}
    return Entry(entry.id, undone(entry.fields), links)
