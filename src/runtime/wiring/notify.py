"""What `notify` is made of."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from flows.tell_alarm import TellPorts
from notify.blocks import alert_blocks
from notify.email import SnsEmail
from notify.slack import SlackAnnouncements
from runtime.config import NotifySettings
from runtime.wiring.edges import client
from storage.event_log import DynamoEventLog
from storage.secrets import SecretsManagerStore

__all__ = ["ports"]

#: The notifier looks at what is open; who did what is none of its business, and it may not read it.
_NO_AUDIT_TABLE = ""


@lru_cache(maxsize=1)
def ports() -> TellPorts:
    """The ports of `notify`."""
    settings = NotifySettings.from_env(os.environ)
    return TellPorts(
        log=DynamoEventLog(client("dynamodb"), settings.events_table, _NO_AUDIT_TABLE, time.sleep),
        slack=SlackAnnouncements(SecretsManagerStore(client("secretsmanager"), settings.secrets_prefix)),
        email=SnsEmail(client("sns"), settings.email_topic_arn),
        render=alert_blocks,
    )
