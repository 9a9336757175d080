"""How the external CRM stands, as all workers know it: for those who only ring or watch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm.budget_row import standing
from storage.delivery.shared import DynamoSharedRows

if TYPE_CHECKING:
    from domain.crm.standing import LineState

__all__ = ["state_of"]


def state_of(dynamodb: Any, records: str, credential: str) -> Callable[[datetime], LineState]:
    """What tells at a time how a credential stands.

    Args:
        dynamodb: client.
        records: table with what all workers share.
        credential: name of it.
    """
    rows = DynamoSharedRows(dynamodb, records)
    return lambda now: standing(rows.read(f"budget/{credential}").document, now)
