"""Deals and contacts as stored documents: plain maps of strings that a person can read in the console.

Absent and None are one in storage; money is `{"amount": "525000.00", "currency": "USD"}`, days are ISO, shares `1/3`,
marks `order:event`.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from domain.deal import Contact, Deal, Mark, StageObservation

_DEAL = TypeAdapter(Deal)


def deal_document(deal: Deal) -> dict[str, Any]:
    """The deal as it is stored."""
    document: dict[str, Any] = _DEAL.dump_python(deal, mode="json", exclude={"marks"}, exclude_none=True)
    document["details"] = {name: value for name, value in document["details"].items() if value != {}}
    document["marks"] = {name: str(mark) for name, mark in deal.marks.items()}
    return document


def deal_from(document: dict[str, Any]) -> Deal:
    """The deal that `deal_document` stored."""
    return _DEAL.validate_python({**document, "version": int(document["version"]), "marks": _marks(document)})


def contact_document(contact: Contact) -> dict[str, Any]:
    """The contact as it is stored; a cleared value keeps its mark."""
    return {
        "id": contact.id,
        "version": contact.version,
        "values": {name: value for name, value in contact.values.items() if value is not None},
        "marks": {name: str(mark) for name, mark in contact.marks.items()},
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


def _marks(document: dict[str, Any]) -> dict[str, Mark]:
    return {name: Mark.parse(text) for name, text in document["marks"].items()}
