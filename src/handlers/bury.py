"""Bury: dead letters in, each filed under its event with its cause. What cannot be filed stays in its queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from flows.file_dead_letters import DeadMessage, dead_gauge, envelope_of, file_dead_letter
from runtime.observability import logger, metrics, record_failed_filing, record_filing
from runtime.wiring import bury as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def record_handler(record: SQSRecord) -> None:
    """One dead letter: file it, or leave it where it is."""
    message = _message(record)
    event = envelope_of(message)
    with logger.append_context_keys(
        receipt=event.receipt, source=event.source, event_type=event.event_type, event_id=event.event_id
    ):
        try:
            filed = file_dead_letter(message, wiring.ports(), wiring.now(), wiring.jitter(), wiring.replay_after())
        except Exception as error:
            record_failed_filing(error)
            raise
        record_filing(filed, dead_gauge(filed.cause))


def _message(record: SQSRecord) -> DeadMessage:
    told = {name: value.get("stringValue") for name, value in (record.get("messageAttributes") or {}).items()}
    return DeadMessage(
        message_id=record.message_id,
        queue=record.event_source_arn.rpartition(":")[2],
        body=record.body,
        attributes={name: text for name, text in told.items() if text},
        sent_at=datetime.fromtimestamp(int(record.attributes.sent_timestamp) / 1000, UTC),
        receives=int(record.attributes.approximate_receive_count),
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point: each record is filed or fails by itself."""
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
