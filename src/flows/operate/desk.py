"""What every action works with: the ports, who asks, and the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from domain.event_log import AuditEntry

if TYPE_CHECKING:
    from domain.commission.ports import Accounts, CdaDesk, CommissionStore, DocumentShelf, PlanShelf
    from domain.crm.ports import Debts, SyncStore
    from domain.operate.ports import (
        AuditTrail,
        Contacts,
        DeliveryLog,
        Depths,
        EventLog,
        Jobs,
        Mending,
        Shelf,
        Walk,
    )
    from domain.ports import Archive, MessageQueue
    from flows.operate.crm_desk import CrmDesk
    from flows.process_event import Policy, Ports, World


class DeskPorts(Protocol):
    """Everything outside that operators' actions need; an adapter may be built when it is first used."""

    @property
    def log(self) -> EventLog:
        """The state of each event."""
        ...

    @property
    def mending(self) -> Mending:
        """Changes of open events."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """Who did what."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Replays under way."""
        ...

    @property
    def deliveries(self) -> DeliveryLog:
        """The index of the archive."""
        ...

    @property
    def walk(self) -> Walk:
        """How far the archive was walked."""
        ...

    @property
    def shelf(self) -> Shelf:
        """The archive as a whole."""
        ...

    @property
    def archive(self) -> Archive:
        """The bytes in it."""
        ...

    @property
    def depths(self) -> Depths:
        """How many messages the queues hold."""
        ...

    @property
    def contacts(self) -> Contacts:
        """Contacts and their deals."""
        ...

    @property
    def queue(self) -> MessageQueue:
        """Where replayed events go."""
        ...

    @property
    def plans(self) -> PlanShelf:
        """Published commission plans."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Commission accounts, and the brokerage."""
        ...

    @property
    def commissions(self) -> CommissionStore:
        """What closings were settled to."""
        ...

    @property
    def cdas(self) -> CdaDesk:
        """CDAs and their way."""
        ...

    @property
    def documents(self) -> DocumentShelf:
        """Rendered documents."""
        ...

    @property
    def rows(self) -> SyncStore:
        """What we know of the rows of an external CRM."""
        ...

    @property
    def debts(self) -> Debts:
        """What it is owed, counted."""
        ...

    @property
    def crm(self) -> CrmDesk | None:
        """The external CRM; None: our store is the CRM."""
        ...

    @property
    def process(self) -> Ports:
        """What processing an event needs: to tell what it would do."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of an operator.

    Attributes:
        ports: the outside.
        who: ARN of the caller, from the signed request.
        now: aware UTC.
        new_id: an id that nothing else has and that sorts by time.
        policy: by which events are processed.
        world: the same as processing has.
    """

    ports: DeskPorts
    who: str
    now: datetime
    new_id: Callable[[], str]
    policy: Policy
    world: World

    def entry(self, action: str, subject: str, why: str, **details: str) -> AuditEntry:
        """An audit entry of this request; `details` are ids, counts and names, never values of a payload."""
        return AuditEntry(self.new_id(), self.now, self.who, action, subject, why, details)
