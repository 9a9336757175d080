"""Ingest's cold start: a fresh process from its first line to its first 202."""

import os
import sys
import time

sys.path[:0] = [os.environ["BENCH_ROOT"], os.environ["BENCH_ROOT"] + "/src"]

from bench import wire

os.environ.update(
    wire.ENVIRONMENT
    | {
        "ARCHIVE_BUCKET": "archive",
        "TRANSACTIONS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/transactions",
        "TRANSACTIONS_DLQ_URL": "https://sqs.us-east-1.amazonaws.com/1/transactions-dlq",
        "SECRETS_PREFIX": "dealwire/bench",
        "POWERTOOLS_SERVICE_NAME": "ingest",
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
)
import json

event = json.loads(os.environ["BENCH_EVENT"])
wire.stub(
    {
        "PUT": lambda _: b"",
        "SendMessage": wire.sent,
        "GetSecretValue": wire.constant({"SecretString": os.environ["BENCH_SECRET"]}),
    }
)
from handlers.ingest import lambda_handler


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"


answer = lambda_handler(event, Context())
if answer["statusCode"] != 202:
    raise SystemExit(f"not accepted: {answer}")
print(time.process_time(), file=sys.stderr)
