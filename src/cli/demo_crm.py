"""The demo's last word is the CRM's: the followed deal, its people and its commissions, read back over SOAP."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from cli.seeding import demo_file
from crm.suitecrm.transport import ZeepCalls
from domain.crm.rows import Kind, RowKey

if TYPE_CHECKING:
    from crm.suitecrm.calls import Entry

#: Seconds to wait until a webhook shows in the CRM: twice what is promised.
PATIENCE_S = 60.0
_CALL_S = 10.0

DEAL_FIELDS = ("name", "sales_stage", "amount", "date_closed", "dw_sale_price_c", "dw_reference_c", "dw_agents_c")
PERSON_FIELDS = ("first_name", "last_name", "email1", "phone_mobile")
COMMISSION_FIELDS = ("agent_name", "side", "gci", "company_dollar", "fees", "net", "commission_status")

_PEOPLE, _COMMISSIONS = "contacts", "dw_commissions_opportunities"


@dataclass(frozen=True, slots=True)
class Shown:
    """A deal as the CRM holds it: field to text.

    Attributes:
        deal: of the opportunity; empty if there is none.
        people: of each contact that is linked to it.
        commissions: of each commission record that is linked to it.
    """

    deal: Mapping[str, str]
    people: Sequence[Mapping[str, str]] = ()
    commissions: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class InTheCrm:
    """What the CRM showed.

    Attributes:
        shown: after the amendment.
        deal_s: seconds from the amendment's webhook to the deal; None if it did not show.
        commissions_s: to the last of its commission records, likewise.
    """

    shown: Shown
    deal_s: float | None
    commissions_s: float | None

    @property
    def ok(self) -> bool:
        """Whether deal and commissions showed in time, with people."""
        in_time = self.deal_s is not None and self.commissions_s is not None
        return in_time and bool(self.shown.people) and len(self.shown.commissions) > 1


class CrmEye:
    """Reads one deal in the CRM of the local cloud.

    Args:
        url: of the CRM.
        deal_id: our id of the deal.
    """

    def __init__(self, url: str, deal_id: str) -> None:
        who = demo_file("crm-secrets.demo.json")["suitecrm"]
        self._calls = ZeepCalls(url, application="dealwire demo")
        self._session = self._calls.login(who["user"], who["password"], timeout_s=_CALL_S)
        self._remote = RowKey(Kind.DEAL, deal_id).remote_id(0)

    def look(self) -> Shown:
        """As it stands now."""
        links = {_PEOPLE: ["id"], _COMMISSIONS: ["id"]}
        (deal,) = self._read("Opportunities", [self._remote], DEAL_FIELDS, links)
        if "warning" in deal.fields:
            return Shown({})
        linked = {name: sorted(one["id"] for one in deal.links.get(name, ())) for name in links}
        people = self._read("Contacts", linked[_PEOPLE], PERSON_FIELDS)
        commissions = self._read("DW_Commissions", linked[_COMMISSIONS], COMMISSION_FIELDS)
        return Shown(_texts(deal), [_texts(one) for one in people], [_texts(one) for one in commissions])

    def _read(
        self, module: str, ids: Sequence[str], fields: Sequence[str], links: Mapping[str, Sequence[str]] | None = None
    ) -> Sequence[Entry]:
        if not ids:
            return []
        return self._calls.get_entries(self._session, module, ids, fields, links or {}, timeout_s=_CALL_S)


def follow(eye: CrmEye, amend: Callable[[], None], price: str) -> InTheCrm:
    """Send the amendment, and watch the CRM until it shows.

    Args:
        eye: of the deal.
        amend: sends the webhook.
        price: the deal's sale price afterwards.
    """
    before = {one["agent_name"]: one["net"] for one in eye.look().commissions}
    amend()
    sent = time.monotonic()
    deal_s = commissions_s = None
    shown = Shown({})
    while time.monotonic() - sent < PATIENCE_S and (deal_s is None or commissions_s is None):
        shown = eye.look()
        elapsed = time.monotonic() - sent
        if deal_s is None and _is_amount(shown.deal.get("dw_sale_price_c", ""), price):
            deal_s = elapsed
        now = {one["agent_name"]: one["net"] for one in shown.commissions}
        if commissions_s is None and now and all(now[name] != before.get(name) for name in now):
            commissions_s = elapsed
        time.sleep(0.2)
    return InTheCrm(shown, deal_s, commissions_s)


def _is_amount(text: str, price: str) -> bool:
    return bool(text) and Decimal(text) == Decimal(price)


def _texts(entry: Entry) -> dict[str, str]:
    return {name: html.unescape(text) for name, text in entry.fields.items()}
