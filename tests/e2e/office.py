"""A brokerage of its own within the one local cloud: two agents, a plan, closings of theirs, and the command line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cli.main import app
from tests.e2e.conftest import EVENTS, Cloud, unique

#: The stream rings within a second or two; the schedule, once a minute, is what a lost bell costs.
SETTLED_S = 90.0

HEADER = "source,agent_id,name,licence,office,crm_user_id,crm_contact_id"
CLOSED = json.loads((EVENTS / "transactions/deal.closed__co_listed.json").read_text(encoding="utf-8"))
PLAN = """
plan: {name}
title: Seventy to thirty, with a cap
counters:
  company_dollar: {{year: calendar, cap: 5000}}
split: {{company: 30, of: part, capped_by: company_dollar}}
fees:
  - {{rule: review, code: fee, title: File review, payee: company, per: deal, flat: 100}}
"""


class Office:
    """Two agents of their own, whom the CRM knows, a plan, and the command line."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.agents = [unique("A"), unique("A")]
        self.accounts = [unique("contact"), unique("contact")]
        self.plan = unique("plan").lower()
        rows = [
            f"transactions,{agent},{name},L-{agent},Main,user-{agent},{account}"
            for agent, account, name in zip(self.agents, self.accounts, ("Dana Reyes", "Lee Marsh"), strict=True)
        ]
        agents = self.file("agents.csv", "\n".join([HEADER, *rows]))
        cloud.enter_agents(Path(agents))
        self.run("agents", "import", agents)

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run(self, *arguments: str, status: int = 0) -> Any:
        """The command, as a person types it, with --json; gives what it prints."""
        result = CliRunner().invoke(app, [*arguments, "--json"])
        assert result.exit_code == status, f"dealwire {' '.join(arguments)}: {result.output}"
        return json.loads(result.stdout) if result.stdout.strip() else None

    def publish_and_assign(self) -> None:
        plan = self.file("plan.yaml", PLAN.format(name=self.plan))
        self.run("plan", "publish", plan, "--effective", "2026-01-01", "--accept-unverified", "--why", "for a test")
        for agent in self.agents:
            named = f"transactions/{agent}"
            options = ("--from", "2026-01-01", "--accept-unverified", "--why", "signed")
            self.run("plan", "assign", named, self.plan, *options)

    def close(self, deal: str, version: int, **changes: Any) -> str:
        """A closing of the deal, co-listed by both; gives our id of it."""
        body = copy.deepcopy(CLOSED)
        body["data"]["referral"] = None
        body["data"]["commission"] = {"percent": "4", "flat": None, "amount": None}
        body["data"]["participants"][:2] = self.listing()
        return self.send(body, deal, version, **changes)

    def listing(self) -> list[dict[str, Any]]:
        """Both agents as an event names them, half the side each."""
        told = zip(CLOSED["data"]["participants"][:2], self.agents, strict=True)
        return [person | {"agent_id": agent, "share": "1/2"} for person, agent in told]

    def send(self, body: Any, deal: str, version: int, **changes: Any) -> str:
        """The event, of this deal and of people of its own; gives our id of the deal once it is applied."""
        event = unique("evt")
        body["id"] = event
        body["data"] |= {"id": deal, "version": version, **changes}
        people = body["data"].pop("participants", None)
        if people is not None:  # people are the same on every deal of a source
            body["data"]["participants"] = [person | {"id": f"{deal}-{person['id']}"} for person in people]
        self.cloud.accepted("transactions", json.dumps(body).encode(), event)
        return self.cloud.applied("transactions", event).id

    def commission(self, deal: str, calculations: int) -> Any:
        """The deal's commission once it has so many calculations and nothing is due."""

        def look() -> Any:
            told = self.run("commission", "show", deal)
            return told if len(told["history"]) >= calculations and not told["due"] else None

        return self.cloud.until(look, SETTLED_S)
