"""What every function shares: AWS clients, the time, ids."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from botocore.session import Session


@lru_cache(maxsize=1)
def _session() -> Session:
    # botocore, not boto3: its resource layer and transfer manager cost a tenth of a second of each cold start.
    from botocore.session import Session

    return Session()


@lru_cache
def client(service: str) -> Any:
    """An AWS client that gives up, after 6 s at most, while the provider or the queue still waits for our answer."""
    from botocore.config import Config

    limits = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
    return _session().create_client(service, config=limits)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nothing else has."""
    return uuid4().hex
