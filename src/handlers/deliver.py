"""Deliver: bells in, rows of the external CRM converged. The batch is one run, so that calls carry many rows.

A run that understood what happened takes its bells, whatever the CRM said: what waits stands on the rows. Only a short
wait is spent in the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.errors import BadPayload, Conflict, Unavailable
from flows.deliver_rows import deliver_rows
from runtime.deliveries import record_delivery, record_outage, record_stranger
from runtime.observability import logger, metrics
from runtime.wiring import deliver as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.crm.rows import RowKey

#: Seconds after which a bell rings again that met an outage of our own storage.
OUTAGE_WAIT_S = 15.0
#: A bell that has waited so often is taken; its row is rung by the sweeper when it is due. The queue's own limit of a
#: hundred receives is for bugs.
MOST_WAITS = 50


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Entry point; answers which bells are to ring again."""
    told = [(record, _row(record)) for record in event["Records"]]
    bells = [(record, row) for record, row in told if row is not None]
    again = _deliver([row for _, row in bells], context)
    waits = [(record, again[row]) for record, row in bells if row in again and _receives(record) < MOST_WAITS]
    wiring.patience().hide({record["receiptHandle"]: wait_s for record, wait_s in waits})
    left = [record for record, row in told if row is None] + [record for record, _ in waits]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in left]}


def _deliver(rows: list[RowKey], context: LambdaContext) -> dict[RowKey, float]:
    """Seconds until the bells ring again that do."""
    try:
        delivered = deliver_rows(rows, wiring.ports(), wiring.policy(), wiring.world(context))
    except (Conflict, Unavailable) as fault:
        record_outage(fault)
        return dict.fromkeys(rows, OUTAGE_WAIT_S)
    finally:
        calls = wiring.end()
    record_delivery(delivered, calls)
    return delivered.again


def _row(record: dict[str, Any]) -> RowKey | None:
    try:
        return wiring.row_of_bell(record["body"])
    except BadPayload:  # it goes round until the queue moves it
        record_stranger(_receives(record))
        return None


def _receives(record: dict[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
