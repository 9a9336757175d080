"""What most scripts do, as a measure to compare with: an event at a time, each call again until it succeeds.

A worker takes an event, brings it to the CRM call by call, and waits with exponential backoff and jitter whatever went
wrong; 429s, time-outs and refusals are one to it. There is no shared budget, no batch, no read-back, and ids are the
CRM's: people are searched by address before they are made, and whatever was made is remembered. A deal's events are in
order, which not every script can say of itself. It is given a session that never ends.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.drain_crm import PASSWORD, USER, Crm
from bench.drain_office import Change, agent_contacts, commission_of, contact_of, deal_of
from crm.suitecrm.calls import LinkCall, WireFault
from dev.crm.schema import COMMISSIONS, CONTACTS, OPPORTUNITIES

if TYPE_CHECKING:
    from domain.deal import Contact

#: Of the backoff, in seconds.
_FIRST_S, _LONGEST_S = 1.0, 60.0
#: Of a call; and how often a worker without work looks for some, in seconds.
_TIMEOUT_S, _POLL_S = 20.0, 0.25
_FAILED = object()

#: One call, and a piece of work: it yields calls, and is sent what each gave.
Call = Callable[[], Any]
Work = Generator[Call, Any, None]


class Naive:
    """Runs events against a CRM of its own.

    Attributes:
        crm: of this run.
        now: seconds of virtual time.
        done_at: when the last event was done.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.done_at = 0.0
        self._slept = 0.0
        self._chance = random.Random(seed)
        self.crm = Crm(lambda: self.now, self._sleep, random.Random(seed + 1))
        for agent in agent_contacts():
            self.crm.model.enter(CONTACTS, {"last_name": agent}, agent)
        self._session = self.crm.calls.login(USER, PASSWORD, timeout_s=_TIMEOUT_S)
        self._ids: dict[str, str] = {}
        self._events: dict[int, deque[Change | None]] = {}
        self._ready: deque[int] = deque()

    def run(self, deals: int, changes: Iterable[Change], workers: int) -> None:
        """Bring so many new deals and these changes to the CRM."""
        self.crm.begin(0.0)
        for deal in range(deals):
            self._come(deal, None)
        coming = deque(changes)
        queue = [(self._chance.random(), number, self._worker()) for number in range(workers)]
        heapq.heapify(queue)
        while coming or self._events:
            self.now, number, worker = heapq.heappop(queue)
            while coming and coming[0].at <= self.now:
                self._come(coming[0].deal, coming.popleft())
            heapq.heappush(queue, (self.now + next(worker), number, worker))

    def _sleep(self, seconds: float) -> None:
        self._slept += seconds

    def _come(self, deal: int, event: Change | None) -> None:
        if deal not in self._events:
            self._events[deal] = deque()
            self._ready.append(deal)
        self._events[deal].append(event)

    def _worker(self) -> Iterator[float]:
        """Yields how long it sleeps, or is busy."""
        while True:
            if not self._ready:
                yield _POLL_S
                continue
            deal = self._ready.popleft()
            event = self._events[deal].popleft()
            yield from self._done(self._new(deal) if event is None else self._changed(event))
            self.done_at = self.now
            if self._events[deal]:
                self._ready.append(deal)
            else:
                del self._events[deal]

    def _done(self, work: Work) -> Iterator[float]:
        call = next(work, None)
        while call is not None:
            attempt = 0
            while (answer := self._tried(call)) is _FAILED:
                yield self._slept
                attempt += 1
                yield self._chance.random() * min(_LONGEST_S, _FIRST_S * 2**attempt)
            yield self._slept
            try:
                call = work.send(answer)
            except StopIteration:
                return

    def _tried(self, call: Call) -> Any:
        self._slept = 0.0
        try:
            return call()
        except WireFault:
            return _FAILED

    # -- what an event is to the CRM

    def _new(self, number: int) -> Work:
        deal = deal_of(number)
        fields = {"name": f"{deal.details.property.street}", "amount": str(deal.details.sale_price)}
        deal_id = yield self._put(OPPORTUNITIES, {**fields, "sales_stage": "Closed Won", "date_closed": "2026-02-27"})
        self._ids[deal.id] = deal_id
        for person, link in enumerate(deal.participants):
            contact_id = yield from self._found_or_made(contact_of(number, person))
            call = LinkCall(OPPORTUNITIES, deal_id, "contacts", contact_id, {"contact_role": link.role.value})
            yield partial(self.crm.calls.set_relationships, self._session, [call], timeout_s=_TIMEOUT_S)
        for agent in deal.agents:
            record = commission_of(deal, agent.crm_contact_id)
            fields = {"name": record.name, "amount": str(record.net), "dw_opp_ida": deal_id}
            yield self._put(COMMISSIONS, {**fields, "dw_con_ida": record.account})

    def _found_or_made(self, contact: Contact) -> Generator[Call, Any, str]:
        page = yield self._search(contact.values["email"] or "")
        fields = {
            "first_name": "Pat",
            "last_name": contact.values["last_name"] or "",
            "email1": contact.values["email"],
        }
        found = page.entries[0].id if page.entries else (yield self._put(CONTACTS, fields))
        self._ids[contact.id] = found
        return str(found)

    def _changed(self, event: Change) -> Work:
        deal = deal_of(event.deal)
        yield self._put(OPPORTUNITIES, {"id": self._ids[deal.id], "dw_earnest_money_c": f"{event.at:.2f}"})
        if event.person is not None:
            contact = contact_of(event.deal, event.person)
            yield self._put(CONTACTS, {"id": self._ids[contact.id], "first_name": f"Pat {event.at:.2f}"})

    def _put(self, module: str, fields: Mapping[str, str | None]) -> Call:
        values = {name: text or "" for name, text in fields.items()}
        return partial(self.crm.calls.set_entry, self._session, module, values, timeout_s=_TIMEOUT_S)

    def _search(self, address: str) -> Call:
        where = (
            "contacts.id IN (SELECT eabr.bean_id FROM email_addr_bean_rel eabr "
            "JOIN email_addresses ea ON (ea.id = eabr.email_address_id) "
            f"WHERE eabr.deleted = 0 AND ea.email_address_caps = '{address.upper()}')"
        )
        return partial(
            self.crm.calls.get_entry_list,
            self._session,
            CONTACTS,
            where,
            ["id"],
            order_by="",
            offset=0,
            limit=2,
            deleted=False,
            timeout_s=_TIMEOUT_S,
        )
