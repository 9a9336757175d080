"""Deliver's cold start: a fresh process from its first line to its first confirmed row."""

import json
import os
import sys
import time
from pathlib import Path

sys.path[:0] = [os.environ["BENCH_ROOT"], os.environ["BENCH_ROOT"] + "/src"]

from bench import wire

recorded = json.loads(Path(os.environ["BENCH_RECORDED"]).read_text(encoding="utf-8"))
os.environ.update(wire.ENVIRONMENT | recorded["settings"])
aws = wire.stub(wire.in_order(recorded["aws"]))
crm = wire.stub_requests(recorded["crm"])
from handlers.deliver import lambda_handler


class Context:
    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"

    @staticmethod
    def get_remaining_time_in_millis():
        return 60_000


answer = lambda_handler(recorded["event"], Context())
if answer["batchItemFailures"] or len(crm) < len(recorded["crm"]):
    raise SystemExit(f"not delivered: {answer} after {aws} and {len(crm)} of {len(recorded['crm'])} SOAP calls")
print(time.process_time(), file=sys.stderr)
