"""What can be wrong with exceptions, and with what is said about an agent; in deal files and in accounts."""

from __future__ import annotations

from collections.abc import Sequence

from commissions.files.amount_checks import check_day, check_not_negative
from commissions.files.problems import Found, Location, money
from domain.commission.account import AccountDetails
from domain.commission.closing import DealAgent, Term


def check_terms(terms: Sequence[Term], at: Location, found: Found) -> None:
    """Each term is exactly one exception, agreed on a day and not over before it began."""
    for position, term in enumerate(terms):
        _check_term(term, (*at, position), found)


def _check_term(term: Term, at: Location, found: Found) -> None:
    given = [name for name in ("waive", "charge", "split", "cap") if getattr(term, name) not in (None, {})]
    if len(given) != 1:
        value = " and ".join(given) or "none of them"
        remedy = "write one term for each" if given else "say what is agreed, or remove the term"
        found.add(at, value, "exactly one of waive, charge, split, cap", remedy)
    figures = [name for name in ("flat", "percent") if getattr(term, name) is not None]
    if term.charge is not None and len(figures) != 1:
        value, expected = " and ".join(figures) or "neither", "either `flat` or `percent`"
        found.add((*at, "charge"), value, expected, "say what is charged instead of the plan's amount")
    if term.charge is None:
        for name in figures:
            expected = "a `charge` that it is the amount of"
            found.add((*at, name), _figure(term, name), expected, f"add `charge: RULE`, or remove `{name}`")
    check_not_negative(term.flat, (*at, "flat"), found)
    for counter, cap in term.cap.items():
        if cap < 0:
            found.add((*at, "cap", counter), money(cap), "0 or more", "remove the minus sign")
    check_day(term.agreed, (*at, "agreed"), found)
    if term.until is not None and term.until < term.agreed:
        found.add((*at, "until"), term.until, f"{term.agreed} or later", "correct `until` or `agreed`")


def _figure(term: Term, name: str) -> object:
    return money(term.flat) if name == "flat" and term.flat is not None else term.percent


def check_agent_facts(agent: DealAgent | AccountDetails, at: Location, found: Found) -> None:
    """Days that are possible and in order."""
    for name in ("anniversary", "joined", "left", "licence_expires"):
        day = getattr(agent, name)
        if day is not None:
            check_day(day, (*at, name), found)
    for name, day in agent.anniversaries.items():
        check_day(day, (*at, "anniversaries", name), found)
    if agent.joined is not None and agent.left is not None and agent.left < agent.joined:
        found.add((*at, "left"), agent.left, f"{agent.joined} or later", "correct `left` or `joined`")
