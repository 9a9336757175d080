"""Actions by name: JSON in, status and JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import ConfigurationError, Conflict, Unavailable
from domain.operate.actions import ACTIONS
from flows.operate import dispatch as module
from flows.operate.dispatch import DOES, dispatch
from flows.operate.errors import BadRequest, NotFound, Taken
from tests.unit.flows.operate.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def raising(error: Exception) -> Callable[..., Any]:
    def act(*_: object) -> Any:
        raise error

    return act


def test_every_action_of_the_api_is_done_by_something() -> None:
    assert DOES.keys() == ACTIONS.keys()


@pytest.mark.parametrize("action", ACTIONS)
def test_what_does_an_action_takes_and_gives_what_the_api_says(action: str) -> None:
    # The flows import their types only for checking, so they are looked up by name.
    hints = DOES[action].__annotations__
    asks, gives, _ = ACTIONS[action]
    request = next(hint for name, hint in hints.items() if name not in {"desk", "return"})
    assert (request, hints["return"]) == (asks.__name__, gives.__name__)


def test_an_answer_is_json(bench: Bench) -> None:
    assert dispatch("list", '{"limit": 5}', bench.desk()) == (200, '{"rows":[],"next":""}')


@pytest.mark.parametrize("body", ["", "  ", "{}"])
def test_a_request_without_fields_may_be_empty(bench: Bench, body: str) -> None:
    assert dispatch("groups", body, bench.desk())[0] == 200


@pytest.mark.parametrize("action", ["", "LIST", "list/", "__class__", "drop table", "x" * 5000])
def test_an_unknown_action_is_not_found(bench: Bench, action: str) -> None:
    status, text = dispatch(action, "{}", bench.desk())
    assert status == 404
    assert "agents-import" in json.loads(text)["error"]
    assert len(text) < 1_000  # the names of all actions, and not what was asked for


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "body", ["{", "[]", "null", "5", '"text"', '{"nobody_knows": 1}', "\ufeff{}", '{"id": "\\ud800"}', "[" * 100_000]
)
def test_a_malformed_request_is_refused_in_one_line(bench: Bench, action: str, body: str) -> None:
    before = list(bench.audit.entries)
    status, text = dispatch(action, body, bench.desk())
    assert status == 400
    (error,) = json.loads(text).values()
    assert error.startswith(f"{action}: ")
    assert len(error.splitlines()) == 1
    assert bench.audit.entries == before


def test_a_mistake_names_the_field_and_not_its_value(bench: Bench) -> None:
    request = {"id": "transactions/evt-1", "body_base64": 4065550123, "based_on": "secret-word", "why": "x", "more": 1}
    status, text = dispatch("edit", json.dumps(request), bench.desk())
    assert status == 400
    for name in ("body_base64", "based_on", "why", "more"):
        assert name in text
    assert "secret-word" not in text
    assert "4065550123" not in text


def test_of_very_many_mistakes_some_are_named(bench: Bench) -> None:
    _, text = dispatch("list", json.dumps({f"field{number}": 1 for number in range(50)}), bench.desk())
    assert "and 45 more" in text


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (BadRequest("say it\notherwise"), 400, "say it otherwise"),
        (NotFound("it is not there"), 404, "it is not there"),
        (Taken("somebody has it"), 409, "somebody has it"),
        (Conflict("transactions#evt-1"), 409, "somebody else was first (transactions#evt-1)"),
        (Unavailable("throttled"), 503, "storage does not answer now (throttled)"),
        (ConfigurationError("EVENTS_TABLE is empty"), 503, "EVENTS_TABLE is empty"),
    ],
)
def test_each_error_has_its_status(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, says: str
) -> None:
    monkeypatch.setattr(module, "DOES", {"list": raising(error)})
    found, text = dispatch("list", "{}", bench.desk())
    assert found == status
    assert says in json.loads(text)["error"]


def test_what_nobody_understands_is_raised(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DOES", {"list": raising(KeyError("x"))})
    with pytest.raises(KeyError):
        dispatch("list", "{}", bench.desk())
