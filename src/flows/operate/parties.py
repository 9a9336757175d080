"""How people name the agents whom commissions are about, and the deals: as their source does, or as we do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain.agents import AgentKey, agent_id
from flows.operate.deal_events import LONGEST_NAME
from flows.operate.errors import BadRequest, NotFound
from flows.operate.naming import known_sources
from sources.catalog import catalog

if TYPE_CHECKING:
    from domain.agents import Agent
    from domain.commission.settlement import PostedCalculation
    from domain.deal import Deal
    from flows.operate.desk import Desk

#: Owners of counters that are no agents.
GROUPS = ("team:", "shared:")

#: Deals that were merged one into the other, one after the other; more than anybody merges.
_MOST_MERGES = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Whose commission account it is.

    Attributes:
        account: id of the account: the agent's CRM contact id, or `team:NAME` or `shared:NAME`.
        name: as statements call them.
        licence: the state licence number.
    """

    account: str
    name: str
    licence: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it is a team, or people who share a cap: they have counters, but no plan."""
        return self.account.startswith(GROUPS)


def person(named: str, desk: Desk) -> Person:
    """Find whom somebody calls `source/agent id`, or by the id of the account.

    Raises:
        BadRequest: the directory has the agent without the CRM contact id that accounts go by.
        NotFound: there is no such agent.
    """
    source, slash, rest = named.partition("/")
    if slash and source in catalog():
        return _of_directory(AgentKey(source, agent_id(rest)), desk)
    if named.startswith(GROUPS):
        if not named.partition(":")[2].strip():
            raise BadRequest(f"agent is {named!r}, without a name behind the colon; expected team:NAME or shared:NAME")
        return Person(named, named)
    held = desk.ports.accounts.load([named]).get(named)
    if held is not None:
        return Person(named, held.name or named, held.licence)
    for known in sorted(catalog()):
        for agent in desk.ports.process.directory.all(known):
            if agent.crm_contact_id == named:
                return _person(agent)
    raise NotFound(
        f"agent {named!r} is unknown; give source/agent id with one of {known_sources()}, or the CRM contact id "
        "(`dealwire agents list` has both)"
    )


def _of_directory(key: AgentKey, desk: Desk) -> Person:
    agent = desk.ports.process.directory.lookup([key], fresh=True).get(key)
    if agent is None:
        raise NotFound(f"agent {key} is not in the directory; add them with `dealwire agents import FILE.csv`")
    if not agent.crm_contact_id:
        raise BadRequest(
            f"agent {key} has no crm_contact_id, which commission accounts go by; "
            "complete the row with `dealwire agents import FILE.csv`"
        )
    return _person(agent)


def _person(agent: Agent) -> Person:
    return Person(agent.crm_contact_id, agent.name, agent.licence)


def deal_named(named: str, desk: Desk) -> Deal:
    """Find the deal that somebody calls `source/source id`, or by our id; of a merged one, what it became part of.

    Raises:
        NotFound: there is none.
    """
    found = _deal(named.strip(), desk)
    if found is None:
        raise NotFound(
            f"there is no deal {named[:200]!r}; give source/deal id with one of {known_sources()}, or our deal id "
            "(`dealwire trace` shows both)"
        )
    return found


def calculation_named(named: str, desk: Desk) -> tuple[Deal, PostedCalculation]:
    """Find the calculation that somebody calls `DEAL/3`, or the current one of a deal.

    Raises:
        NotFound: there is no such deal, or nothing was computed for it.
    """
    found = _deal(named.strip(), desk)
    number = None
    if found is None:
        before, _, last = named.strip().rpartition("/")
        if before and last.isascii() and last.isdigit() and len(last) < 7:
            found, number = _deal(before, desk), int(last)
    if found is None:
        raise NotFound(f"there is no deal and no calculation {named[:200]!r}; give a deal, or DEAL/NUMBER")
    wanted = desk.ports.commissions.head(found.id).number if number is None else number
    posted = desk.ports.commissions.calculation(found.id, wanted) if wanted else None
    if posted is None:
        which = f"no calculation {number}" if number else "no calculation yet"
        raise NotFound(f"deal {called(found)} has {which}; see `dealwire commission show {called(found)}`")
    return found, posted


def called(deal: Deal) -> str:
    """How people call a deal: `source/source id`."""
    return f"{deal.source}/{deal.source_id}"


def _deal(named: str, desk: Desk) -> Deal | None:
    if not named or len(named.encode()) > LONGEST_NAME:
        return None
    source, slash, source_id = named.partition("/")
    deals = desk.ports.process.deals
    deal = deals.deal(source, source_id) if slash and source in catalog() and source_id else deals.deal_by_id(named)
    for _ in range(_MOST_MERGES):
        if deal is None or deal.merged_into is None:
            break
        deal = deals.deal_by_id(deal.merged_into)
    return deal
