"""Who may approve a CDA: the designated broker or a recorded delegate, by the ARN that signs the request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flows.operate.errors import BadRequest, Taken

if TYPE_CHECKING:
    from domain.commission.cda import Brokerage, CdaDocument, Signer
    from domain.commission.settlement import PostedCalculation
    from domain.deal import Deal

_SESSION = re.compile(r"(arn:[\w-]+:sts::\d+:assumed-role/[^/]+)/.+")
_ROLE = re.compile(r"arn:([\w-]+):iam::(\d+):role/(?:.+/)?([^/]+)")
_ARN = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d{12}:\S+")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs, and by what right.

    Attributes:
        signer: of the brokerage.
        words: `designated broker`, or the document that delegates it.
    """

    signer: Signer
    words: str


def authority(who: str, brokerage: Brokerage, today: date) -> Authority:
    """Find the signer who makes this request.

    Args:
        who: ARN of the caller.
        brokerage: with its broker and delegates.
        today: where the office is.

    Raises:
        Taken: it is nobody who may sign today; says who may.
    """
    candidates = [Authority(brokerage.broker, "designated broker")]
    candidates += [Authority(one, f"delegate of the broker by {one.document}") for one in brokerage.delegates]
    ours = [one for one in candidates if _is(who, one.signer.identity)]
    for one in ours:
        if _holds(one.signer, today):
            return one
    if ours:
        signer = ours[0].signer
        span = f"from {signer.starts or 'the beginning'} until {signer.until or 'further notice'}"
        raise Taken(f"{signer.name} may approve CDAs {span}, and today is {today}; record it with `dealwire cda setup`")
    valid = ", ".join(one.signer.name for one in candidates if _holds(one.signer, today)) or "nobody"
    raise Taken(
        f"{who} is not recorded as one who may approve CDAs; today {valid} may; "
        "record a delegate with `dealwire cda setup`"
    )


def check_disinterested(signer: Signer, posted: PostedCalculation, document: CdaDocument, deal: Deal) -> None:
    """Refuse a signer whom this deal pays: told by account, licence and name.

    Raises:
        Taken: names them; somebody else has to approve it.
    """
    made = posted.calculation
    agents = {one.agent for one in made.governing} | {line.agent for line in made.lines} if made else set()
    paid = agents | (set(made.payees) if made else set())
    licences = {one.licence for one in document.agents} | {one.licence for one in document.lines}
    licences -= {document.brokerage.licence, ""}
    licences |= {share.licence for share in deal.agents if share.licence}
    names = [party.name for party in document.agents]
    names += [line.payee for line in document.lines if line.payee != document.brokerage.legal_name]
    if signer.account in paid or signer.licence in licences or _plain(signer.name) in map(_plain, names):
        raise Taken(
            f"{signer.name} is paid by this deal, and nobody approves a CDA that pays them; "
            "have the broker or another recorded delegate approve it"
        )


def check_signers(brokerage: Brokerage) -> None:
    """Refuse a brokerage whose signers could not be told apart, or whose delegations are not recorded.

    Raises:
        BadRequest: names the field, and what was expected.
    """
    signers = [("broker", brokerage.broker)]
    signers += [(f"delegates[{position}]", one) for position, one in enumerate(brokerage.delegates)]
    for field, one in signers:
        if not _ARN.fullmatch(one.identity):
            raise BadRequest(
                f"{field}.identity is {one.identity[:200]!r}; expected an ARN of IAM or STS, such as "
                "arn:aws:iam::123456789012:user/ana (`aws sts get-caller-identity` shows one's own)"
            )
        if one.starts and one.until and one.until < one.starts:
            raise BadRequest(f"{field}.until is {one.until}, before it starts on {one.starts}; give a later day")
    for field, one in signers[1:]:
        for name, value in (("document", one.document), ("starts", one.starts)):
            if not value:
                raise BadRequest(f"{field}.{name} is missing; a delegation needs the document and its first day")
    _check_apart(_canonical(one.identity) for _, one in signers)


def _check_apart(identities: Iterable[str]) -> None:
    seen: set[str] = set()
    for one in identities:
        if one in seen:
            raise BadRequest(f"identity {one} stands for two signers; each needs their own")
        seen.add(one)
    for one in sorted(seen):
        session = _SESSION.fullmatch(one)
        if session and session[1] in seen:
            raise BadRequest(
                f"identity {session[1]} is one signer's and stands for all of its sessions, and {one} is another's; "
                "give each signer a session, or a role of their own"
            )


def _is(who: str, identity: str) -> bool:
    """Whether the caller is the one recorded: any session of a role, or, where one is recorded, that session."""
    session = _SESSION.fullmatch(who)
    return _canonical(identity) in {who, session[1] if session else who}


def _canonical(identity: str) -> str:
    """The ARN as requests show it: a role appears by its assumed name, without its path."""
    role = _ROLE.fullmatch(identity)
    return f"arn:{role[1]}:sts::{role[2]}:assumed-role/{role[3]}" if role else identity


def _holds(signer: Signer, today: date) -> bool:
    return (signer.starts is None or signer.starts <= today) and (signer.until is None or today <= signer.until)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
