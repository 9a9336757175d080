"""What processing an event would do now: the same steps, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.commission.letters import COMMISSION_DUE
from domain.envelope import CRM_REJECTED
from domain.errors import Cause, ConfigurationError, Deferred, FieldProblem, PermanentError, Unavailable, UnknownAgents
from domain.merging import merge
from domain.operate.letters import Verdict, Would
from flows.process_event import Repeated, fetched, load, look_up, mapping_of
from transforms.deal_facts import read

if TYPE_CHECKING:
    from domain.envelope import Envelope
    from flows.process_event import Policy, Ports, World


def preview_event(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> Verdict:
    """Say what would become of the event if it were processed now.

    A provider is asked, where the webhook is thin: looking changes nothing there.

    Raises:
        Unavailable: the CRM store does not answer.
    """
    event = envelope.event_key.replace("#", "/", 1)
    try:
        if not envelope.replay and ports.deals.was_applied(envelope):
            return Verdict(id=event, would=Would.REPEAT)
        if envelope.event_type == COMMISSION_DUE:
            return Verdict(id=event, would=Would.APPLY, changes=("commission",))
        if envelope.event_type == CRM_REJECTED:
            return Verdict(id=event, would=Would.APPLY, changes=("crm",))
        payload, context = fetched(envelope, ports, policy, world)
        reading = read(payload, mapping_of(envelope), context)
        facts = reading.facts(look_up(reading.needs, ports, fresh=True))
    except Repeated:
        return Verdict(id=event, would=Would.REPEAT)
    except UnknownAgents as unknown:
        return Verdict(id=event, would=Would.PARK, cause=Cause.UNKNOWN_AGENT, reason=unknown.counted())
    except PermanentError as error:
        return Verdict(id=event, would=Would.FAIL, cause=error.cause, reason=error.reason())
    except Deferred as fault:
        return Verdict(id=event, would=Would.DEFER, cause=fault.cause, reason=str(fault))
    except ConfigurationError as mistake:
        return Verdict(id=event, would=Would.DEFER, cause=Cause.CONFIG, reason=str(mistake))
    held = load(facts, envelope, ports)
    if held.applied:
        return Verdict(id=event, would=Would.REPEAT)
    change = merge(facts, held, envelope, world.new_id)
    # A stage is always noted in the history; alone it says that something newer stands in the deal.
    stale = change.deal is None and not change.contacts
    return Verdict(id=event, would=Would.STALE if stale else Would.APPLY, changes=change.changed)


def problems_of(envelope: Envelope, ports: Ports, policy: Policy, world: World) -> tuple[Any, list[FieldProblem]]:
    """The payload (None if it cannot be had or read) and every field of it that does not fit today's mapping.

    Raises:
        ConfigurationError: the source or its mapping is not there any more.
    """
    payload: Any = None
    try:
        payload, context = fetched(envelope, ports, policy, world)
        read(payload, mapping_of(envelope), context)
    except PermanentError as error:
        return payload, list(error.problems)
    except (Deferred, Repeated, Unavailable):
        return payload, []
    return payload, []
