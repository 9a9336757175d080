"""The floor of deliver's cold start: boto3, pydantic and zeep with the same WSDL; as many calls of each kind."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, os.environ["BENCH_ROOT"])

from bench import wire

recorded = json.loads(Path(os.environ["BENCH_RECORDED"]).read_text(encoding="utf-8"))
os.environ.update(wire.ENVIRONMENT)
import boto3
import zeep
from pydantic import BaseModel
from zeep.loader import parse_xml


class Model(BaseModel):
    """`import pydantic` alone loads nothing of it; whoever has one model loads all."""

    key: str


wire.stub(wire.in_order(recorded["aws"]))
wire.stub_requests(recorded["crm"])
KEY = {"pk": {"S": "k"}, "sk": {"S": "k"}}
CALLS = {
    "GetItem": ("dynamodb", "get_item", {"TableName": "t", "Key": KEY}),
    "PutItem": ("dynamodb", "put_item", {"TableName": "t", "Item": KEY}),
    "UpdateItem": ("dynamodb", "update_item", {"TableName": "t", "Key": KEY}),
    "Query": ("dynamodb", "query", {"TableName": "t"}),
    "BatchGetItem": ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": [KEY]}}}),
    "TransactWriteItems": (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Put": {"TableName": "t", "Item": KEY}}]},
    ),
    "GetSecretValue": ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
}
clients = {service: boto3.client(service) for service in sorted({service for service, _, _ in CALLS.values()})}
for name, _ in recorded["aws"]:
    service, method, arguments = CALLS[name]
    getattr(clients[service], method)(**arguments)
wsdl = Path(os.environ["BENCH_ROOT"], "src", "crm", "suitecrm", "wsdl")
client = zeep.Client(str(next(wsdl.glob("*.wsdl"))))
for _ in recorded["crm"]:
    message = client.create_message(client.service, "get_server_info")
    reply = client.transport.post_xml("http://127.0.0.1/", message, {})
    parse_xml(reply.content, None, settings=client.settings)
assert Model(key="k")
print(time.process_time())
