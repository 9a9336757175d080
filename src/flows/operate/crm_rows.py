"""Rows of the external CRM for people: how they are named, how they stand, and what can be answered about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.crm.rows import Confirmation, Kind, Question, RowKey, Standing, SyncRow
from domain.operate.crm import AlteredField, Decision, RowTold
from flows.operate.errors import BadRequest, NotFound
from flows.operate.naming import known_sources
from flows.operate.parties import deal_named
from sources.catalog import catalog
from transforms.crm_record import digest
from transforms.masking import masked_value

if TYPE_CHECKING:
    from flows.operate.desk import Desk

#: What can be answered about a row that asks.
_ANSWERS = {
    Question.CANDIDATES: (Decision.ADOPT, Decision.CREATE),
    Question.GONE: (Decision.ADOPT, Decision.RECREATE, Decision.LEAVE),
}

#: A field that was sent empty.
_EMPTY = digest("")

_WORDS = {
    Standing.OPEN: "something is to be done",
    Standing.CLEAN: "the CRM was seen to hold what we hold",
    Standing.BEHIND: "waits for another row",
    Standing.ASKS: "a person must decide",
    Standing.REFUSED: "the CRM refuses it; `dealwire dlq list --cause crm_rejected` has its letter",
    Standing.LEFT: "a person decided to leave it to the CRM",
}


def possible(row: SyncRow) -> tuple[Decision, ...]:
    """What a person can answer about the row now; a row that was left can be taken up again.

    An adopted contact that stands clean can be left: it may turn out that the record is somebody else's.
    """
    if row.standing is Standing.CLEAN and row.key.kind is Kind.CONTACT and row.owns is not None:
        return (Decision.LEAVE,)
    if row.standing is Standing.LEFT:
        answers: tuple[Decision, ...] = (Decision.ADOPT, Decision.RECREATE)
    elif row.standing is Standing.ASKS and row.question is not None:
        answers = _ANSWERS[row.question]
    else:
        return ()
    # A link has no record of its own that another could stand in for.
    return tuple(one for one in answers if row.key.kind is not Kind.LINK or one is not Decision.ADOPT)


def row_named(text: str, desk: Desk) -> RowKey:
    """The row that somebody names by its key, with our ids or the source's; or a deal, as `source/source id`.

    Raises:
        BadRequest: it is no name of a row.
        NotFound: there is no such deal or contact.
    """
    named = text.strip()
    kind, colon, rest = named.partition(":")
    if not colon or kind not in set(Kind):
        return RowKey(Kind.DEAL, deal_named(named, desk).id)
    source, slash, of_source = rest.partition("/")
    if slash and source in catalog():
        return _of_source(Kind(kind), source, of_source, desk)
    try:
        return RowKey.parse(named)
    except ValueError as error:
        raise BadRequest(f"{error}; or a deal as SOURCE/ID") from error


def _of_source(kind: Kind, source: str, rest: str, desk: Desk) -> RowKey:
    if kind is Kind.CONTACT:
        found = desk.ports.contacts.contact_of(source, rest)
        if found is None:
            raise NotFound(f"{source} knows no contact by the id {rest[:200]!r}; check it, or give our contact id")
        return RowKey(kind, found)
    if kind is Kind.DEAL:
        return RowKey(kind, deal_named(f"{source}/{rest}", desk).id)
    # Both parts may hold slashes; the longest name of a deal that there is counts.
    for deal_id, other in _parts(rest):
        deal = desk.ports.process.deals.deal(source, deal_id)
        if deal is not None:
            return RowKey(kind, deal.id, other)
    raise NotFound(
        f"there is no deal of {source} in {rest[:200]!r}; give {kind}:SOURCE/ID/OTHER with one of {known_sources()}"
    )


def _parts(text: str) -> Iterator[tuple[str, str]]:
    pieces = text.split("/")
    for end in range(len(pieces) - 1, 0, -1):
        yield "/".join(pieces[:end]), "/".join(pieces[end:])


def row_told(key: RowKey, row: SyncRow | None, *, owed: bool) -> RowTold:
    """What people are told of a row: never what it holds, but for the shape of what the CRM altered."""
    if row is None:
        words = "is owed to the CRM and was not looked at yet" if owed else "was never owed to the CRM"
        return RowTold(row=str(key), standing="unknown", words=words, owed=owed)
    known = row.confirmed or row.before
    return RowTold(
        row=str(key),
        standing=row.standing.value,
        words=_words(row),
        owed=owed,
        remote_id=row.remote_id,
        confirmed_at=row.confirmed.at if row.confirmed else None,
        fields=len(known.sent) if known else 0,
        owns=None if row.owns is None else _filled(row.owns, known),
        altered=_altered(row),
        intent=f"{row.intent.verb} announced at {row.intent.at:%Y-%m-%d %H:%M:%SZ}" if row.intent else "",
        reason=row.reason,
        candidates=row.candidates,
        due_at=row.due_at,
        working=bool(row.lease),
        possible=possible(row),
    )


def _words(row: SyncRow) -> str:
    words = _WORDS[row.standing]
    if row.standing is Standing.CLEAN and row.confirmed is None:
        words = "there is nothing of it in the CRM, and there is to be nothing"
    if row.behind is not None and row.standing is Standing.BEHIND:
        words = f"waits for {row.behind}"
    if row.standing is Standing.LEFT:
        return words
    if row.intent is not None:
        words += "; a write of unknown outcome is open, and the CRM is read before anything else"
    elif row.doubted_at is not None:
        words += "; an earlier write may still be executed late, and the CRM is read once more"
    return words


def _filled(owns: frozenset[str], known: Confirmation | None) -> tuple[str, ...]:
    sent = known.sent if known else {}
    return tuple(sorted(name for name in owns if sent.get(name, _EMPTY) != _EMPTY))


def _altered(row: SyncRow) -> tuple[AlteredField, ...]:
    known = row.confirmed or row.before
    altered = known.altered if known else {}
    return tuple(
        AlteredField(field=name, sent=masked_value(sent, ""), held=masked_value(held, ""))
        for name, (sent, held) in sorted(altered.items())
    )
