"""An agent's statement for people, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import output
from domain.commission.amounts import amount_text

if TYPE_CHECKING:
    from rich.console import Console

    from domain.commission.statement import StatementDeal, StatementDocument
    from domain.money import Money


def show_statement(made: StatementDocument, console: Console) -> None:
    """Print the year, the caps, and every deal with its lines."""
    console.print(output.cell(f"Statement of {made.name} for {made.year}, as of {made.as_of}", "bold"))
    facts = output.table(f"Year to date, {made.currency}", "what", "amount", whole=("what",))
    sums: dict[str, Money] = {
        "GCI": made.gci,
        "company dollar": made.company_dollar,
        "fees": made.fees,
        "net": made.net,
        "pending": made.pending,
        "paid": made.paid,
        "adjusted after payment": made.adjusted,
    }
    for name, money in sums.items():
        output.add(facts, name, _text(money))
    console.print(facts)
    _show_caps(made, console)
    for deal in made.deals:
        _show_deal(deal, console)
    _show_rest(made, console)


def _show_caps(made: StatementDocument, console: Console) -> None:
    if not made.caps:
        return
    rows = output.table(
        "Counters", "counter", "of", "year", "so far", "cap", "left to the cap", whole=("counter", "of")
    )
    for one in made.caps:
        cap = "-" if one.cap is None else amount_text(one.cap)
        left = "-" if one.left is None else amount_text(one.left)
        output.add(rows, one.key.counter, one.key.owner, one.key.period, amount_text(one.used), cap, left)
    console.print(rows)


def _show_deal(deal: StatementDeal, console: Console) -> None:
    title = f"{deal.reference}, closed {deal.closing_date}: {deal.standing}, net {_text(deal.net)}"
    if deal.needs:
        title = f"{title}; commission: needs {deal.needs}"
    console.print(output.cell(title, "bold"), soft_wrap=True)
    rows = output.table("", "what", "why", "amount", "yours", whole=("what", "why"))
    for line in deal.lines:
        yours = "" if line.yours is None else _text(line.yours)
        output.add(rows, line.title, line.sentence, _text(line.amount), yours)
    console.print(rows)
    for term in deal.exceptions:
        console.print(output.cell(f"exception: {term}"), soft_wrap=True)


def _show_rest(made: StatementDocument, console: Console) -> None:
    if made.adjustments:
        rows = output.table(
            "Adjustments after payment", "deal", "posted", "what", "was", "is", "adjustment", whole=("deal", "what")
        )
        for one in made.adjustments:
            output.add(rows, one.deal, one.posted, one.title, _text(one.before), _text(one.after), _text(one.delta))
        console.print(rows)
    for owed in made.debts:
        text = f"still owed to {owed.owed_to}: {_text(owed.amount)}, {owed.what} (deal {owed.deal})"
        console.print(output.cell(text), soft_wrap=True)


def _text(money: Money) -> str:
    return amount_text(money.cents)
