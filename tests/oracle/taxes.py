"""Sales taxes: on top of every payment, and on with every leg to those who are registered; each by itself."""

from __future__ import annotations

from tests.oracle.books import Books, Data
from tests.oracle.figures import rate


def taxes_of(books: Books, plan: Data) -> list[Data]:
    """The taxes of a plan, where the property's state has them."""
    taxes = plan.get("tax") or []
    taxes = [taxes] if isinstance(taxes, dict) else taxes
    return [tax for tax in taxes if not tax.get("states") or books.deal.get("state") in tax["states"]]


def levy(books: Books, tax: Data) -> None:
    """One tax, on every leg of the deal; what the company has left of it then goes to whom it is owed."""
    held = 0
    for amount in books.source_lines:
        more = books.round(amount * rate(tax["percent"]))
        books.gross += more
        held += more
        books.pay("tax", "outside world", "company", more)
    for payer, payee, amount in [*_referrals(books, tax), *_fees(books, tax), *_agents(books, tax)]:
        more = books.round(amount * rate(tax["percent"]))
        books.pay("tax", payer, payee, more)
        held += more if payee == "company" else -more
    if tax.get("remitted_to") and held > 0:
        books.seen.add("tax_remitted")
        books.pay("tax", "company", tax["remitted_to"], held)


def _referrals(books: Books, tax: Data) -> list[tuple[str, str, int]]:
    legs = []
    for rule, amount in books.top_lines:
        # Through an agent's own plan it is that agent's leg, not one more; and the company passes nothing to itself.
        elsewhere = rule["code"] == "referral" and not rule.get("splits") and rule["payee"] != "company"
        if elsewhere and "referrals" in tax.get("pass_on", []):
            books.seen.add("tax_on_referral")
            legs.append(("company", rule["payee"].removeprefix("agent:"), amount))
    return legs


def _fees(books: Books, tax: Data) -> list[tuple[str, str, int]]:
    if not tax.get("on_fees"):
        return []
    legs = [(part.agent["agent"], "company", fee) for part in books.done for fee in part.fees]
    if legs:
        books.seen.add("tax_on_fees")
    return legs


def _agents(books: Books, tax: Data) -> list[tuple[str, str, int]]:
    if "agents" not in tax.get("pass_on", []):
        return []
    registered = [part for part in books.done if part.agent.get("tax_registered")]
    if registered:
        books.seen.add("tax_on_agent")
    more = [
        ("company", agent, amount) for agent, amount in books.legs if (books.person(agent) or {}).get("tax_registered")
    ]
    return more + [("company", part.agent["agent"], max(0, part.after_split - part.passed_on)) for part in registered]
