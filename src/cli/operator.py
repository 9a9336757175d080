"""The client of the operators' API: signed requests, and refusals as one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from cli import stack
from cli.failures import CommandFailed, Passing, Status
from cli.output import plain
from domain.operate.actions import ACTIONS
from domain.operate.base import Message

A = TypeVar("A", bound=Message)

#: The API itself ends a request after 29 s.
TIMEOUT_S = 35.0

RENEW = "renew them, for example with `aws sso login --profile NAME`, and check --profile"

#: What API Gateway says to a request that it does not let through, and what that means here.
NOT_LET_IN = (
    ("signature expired", "the request was signed at another time than AWS has now; set the clock of this machine"),
    ("signature not yet", "the request was signed at another time than AWS has now; set the clock of this machine"),
    ("token included in the request is expired", f"the AWS credentials have expired; {RENEW}"),
    ("token included in the request is invalid", f"AWS does not know these credentials; {RENEW}"),
    ("signature we calculated does not match", f"the secret key does not belong to its access key; {RENEW}"),
    ("missing authentication token", "the stack does not know this action; deploy this version with `make deploy`"),
)

#: Fields of requests that people do not type as an option of that name.
ARGUMENTS = {
    "id": "ID", "ids": "ID", "of": "what to trace", "contact": "CONTACT", "csv": "the file", "job": "--resume",
    "agent": "AGENT", "deal": "DEAL", "plan": "PLAN", "calculation": "CALC", "starts": "--from",
    "number": "--calculation", "text": "the file", "counters": "the file", "brokerage": "the file",
    "row": "KEY", "remote_id": "REMOTE_ID", "header": "--source", "rows": "--source",
}  # fmt: skip


class Reply(NamedTuple):
    """What came back."""

    status: int
    body: bytes


#: URL, headers and body to a reply.
Send = Callable[[str, Mapping[str, str], bytes], Reply]


class Operator:
    """One Dealwire, as an operator who signs requests sees it.

    Attributes:
        credentials: botocore's; asked for anew with each request, so that a long replay outlives them.
    """

    def __init__(self, url: str, credentials: Any, region: str, send: Send) -> None:
        self._url = url.rstrip("/")
        self.credentials = credentials
        self._region = region
        self._send = send

    def call(self, action: str, answer: type[A], **fields: object) -> A:
        """What the action answers.

        Raises:
            CommandFailed: it was refused, or the request cannot be made; says what to do.
            Passing: it may succeed in a moment.
        """
        asked, _, policy = ACTIONS[action]
        body = _request(asked, fields).model_dump_json().encode()
        url = f"{self._url}/operate/{action}"
        reply = self._send(url, self._signed(url, body), body)
        if not 200 <= reply.status < 300:
            raise _refusal(action, policy, reply)
        try:
            return answer.model_validate_json(reply.body)
        except ValidationError as error:
            text = f"the answer to {action} is not understood: command and stack are of different versions; deploy"
            raise CommandFailed(f"{text} this version with `make deploy`") from error

    def _signed(self, url: str, body: bytes) -> dict[str, str]:
        try:
            frozen = self.credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise CommandFailed(f"the AWS credentials cannot be used ({error}); {RENEW}") from error
        request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
        SigV4Auth(frozen, "execute-api", self._region).add_auth(request)
        return dict(request.headers.items())


def operator_of(name: str | None, profile: str | None) -> Operator:
    """The operators' API of the stack of that name, or of the local cloud where there is none.

    Raises:
        ConfigurationError: nothing runs here, or the stack cannot be read.
        CommandFailed: there are no credentials.
    """
    return operator_for(stack.find(name, profile))


def operator_for(held: stack.Stack) -> Operator:
    """The operators' API of a stack.

    Raises:
        CommandFailed: there are no credentials.
    """
    try:
        credentials = held.session.get_credentials()
    except (BotoCoreError, ClientError) as error:
        raise CommandFailed(f"the AWS credentials cannot be used ({error}); {RENEW}") from error
    if credentials is None:
        raise CommandFailed(
            "there are no AWS credentials; sign in, for example with `aws sso login`, or give --profile"
        )
    return Operator(held.operate_url, credentials, held.session.region_name, over_http)


def over_http(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Post it.

    Raises:
        Passing: nothing answers.
        CommandFailed: the proxy that the environment names cannot be used.
    """
    host = urlsplit(url).hostname
    local = host == "127.0.0.1"
    try:
        client = httpx.Client(timeout=TIMEOUT_S, trust_env=not local)
    except (httpx.InvalidURL, ImportError, ValueError) as error:
        # Not quoted: a proxy's URL may hold a password.
        text = f"the proxy of this machine cannot be used ({type(error).__name__}); correct HTTPS_PROXY and ALL_PROXY"
        raise CommandFailed(text) from error
    try:
        with client:
            answer = client.post(url, content=body, headers=dict(headers))
    except httpx.TimeoutException as error:
        raise Passing(f"{host} did not answer within {TIMEOUT_S:.0f} s; try again") from error
    except httpx.RequestError as error:
        check = "start the local cloud with `dealwire up`" if local else "check the network and the stack"
        raise Passing(f"{host} does not answer ({error}); {check}") from error
    return Reply(answer.status_code, answer.content)


def _request(asked: type[Message], fields: Mapping[str, object]) -> Message:
    try:
        return asked.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "the request"
        named = ARGUMENTS.get(field, f"--{field}")
        message = str(first["msg"])
        if first["type"] == "too_long":
            limit = first.get("ctx", {}).get("max_length")
            message = f"at most {limit} at a time; name fewer, or use a filter such as --cause or --since"
        raise CommandFailed(f"{named}: {message[:1].lower()}{message[1:]}", Status.USAGE) from error


def _refusal(action: str, policy: str, reply: Reply) -> CommandFailed:
    try:
        said = json.loads(reply.body)
    except ValueError:
        said = None
    told = said if isinstance(said, dict) else {}
    if isinstance(told.get("error"), str):
        line = plain(told["error"]).strip()
        if reply.status == 404:
            return CommandFailed(line, Status.NOTHING)
        return Passing(line) if reply.status == 503 else CommandFailed(line)
    if reply.status in {401, 403}:
        return CommandFailed(_not_let_in(action, policy, str(told.get("message") or told.get("Message") or "")))
    if reply.status in {429, 502, 503, 504}:
        return Passing(f"{action} was not answered just now (status {reply.status}); try again in a moment")
    text = f"{action} failed with status {reply.status}; look into the log of the operate function"
    return CommandFailed(text)


def _not_let_in(action: str, policy: str, message: str) -> str:
    for needle, says in NOT_LET_IN:
        if needle in message.lower():
            return says
    return (
        f"{action} is not allowed to these AWS credentials; it needs the managed policy `{policy}` of the stack; "
        f"if you have it, {RENEW}"
    )
