"""Sales tax: on top of every payment, and on with every leg to those who are registered."""

from __future__ import annotations

from tests.oracle.books import Books, Data, Part
from tests.oracle.figures import rate


def tax_of(books: Books, plan: Data) -> Data | None:
    """The tax of a plan, where the property's state has it."""
    tax = plan.get("tax")
    if not tax or (tax.get("states") and books.deal.get("state") not in tax["states"]):
        return None
    return dict(tax)


def tax_on_sources(books: Books, plan: Data, top: list[tuple[Data, int]]) -> None:
    """What each payer adds, and what other brokerages get of it for their referrals."""
    tax = tax_of(books, plan)
    paid, books.source_lines = books.source_lines, []
    if not tax:
        return
    for amount in paid:
        more = books.round(amount * rate(tax["percent"]))
        books.gross += more
        books.tax_held += more
        books.pay("tax", "outside world", "company", more)
    for rule, amount in top:
        # Through an agent's own plan it is that agent's leg, not one more; and the company passes nothing to itself.
        elsewhere = rule["code"] == "referral" and not rule.get("splits") and rule["payee"] != "company"
        if elsewhere and "referrals" in tax.get("pass_on", []):
            books.seen.add("tax_on_referral")
            pass_on(books, "company", rule["payee"].removeprefix("agent:"), amount, tax)


def tax_on_part(books: Books, part: Part) -> None:
    """The agent's leg, and the company's fees to them."""
    tax = tax_of(books, part.plan)
    if tax and part.fees:
        books.seen.add("tax_on_fees")
        for fee in part.fees:
            pass_on(books, part.agent["agent"], "company", fee, tax)
    if tax and "agents" in tax.get("pass_on", []) and part.agent.get("tax_registered"):
        books.seen.add("tax_on_agent")
        pass_on(books, "company", part.agent["agent"], max(0, part.after_split - part.passed_on), tax)


def pass_on(books: Books, payer: str, payee: str, amount: int, tax: Data) -> None:
    """Tax on one leg."""
    more = books.round(amount * rate(tax["percent"]))
    books.pay("tax", payer, payee, more)
    books.tax_held += more if payee == "company" else -more


def remit(books: Books) -> None:
    """The rest of the tax goes to whom it is owed."""
    first = books.deal["sides"][0]["agents"][0]["agent"]
    tax = tax_of(books, books.plans[first])
    if tax and tax.get("remitted_to") and books.tax_held > 0:
        books.seen.add("tax_remitted")
        books.pay("tax", "company", tax["remitted_to"], books.tax_held)
