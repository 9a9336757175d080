"""From a deal to what the engine takes: the accounts of its agents, the plans that govern, the closing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from commissions.from_deal import accounts_named, closing_of
from commissions.governing import governing, no_account, plans_named
from domain.commission.agreement import DealAgreement
from domain.errors import CommissionRefused, FieldProblem

if TYPE_CHECKING:
    from datetime import date

    from commissions.engine import GoverningPlan
    from commissions.governing import Versions
    from domain.commission.account import Account
    from domain.commission.closing import Closing
    from domain.deal import Deal
    from flows.settle.ports import SettlePorts

_AGENT = "agent:"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the engine takes, but for the opening counters.

    Attributes:
        closing: the deal.
        plans: agent to the plan that governs; leads and others besides, where they have one.
        accounts: by id.
    """

    closing: Closing
    plans: Mapping[str, GoverningPlan]
    accounts: Mapping[str, Account]


def prepared(deal: Deal, ports: SettlePorts, agreement: DealAgreement | None = None) -> Prepared:
    """Read what the deal's commission is computed from.

    Args:
        deal: to compute.
        ports: where it is read.
        agreement: instead of what is agreed for the deal by now; None: that.

    Raises:
        CommissionRefused: lists every problem of the deal and of the plans of its agents.
        Unavailable: storage does not answer.
    """
    agents = list(dict.fromkeys(share.crm_contact_id for share in deal.agents if share.crm_contact_id))
    held, loaded = ports.accounts.load_for(deal.id, agents)
    accounts = dict(loaded)
    if agreement is None:
        agreement = held.agreement if held else DealAgreement()
    for _ in range(2):  # whom the agents name, and whom their leads name
        _load_more(accounts, accounts_named(accounts.values()), ports)
    versions = _versions(accounts.values(), {}, ports)
    problems = [no_account(agent) for agent in agents if agent not in accounts]
    plans, more = _governing(agents, accounts, versions, deal)
    problems += more
    paid = {*agreement.payees(), *_payees(plans.values(), accounts.values())}
    _load_more(accounts, {payee.removeprefix(_AGENT) for payee in paid if payee.startswith(_AGENT)}, ports)
    versions = _versions(accounts.values(), versions, ports)
    others = [account for account in accounts if account not in agents]
    plans |= _governing(others, accounts, versions, deal)[0]  # whether they need one, the engine knows
    try:
        closing = closing_of(deal, accounts, {agent: plan.plan.plan for agent, plan in plans.items()}, agreement)
    except CommissionRefused as refused:
        problems += refused.problems
    if problems:
        raise _refusal(deal, problems)
    return Prepared(closing, plans, accounts)


def _refusal(deal: Deal, problems: Iterable[FieldProblem]) -> CommissionRefused:
    """The deal cannot be settled, because of these."""
    told = list(problems)
    one = "1 thing is" if len(told) == 1 else f"{len(told)} things are"
    refused = CommissionRefused(f"{one} missing or wrong", told)
    refused.deal = f"{deal.source}/{deal.source_id}"
    return refused


def _payees(plans: Iterable[GoverningPlan], accounts: Iterable[Account]) -> Iterator[str]:
    """Whom the plans, and the debts of agents, pay."""
    for plan in plans:
        yield from (charge.payee for charge in plan.plan.every_charge())
    for account in accounts:
        yield from (charge.payee for charge in account.details.deductions)


def _load_more(accounts: dict[str, Account], wanted: Iterable[str], ports: SettlePorts) -> None:
    missing = sorted(set(wanted) - accounts.keys())
    if missing:
        accounts |= ports.accounts.load(missing)


def _versions(accounts: Iterable[Account], known: Versions, ports: SettlePorts) -> Versions:
    wanted = {plan for account in accounts for plan in plans_named(account)} - known.keys()
    return {**known, **ports.plans.versions(sorted(wanted))} if wanted else known


def _governing(
    agents: Iterable[str], accounts: Mapping[str, Account], versions: Versions, deal: Deal
) -> tuple[dict[str, GoverningPlan], list[FieldProblem]]:
    found: dict[str, GoverningPlan] = {}
    problems: list[FieldProblem] = []
    for agent in agents:
        if agent not in accounts:
            continue
        try:
            found[agent] = governing(accounts[agent], versions, _days(deal))
        except CommissionRefused as refused:
            problems += refused.problems
    return found, problems


def _days(deal: Deal) -> dict[str, date | None]:
    details = deal.details
    return {"closing": details.closing_date, "contract": details.contract_date, "funded": details.funded_date}
