"""What the log and the metrics keep of an operator's request: who did what to which ids, and how it ended."""

from __future__ import annotations

import json
import re
from typing import Any

from domain.operate.actions import ACTIONS
from flows.operate.rows import without_addresses
from runtime.observability import logger, metrics

#: `source/event id`, or a receipt, a replay, a record of ours. What looks otherwise may be a person's name.
_ID = re.compile(r"[a-z][\w-]{0,40}/[!-~]{1,200}|[0-9a-f]{32}")
_NAMING = ("id", "ids", "job", "of", "contact", "deal", "agent", "calculation")
_MOST_LOGGED = 10


def record_operation(action: str, who: str, status: int, request: str) -> None:
    """Leave one log line and a count; of the request only the ids in it, never an e-mail address."""
    # Anything may stand in the path, and a dimension costs for each of its values.
    known = action if action in ACTIONS else "unknown"
    # Single sign-on puts an e-mail address into the ARN; the audit entry has it whole.
    facts = {"action": known, "who": without_addresses(who), "status": status, "ids": _ids(request)}
    (logger.info if status < 500 else logger.error)("operated", extra=facts)
    metrics.add_dimension("action", known)
    metrics.add_metric("OperatorAction", unit="Count", value=1)


def _ids(request: str) -> list[str]:
    try:
        fields: Any = json.loads(request)
    except (RecursionError, ValueError):  # answered with what is wrong with it
        return []
    held = [fields.get(name) for name in _NAMING] if isinstance(fields, dict) else []
    values = [one for value in held for one in (value if isinstance(value, list) else [value])]
    ids = [one for one in values if isinstance(one, str) and _ID.fullmatch(one)]
    return [without_addresses(one) for one in ids[:_MOST_LOGGED]]
