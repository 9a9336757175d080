"""What every function shares: AWS clients, the time, ids."""

from __future__ import annotations

import secrets
import time
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


#: Kept open to one service, where so many are needed: four sides of `deliver` with up to eight requests each.
_CONNECTIONS = 32


@lru_cache
def client(service: str, read_s: float = 2.0) -> Any:
    """An AWS client that gives up while the provider, or the queue, still waits for our answer.

    Args:
        service: of AWS.
        read_s: seconds for an answer; asked twice at most, so a call ends after twice that and two seconds.
    """
    from botocore.config import Config

    limits = Config(
        connect_timeout=1,
        read_timeout=read_s,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_CONNECTIONS,
    )
    return _session().create_client(service, config=limits)


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def new_id() -> str:
    """An id that nothing else has."""
    return uuid4().hex


def new_time_id(at: datetime) -> str:
    """An id that nothing else has and that sorts by time: 12 hex digits of unix milliseconds, 20 of chance.

    Receipts are such ids: `domain.envelope.received_at_of` reads the time back.
    """
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"
