"""Process: SQS in, one deal changed per event. What cannot be applied is deferred, parked or buried with its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from domain.envelope import Envelope
from flows.process_event import last_attempt_failed, process_event
from runtime.observability import logger, metrics, record_event, record_failed_attempt
from runtime.wiring import process as wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from flows.outcome import Outcome

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def record_handler(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """One message: apply it, or leave it to the queue for its next attempt."""
    receives = int(record.attributes.approximate_receive_count)
    try:
        envelope = Envelope.from_json(record.body)
    except ValueError as error:  # not ours: nothing to bury it by, so the queue itself moves it after its attempts
        record_failed_attempt(error, receives)
        raise
    with logger.append_context_keys(
        receipt=envelope.receipt, source=envelope.source, event_type=envelope.event_type, event_id=envelope.event_id
    ):
        outcome = _outcome(envelope, receives, lambda_context)
        record_event(outcome, wiring.now() - envelope.received_at)


def _outcome(envelope: Envelope, receives: int, lambda_context: LambdaContext) -> Outcome:
    ports, policy, world = wiring.ports(), wiring.policy(), wiring.world(lambda_context, receives)
    try:
        return process_event(envelope, ports, policy, world)
    except Exception as error:
        record_failed_attempt(error, receives)
        if receives < wiring.settings().max_receives:
            raise
        return last_attempt_failed(envelope, error, ports, policy, world)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Entry point: each record succeeds or fails by itself."""
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
