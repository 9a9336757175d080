"""Ring: records of the CRM store changed; a bell for each that the external CRM is owed.

The stream says only which records changed. A run that fails is repeated once; what it leaves, the sweeper rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.ring_bells import ring_changed
from runtime.observability import logger, metrics
from runtime.wiring import ring as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from domain.crm.rows import RowKey


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Entry point: the keys of up to a hundred changes, each record once."""
    changed = [_row(record["dynamodb"]["Keys"]) for record in event["Records"]]
    keys = list(dict.fromkeys(key for key in changed if key is not None))
    rung = ring_changed(keys, wiring.ports())
    metrics.add_metric(name="RowsRung", unit="Count", value=rung)
    logger.info("rung", extra={"changed": len(keys), "rung": rung})
    return {"changed": len(keys), "rung": rung}


def _row(keys: dict[str, dict[str, str]]) -> RowKey | None:
    return wiring.row_of(keys["pk"]["S"], keys["sk"]["S"])
