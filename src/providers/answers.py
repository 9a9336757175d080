"""What a provider's answer means for the event: a document, a wait, or the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from domain.errors import BadPayload, Cause, DealwireError, Deferred, PermanentError
from providers.exchange import Answer
from sources.strict_json import parse


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a status means.

    Attributes:
        cause: why the event waits or is dead.
        says: what happened and what to do, after "<provider> answers <status> for <path>: ".
        permanent: no later attempt can succeed.
    """

    cause: Cause
    says: str
    permanent: bool = False


_REFUSED = "it refuses our credentials; check secret {secret} and what that account may see"
_GONE = "it was deleted there, or our account cannot see it; look for it there, then replay the event"
_UNEXPECTED = "not an answer we know; see the provider's status page and the configured URL"

#: Every status but 200; what is not listed is `OTHERWISE`.
VERDICTS: Mapping[int, Verdict] = {
    401: Verdict(Cause.CONFIG, _REFUSED),
    403: Verdict(Cause.CONFIG, _REFUSED),
    404: Verdict(Cause.PROVIDER_API, _GONE, permanent=True),
    410: Verdict(Cause.PROVIDER_API, _GONE, permanent=True),
    429: Verdict(Cause.PROVIDER_API, "we ask too often; it is asked again by itself"),
}
OTHERWISE = Verdict(Cause.PROVIDER_API, _UNEXPECTED)


def document(provider: str, path: str, answer: Answer, *, secret: str, now: Callable[[], datetime]) -> Any:
    """The JSON document of a good answer; numbers with a fraction are `Decimal`.

    Raises:
        Deferred: not a good answer, but a later one can be.
        PermanentError: the provider does not have it.
    """
    if answer.status != 200:
        raise refusal(provider, path, answer, secret=secret, now=now)
    try:
        return parse(answer.body)
    except BadPayload as error:
        message = f"{provider} answers for {path} with something that is not JSON; {_UNEXPECTED}"
        raise Deferred(message, cause=Cause.PROVIDER_API) from error


def refusal(provider: str, path: str, answer: Answer, *, secret: str, now: Callable[[], datetime]) -> DealwireError:
    """The error that an answer other than 200 stands for."""
    verdict = VERDICTS.get(answer.status, OTHERWISE)
    says = verdict.says.format(secret=secret)
    message = f"{provider} answers {answer.status} for {path}: {says}"
    if verdict.permanent:
        return PermanentError(message, cause=verdict.cause)
    return Deferred(message, cause=verdict.cause, retry_after_s=retry_after_s(answer.headers, now))


#: A day: what is asked beyond it is a mistake of the provider's, or an attempt to silence us.
LONGEST_RETRY_AFTER_S = 86_400.0


def retry_after_s(headers: Mapping[str, str], now: Callable[[], datetime]) -> float:
    """How long the provider asks us to wait: seconds or an HTTP date (RFC 9110, 10.2.3); 0 if it does not say."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        wait_s = (until - now()).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(0.0, wait_s), LONGEST_RETRY_AFTER_S)
