"""The floor of process's cold start: boto3, pydantic, jmespath, Powertools' batch; one client, the same calls."""

import os
import sys
import time

sys.path.insert(0, os.environ["BENCH_ROOT"])

from bench import wire

os.environ.update(wire.ENVIRONMENT)
import aws_lambda_powertools.utilities.batch
import boto3
import jmespath
from pydantic import BaseModel


class Model(BaseModel):
    """`import pydantic` alone loads nothing of it; whoever has one model loads all."""

    key: str


calls = wire.stub({"BatchGetItem": wire.constant({"Responses": {"t": []}}), "TransactWriteItems": wire.constant({})})
dynamodb = boto3.client("dynamodb")
KEYS = [{"pk": {"S": "k"}, "sk": {"S": "k"}}]
for _ in range(int(os.environ["BENCH_READS"])):
    dynamodb.batch_get_item(RequestItems={"t": {"Keys": KEYS, "ConsistentRead": True}})
dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": {"pk": {"S": "k"}, "sk": {"S": "k"}}}}])
assert aws_lambda_powertools.utilities.batch
assert jmespath
assert Model(key="k")
print(time.process_time())
