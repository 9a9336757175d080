"""Slack's Block Kit: an alarm as blocks, within Slack's limits and with nothing in it that Slack would interpret.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Slack's limits are 150 for a header, 3,000 for a text and 2,000 for each of ten fields.
MOST_TITLE = 150
MOST_TEXT = 3000
MOST_FIELD = 2000
MOST_FIELDS = 10


def alert_blocks(
    title: str, meaning: str, facts: Sequence[tuple[str, str]], *, command: str, runbook: str, over: bool
) -> Sequence[Mapping[str, object]]:
    """Lay an alarm, or its recovery, out as blocks.

    Args:
        title: name of the alarm.
        meaning: in a sentence.
        facts: label and value, the most important first.
        command: to type next; empty for none.
        runbook: path or URL; empty for none.
        over: it has recovered.
    """
    sign = ":large_green_circle: over:" if over else ":red_circle:"
    head: dict[str, object] = {"type": "plain_text", "text": _cut(f"{sign} {title}", MOST_TITLE), "emoji": True}
    blocks: list[Mapping[str, object]] = [{"type": "header", "text": head}]
    if meaning:
        blocks.append({"type": "section", "text": _mrkdwn(escaped(meaning))})
    if facts:
        fields = [_mrkdwn(f"*{escaped(label)}*\n{escaped(value)}", MOST_FIELD) for label, value in facts[:MOST_FIELDS]]
        blocks.append({"type": "section", "fields": fields})
    if command:
        # A backtick would end the code early.
        blocks.append({"type": "section", "text": _mrkdwn(f"Next: `{escaped(command.replace('`', ''))}`")})
    if runbook:
        blocks.append({"type": "context", "elements": [_mrkdwn(f"Runbook: {_link(runbook)}")]})
    return blocks


def escaped(text: str) -> str:
    """The text with the three characters replaced by which Slack begins links, mentions and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _link(runbook: str) -> str:
    target = escaped(runbook)
    return f"<{target.replace('|', '%7C')}|{target.rpartition('/')[2]}>" if runbook.startswith("https://") else target


def _mrkdwn(text: str, most: int = MOST_TEXT) -> dict[str, object]:
    return {"type": "mrkdwn", "text": _cut(text, most)}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
