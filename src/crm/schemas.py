"""What the CRM can hold, asked once a day for all workers and kept in a shared document.

What it lacks is said once in the log, when that is news: rows are delivered without those fields.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.ports import SharedRows
from domain.crm.rows import Kind
from domain.crm.sink import FieldSchema, Lack, Schema
from domain.errors import Conflict, Unavailable

#: An administrator who adds a field runs `dealwire crm preflight`, which asks at once; this is for one who does not.
ASKED_EVERY = timedelta(hours=24)
#: How soon it is tried again where the CRM did not answer and an older description has to do.
_AGAIN = timedelta(minutes=5)
#: A process looks at the shared document again after this.
_LOOKED_EVERY = timedelta(minutes=5)
#: How soon to ask again where our own storage does not answer, in seconds.
_STORAGE_S = 5.0

logger = logging.getLogger(__name__)


def schema_document(credential: str) -> str:
    """Name of the shared row of what a CRM can hold."""
    return f"schema/{credential}"


@dataclass(frozen=True, slots=True)
class _Held:
    schema: Schema
    asked_at: datetime
    of: str


class SharedSchema:
    """What the CRM of one credential can hold.

    Args:
        rows: shared by all workers.
        credential: name of it, e.g. `suitecrm`.
        of: what was asked for, e.g. the mapping's version: the answer to another question is none.
        describe: asks the CRM; raises `CrmFaulted`.
        now: the time.
    """

    def __init__(
        self,
        rows: SharedRows,
        credential: str,
        *,
        of: str,
        describe: Callable[[], Schema],
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._name = schema_document(credential)
        self._of = of
        self._describe = describe
        self._now = now
        self._held: _Held | None = None
        self._look_at = datetime.min.replace(tzinfo=UTC)

    def schema(self) -> Schema:
        """What it can hold, as it was asked at most a day ago.

        Raises:
            CrmFaulted: nobody knows yet, and the CRM does not answer or refuses us; or our own storage does not answer.
        """
        now = self._now()
        if self._held is not None and now < self._look_at:
            return self._held.schema
        try:
            held = self._stored()
        except Unavailable as fault:
            raise CrmFaulted(Fault(FaultClass.UNAVAILABLE, f"no schema: {fault}", wait_s=_STORAGE_S)) from fault
        self._look_at = now + _LOOKED_EVERY
        if held is not None and now < held.asked_at + ASKED_EVERY:
            self._held = held
            return held.schema
        try:
            return self.ask()
        except CrmFaulted:
            if held is None:
                raise
            self._held, self._look_at = held, now + _AGAIN
            return held.schema

    def ask(self) -> Schema:
        """Ask the CRM now, and let everybody know.

        Raises:
            CrmFaulted: it does not answer, or refuses us.
        """
        before = self._held
        schema = self._describe()
        self._held = _Held(schema, self._now(), self._of)
        with suppress(Conflict, Unavailable):  # then the next process asks again
            stored = self._rows.read(self._name)
            before = before or _parsed(stored.document, self._of)
            self._rows.write(self._name, _document(self._held), stored.guard)
        if schema.lacks and (before is None or tuple(before.schema.lacks) != tuple(schema.lacks)):
            logger.warning("the CRM lacks something of ours", extra={"lacks": [lack.what for lack in schema.lacks]})
        return schema

    def _stored(self) -> _Held | None:
        return _parsed(self._rows.read(self._name).document, self._of)


def _document(held: _Held) -> dict[str, Any]:
    schema = held.schema
    return {
        "of": held.of,
        "asked_at": held.asked_at.isoformat(),
        "version": schema.version,
        "fields": {
            kind.value: {name: [one.length, one.type] for name, one in fields.items()}
            for kind, fields in schema.fields.items()
        },
        "lacks": [[lack.what, lack.effect, lack.remedy, lack.fatal] for lack in schema.lacks],
    }


def _parsed(document: Mapping[str, Any], of: str) -> _Held | None:
    """What is stored; None if nothing is, or the answer to another question."""
    if document.get("of") != of:
        return None
    fields = {
        Kind(kind): {name: FieldSchema(int(length), word) for name, (length, word) in named.items()}
        for kind, named in document["fields"].items()
    }
    lacks = tuple(Lack(*lack) for lack in document["lacks"])
    return _Held(Schema(document["version"], fields, lacks), datetime.fromisoformat(document["asked_at"]), of)
