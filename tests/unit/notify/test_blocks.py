"""Slack's blocks: within its limits, and nothing in them that it would interpret."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dev import slack_stub
from notify.blocks import alert_blocks, escaped

FACTS = [("How many", "3 dead"), ("Cause", "mapping")]


def laid_out(**changes: Any) -> list[dict[str, Any]]:
    given: dict[str, Any] = {"title": "dealwire-dead-mapping", "meaning": "Messages do not fit.", "facts": FACTS}
    rest = {"command": "dealwire dlq list", "runbook": "docs/runbooks/mapping-broke.md", "over": False}
    given = {**given, **rest, **changes}
    positional = [given.pop(name) for name in ("title", "meaning", "facts")]
    blocks: list[dict[str, Any]] = json.loads(json.dumps(alert_blocks(*positional, **given)))
    return blocks


def test_an_alarm_has_a_headline_its_facts_a_command_and_a_runbook() -> None:
    header, meaning, facts, command, runbook = laid_out()
    assert header["text"] == {"type": "plain_text", "text": ":red_circle: dealwire-dead-mapping", "emoji": True}
    assert meaning["text"]["text"] == "Messages do not fit."
    assert [fact["text"] for fact in facts["fields"]] == ["*How many*\n3 dead", "*Cause*\nmapping"]
    assert command["text"]["text"] == "Next: `dealwire dlq list`"
    assert runbook["elements"][0]["text"] == "Runbook: docs/runbooks/mapping-broke.md"


def test_a_recovery_is_green_and_needs_no_command() -> None:
    blocks = laid_out(over=True, command="", facts=[], meaning="", runbook="")
    assert [block["type"] for block in blocks] == ["header"]
    assert blocks[0]["text"]["text"].startswith(":large_green_circle: over:")


def test_a_runbook_on_the_web_is_a_link() -> None:
    assert laid_out(runbook="https://wiki.example/r/a|b.md")[-1]["elements"][0]["text"] == (
        "Runbook: <https://wiki.example/r/a%7Cb.md|a|b.md>"
    )


def test_nothing_from_outside_becomes_a_mention_a_link_or_the_end_of_code() -> None:
    bad = "<!channel> <https://evil.example|click> & `rm`"
    text = json.dumps(laid_out(meaning=bad, facts=[(bad, bad)], command=bad)[1:])
    assert "<!" not in text
    assert "<https" not in text
    assert "`rm`" not in laid_out(command=bad)[3]["text"]["text"]
    assert escaped("a & b < c > d") == "a &amp; b &lt; c &gt; d"


@given(
    title=st.text(max_size=400),
    meaning=st.text(max_size=4000),
    facts=st.lists(st.tuples(st.text(max_size=60), st.text(max_size=3000)), max_size=14),
    command=st.text(max_size=4000),
    runbook=st.text(max_size=4000),
)
def test_slack_takes_whatever_is_said(**said: Any) -> None:
    body = {"text": "x", "blocks": laid_out(**said)}
    assert slack_stub.refused(json.dumps(body).encode()) == ""
