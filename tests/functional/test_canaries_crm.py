"""Nothing personal and no secret is in anything that delivering to a CRM emits, not even where the CRM quotes it.

As `test_canaries`, with one deal of everything: the line breaks in every form, people are known twice, and the CRM
answers with whatever it was given.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from crm.suitecrm.calls import SoapFault
from dev.crm import server as stand_in
from dev.crm.soap_control import Control
from dev.crm.soap_requests import Request
from domain.errors import Cause
from handlers import reconcile
from runtime.wiring import deliver as wiring_deliver
from runtime.wiring import operate as wiring_operate
from runtime.wiring import reconcile as wiring_reconcile
from tests.functional.conftest import EVENTS, Context, MotoStack, forget
from tests.functional.test_canaries import PERSONAL, Canaries, Case, House, hits, mapped
from tests.functional.test_canaries import house as _house
from tests.functional.test_deliver import Line, secret
from tests.template import resolve

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PASSWORD = "crmcanary9d1e"
CLOSING = json.loads((EVENTS / "transactions/deal.closed__co_listed.json").read_bytes())
house = _house


@dataclass
class Delivery:
    """The house, and the line from it to a CRM.

    Attributes:
        tokens: every session that the CRM gave.
    """

    house: House
    line: Line
    crm: Control
    canaries: Canaries
    tokens: list[str] = field(default_factory=list)

    def send(self, deal: str, version: int = 21, **changes: Any) -> None:
        """The closing, planted, as a deal of its own with people of its own."""

        def plant(key: str, value: Any) -> Any:
            planted = isinstance(value, str) and PERSONAL.search(key) and value
            return self.canaries.plant(key, f"{value} {deal}") if planted else value

        told = mapped(CLOSING, plant)
        told["data"] |= {"id": deal, "version": version, **changes}
        text = re.sub(r'"P-(\d)"', rf'"{deal}-\1"', json.dumps(told))
        self.house.send(Case("transactions", f"{deal}-{version}", text.encode()))
        self.line.ring()

    def deliver(self, times: int = 1, *, minutes: int = 1) -> None:
        """What is owed is delivered and then rung again; so often, so long after one another."""
        for _ in range(times):
            while self.line.waiting():
                self.line.drain()
            self.line.stack.clock.move(minutes=minutes)
            self.line.stack.sweep()

    def check(self) -> None:
        """The scheduled comparison."""
        self.house.emitted["answers of reconcile"].append(json.dumps(reconcile.lambda_handler({}, Context())))

    def begin(self, user: str, password: str) -> str:
        """A login."""
        self.tokens.append(type(self.crm.model.logins).begin(self.crm.model.logins, user, password))
        return self.tokens[-1]


@pytest.fixture
def delivery(house: House, moto_stack: MotoStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    control = Control(stand_in.USER, PASSWORD)
    bells = moto_stack.sqs.get_queue_url(QueueName=resolve({"Ref": "CrmSyncQueue"}))["QueueUrl"]
    with stand_in.running(control=control) as crm:
        for name, value in {"CRM_KIND": "suitecrm", "CRM_BASE_URL": crm.url, "CRM_RATE_LIMIT": "1000"}.items():
            monkeypatch.setenv(name, value)
        forget()
        secret({"user": stand_in.USER, "password": PASSWORD})
        canaries = Canaries()
        house.stack.directory.add(canaries.agents())
        made = Delivery(house, Line(moto_stack, crm.url, bells), control, canaries)
        monkeypatch.setattr(control.model.logins, "begin", made.begin)
        yield made
        wiring_deliver.ports().crm.close()
        if (suite := wiring_operate.ports()._suite) is not None:
            suite.close()
        if wiring_reconcile._crm.cache_info().currsize and (suite := wiring_reconcile._crm()) is not None:
            suite.close()


#: Whatever the line can do to a call.
BROKEN = ("500_empty", "lost", "fault_done", "garbage", "redirect", "nil", "429")


def misfortunes(delivery: Delivery) -> None:
    """A change meets each form of trouble."""
    for version, form in enumerate(BROKEN, 30):
        delivery.line.order("next", form=form, operation="set_entries")
        delivery.line.order("next", form=form, operation="get_entries")
        delivery.send("TX-BROKEN", version, sale_price=f"{version}0000.00")
        delivery.deliver()
    delivery.deliver(2, minutes=5)
    assert delivery.line.state()["troubles"].keys() >= set(BROKEN)


def quoted(delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRM fails and says on what: first for searches, then for writes, until those count as refused."""
    run, heard = delivery.crm.run, Counter[str]()

    def quotes(request: Request) -> str:
        heard[request.operation] += 1
        if request.operation not in hostile:
            return run(request)
        given = re.findall(r"[^\"' ]*(?:canary|307)[^\"' ]*", json.dumps(request.arguments), re.IGNORECASE)
        raise SoapFault("77", f"failed near {' '.join(given)}; session {request.arguments[0]}")

    with monkeypatch.context() as patch:
        patch.setattr(delivery.crm, "run", quotes)
        hostile = {"get_entry_list", "get_relationships"}
        delivery.send("TX-QUOTED")
        delivery.deliver()
        delivery.house.ask("crm-status")
        hostile = {"set_entries", "set_entry", "set_relationships"}
        for _ in range(10):
            if delivery.line.logged("the CRM refuses a row"):
                break
            delivery.deliver(minutes=6)
    assert heard.keys() >= {"get_entry_list", "set_entries", "set_entry"}


def refused(delivery: Delivery) -> None:
    """The CRM lets us in no more, and the alarm about it is told."""
    delivery.crm.model.logins.denial = "1009"
    delivery.line.order("expire")
    delivery.line.stack.clock.move(minutes=2)
    delivery.send("TX-REFUSED")
    delivery.deliver(2)
    delivery.house.ask("crm-status")
    delivery.crm.model.logins.denial = ""
    delivery.house.ask("crm-resume", why="canaries")
    delivery.deliver(2)


def questions(delivery: Delivery) -> None:
    """Everything that operators ask and answer; preflight tells of the directory, which is theirs to see."""
    ask = delivery.house.ask
    ask("crm-preflight", shown=False)
    (asking, *_) = ask("crm-asks")["rows"]
    ask("crm-show", row=asking["row"])
    ask("crm-answer", row=asking["row"], decision="adopt", remote_id=asking["candidates"][0], why="canaries")
    ask("crm-show", row="transactions/TX-QUOTED")
    for row in ask("list", filter={"states": ["dead"], "cause": Cause.CRM_REJECTED})["rows"]:
        ask("show", id=row["id"])
        ask("trace", of=row["id"])
    delivery.deliver(2)
    delivery.line.order("people", do="edit", module="Contacts", id="twice-0", fields={"first_name": "canaryhand"})
    ask("reconcile")
    delivery.check()
    delivery.house.watch()


def known_twice(delivery: Delivery) -> None:
    """Two contacts of the CRM have the address of somebody who is to come."""
    address = delivery.canaries.of("Melissa.Grant@Example.com TX-BROKEN", "email")
    for number in range(2):
        fields = {"last_name": delivery.canaries.new(), "email1": address}
        delivery.line.order("people", do="enter", module="Contacts", id=f"twice-{number}", fields=fields)


def test_nothing_personal_and_no_secret_is_in_anything_that_delivering_emits(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_twice(delivery)
    delivery.send("TX-BROKEN")
    delivery.deliver()
    misfortunes(delivery)
    quoted(delivery, monkeypatch)
    refused(delivery)
    delivery.house.bury()
    questions(delivery)
    needles = delivery.canaries.needles() | {PASSWORD, "canaryhand", *delivery.tokens}
    emitted = delivery.house.collect()

    assert hits(needles, emitted) == set()

    # It was all there to be told.
    kept = {"records": str(delivery.house.stack.rows("RecordsTable")), "CRM": json.dumps(delivery.line.state())}
    assert {place for place, _ in hits(needles, kept)} == {"records", "CRM"}
    assert Cause.CRM_REJECTED in delivery.house.filed
    assert delivery.tokens
    assert [place for place in COLLECTED if not emitted[place]] == []


COLLECTED = ("log", "metrics", "dead letters", "audit", "answers of operate crm-show", "answers of operate reconcile")
