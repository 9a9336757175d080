"""AWS's errors in our words, translated once: what our own settings cause, and what trying later can cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import ConfigurationError, Unavailable

#: Codes that mean a wrong name or a missing permission: no retry cures them, a person does.
OUR_SETTINGS = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "NoSuchBucket", "KMS.NotFoundException"),
        *("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "ResourceNotFoundException"),
        "UnrecognizedClientException",
    }
)

#: Codes that blame the request: neither waiting nor settings cure them.
MALFORMED = frozenset({"ValidationException", "SerializationException"})


@contextmanager
def translated(action: str, remedy: str) -> Iterator[None]:
    """Raise what AWS raises as an error of ours.

    Args:
        action: what was being done, and to what, e.g. `store in bucket b`.
        remedy: what to check when the settings are wrong.

    Raises:
        ConfigurationError: the thing does not exist or we may not use it.
        ClientError: AWS calls the request itself malformed, which is a bug of ours; left as it is.
        Unavailable: AWS is unreachable, slow, throttling or failing.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in OUR_SETTINGS:
            raise ConfigurationError(f"cannot {action} ({code}); {remedy}") from error
        if code in MALFORMED:
            raise
        raise Unavailable(f"cannot {action} now ({code})") from error
    except BotoCoreError as error:
        raise Unavailable(f"cannot {action} now ({type(error).__name__})") from error
