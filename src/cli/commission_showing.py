"""Calculations and commissions for people: tables of lines, payees and counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from domain.operate.agreements import AgreementAnswer
    from domain.operate.commissions import CalculationTold, CommissionAnswer, LineTold, PostedRow


def show_calculation(made: CalculationTold, title: str, console: Console) -> None:
    """Print every line of a calculation, what everybody gets, and the counters after it."""
    columns = ("#", "stage", "what", "from", "to", "of", "rate", "amount", "limit")
    titled = f"{title}, gross {made.gross} {made.currency}"
    lines = output.table(titled, *columns, whole=("what", "from", "to", "of", "limit"))
    for line in made.lines:
        output.add(
            lines,
            line.seq,
            line.stage,
            _what(line),
            line.payer,
            line.payee,
            f"{line.of} {line.basis}".strip() if line.basis is not None else "",
            f"{line.rate} %" if line.rate is not None else "",
            line.amount,
            line.limit,
        )
    console.print(lines)
    payees = output.table("Who gets it", "payee", "amount", whole=("payee",))
    for party, amount in made.payees.items():
        output.add(payees, party, amount)
    console.print(payees)
    _show_counters(made, console)
    for owed in made.receivables:
        rule = f" ({owed.rule})" if owed.rule else ""
        console.print(output.cell(f"{owed.agent} still owes {owed.owed_to} {owed.amount}{rule}"), soft_wrap=True)
    for plan in made.governing:
        note = f"; {plan.note}" if plan.note else ""
        console.print(output.cell(f"{plan.agent}: {plan.plan} {plan.version}{note}"), soft_wrap=True)


def _what(line: LineTold) -> str:
    title = line.title or line.rule or line.code
    told = f"{title} [{line.term}]" if line.term else title
    return f"{told} (told only)" if line.memo else told


def _show_counters(made: CalculationTold, console: Console) -> None:
    if not made.counters_after:
        return
    counters = output.table("Counters after it", "of", "counter", "value", whole=("of", "counter"))
    for owner, values in made.counters_after.items():
        for counter, value in values.items():
            output.add(counters, owner, counter, value)
    console.print(counters)


def show_commission(answer: CommissionAnswer, console: Console) -> None:
    """Print how a deal's commission stands, and how it came to that."""
    console.print(output.cell(_standing(answer)), soft_wrap=True)
    if answer.calculation is not None:
        show_calculation(answer.calculation, f"Commission of {answer.name}", console)
    if answer.records:
        columns = ("account", "name", "side", "plan", "gci", "company dollar", "fees", "net", "status")
        made = output.table("Commission records", *columns, whole=("account", "name", "plan"))
        for one in answer.records:
            output.add(
                made,
                one.account,
                one.name,
                one.side,
                one.plan,
                one.gci,
                one.company_dollar,
                one.fees,
                one.net,
                one.status,
            )
        console.print(made)
    for posted in answer.history:
        _show_posted(posted, console)


def _standing(answer: CommissionAnswer) -> str:
    if answer.standing == "none":
        return f"{answer.name}: {'commission: is being settled' if answer.due else 'no commission is due yet'}"
    words = [f"{answer.name}: commission: {answer.standing}"]
    if answer.needs:
        words = [f"{answer.name}: commission: needs {answer.needs}"]
    elif answer.due:
        words.append("a change is being settled")
    if answer.cda:
        words.append(f"CDA {answer.cda}")
    return "; ".join(words)


def _show_posted(posted: PostedRow, console: Console) -> None:
    gross = "nothing is due" if posted.gross is None else f"gross {posted.gross}"
    paid = ", after payment: owed by an adjustment statement" if posted.after_payment else ""
    console.print(
        output.cell(f"calculation {posted.id} of {output.moment(posted.at)}: {posted.reason}, {gross}{paid}"),
        soft_wrap=True,
    )
    if not posted.adjustments:
        return
    columns = ("what", "agent", "from", "to", "was", "is", "adjustment")
    made = output.table(f"Adjustments to calculation {posted.supersedes}", *columns, whole=("what", "agent"))
    for one in posted.adjustments:
        what = one.title or one.rule or one.code
        output.add(made, what, one.agent, one.payer, one.payee, one.before or "-", one.after or "-", one.delta)
    console.print(made)


def agreement_file(answer: AgreementAnswer) -> str:
    """What is agreed for a deal, as a file that can be changed and recorded again; comments say the rest."""
    if answer.version == 0:
        return output.plain(f"# nothing is agreed for {answer.name} alone\n")
    recorded = f"version {answer.version}, recorded by {answer.by} on {output.moment(answer.at)}"
    comments = [f"{answer.name}: {recorded}", *(f"{account}: {name}" for account, name in answer.agents.items())]
    document = answer.agreement.model_dump(mode="json", exclude_defaults=True) or {"terms": []}
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return output.plain("".join(f"# {' '.join(comment.split())}\n" for comment in comments) + body)
