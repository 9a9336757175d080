"""What every request and answer of the operators' API is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: Events that one request may name.
MOST_IDS = 100

Why = Annotated[str, Field(min_length=3, max_length=500)]
#: `source/event id` or a receipt.
Id = Annotated[str, Field(min_length=1, max_length=600)]


class Message(BaseModel):
    """Base: immutable, and nothing in it that we did not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Refused(Message):
    """The answer to what cannot be done: one line that says what and what to do. With 400, 404, 409 or 503."""

    error: str
