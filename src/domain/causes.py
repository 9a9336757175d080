"""Who mends what: each cause of a dead or waiting event has an owner, a remedy and a runbook."""

from __future__ import annotations

from typing import NamedTuple

from domain.errors import Cause


class Mending(NamedTuple):
    """What to do about a cause.

    Attributes:
        owner: who does it.
        remedy: one line.
        runbook: file below docs/runbooks/.
    """

    owner: str
    remedy: str
    runbook: str


MENDING: dict[Cause, Mending] = {
    Cause.BAD_PAYLOAD: Mending(
        "provider", "have the provider send what its page in docs/sources describes; discard what is not for us",
        "forged-or-foreign-payloads.md",
    ),
    Cause.MAPPING: Mending(
        "analyst", "mend the mapping (or edit the message), deploy, then replay", "mapping-broke.md",
    ),
    Cause.VALIDATION: Mending(
        "analyst", "have the deal corrected at its source, or edit the message, then replay", "mapping-broke.md",
    ),
    Cause.UNKNOWN_AGENT: Mending(
        "office", "import the agent with `dealwire agents import`; the events follow by themselves",
        "unknown-agents.md",
    ),
    Cause.PROVIDER_API: Mending(
        "operations", "wait, or mend the provider's API access; after a day, replay", "provider-api.md",
    ),
    Cause.COMMISSION: Mending(
        "broker", "mend the plan, the account or the deal; the closing is settled again by itself",
        "commission-needs.md",
    ),
    Cause.CRM_REJECTED: Mending(
        "CRM administrator", "mend the field or the record in the CRM, then replay", "dead-letters.md",
    ),
    Cause.CONFIG: Mending(
        "operations", "mend the setting, secret or permission that the reason names, then replay", "dead-letters.md",
    ),
    Cause.UNAVAILABLE: Mending(
        "operations", "nothing at first: it is replayed by itself once; after that, replay", "replay-after-outage.md",
    ),
    Cause.BUG: Mending(
        "developers", "read the log of its receipt, mend the code, deploy, then replay", "dead-letters.md",
    ),
}  # fmt: skip
