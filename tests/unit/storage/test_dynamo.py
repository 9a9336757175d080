"""DynamoDB's answers in our words: throttling, keys left unprocessed, conflicts, and what is our own mistake."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from domain.errors import ConfigurationError, Conflict, Unavailable
from storage import dynamo


def key(number: int) -> dict[str, str]:
    return {"pk": f"K{number:04}", "sk": "K"}


def keys_of(numbers: range) -> list[dict[str, Any]]:
    return [dynamo.to_wire(key(number)) for number in numbers]


def request(numbers: range) -> dict[str, Any]:
    return {"RequestItems": {"T": {"Keys": keys_of(numbers), "ConsistentRead": True}}}


def answer(found: range, left: range = range(0)) -> dict[str, Any]:
    unprocessed = {"T": {"Keys": keys_of(left), "ConsistentRead": True}} if left else {}
    return {"Responses": {"T": keys_of(found)}, "UnprocessedKeys": unprocessed}


class Pauses(list[float]):
    """What was waited for, without waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


# ------------------------------------------------------------------------------------------------------- batch reads


def test_nothing_is_asked_for_nothing(client: Any, stubbed: Stubber) -> None:
    assert dynamo.batch_get(client, {"T": []}, Pauses()) == {"T": []}


def test_more_keys_than_one_request_holds_are_asked_in_hundreds(client: Any, stubbed: Stubber) -> None:
    for part in (range(100), range(100, 200), range(200, 250)):
        stubbed.add_response("batch_get_item", answer(part), request(part))
    pauses = Pauses()
    found = dynamo.batch_get(client, {"T": [key(number) for number in range(250)]}, pauses)
    assert found["T"] == [key(number) for number in range(250)]
    assert pauses == []


def test_keys_that_were_left_are_asked_again_after_growing_pauses(client: Any, stubbed: Stubber) -> None:
    stubbed.add_response("batch_get_item", answer(range(1), left=range(1, 3)), request(range(3)))
    stubbed.add_response("batch_get_item", answer(range(1, 2), left=range(2, 3)), request(range(1, 3)))
    stubbed.add_response("batch_get_item", answer(range(2, 3)), request(range(2, 3)))
    pauses = Pauses()
    found = dynamo.batch_get(client, {"T": [key(number) for number in range(3)]}, pauses)
    assert found["T"] == [key(number) for number in range(3)]
    assert pauses == sorted(pauses)
    assert len(set(pauses)) == 2


def test_a_table_that_keeps_leaving_keys_is_unavailable_within_seconds(client: Any, stubbed: Stubber) -> None:
    for _ in range(dynamo.UNPROCESSED_ROUNDS):
        stubbed.add_response("batch_get_item", answer(range(0), left=range(3)), request(range(3)))
    pauses = Pauses()
    with pytest.raises(Unavailable, match="T"):
        dynamo.batch_get(client, {"T": [key(number) for number in range(3)]}, pauses)
    assert sum(pauses) < 5


def test_a_key_that_is_left_among_two_tables_is_asked_of_its_own(client: Any, stubbed: Stubber) -> None:
    one, two = dynamo.to_wire(key(1)), dynamo.to_wire(key(2))
    both = {
        "RequestItems": {"T": {"Keys": [one], "ConsistentRead": True}, "U": {"Keys": [two], "ConsistentRead": True}}
    }
    left = {"U": {"Keys": [two], "ConsistentRead": True}}
    stubbed.add_response("batch_get_item", {"Responses": {"T": [one]}, "UnprocessedKeys": left}, both)
    stubbed.add_response("batch_get_item", {"Responses": {"U": [two]}, "UnprocessedKeys": {}}, {"RequestItems": left})
    found = dynamo.batch_get(client, {"T": [key(1)], "U": [key(2)]}, Pauses())
    assert found == {"T": [key(1)], "U": [key(2)]}


def test_every_single_read_is_consistent(client: Any, stubbed: Stubber) -> None:
    expected = {"TableName": "T", "Key": dynamo.to_wire(key(1)), "ConsistentRead": True}
    stubbed.add_response("get_item", {}, expected)
    assert dynamo.get(client, "T", key(1)) is None


# ------------------------------------------------------------------------------------------- batch writes and queries


def puts(numbers: range) -> dict[str, Any]:
    return {"T": [{"PutRequest": {"Item": item}} for item in keys_of(numbers)]}


def test_more_items_than_one_request_holds_are_put_in_batches(client: Any, stubbed: Stubber) -> None:
    for part in (range(25), range(25, 50), range(50, 60)):
        stubbed.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": puts(part)})
    dynamo.batch_put(client, "T", [key(number) for number in range(60)], Pauses())
    dynamo.batch_put(client, "T", [], Pauses())


def test_items_that_were_left_are_put_again_after_growing_pauses(client: Any, stubbed: Stubber) -> None:
    answers = [puts(range(1, 3)), puts(range(2, 3)), {}]
    for left, sent in zip(answers, [range(3), range(1, 3), range(2, 3)], strict=True):
        stubbed.add_response("batch_write_item", {"UnprocessedItems": left}, {"RequestItems": puts(sent)})
    pauses = Pauses()
    dynamo.batch_put(client, "T", [key(number) for number in range(3)], pauses)
    assert pauses == sorted(pauses)
    assert len(set(pauses)) == 2


def test_a_table_that_keeps_leaving_items_is_unavailable_within_seconds(client: Any, stubbed: Stubber) -> None:
    for _ in range(dynamo.UNPROCESSED_ROUNDS):
        stubbed.add_response("batch_write_item", {"UnprocessedItems": puts(range(1))}, {"RequestItems": puts(range(1))})
    pauses = Pauses()
    with pytest.raises(Unavailable, match="cannot write T now"):
        dynamo.batch_put(client, "T", [key(0)], pauses)
    assert sum(pauses) < 5


def test_a_query_reads_a_page_only_when_it_is_asked_for(client: Any, stubbed: Stubber) -> None:
    request = {"TableName": "T", "KeyConditionExpression": "pk = :pk"}
    values = {"ExpressionAttributeValues": {":pk": {"S": "p"}}}
    first, last = dynamo.to_wire(key(1)), dynamo.to_wire(key(2))
    stubbed.add_response("query", {"Items": [first], "LastEvaluatedKey": first}, request | values)
    items = dynamo.query(client, request, {":pk": "p"})
    assert next(items) == key(1)
    stubbed.assert_no_pending_responses()
    stubbed.add_response("query", {"Items": [last]}, request | values | {"ExclusiveStartKey": first})
    assert list(items) == [key(2)]


def test_a_query_that_is_throttled_is_unavailable(client: Any, stubbed: Stubber) -> None:
    stubbed.add_client_error("query", "ThrottlingException")
    with pytest.raises(Unavailable, match="read T"):
        list(dynamo.query(client, {"TableName": "T", "KeyConditionExpression": "pk = :pk"}, {":pk": "p"}))


# ----------------------------------------------------------------------------------------------------- transactions

CHECK, THROTTLED = "ConditionalCheckFailed", "ThrottlingError"


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        (["None", CHECK], Conflict),
        ([CHECK, CHECK], Conflict),
        (["TransactionConflict"], Conflict),
        ([CHECK, "TransactionConflict"], Conflict),
        ([THROTTLED], Unavailable),
        (["ProvisionedThroughputExceeded", "None"], Unavailable),
        ([CHECK, THROTTLED], Unavailable),  # once it is not throttled, the check decides
        (["ItemCollectionSizeLimitExceeded"], Unavailable),
        (["ValidationError", "None"], ValueError),
        ([CHECK, "ValidationError"], ValueError),
    ],
)
def test_why_a_transaction_was_cancelled_decides_what_happens_next(
    client: Any, stubbed: Stubber, reasons: list[str], error: type[Exception]
) -> None:
    cancelled = {"CancellationReasons": [{"Code": reason} for reason in reasons]}
    stubbed.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=cancelled)
    with pytest.raises(error) as raised:
        dynamo.write_all(client, "apply transactions#evt-1", [dynamo.put("T", key(1))])
    assert type(raised.value) is error
    assert "apply transactions#evt-1" in str(raised.value)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ConditionalCheckFailedException", Conflict),
        ("TransactionConflictException", Conflict),
        ("ThrottlingException", Unavailable),
        ("ProvisionedThroughputExceededException", Unavailable),
        ("RequestLimitExceeded", Unavailable),
        ("InternalServerError", Unavailable),
        ("ServiceUnavailable", Unavailable),
        ("TransactionInProgressException", Unavailable),
        ("ExpiredTokenException", Unavailable),
        ("ResourceNotFoundException", ConfigurationError),
        ("AccessDeniedException", ConfigurationError),
        ("UnrecognizedClientException", ConfigurationError),
        ("ValidationException", ClientError),
    ],
)
def test_what_dynamodb_answers_says_whether_time_a_person_or_another_try_cures_it(
    client: Any, stubbed: Stubber, code: str, error: type[Exception]
) -> None:
    stubbed.add_client_error("transact_write_items", code, "secret detail")
    with pytest.raises(error) as raised:
        dynamo.write_all(client, "apply transactions#evt-1", [dynamo.put("T", key(1))])
    assert isinstance(raised.value, ClientError) or "secret detail" not in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    [
        ReadTimeoutError(endpoint_url="https://dynamodb"),
        ConnectTimeoutError(endpoint_url="https://dynamodb"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
)
def test_a_dynamodb_that_cannot_be_reached_is_unavailable(
    client: Any, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def unreachable(**_: Any) -> None:
        raise failure

    client.meta.events.register_first("before-call.dynamodb", unreachable)
    with pytest.raises(Unavailable, match=type(failure).__name__):
        dynamo.get(client, "T", key(1))


def test_a_bug_of_ours_is_not_taken_for_an_outage() -> None:
    with pytest.raises(KeyError), dynamo.translated("do something"):
        raise KeyError("ours")


def test_a_transaction_whose_answer_was_lost_is_repeated_as_the_same_one(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    def lose_the_first_answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body: Any = request.body
        sent.append(json.loads(body))
        if len(sent) == 1:
            raise ReadTimeoutError(endpoint_url=request.url)
        return AWSResponse(request.url, 200, HTTPHeaders(), SimpleNamespace(stream=lambda: [b"{}"]))

    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    client.meta.events.register_first("before-send.dynamodb.TransactWriteItems", lose_the_first_answer)
    dynamo.write_all(client, "apply", [dynamo.put("T", key(1)), dynamo.delete("T", key(2))])
    first, second = sent
    assert first["ClientRequestToken"] == second["ClientRequestToken"]
    assert len(first["TransactItems"]) == 2
