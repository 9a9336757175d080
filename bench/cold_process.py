"""Process's cold start: a fresh process from its first line to its first applied deal."""

import json
import os
import sys
import time

sys.path[:0] = [os.environ["BENCH_ROOT"], os.environ["BENCH_ROOT"] + "/src"]

from bench import wire

os.environ.update(wire.ENVIRONMENT | json.loads(os.environ["BENCH_SETTINGS"]))
agents = json.loads(os.environ["BENCH_AGENTS"])


def batch_get(request):
    tables = json.loads(request.body)["RequestItems"]
    return json.dumps({"Responses": {t: agents if t == "agents" else [] for t in tables}}).encode()


calls = wire.stub({"BatchGetItem": batch_get, "TransactWriteItems": wire.constant({})})
from handlers.process import lambda_handler


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"

    @staticmethod
    def get_remaining_time_in_millis():
        return 30_000


answer = lambda_handler(json.loads(os.environ["BENCH_EVENT"]), Context())
if answer["batchItemFailures"] or calls[-1] != "TransactWriteItems":
    raise SystemExit(f"not applied: {answer} after {calls}")
print(time.process_time(), calls.count("BatchGetItem"), file=sys.stderr)
