"""Closings are settled when their mark is due: computed and posted at once, or shown as in need of something.

What can go wrong decides what happens next, as everywhere:

- something lacks in plan, terms or deal: the closing stays Closed, its head says what it needs, the mark waits, and a
  dead letter `commission` is filed, once for each new reason;
- another writer was first: everything is read and decided again;
- our own storage does not answer: the run ends, and the next one finds the marks where they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.commission.letters import COMMISSION_DUE, letter_answered, letter_of
from domain.commission.settlement import Standing
from domain.errors import Cause, CommissionRefused, ConfigurationError, Conflict, PermanentError, Unavailable
from domain.ports import Change
from domain.stages import Stage
from flows.bugs import place_of
from flows.settle.computing import Ledgers, computed
from flows.settle.deciding import Held, is_same, reversed_, settled
from flows.settle.ports import Ended, Report
from flows.settle.preparing import prepared

if TYPE_CHECKING:
    from domain.commission.settlement import DueMark, Head, Settlement
    from domain.deal import Deal
    from flows.settle.ports import SettlePorts, World

#: Attempts to settle one deal against other writers of its agents' counters. Each loser reads what the winner wrote.
ATTEMPTS = 10

#: Seconds that must be left of a run to begin a deal.
RESERVE_S = 5.0

#: First and longest wait of a closing that needs something: mending releases it at once, this only covers a lost bell.
FIRST_WAIT = timedelta(hours=1)
LONGEST_WAIT = timedelta(hours=24)

#: Characters of a reason that the head shows.
_LONGEST_REASON = 2000

logger = logging.getLogger(__name__)


def settle_due(ports: SettlePorts, world: World) -> Report:
    """Settle every closing whose mark is due, oldest first, as far as time goes.

    Raises:
        Unavailable: storage does not answer; nothing is half written, and the marks stay due.
    """
    report = Report()
    for page in ports.store.due(world.now()):
        for mark in page:
            if world.time_left() < RESERVE_S:
                return report
            report += settle_one(mark, ports, world)
    return report


def settle_one(mark: DueMark, ports: SettlePorts, world: World) -> Report:
    """Settle the deal of a mark.

    Raises:
        Unavailable: storage does not answer.
    """
    report = Report()
    filed: list[int] = []
    ended, told = _decided_again(lambda fresh: _attempt(mark, fresh, filed, ports, world), mark.deal_id, world)
    if filed:
        _answer_overtaken(mark.deal_id, max(filed), ports, world)
    report.count(ended)
    if told:
        report.told[mark.deal_id] = told
    return report


def _decided_again(attempt: Callable[[bool], tuple[Ended, str]], deal_id: str, world: World) -> tuple[Ended, str]:
    for number in range(ATTEMPTS):
        try:
            return attempt(number > 0)
        except Conflict:
            world.pause(world.jitter() * 0.02 * (number + 1))
    logger.warning("deal %s was changed by others in each of %s attempts; the next run settles it", deal_id, ATTEMPTS)
    return Ended.CONTENDED, ""


def _answer_overtaken(deal_id: str, number: int, ports: SettlePorts, world: World) -> None:
    """Close a letter that was filed before its deal changed: what settled the deal instead knows of no letter."""
    for _ in range(ATTEMPTS):
        deal = ports.deals.deal_by_id(deal_id)
        if deal is None or ports.store.head(deal_id).number < number:  # it still waits for that calculation
            return
        with suppress(Conflict):  # changed once more: again
            close_letter(deal, number, ports, world)
            return


def _attempt(seen: DueMark, fresh: bool, filed: list[int], ports: SettlePorts, world: World) -> tuple[Ended, str]:
    mark = ports.store.mark(seen.deal_id) if fresh else seen
    if mark is None or mark.due_at > world.now():  # somebody else has dealt with it
        return Ended.UNCHANGED, ""
    deal = ports.deals.deal_by_id(mark.deal_id)
    if deal is None:
        raise ConfigurationError(f"deal {mark.deal_id} is marked and not in the records table; look at RECORDS_TABLE")
    head = ports.store.head(mark.deal_id)
    held = Held(deal, head, ports.store.calculation(deal.id, head.number) if head.number else None, mark)
    try:
        settlement = decide(held, ports, world)
        if settlement is None:
            return _nothing_new(held, ports, world)
        _post(settlement, held, ports, world)
    except CommissionRefused as refused:
        return _in_need(held, refused, filed, ports, world)
    except (Conflict, ConfigurationError, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - one deal that we cannot compute must not keep all others
        logger.error("settling deal %s failed: %s", deal.id, place_of(error))  # noqa: TRY400 - all that is safe
        reason = f"{type(error).__name__} while settling; see the log of settle, mend the code, then replay"
        return _in_need(held, PermanentError(reason, cause=Cause.BUG), filed, ports, world)
    return (Ended.SETTLED if settlement.posted.calculation else Ended.REVERSED), ""


def decide(held: Held, ports: SettlePorts, world: World) -> Settlement | None:
    """What settling the deal writes now; None where what is posted is right.

    Raises:
        CommissionRefused: it cannot be computed.
        Conflict: a ledger changed while it was read.
        Unavailable: storage does not answer.
    """
    ledgers = Ledgers(held.deal.id, ports)
    if not _is_closed(held.deal):
        waits = held.head.standing is Standing.NEEDS and held.head.version > 0
        if held.calculation is None and not waits:
            return None
        return reversed_(held, ledgers, ports, world.now())
    ready = prepared(held.deal, ports)
    former = held.calculation.movements if held.calculation else {}
    made = computed(ready, ledgers, former, ports)
    order_stays = held.former is not None and held.former.order == made.closing.order
    # A deal that was in need gets a calculation of its own: the letter that waits for it is answered by that.
    in_order = order_stays and held.head.standing is Standing.SETTLED
    if held.mark is not None and in_order and is_same(made.calculation, held.calculation):
        return None
    return settled(held, made, ledgers, ports, world.now())


def _is_closed(deal: Deal) -> bool:
    return deal.details.stage is Stage.CLOSED and deal.merged_into is None


def _post(settlement: Settlement, held: Held, ports: SettlePorts, world: World) -> None:
    mark = held.mark
    if mark is None or held.head.standing is not Standing.NEEDS or held.head.version == 0:
        ports.store.commit(settlement)
        return
    # The mark goes last: if we stop in between, the next run finds nothing new to post, and closes the letter.
    ports.store.commit(replace(settlement, settles=None))
    close_letter(held.deal, settlement.posted.number, ports, world)
    _clear(mark, ports)


def _nothing_new(held: Held, ports: SettlePorts, world: World) -> tuple[Ended, str]:
    if held.mark is None:
        return Ended.UNCHANGED, ""
    if held.mark.needs or _is_replay(held.mark):  # the run that settled it stopped before it could say so
        close_letter(held.deal, held.head.number, ports, world)
    ports.store.clear(held.mark)
    return Ended.UNCHANGED, ""


def _clear(mark: DueMark, ports: SettlePorts) -> None:
    try:
        ports.store.clear(mark)
    except Conflict:  # set anew meanwhile: it is due again
        return


def close_letter(deal: Deal, number: int, ports: SettlePorts, world: World) -> None:
    """The letter that waited for this calculation is answered, whether it is filed by now or not.

    Raises:
        Conflict: the deal was changed meanwhile; its mark is still there.
        Unavailable: storage does not answer.
    """
    letter = letter_answered(deal, number, world.now()).without_body()
    about = f"{deal.source}/{deal.source_id}"
    change = Change(letter, deal.id, about, deal=None, deal_before=deal, changed=("commission",))
    try:
        ports.deals.commit(change, world.now())
    except Conflict:
        if not ports.deals.was_applied(letter):
            raise


def _in_need(
    held: Held, error: PermanentError, filed: list[int], ports: SettlePorts, world: World
) -> tuple[Ended, str]:
    """Say what is missing: on the head, on the mark, and once for each new reason in a letter."""
    mark, head, reason = held.mark, held.head, error.reason()[:_LONGEST_REASON]
    if mark is None:
        return Ended.NEEDS, reason
    deal, now = held.deal, world.now()
    is_told = head.version > 0 and head.standing is Standing.NEEDS and head.needs == reason
    if not is_told or _is_replay(mark):
        about = f"{deal.source}/{deal.source_id}"
        letter = letter_of(deal, head, mark, now)
        ports.dead.bury(letter, error.cause, error.reason(), deal=about, receives=mark.attempts + 1)
        filed.append(head.number + 1)
    waiting = replace(
        mark,
        needs=reason,
        attempts=mark.attempts + 1,
        due_at=now + _wait(mark.attempts, world.jitter()),
        event=None if _is_replay(mark) else mark.event,
    )
    needy: Head = replace(head, version=head.version + 1, standing=Standing.NEEDS, needs=reason)
    ports.store.needs(waiting, needy)
    return Ended.NEEDS, reason


def _is_replay(mark: DueMark) -> bool:
    """Whether somebody replayed the letter: it waits for an answer, so it is filed again though nothing is new."""
    return mark.event is not None and mark.event.event_type == COMMISSION_DUE


def _wait(attempts: int, jitter: float) -> timedelta:
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 16))
    return ceiling * (0.5 + jitter / 2) if attempts else FIRST_WAIT
