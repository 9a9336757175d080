"""Exceptions: which of the terms that somebody agreed to hold for an agent on this deal."""

from __future__ import annotations

from collections.abc import Iterator

from commissions.book import Part
from domain.commission.charges import Charge
from domain.commission.closing import Closing, DealAgent, DealCharge, DealSide, Term


def terms_of(agent: DealAgent, closing: Closing) -> tuple[Term, ...]:
    """The deal's terms for this agent, whenever agreed; then those of the assignment that hold on the closing day."""
    deal = (term for term in closing.terms if term.agent in (None, agent.agent))
    return (*deal, *(term for term in agent.terms if _holds(term, closing)))


def _holds(term: Term, closing: Closing) -> bool:
    return term.agreed <= closing.closing_date and (term.until is None or closing.closing_date <= term.until)


def split_term(part: Part) -> Term | None:
    """The term that sets the company's percentage, if there is one."""
    return next((term for term in part.terms if term.split is not None), None)


def charge_term(part: Part, rule: str) -> Term | None:
    """The term that waives the rule, or charges it otherwise."""
    return next((term for term in part.terms if rule in (term.waive, term.charge)), None)


def cap_of(counter: str, terms: tuple[Term, ...]) -> int | None:
    """The cap that a term sets instead of the plan's."""
    return next((term.cap[counter] for term in terms if counter in term.cap), None)


def rules_named(terms: tuple[Term, ...]) -> Iterator[str]:
    """The rules that terms are about."""
    for term in terms:
        yield from (rule for rule in (term.waive, term.charge) if rule)


def charge_told(charge: Charge, term: Term | None) -> str:
    """On whose word a charge is as it is: that of the term, else that of the deal's own charge; empty for a plan's."""
    if term is not None:
        return term.told
    return charge.told if isinstance(charge, DealCharge) else ""


def side_told(side: DealSide) -> str:
    """On whose word a side earns what it earns; empty where nobody says."""
    return "; ".join(spec.told for spec in (side.commission, side.agreement) if spec is not None and spec.told)
