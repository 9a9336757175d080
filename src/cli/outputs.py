"""What a deployed stack says of itself: the outputs of template.yaml, by the names that the code uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import ConfigurationError

TABLES = {
    "records": "RecordsTableName",
    "agents": "AgentDirectoryTableName",
    "events": "EventsTableName",
    "audit": "AuditTableName",
}
QUEUES = {
    "transactions": "TransactionsQueueUrl",
    "transactions_dlq": "TransactionsDeadLetterQueueUrl",
    "sweep_dlq": "SweepDeadLetterQueueUrl",
    "notify_dlq": "NotifyDeadLetterQueueUrl",
    "crm_sync": "CrmSyncQueueUrl",
    "crm_sync_dlq": "CrmSyncDeadLetterQueueUrl",
}


class Outputs:
    """The outputs of one stack.

    Raises:
        ConfigurationError: it lacks one that every Dealwire has; names all that are missing.
    """

    def __init__(self, stack: str, described: Sequence[Mapping[str, Any]]) -> None:
        self._values = {output["OutputKey"]: str(output["OutputValue"]) for output in described}
        self._stack = stack
        urls = self.named({"api": "ApiUrl", "operate": "OperateUrl", **TABLES, **QUEUES})
        self.api_url, self.operate_url = urls["api"], urls["operate"]
        self.tables = self.named(TABLES)
        self.queues = self.named(QUEUES)

    def named(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The values of these outputs by our names for them.

        Raises:
            ConfigurationError: names all that are missing.
        """
        missing = sorted(set(wanted.values()) - self._values.keys())
        if missing:
            raise ConfigurationError(
                f"stack {self._stack} has no output {', '.join(missing)}: it is no Dealwire, or an older one; "
                "name another with --stack, or deploy this version with `make deploy`"
            )
        return {ours: self._values[theirs] for ours, theirs in wanted.items()}
