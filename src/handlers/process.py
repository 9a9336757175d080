"""Process: SQS in, one deal changed per event. What cannot be applied is deferred, parked or buried with its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from domain.envelope import Envelope
from flows.process_event import Outcome, Result, give_up, process_event
from runtime.observability import logger, metrics
from runtime.wiring import process as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def record_handler(record: SQSRecord) -> None:
    """One message: apply it, or leave it to the queue for its next attempt."""
    envelope = Envelope.from_json(record.body)
    with logger.append_context_keys(
        receipt=envelope.receipt, source=envelope.source, event_type=envelope.event_type, event_id=envelope.event_id
    ):
        try:
            outcome = process_event(envelope, wiring.ports(), wiring.policy(), wiring.world())
        except Exception as error:
            receives = int(record.attributes.approximate_receive_count)
            logger.warning("attempt failed", extra={"error": type(error).__name__, "receives": receives})
            if receives < wiring.settings().max_receives:
                raise
            outcome = give_up(envelope, error, wiring.ports())
        _report(outcome, envelope)


def _report(outcome: Outcome, envelope: Envelope) -> None:
    metrics.add_metric(name=f"Event{outcome.result.capitalize()}", unit="Count", value=1)
    if outcome.result is Result.APPLIED:
        elapsed = wiring.now() - envelope.received_at
        metrics.add_metric(name="ReceivedToApplied", unit="Milliseconds", value=elapsed.total_seconds() * 1000)
    details = {"outcome": outcome.result, "deal_id": outcome.deal_id, "cause": outcome.cause, "reason": outcome.reason}
    logger.info("event processed", extra={name: value for name, value in details.items() if value})


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point: each record succeeds or fails by itself."""
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
