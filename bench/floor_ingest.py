"""The floor of ingest's cold start: boto3, an S3 and an SQS client, and the same two calls."""

import os
import sys
import time

sys.path.insert(0, os.environ["BENCH_ROOT"])

from bench import wire

os.environ.update(wire.ENVIRONMENT)
import boto3

wire.stub({"PUT": lambda _: b"", "SendMessage": wire.sent})
s3, sqs = boto3.client("s3"), boto3.client("sqs")
s3.put_object(Bucket="archive", Key="k", Body=b"{}", Metadata={"receipt": "r"})
sqs.send_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/1/transactions", MessageBody="{}")
print(time.process_time())
