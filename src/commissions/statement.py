"""An agent's year in, their statement out: every deal with every line in words, what is pending, what was paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from commissions.statement_deals import Told, adjustments_of, deal_of, payable, title_of
from domain.commission.account import Account
from domain.commission.calculation import CounterKey
from domain.commission.settlement import CommissionRecord, CounterState, Head, LedgerEntry, PostedCalculation
from domain.commission.statement import DealStanding, StatementCap, StatementDeal, StatementDebt, StatementDocument
from domain.money import Money

#: How each rounding policy is told (research §1.6: publish it, because no brokerage does).
_ROUNDING = {
    "half_up": "Each line is rounded once, to the cent; half a cent is rounded up.",
    "half_even": "Each line is rounded once, to the cent; half a cent goes to the even cent.",
    "half_down": "Each line is rounded once, to the cent; half a cent is rounded down.",
}


def statement(
    account: Account,
    *,
    year: int,
    as_of: date,
    posted: Mapping[str, Sequence[PostedCalculation]],
    heads: Mapping[str, Head],
    records: Iterable[CommissionRecord],
    entries: Iterable[LedgerEntry] = (),
    counters: Mapping[CounterKey, CounterState] | None = None,
    references: Mapping[str, str] | None = None,
    brokerage: str = "",
    currency: str = "USD",
) -> StatementDocument:
    """Everything that an agent's statement says.

    Args:
        account: whose.
        year: of the closings; cap years may begin on another day.
        as_of: the day of the statement.
        posted: deal to all of its calculations.
        heads: deal to how its commission stands.
        records: the commission records of these deals; those of others lend their names.
        entries: of the ledgers that the agent's counters are in.
        counters: as they stand now, where that is known; a shared cap moves by the deals of others too.
        references: deal to its number or name.
        brokerage: legal name.
        currency: where the year has no deal to take it from.

    Returns:
        The statement; deals of other years, and deals that never gave this agent anything, are left out.
    """
    held = list(records)
    told = Told(
        account=account.account,
        records={record.deal_id: record for record in held if record.account == account.account},
        names={record.account: record.name for record in held if record.name} | _own_name(account),
        references=references or {},
    )
    in_year = {
        deal_id: sorted(history, key=lambda one: one.number)
        for deal_id, history in posted.items()
        if history and max(history, key=lambda one: one.number).order[0].startswith(f"{year:04d}-")
    }
    deals = [deal_of(history, heads.get(deal_id), told) for deal_id, history in in_year.items()]
    shown = sorted((deal for deal in deals if deal is not None), key=lambda deal: (deal.closing_date, deal.deal_id))
    histories = {deal.deal_id: in_year[deal.deal_id] for deal in shown}
    current = [one.calculation for history in histories.values() for one in history[-1:] if one.calculation]
    currency = current[0].currency if current else currency
    changed = [change for history in histories.values() for change in adjustments_of(history, told)]

    def total(amounts: Iterable[Money]) -> Money:
        return Money.of_cents(sum(amount.cents for amount in amounts), currency)

    return StatementDocument(
        account=account.account,
        name=account.name or account.account,
        licence=account.licence,
        brokerage=brokerage,
        year=year,
        as_of=as_of,
        currency=currency,
        gci=total(deal.gci for deal in shown),
        company_dollar=total(deal.company_dollar for deal in shown),
        fees=total(deal.fees for deal in shown),
        net=total(deal.net for deal in shown),
        pending=total(payable(deal.net) for deal in shown if deal.paid is None),
        paid=total(deal.paid for deal in shown if deal.paid is not None),
        adjusted=total(_since_paid(deal) for deal in shown if deal.paid is not None),
        caps=_caps(account, histories, entries, counters or {}),
        deals=tuple(shown),
        adjustments=tuple(sorted(changed, key=lambda change: (change.posted, change.calculation))),
        debts=_debts(shown, histories, told),
        rounding=tuple(dict.fromkeys(_ROUNDING[calculation.rounding] for calculation in current)),
    )


def _own_name(account: Account) -> dict[str, str]:
    return {account.account: account.name} if account.name else {}


def _since_paid(deal: StatementDeal) -> Money:
    paid = deal.paid.cents if deal.paid is not None else 0
    return Money.of_cents(payable(deal.net).cents - paid, deal.net.currency)


def _owners(account: Account) -> set[str]:
    details = account.details
    owners = {account.account}
    owners |= {f"team:{details.team}"} if details.team else set()
    return owners | ({f"shared:{details.shared_cap}"} if details.shared_cap else set())


def _caps(
    account: Account,
    histories: Mapping[str, Sequence[PostedCalculation]],
    entries: Iterable[LedgerEntry],
    counters: Mapping[CounterKey, CounterState],
) -> tuple[StatementCap, ...]:
    """The agent's counters, each in its latest year; those with a cap first."""
    owners = _owners(account)
    values: dict[CounterKey, int] = {}
    caps: dict[CounterKey, int] = {}
    for calculation in [history[-1].calculation for history in histories.values()]:
        if calculation is not None:
            values |= {key: calculation.after(key) for key in calculation.opening if key.owner in owners}
            caps |= {key: cap for key, cap in calculation.caps.items() if key.owner in owners}
    for entry in sorted(entries, key=lambda entry: entry.order):
        if entry.owner in owners and entry.deal_id in histories:
            for name, (period, value) in entry.after.items():
                # An older year is carried as `name@period`.
                values[CounterKey(entry.owner, name.partition("@")[0], period)] = value
    values |= {key: state.value for key, state in counters.items() if key.owner in owners}
    latest: dict[tuple[str, str], CounterKey] = {}
    for key in sorted(values, key=lambda key: key.period):
        latest[key.owner, key.counter] = key
    shown = [_cap(key, values[key], caps.get(key)) for key in latest.values()]
    return tuple(sorted(shown, key=lambda one: (one.cap is None, one.key.owner, one.key.counter)))


def _cap(key: CounterKey, used: int, cap: int | None) -> StatementCap:
    return StatementCap(key=key, used=used, cap=cap, left=None if cap is None else max(0, cap - used))


def _debts(
    deals: Sequence[StatementDeal], histories: Mapping[str, Sequence[PostedCalculation]], told: Told
) -> tuple[StatementDebt, ...]:
    found = []
    for deal in deals:
        calculation = histories[deal.deal_id][-1].calculation
        if calculation is None or deal.standing is DealStanding.REVERSED:
            continue
        found += [
            StatementDebt(
                deal=deal.reference,
                owed_to=told.named(owed.owed_to),
                what=title_of(owed.rule, calculation) or "more was charged than this deal gave you",
                amount=owed.amount,
            )
            for owed in calculation.receivables
            if owed.agent == told.account
        ]
    return tuple(found)
