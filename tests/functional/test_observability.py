"""Alarms watch one series each: what they watch has no dimensions, and what people group by keeps them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.accept_event import Outcome, Reply
from runtime.observability import metrics, record_webhook

Series = dict[str, list[list[str]]]


def series(capture: pytest.CaptureFixture[str]) -> tuple[Series, dict[str, Any]]:
    """The only line of metrics: metric to its sets of dimensions, and the line itself."""
    metrics.flush_metrics()
    (line,) = [json.loads(text) for text in capture.readouterr().out.splitlines()]
    found: Series = {}
    for part in line["_aws"]["CloudWatchMetrics"]:
        assert part["Namespace"] == "Dealwire"
        for metric in part["Metrics"]:
            found.setdefault(metric["Name"], []).extend(sorted(names) for names in part["Dimensions"])
    return found, line


def test_a_webhook_refused_for_its_signature_is_counted_once_by_source_and_once_for_the_alarm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record_webhook(Reply(401, {}, Outcome.REFUSED, source="dotloop", detail="mismatch"))
    found, line = series(capsys)
    assert found["SignatureRefused"] == [[]]
    assert all("source" in names for names in found["WebhookRefused"])
    assert (line["SignatureRefused"], line["WebhookRefused"], line["source"]) == ([1.0], [1.0], "dotloop")


def test_a_webhook_that_an_old_secret_matched_is_counted_for_the_alarm_too(capsys: pytest.CaptureFixture[str]) -> None:
    record_webhook(Reply(202, {}, Outcome.ACCEPTED, source="dotloop", old_secret=True, receipt="r-1"))
    found, _ = series(capsys)
    assert found["OldSecretMatched"] == [[]]
    assert all("source" in names for names in (*found["OldSecretUsed"], *found["WebhookAccepted"]))


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.REFUSED])
def test_no_other_end_of_a_webhook_counts_as_a_refused_signature(
    outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    record_webhook(Reply(200, {}, outcome, source="dotloop", receipt="r-1"))
    _, line = series(capsys)
    # 0 is said, too: it is what ends the alarm.
    assert (line["SignatureRefused"], line["OldSecretMatched"]) == ([0.0], [0.0])
