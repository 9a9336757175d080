"""What is agreed for one deal alone: `commission-agree`, `commission-agreement`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.commission.agreement import DealAgreement
from domain.operate.base import Id, Message, Why
from domain.operate.plans import Aftermath

#: Characters of an agreement file.
LONGEST_AGREEMENT = 50_000


class AgreeRequest(Message):
    """`commission-agree` (broker): what is agreed for a deal, from its YAML file; takes the place of what was.

    Attributes:
        deal: `source/source id`, or our id; it may still be open.
        text: the file.
        file: its name, for messages.
        why: in the broker's words.
    """

    deal: Id
    text: Annotated[str, Field(max_length=LONGEST_AGREEMENT)]
    file: Annotated[str, Field(max_length=200)] = "agreement.yaml"
    why: Why


class AgreeAnswer(Message):
    """What holds now.

    Attributes:
        deal: our id.
        name: `source/source id`.
        version: of what is agreed, counted from 1; 0: nothing ever was.
        changed: False where it was so already.
        lacking: what the deal's commission still needs, each with what to do; nothing of it is the agreement's.
        aftermath: whether the deal is settled anew.
    """

    deal: str
    name: str
    version: int
    changed: bool
    lacking: tuple[str, ...]
    aftermath: Aftermath


class AgreementRequest(Message):
    """`commission-agreement`: what is agreed for a deal."""

    deal: Id


class AgreementAnswer(Message):
    """What is agreed, every agent named by their account.

    Attributes:
        deal: our id.
        name: `source/source id`.
        version: counted from 1; 0: nothing ever was agreed.
        by: who recorded it; empty if nobody did.
        at: when.
        agreement: what is agreed.
        agents: account to name, of the deal's agents.
    """

    deal: str
    name: str
    version: int
    by: str
    at: AwareDatetime | None
    agreement: DealAgreement
    agents: dict[str, str]
