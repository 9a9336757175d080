"""`dealwire forget`: asks, goes on until it is complete, and says what was erased."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.conftest import Api, refusal, refused, run, told

PART = {"contact_id": "C-1", "deals": ["D-1"], "objects_erased": 200, "fields_erased": ["name"], "complete": False}
LAST = {"contact_id": "C-1", "deals": ["D-1", "D-2"], "objects_erased": 7, "fields_erased": ["phone"], "complete": True}
FORGET = ("forget", "transactions/P-77", "--why", "privacy request")


def erasing(api: Api, *parts: dict[str, Any]) -> None:
    left = list(parts)

    def answer(request: Any) -> dict[str, Any]:
        return PART if request.dry_run else left.pop(0)

    api.answers["forget"] = answer


def test_it_goes_on_until_it_is_complete_and_reports_all_parts(api: Api) -> None:
    erasing(api, PART, PART, LAST)
    assert told(*FORGET, "--yes") == {
        "contact_id": "C-1",
        "deals": ["D-1", "D-2"],
        "objects_erased": 407,
        "fields_erased": ["name", "phone"],
        "complete": True,
        "dry_run": False,
    }
    assert [request.dry_run for request in api.requests("forget")] == [True, False, False, False]


def test_a_dry_run_erases_nothing(api: Api) -> None:
    erasing(api)
    shown = run(*FORGET, "--dry-run")
    assert shown.exit_code == 0
    assert "200 archived webhooks would be erased" in shown.stdout
    assert [request.dry_run for request in api.requests("forget")] == [True]


def test_nothing_is_erased_without_a_yes(api: Api) -> None:
    erasing(api)
    assert "Erase contact C-1 on 1 deals for good? There is no terminal" in refused(*FORGET, status=2)
    assert [request.dry_run for request in api.requests("forget")] == [True]


def test_a_no_erases_nothing(api: Api, terminal: None) -> None:
    erasing(api)
    answer = run(*FORGET, typed="n\n")
    assert answer.exit_code == 1
    assert "nothing was erased" in answer.stderr
    assert [request.dry_run for request in api.requests("forget")] == [True]


def test_a_yes_on_the_terminal_erases_and_says_what(api: Api, terminal: None) -> None:
    erasing(api, LAST)
    answer = run(*FORGET, typed="y\n")
    assert "7 archived webhooks erased" in answer.stdout
    assert "fields cleared: phone" in answer.stdout


def test_what_gets_nowhere_ends(api: Api) -> None:
    erasing(api, PART, *[PART | {"objects_erased": 0}] * 5)
    assert "200 objects were erased, and then no more" in refused(*FORGET, "--yes")


def test_an_interruption_says_how_to_go_on(api: Api) -> None:
    def answer(request: Any) -> dict[str, Any]:
        if request.dry_run:
            return PART
        raise KeyboardInterrupt

    api.answers["forget"] = answer
    assert "stopped before it was complete; type the same again" in refused(*FORGET, "--yes")


def test_a_contact_whom_nobody_knows_is_exit_status_3(api: Api) -> None:
    api.answers["forget"] = refusal(404, "nobody of that id stands on a deal")
    assert "nobody of that id" in refused(*FORGET, "--yes", status=3)


def test_a_request_without_a_reason_is_wrong_usage(api: Api) -> None:
    assert run("forget", "C-1").exit_code == 2
    assert not api.asked
