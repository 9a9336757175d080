"""One closing computed at its place in the order: with the counters as the ledgers of its owners have them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from commissions.checking import anniversary_of, check_input, counters_of
from commissions.engine import compute, inputs_digest
from commissions.years import EVER, period
from domain.commission.calculation import CounterKey
from flows.settle.chain import Values, keys_of, value_of

if TYPE_CHECKING:
    from commissions.book import CounterOf
    from domain.commission.account import Account
    from domain.commission.calculation import Calculation
    from domain.commission.closing import Closing, DealAgent
    from domain.commission.settlement import CounterState, LedgerEntry, Order
    from flows.settle.ports import SettlePorts
    from flows.settle.preparing import Prepared


#: A deal may count in a year that begins after its closing, where the day of funding decides.
_LAG = timedelta(days=366)


@dataclass(slots=True)
class Ledgers:
    """The neighbours of a deal's place in the ledgers of its owners, each read once; the deal's own entry left out."""

    deal_id: str
    ports: SettlePorts
    _before: dict[tuple[str, Order], LedgerEntry | None] = field(default_factory=dict)

    def before(self, owner: str, order: Order) -> LedgerEntry | None:
        """The entry before this place."""
        place = (owner, order)
        if place not in self._before:
            self._before[place] = self._read_before(owner, order)
        return self._before[place]

    def _read_before(self, owner: str, order: Order) -> LedgerEntry | None:
        entry = self.ports.store.entry_before(owner, order)
        while entry is not None and entry.deal_id == self.deal_id:
            entry = self.ports.store.entry_before(owner, entry.order)
        return entry

    def values(self, owner: str, order: Order) -> Values:
        """What the chain says at this place."""
        entry = self.before(owner, order)
        return entry.after if entry else {}

    def has_later(self, owner: str, order: Order) -> bool:
        """Whether another deal of the owner comes behind this place."""
        entry = self.ports.store.entry_after(owner, order)
        while entry is not None and entry.deal_id == self.deal_id:
            entry = self.ports.store.entry_after(owner, entry.order)
        return entry is not None

    def own(self, owner: str, order: Order) -> LedgerEntry | None:
        """The deal's own entry at this place."""
        return next((entry for entry in self.of_day(owner, order) if entry.order == order), None)

    def of_day(self, owner: str, order: Order) -> Sequence[LedgerEntry]:
        """Every entry of that closing day."""
        day = date.fromisoformat(order[0])
        return self.ports.store.ledger(owner, since=day, until=day)

    def of_period(self, key: CounterKey) -> Sequence[LedgerEntry]:
        """Every entry that may count in a counter's period, the deal's own included; later ones besides."""
        since = None if key.period == EVER else date.fromisoformat(f"{key.period}-01"[:10]) - _LAG
        return self.ports.store.ledger(key.owner, since=since)

    def is_as_read(self, owner: str, order: Order) -> bool:
        """Whether the entry before this place is still the one that was read."""
        return self._read_before(owner, order) == self.before(owner, order)


@dataclass(frozen=True, slots=True)
class Computed:
    """A calculation, and what it was based on.

    Attributes:
        calculation: with its inputs' digest.
        closing: what was computed.
        bases: counter to its value at the start of its period.
        states: counters as they are stored, read before the ledgers were.
    """

    calculation: Calculation
    closing: Closing
    bases: Mapping[CounterKey, int]
    states: Mapping[CounterKey, CounterState]


def computed(ready: Prepared, ledgers: Ledgers, former: Iterable[CounterKey], ports: SettlePorts) -> Computed:
    """Compute the closing.

    Args:
        ready: what the engine takes.
        ledgers: of this deal.
        former: counters of its calculation before, which are to be moved back.
        ports: where counters are read.

    Raises:
        CommissionRefused: something is missing or contradicts.
        Unavailable: storage does not answer.
    """
    closing, plans = ready.closing, ready.plans
    check_input(closing, plans)
    counters = _counters(ready)
    # Counters first, ledgers second: whoever commits in between changes a counter's version, and our write fails.
    states = dict(ports.store.counters({*counters, *former}))
    bases = _bases(counters, ready, ports)
    opening: dict[str, dict[str, int]] = {}
    for key in counters:
        chained = value_of(ledgers.values(key.owner, closing.order), key)
        value = bases[key] if chained is None else chained
        opening.setdefault(key.owner, {})[key.counter] = value
    opened = closing.model_copy(update={"opening": opening})
    calculation = replace(compute(opened, plans), inputs=inputs_digest(opened, plans))
    return Computed(calculation, opened, bases, states)


def carried(owner: str, values: Values, used: Iterable[CounterKey]) -> frozenset[CounterKey]:
    """Counters that the chain carries on and the deal does not use."""
    return keys_of(owner, values) - frozenset(used)


def _counters(ready: Prepared) -> dict[CounterKey, tuple[CounterOf, DealAgent]]:
    """Every counter that this deal may move."""
    members = [agent for side in ready.closing.sides for agent in side.agents]
    found: dict[CounterKey, tuple[CounterOf, DealAgent]] = {}
    for agent in [*members, *ready.closing.others]:
        governed = ready.plans.get(agent.agent)
        if governed is None:
            continue
        try:
            counters = counters_of(agent, governed.plan, ready.closing)
        except ValueError:  # no anniversary: refused by the engine, if the plan of this other agent is applied at all
            continue
        found |= {counter.key: (counter, agent) for counter in counters.values()}
    return found


def _bases(
    counters: Mapping[CounterKey, tuple[CounterOf, DealAgent]], ready: Prepared, ports: SettlePorts
) -> dict[CounterKey, int]:
    """Each counter at the start of its period: what its owner brought along, else nothing."""
    groups = {key.owner for key in counters} - ready.accounts.keys()
    accounts: dict[str, Account] = {**ready.accounts, **(ports.accounts.load(sorted(groups)) if groups else {})}
    return {key: _brought(key, counter, agent, accounts.get(key.owner)) for key, (counter, agent) in counters.items()}


def _brought(key: CounterKey, counter: CounterOf, agent: DealAgent, account: Account | None) -> int:
    anniversary = anniversary_of(agent, counter.counter)
    found = [
        (opening.as_of, opening.counters[key.counter])
        for opening in (account.openings if account else ())
        if key.counter in opening.counters and period(counter.counter, opening.as_of, anniversary).id == key.period
    ]
    return max(found)[1] if found else 0
