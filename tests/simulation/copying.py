"""Changed copies of frozen dataclasses, without their slow way of being made.

A sixth of a simulation's time went into `dataclasses.replace`, which sets each field of a frozen object by way of
`object.__setattr__`. Copies are the same here, they only are made otherwise; the delivered code knows nothing of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

_slowly = dataclasses.replace

#: Class to what copies an object of it into its twin, which is laid out alike and not frozen; None: only the slow way.
_copies: dict[type, Callable[[Any], Any] | None] = {}


def replace(obj: Any, /, **changes: Any) -> Any:
    """What `dataclasses.replace` gives."""
    cls = type(obj)
    if cls not in _copies:
        _copies[cls] = _copier(cls)
    copy = _copies[cls]
    if copy is None:
        return _slowly(obj, **changes)
    made = copy(obj)
    for name, value in changes.items():
        setattr(made, name, value)
    made.__class__ = cls
    return made


def _copier(cls: type) -> Callable[[Any], Any] | None:
    """Only for a class whose fields are all its slots, set by an `__init__` that does nothing else."""
    fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    names = tuple(field.name for field in fields)
    if cls.__bases__ != (object,) or cls.__dict__.get("__slots__") != names or hasattr(cls, "__post_init__"):
        return None
    if not all(field.init for field in fields) or "InitVar" in str(cls.__annotations__):
        return None
    scope: dict[str, Any] = {"Twin": type(f"{cls.__name__}Twin", (), {"__slots__": names})}
    # Names of fields only, as dataclasses itself does it.
    lines = ["def copy(obj):", "    made = Twin()", *(f"    made.{name} = obj.{name}" for name in names)]
    exec("\n".join([*lines, "    return made"]), scope)
    copy: Callable[[Any], Any] = scope["copy"]
    return copy


def copy_quickly() -> None:
    """From now on, for whatever imports `dataclasses.replace` after this."""
    dataclasses.replace = replace
