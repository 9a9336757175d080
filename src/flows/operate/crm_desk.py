"""The external CRM as operators' actions need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from domain.agents import Agent
    from domain.crm.ports import Bells
    from domain.crm.reconciling import CrmReader
    from domain.crm.sink import Lack, Schema
    from domain.crm.standing import LineFigures
    from flows.delivery.content import Drawing


class CrmDesk(Protocol):
    """One external CRM. It is a `flows.reconcile.CrmSide`, too."""

    @property
    def kind(self) -> str:
        """Its name, e.g. `suitecrm`."""
        ...

    @property
    def bells(self) -> Bells:
        """The queue to `deliver`."""
        ...

    def drawing(self) -> Drawing:
        """What rows are drawn with; raises `CrmFaulted` if the CRM must be asked for that and does not answer."""
        ...

    def reader(self) -> CrmReader:
        """Reads it, under the share of the backfill."""
        ...

    def figures(self, now: datetime) -> LineFigures:
        """How it stands, as all workers know it; it is not asked."""
        ...

    def resume(self) -> None:
        """A person acted on refused credentials: the next call may log in at once."""
        ...

    def preflight(self, agents: Iterable[Agent]) -> tuple[Schema, Sequence[Lack]]:
        """Ask what it can hold and let all workers know; and which CRM ids of these agents lead nowhere.

        Raises:
            CrmFaulted: it does not answer, or refuses us.
        """
        ...

    def release(self) -> None:
        """The request is done: what it holds of the shared budget is for others."""
        ...
