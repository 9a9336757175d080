"""What a fresh local cloud is given: the fictional secrets and agents of events/, and where alarms are posted.

The stand-in for the CRM knows the agents too, as a brokerage's CRM does before we come: they are never created by us.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.agents_file import read_agents
from cli.tools import LocalCloudError
from storage.agents import DynamoAgentDirectory

if TYPE_CHECKING:
    from domain.agents import Agent

EVENTS = Path(__file__).resolve().parents[2] / "events"

#: Kind of secret to the file that holds the demo's: name to text, or to an object that is stored as JSON.
SECRETS = {"webhooks": "secrets.demo.json", "providers": "provider-secrets.demo.json", "crm": "crm-secrets.demo.json"}

#: Everybody who works here by the end of the demo.
AGENTS = ("agents.csv", "agents.newcomer.csv")


def seed(client: Callable[[str], Any], secrets_prefix: str, agents_table: str, slack_url: str) -> None:
    """Put the demo's secrets and agents in place; what is there already is replaced."""
    secrets = client("secretsmanager")
    for kind, file in SECRETS.items():
        for name, value in demo_file(file).items():
            text = value if isinstance(value, str) else json.dumps(value)
            secrets.put_secret_value(SecretId=f"{secrets_prefix}/{kind}/{name}", SecretString=text)
    secrets.put_secret_value(SecretId=f"{secrets_prefix}/slack", SecretString=json.dumps({"url": slack_url}))
    directory = DynamoAgentDirectory(client("dynamodb"), agents_table, time.sleep, time.monotonic)
    directory.add(read_agents(EVENTS / "agents.csv"))


def staff() -> list[Agent]:
    """The agents of events/, those too whom the directory learns of later."""
    return [agent for file in AGENTS for agent in read_agents(EVENTS / file)]


def enter_agents(crm_url: str, agents: Iterable[Agent]) -> None:
    """Put each agent's contact and user into the stand-in for the CRM, under the ids that the directory names.

    Args:
        crm_url: of the stand-in.
        agents: several may be the same person, as different sources know them.

    Raises:
        LocalCloudError: the stand-in does not answer, or does not take it.
    """
    import httpx

    try:
        with httpx.Client(base_url=crm_url, timeout=15, trust_env=False) as client:
            for module, record_id, fields in dict.fromkeys(_people(agents)):
                order = {"do": "enter", "module": module, "id": record_id, "fields": dict(fields)}
                client.post("/_dealwire/people", json=order).raise_for_status()
    except httpx.HTTPError as error:
        raise LocalCloudError(f"the stand-in for the CRM did not take the agents: {error}; see its log") from error


def _people(agents: Iterable[Agent]) -> Iterator[tuple[str, str, tuple[tuple[str, str], ...]]]:
    for agent in agents:
        first, _, last = agent.name.rpartition(" ")
        name = (("first_name", first), ("last_name", last))
        yield "Contacts", agent.crm_contact_id, name
        yield "Users", agent.crm_user_id, (("user_name", agent.crm_user_id), *name)


def demo_file(name: str) -> dict[str, Any]:
    """A JSON object of events/."""
    content: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return content
