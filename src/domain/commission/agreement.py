"""What is agreed for one deal alone: exceptions to the plans, and what the transaction system cannot say.

A deal's *agreement file* is one of these (docs/plan-language.md). It is laid over what the deal itself states whenever
its commission is computed (`commissions/from_deal.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from domain.commission.charges import Party, PlanPart
from domain.commission.closing import Bonus, CommissionSpec, DealCharge, PayerOffer, Term

#: The sides that a deal may have of ours.
SideName = Literal["listing", "buying", "both", "referral"]


class AgreedSide(PlanPart):
    """What is agreed for one side; what is left out stays as the transaction system states it.

    Attributes:
        commission: what it earns, instead of what the system states; with who agreed to it.
        agreement: of the buyer's broker, instead of what the system states; with who agreed to it.
        offers: who pays, in order, instead of the payer that the system names.
        payer: who pays, instead of the one that the system names.
        bonuses: on top.
    """

    commission: CommissionSpec | None = None
    agreement: CommissionSpec | None = None
    offers: tuple[PayerOffer, ...] = ()
    payer: Party | None = None
    bonuses: tuple[Bonus, ...] = ()

    @property
    def earns(self) -> bool:
        """Whether it says what the side earns."""
        return self.commission is not None or self.agreement is not None


class AgreedSides(PlanPart):
    """The sides for which something is agreed.

    Attributes:
        listing: the listing side.
        buying: the buying side.
        both: where one agreement covers both sides.
        referral: where we only referred.
    """

    listing: AgreedSide | None = None
    buying: AgreedSide | None = None
    both: AgreedSide | None = None
    referral: AgreedSide | None = None

    def given(self) -> Iterator[tuple[SideName, AgreedSide]]:
        """Those that are there."""
        for name in get_args(SideName):
            side = getattr(self, name)
            if side is not None:
                yield name, side


class DealAgreement(PlanPart):
    """What is agreed for one deal alone. Agents are named by `source/agent id`, or by their account.

    Attributes:
        terms: exceptions to the plans of its agents.
        charges: of this deal alone; each says who agreed to it, why, when, and where it is written. One that is called
            `referral` takes the place of the referral that the transaction system states.
        flags: words that rules ask for.
        sides: what the transaction system cannot say of a side.
    """

    terms: tuple[Term, ...] = ()
    charges: tuple[DealCharge, ...] = ()
    flags: tuple[str, ...] = ()
    sides: AgreedSides = AgreedSides()

    def payees(self) -> Iterator[str]:
        """Whom its charges and bonuses pay."""
        yield from (charge.payee for charge in self.charges)
        for _, side in self.sides.given():
            yield from (bonus.to for bonus in side.bonuses if bonus.to is not None)


@dataclass(frozen=True, slots=True)
class HeldAgreement:
    """What is agreed for a deal, as it is stored: every agent named by their account.

    Attributes:
        deal_id: our id of the deal.
        version: counts changes; guards concurrent writes. 0: not stored yet.
        agreement: what is agreed.
        by: who recorded it, the ARN of the signed request.
        at: when.
    """

    deal_id: str
    version: int
    agreement: DealAgreement
    by: str
    at: datetime
