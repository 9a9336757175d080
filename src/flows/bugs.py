"""A fault of our own code, told without what it was about."""

from __future__ import annotations

import traceback
from pathlib import PurePath


def place_of(error: Exception) -> str:
    """Type and place of the fault; its text may hold values of the deal, and goes to no log."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {PurePath(frame.filename).name}:{frame.lineno}"
