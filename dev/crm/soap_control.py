"""What tests, the demo and the benchmarks may ask of the stand-in, beside what its clients see."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from dev.crm.addon import shipped
from dev.crm.model import CrmModel
from dev.crm.schema import FIRST_ADDON, STOCK, merged
from dev.crm.soap_operations import Operations
from dev.crm.soap_requests import Request
from dev.crm.soap_troubles import Troubles

#: Seconds between two looks for calls that are done late.
_LOOK_S = 0.05


class Unknown(Exception):
    """Nothing of this name can be asked for, or not so."""


class Control:
    """The CRM behind the server, one call at a time.

    Args:
        user: the API user.
        password: of the API user.
        addon: which one is installed: `full`, `first` or `none`.
        seed: of chance.
        now: UNIX seconds.

    Attributes:
        connections: that were opened.
        cookies: requests that came with one; SuiteCRM would ignore the session that such a request names.
    """

    def __init__(
        self,
        user: str,
        password: str,
        addon: str = "full",
        *,
        seed: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lock = threading.RLock()
        self._user, self._password, self._addon, self._now = user, password, addon, now
        self.connections = self.cookies = 0
        self.troubles = Troubles(seed)
        self._reset({"seed": seed})
        self._orders: dict[str, Callable[[dict[str, Any]], Any]] = {
            "settings": self.troubles.change,
            "next": self.troubles.plan,
            "expire": self._expire,
            "people": self._people,
            "fields": self._fields,
            "crm": self._crm,
            "reset": self._reset,
        }

    def run(self, request: Request) -> str:
        """Raises: SoapFault, UnknownOperation."""
        with self._lock:
            self.model.run_late(self._now())
            return self._operations.run(request)

    def run_later(self, request: Request, seconds: float) -> None:
        """Nobody will hear the result."""
        with self._lock:
            self.model.later(self._now() + seconds, lambda: self._operations.run(request))
        timer = threading.Timer(seconds + _LOOK_S, self._catch_up)
        timer.daemon = True
        timer.start()

    def order(self, name: str, order: dict[str, Any]) -> None:
        """Do what a control endpoint asks for.

        Raises:
            Unknown: there is no such endpoint, or it does not take this.
        """
        if name not in self._orders:
            raise Unknown(f"the stand-in knows no /_dealwire/{name}")
        try:
            with self._lock:
                self._orders[name](order)
        except (KeyError, TypeError, ValueError) as error:
            raise Unknown(f"/_dealwire/{name} does not take this: {error}") from error

    def state(self) -> dict[str, Any]:
        """All of it, as people see it."""
        with self._lock:
            self.model.run_late(self._now())
            model = self.model
            records = {
                module: {
                    each: {"deleted": record.deleted, "fields": model.shown(module, each)}
                    for each, record in table.items()
                }
                for module, table in model.records.items()
            }
            links = [
                {"link": link, "left": left, "right": right, "values": dict(values)}
                for link, left, right, values in model.links.rows()
            ]
            calls = Counter(call.operation for call in model.calls)
            return {
                "records": records,
                "links": links,
                "calls": dict(calls),
                "rows": sum(call.rows for call in model.calls),
                "writes": len(model.log),
                "logins": model.logins.count,
                "connections": self.connections,
                "cookies": self.cookies,
                "troubles": dict(self.troubles.happened),
            }

    def _catch_up(self) -> None:
        with self._lock:
            self.model.run_late(self._now())

    def _reset(self, order: dict[str, Any]) -> None:
        self.model = CrmModel(self._now, schema=_schema(self._addon), users={self._user: self._password})
        self._operations = Operations(self.model, self._password)
        self.troubles.reset(order.get("seed", 0))

    def _expire(self, _order: dict[str, Any]) -> None:
        self.model.logins.expire()

    def _people(self, order: dict[str, Any]) -> None:
        deeds: dict[str, Callable[[], Any]] = {
            "enter": lambda: self.model.enter(order["module"], order["fields"], order.get("id", "")),
            "edit": lambda: self.model.edit(order["module"], order["id"], order["fields"]),
            "delete": lambda: self.model.delete(order["module"], order["id"]),
            "purge": lambda: self.model.purge(order["module"], order["id"]),
            "merge": lambda: self.model.merge(order["module"], order["into"], order["id"], order.get("fields")),
            "join": lambda: self.model.join(order["module"], order["id"], order["link"], order["other"]),
            "part": lambda: self.model.part(order["module"], order["id"], order["link"], order["other"]),
        }
        deeds[order["do"]]()

    def _fields(self, order: dict[str, Any]) -> None:
        schema = _schema(order.get("addon", "full"))
        for module, names in order.get("drop", {}).items():
            for name in names:
                del schema[module][name]
        self.model.tables.schema = schema
        for module in schema:
            self.model.records.setdefault(module, {})

    def _crm(self, order: dict[str, Any]) -> None:
        """Its own state: `broken` (PHP 8), `denial` of logins, `idle_s`, `lifetime_s` of sessions, `lengths` told."""
        for name, value in order.items():
            if name == "broken":
                self.model.broken = bool(value)
            elif name == "lengths":
                self._operations.lengths = bool(value)
            elif name in {"denial", "idle_s", "lifetime_s"}:
                setattr(self.model.logins, name, value)
            else:
                raise KeyError(name)


def _schema(addon: str) -> dict[str, dict[str, tuple[str, str | int]]]:
    addons = {"full": (FIRST_ADDON, shipped()), "first": (FIRST_ADDON,), "none": ()}
    return merged(STOCK, *addons[addon])
