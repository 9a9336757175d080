"""From a payload and its mapping to the canonical facts of one deal, or everything that is wrong with it at once.

- `read(payload, mapping, event)`: everything but who our agents are; its `needs` are what to look up, its
  `facts(found)` are the result
- `preview(payload, mapping, found, event)`: the same, with which rule gave what, for people
"""

from __future__ import annotations

from collections.abc import Mapping as Found
from fractions import Fraction
from typing import Any, NamedTuple, cast

from domain.agents import Agent, AgentKey
from domain.deal import AgentShare, DealFacts
from domain.errors import FieldProblem, MappingFailed, PermanentError, UnknownAgents, ValidationFailed
from domain.marks import Mark
from mappings.model import Mapping
from transforms.engine import Run
from transforms.findings import EventContext, FieldTrace, Findings, NamedAgent
from transforms.plan import plan_of
from transforms.rules import broken_rules

__all__ = ["EventContext", "Preview", "Reading", "preview", "read"]


class Reading:
    """A payload that fits its mapping and breaks no rule; what is missing is who our agents are."""

    __slots__ = ("_event", "_findings", "mapped_by", "needs")

    def __init__(self, findings: Findings, event: EventContext, version: int) -> None:
        self._findings = findings
        self._event = event
        #: The version of the mapping that read it.
        self.mapped_by = version
        #: The agents of this brokerage that the payload names: what `facts` wants to find in the directory.
        self.needs = _keys(findings, event)

    def facts(self, found: Found[AgentKey, Agent]) -> DealFacts:
        """What the event says about its deal, in our words.

        Args:
            found: the directory's rows for what is needed.

        Raises:
            UnknownAgents: an agent of ours is not in `found`.
        """
        missing = self.needs - found.keys()
        if missing:
            raise UnknownAgents(missing, f"{self._event.source}/{self._findings.source_id}")
        return _facts(self._findings, found, self._event)


def read(payload: Any, mapping: Mapping, event: EventContext) -> Reading:
    """Map and check everything that can be known without the directory.

    Args:
        payload: as `sources.strict_json` parsed it.
        mapping: of the event's source.
        event: what is known besides the payload.

    Raises:
        MappingFailed: the payload does not fit; lists every failing field.
        ValidationFailed: it fits, and breaks rules of a deal; lists all of them.
    """
    plan = plan_of(mapping)
    out = Run(plan, payload, event).whole()
    if out.problems or out.mark is None:
        raise _about(out, event, _unmapped(mapping, out))
    broken = broken_rules(plan, out)
    if broken:
        raise _about(out, event, ValidationFailed(f"the deal breaks {_count(broken, 'rule')}", broken))
    return Reading(out, event, mapping.version)


class Preview(NamedTuple):
    """What a mapping makes of a payload, for people.

    Attributes:
        facts: the result, with placeholders for agents that were not found; None if there are problems.
        traces: which rule gave which field, in the order of the mapping.
        unused: payload paths that nothing read, list positions as `[]`.
        problems: fields that do not fit, and broken rules.
        warnings: values that were left out.
        missing: agents of ours that need to be in the directory.
    """

    facts: DealFacts | None
    traces: tuple[FieldTrace, ...]
    unused: tuple[str, ...]
    problems: tuple[FieldProblem, ...]
    warnings: tuple[FieldProblem, ...]
    missing: frozenset[AgentKey]


def preview(payload: Any, mapping: Mapping, found: Found[AgentKey, Agent], event: EventContext) -> Preview:
    """What `apply` would give, explained field by field; never raises for what the payload holds."""
    from transforms.unused import unused_paths  # for people only; no Lambda function needs it

    plan = plan_of(mapping)
    out = Run(plan, payload, event, trace=True).whole()
    problems = tuple(out.problems) or tuple(broken_rules(plan, out))
    missing = _keys(out, event) - found.keys()
    known = {**found, **{key: _placeholder(key) for key in missing}}
    return Preview(
        facts=_facts(out, known, event) if out.mark is not None and not problems else None,
        traces=tuple(out.traces),
        unused=unused_paths(payload, mapping),
        problems=problems,
        warnings=tuple(out.warnings),
        missing=missing,
    )


def _about(out: Findings, event: EventContext, error: PermanentError) -> PermanentError:
    """With the deal's name, where at least that could be read."""
    if out.source_id:
        error.deal = f"{event.source}/{out.source_id}"
    return error


def _unmapped(mapping: Mapping, out: Findings) -> MappingFailed:
    noun = _count(out.problems, "field")
    verb = "does" if len(out.problems) == 1 else "do"
    text = f"{noun} of the payload {verb} not fit mapping {mapping.source} v{mapping.version}"
    return MappingFailed(text, out.problems)


def _count(problems: list[FieldProblem], noun: str) -> str:
    return f"{len(problems)} {noun}" if len(problems) == 1 else f"{len(problems)} {noun}s"


def _keys(out: Findings, event: EventContext) -> frozenset[AgentKey]:
    return frozenset(AgentKey(event.source, agent.agent_id) for agent in out.agents or ())


def _placeholder(key: AgentKey) -> Agent:
    return Agent(key, name="(not in the directory)", licence="", office="", crm_user_id="", crm_contact_id="")


def _facts(out: Findings, found: Found[AgentKey, Agent], event: EventContext) -> DealFacts:
    # Everything in it was converted and checked above: validating forty fields again would double the time of a deal.
    return DealFacts.model_construct(
        source=event.source,
        source_id=out.source_id,
        event_id=event.event_id,
        event_type=event.event_type,
        mark=cast("Mark", out.mark),
        occurred_at=out.occurred_at or event.received_at,
        values=out.values,
        stage_reason=out.stage_reason,
        participants=None if out.participants is None else tuple(out.participants),
        agents=None if out.agents is None else tuple(_agent_share(one, found, event.source) for one in out.agents),
        merged_ids=out.merged_ids,
    )


def _agent_share(named: NamedAgent, found: Found[AgentKey, Agent], source: str) -> AgentShare:
    agent = found[AgentKey(source, named.agent_id)]
    return AgentShare(
        source=source,
        agent_id=named.agent_id,
        side=named.side,
        share=Fraction(1) if named.share is None else named.share,
        name=agent.name,
        licence=agent.licence,
        office=agent.office,
        crm_user_id=agent.crm_user_id,
        crm_contact_id=agent.crm_contact_id,
    )
