"""What a fresh local cloud is given: the fictional secrets and agents of events/, and where alarms are posted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.agents_file import read_agents
from storage.agents import DynamoAgentDirectory

EVENTS = Path(__file__).resolve().parents[2] / "events"

#: Kind of secret to the file that holds the demo's: name to text, or to an object that is stored as JSON.
SECRETS = {"webhooks": "secrets.demo.json", "providers": "provider-secrets.demo.json", "crm": "crm-secrets.demo.json"}


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


def demo_file(name: str) -> dict[str, Any]:
    """A JSON object of events/."""
    content: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return content
