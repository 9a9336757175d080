"""What an operator's request can get as an answer other than what was asked for."""

from __future__ import annotations

from typing import ClassVar

from domain.errors import DealwireError


class RequestRefused(DealwireError):
    """The request cannot be done; its text is one line that says what to do. `status` is that of the answer."""

    status: ClassVar[int] = 400


class BadRequest(RequestRefused):
    """What was asked makes no sense."""


class NotFound(RequestRefused):
    """What it is about is not there."""

    status = 404


class Taken(RequestRefused):
    """What it is about is not in a state that allows it, or somebody else was first."""

    status = 409
