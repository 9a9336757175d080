"""A DynamoDB client whose answers a test writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber


@pytest.fixture(scope="session")
def session() -> Any:
    """One for all tests: reading the service models takes longer than any of them."""
    return boto3.Session("testing", "testing", region_name="us-east-1")


@pytest.fixture
def client(session: Any) -> Any:
    return session.client("dynamodb")


@pytest.fixture
def stubbed(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
