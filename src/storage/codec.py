"""Deals, contacts and applied events as stored documents: plain maps that a person can read in the console.

Absent and None are one in storage; money is `{"amount": "525000.00", "currency": "USD"}`, days are ISO, shares `1/3`,
marks `order:event`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from domain.deal import Contact, Deal, Known, StageObservation
from domain.marks import Mark

if TYPE_CHECKING:
    from domain.envelope import Envelope
    from domain.event_log import Passage
    from domain.ports import Change

_DEAL = TypeAdapter(Deal)


def deal_document(deal: Deal) -> dict[str, Any]:
    """The deal as it is stored."""
    document: dict[str, Any] = _DEAL.dump_python(
        deal, mode="json", exclude={"marks", "participants_mark", "agents_mark", "people"}, exclude_none=True
    )
    document["details"] = {name: value for name, value in document["details"].items() if value != {}}
    document["marks"] = _marks_as_text(deal.marks)
    document |= {"participants_mark": str(deal.participants_mark), "agents_mark": str(deal.agents_mark)}
    document["people"] = {alias: _known_document(known) for alias, known in deal.people.items()}
    return document


def deal_from(document: dict[str, Any]) -> Deal:
    """The deal that `deal_document` stored."""
    people = {alias: _known_from(known) for alias, known in document["people"].items()}
    lists = {name: Mark.parse(document[name]) for name in ("participants_mark", "agents_mark")}
    fields = {"version": int(document["version"]), "marks": _marks(document), "people": people}
    return _DEAL.validate_python({**document, **lists, **fields})


def contact_document(contact: Contact) -> dict[str, Any]:
    """The contact as it is stored; a cleared value keeps its mark."""
    return {
        "id": contact.id,
        "version": contact.version,
        "values": {name: value for name, value in contact.values.items() if value is not None},
        "marks": _marks_as_text(contact.marks),
    }


def contact_from(document: dict[str, Any]) -> Contact:
    """The contact that `contact_document` stored."""
    marks = _marks(document)
    values = dict.fromkeys(marks) | document["values"]
    return Contact(id=document["id"], version=int(document["version"]), values=values, marks=marks)


def observation_document(seen: StageObservation) -> dict[str, Any]:
    """The stage observation as it is stored."""
    return seen.model_dump(mode="json", exclude={"mark"}, exclude_none=True) | {"mark": str(seen.mark)}


def observation_from(document: dict[str, Any]) -> StageObservation:
    """The stage observation that `observation_document` stored."""
    return StageObservation.model_validate({"reason": None, **document, "mark": Mark.parse(document["mark"])})


def event_columns(envelope: Envelope) -> dict[str, Any]:
    """What every row of an event says about its message, whatever its state."""
    return {
        "source": envelope.source,
        "event_id": envelope.event_id,
        "event_type": envelope.event_type,
        "receipt": envelope.receipt,
        "archive_key": envelope.archive_key,
        "mapping_version": envelope.mapping_version,
        "received_at": envelope.received_at.isoformat(),
    }


def applied_document(change: Change, now: datetime) -> dict[str, Any]:
    """What is kept of an applied event; attributes that an index reads are left out where they are empty."""
    envelope = change.envelope
    row = event_columns(envelope) | {
        "content_type": envelope.content_type,
        "applied_at": now.isoformat(),
        "deal_id": change.deal_id,
        "changed": list(change.changed),
        "mapped_by": change.mapped_by,
    }
    optional = {"deal": change.about, "replay": envelope.replay, "looked_up": list(change.looked_up)}
    return row | {name: value for name, value in optional.items() if value}


def applied_passage(row: Mapping[str, Any]) -> Passage:
    """How an event was applied, from the row of `applied_document`; the replay that replaces it keeps that."""
    from domain.event_log import Passage, State  # only replays need it

    changed = ", ".join(row.get("changed", ())) or "nothing"
    told = f"changed {changed}; mapping v{row['mapped_by']}"
    again = f"; by replay {row['replay']}" if "replay" in row else ""
    return Passage(State.APPLIED, datetime.fromisoformat(row["applied_at"]), told + again)


def passage_document(passage: Passage) -> dict[str, str]:
    """What keeps a state that an event was in, the sort key included: the same state since the same time is one row."""
    at = passage.at.isoformat()
    return {"sk": f"PAST#{at}#{passage.state}", "at": at, "told": passage.told}


def _known_document(known: Known) -> dict[str, Any]:
    values = {name: value for name, value in known.values.items() if value is not None}
    return {"contact_id": known.contact_id, "values": values, "marks": _marks_as_text(known.marks)}


def _known_from(document: dict[str, Any]) -> Known:
    marks = _marks(document)
    return Known(document["contact_id"], dict.fromkeys(marks) | document["values"], marks)


def _marks_as_text(marks: Mapping[str, Mark]) -> dict[str, str]:
    return {name: str(mark) for name, mark in marks.items()}


def _marks(document: dict[str, Any]) -> dict[str, Mark]:
    return {name: Mark.parse(text) for name, text in document["marks"].items()}
