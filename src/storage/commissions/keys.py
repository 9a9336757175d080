"""Keys of the rows of commissions, and how closing order becomes a sort key."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.commission.calculation import CounterKey
    from domain.commission.settlement import Order

#: How sort keys of calculations, records, CDA versions and ledger entries begin.
CALCULATIONS, RECORDS, CDAS, ENTRIES = "CALC#", "COMMISSION#RECORD#", "CDA#", "DEAL#"

#: Partitions that list what there is.
ACCOUNT_LIST, PLAN_LIST = "ACCOUNTS", "PLANS"

#: What stands in the index `due`, beside the state of a CDA.
DUE, REPLAY_DUE = "commission", "commission_replay"

#: Parts of a sort key. It sorts before every character that `_part` leaves as it is.
_SEPARATOR = " "
#: Begins what stands for a character that would sort before the separator, or is the separator or this one.
_ESCAPE = "!"


def deal_partition(deal_id: str) -> str:
    """Everything of one deal."""
    return f"DEAL#{deal_id}"


def mark_key(deal_id: str) -> dict[str, str]:
    """Key of a deal's due mark; `storage.records` sets it."""
    return {"pk": deal_partition(deal_id), "sk": "COMMISSION#DUE"}


def head_key(deal_id: str) -> dict[str, str]:
    """Key of a deal's head."""
    return {"pk": deal_partition(deal_id), "sk": "COMMISSION"}


def agreement_key(deal_id: str) -> dict[str, str]:
    """Key of what is agreed for one deal."""
    return {"pk": deal_partition(deal_id), "sk": "COMMISSION#AGREEMENT"}


def calculation_key(deal_id: str, number: int) -> dict[str, str]:
    """Key of one of a deal's calculations."""
    return {"pk": deal_partition(deal_id), "sk": f"{CALCULATIONS}{number:06d}"}


def record_key(deal_id: str, account: str) -> dict[str, str]:
    """Key of an agent's commission record of a deal."""
    return {"pk": deal_partition(deal_id), "sk": f"{RECORDS}{account}"}


def cda_key(deal_id: str) -> dict[str, str]:
    """Key of a deal's CDA as it stands."""
    return {"pk": deal_partition(deal_id), "sk": "CDA"}


def cda_version_key(deal_id: str, version: int) -> dict[str, str]:
    """Key of a version of a deal's CDA that was approved."""
    return {"pk": deal_partition(deal_id), "sk": f"{CDAS}{version:06d}"}


def ledger_partition(owner: str) -> str:
    """All deals of one owner of counters."""
    return f"OWNER#{owner}"


def entry_key(owner: str, order: Order) -> dict[str, str]:
    """Key of a deal in an owner's ledger: sort keys compare as the orders do, whatever characters they hold."""
    return {"pk": ledger_partition(owner), "sk": ENTRIES + _SEPARATOR.join(map(_part, order))}


def order_of(entry: str) -> Order:
    """The place in closing order that the sort key of a ledger entry stands for."""
    day, number, deal_id = map(_text, entry.removeprefix(ENTRIES).split(_SEPARATOR))
    return (day, number, deal_id)


def entries_between(since: date | None, until: date | None) -> tuple[str, str]:
    """Sort keys that enclose the ledger's entries of these closing days, both included."""
    # An entry goes on with the separator behind its day; the escape character sorts just behind that.
    first = f"{ENTRIES}{since.isoformat()}" if since else ENTRIES
    return first, f"{ENTRIES}{until.isoformat()}{_ESCAPE}" if until else f"{ENTRIES}~"


def counter_key(key: CounterKey) -> dict[str, str]:
    """Key of a counter; names of counters and periods hold no `#`."""
    return {"pk": f"COUNTER#{key.owner}", "sk": f"{key.counter}#{key.period}"}


def replay_key(owner: str) -> dict[str, str]:
    """Key of the mark that an owner's later deals must be computed again."""
    return {"pk": f"REPLAY#{owner}", "sk": "REPLAY"}


def account_key(account: str) -> dict[str, str]:
    """Key of a commission account."""
    return {"pk": f"ACCOUNT#{account}", "sk": "ACCOUNT"}


def account_listed(account: str) -> dict[str, str]:
    """Key of the row that lists an account."""
    return {"pk": ACCOUNT_LIST, "sk": account}


def plan_partition(plan: str) -> str:
    """All versions of one plan."""
    return f"PLAN#{plan}"


def version_key(plan: str, effective: date) -> dict[str, str]:
    """Key of a plan version."""
    return {"pk": plan_partition(plan), "sk": f"VERSION#{effective.isoformat()}"}


def plan_listed(plan: str) -> dict[str, str]:
    """Key of the row that lists a plan."""
    return {"pk": PLAN_LIST, "sk": plan}


def brokerage_key() -> dict[str, str]:
    """Key of the brokerage."""
    return {"pk": "BROKERAGE", "sk": "BROKERAGE"}


def _part(text: str) -> str:
    """One part of an order so that the joined parts sort as the tuple does: by code point, the shorter first."""
    return "".join(f"{_ESCAPE}{chr(ord(char) + 0x40)}" if char <= _ESCAPE else char for char in text)


def _text(part: str) -> str:
    """What `_part` was made of."""
    first, *escaped = part.split(_ESCAPE)
    return first + "".join(chr(ord(rest[0]) - 0x40) + rest[1:] for rest in escaped)
