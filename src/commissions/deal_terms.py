"""What the transaction system states about commissions, read as sides and charges of a closing.

It is read so (docs/commissions.md tells it to people):

- `commission` is what our side earns; where we are on the buying side, `buyer_compensation` is the buyer's agreement
  and a ceiling. Where we are on both sides, `commission` is the listing side's and `buyer_compensation` the buying
  side's; without the latter, one agreement covers both sides, provided that the same agents share both alike.
- An outgoing referral is taken off the top of the side, of its gross. An incoming one is what we earn ourselves: its
  amount, or its percentage of the `commission` that the other brokerage earns.
- The commission as the system has added it up (`commission.stated_amount`) is not computed with.
- What is agreed for the deal alone takes the place of what the system states, entry by entry; who pays stays as the
  system says, unless that is agreed too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from domain.commission.agreement import AgreedSide, DealAgreement, SideName
from domain.commission.amounts import amount_text
from domain.commission.charges import ChargeCode
from domain.commission.closing import CommissionSpec, DealAgent, DealCharge, DealSide, PayerOffer
from domain.errors import FieldProblem
from domain.terms import DealType, PaidBy, ReferralDirection, RepresentedSide, Side

if TYPE_CHECKING:
    from domain.deal import DealDetails
    from domain.money import Money

#: `PaidBy.SPLIT` does not say who pays how much; the line names both.
_PAYERS = {PaidBy.SPLIT: "seller and buyer"}

#: Characters of a party's name on a line.
_LONGEST_NAME = 80

#: The rule of the referral that the transaction system states; an agreed charge of this name replaces it.
REFERRAL = "referral"

_NOTHING = AgreedSide()

_Agreement = Literal["commission", "buyer_compensation"]


@dataclass(slots=True)
class Notes:
    """Every problem that was found so far."""

    problems: list[FieldProblem] = field(default_factory=list)

    def note(self, name: str, value: object, expected: str) -> None:
        """Note what stands in a field, and what was expected with the next step."""
        told = "nothing" if value in (None, "") else str(value)
        self.problems.append(FieldProblem(name, told, expected, name))


def amount_of(money: Money | None) -> Any:
    """An amount as the models of files read it: in units, not in cents."""
    return None if money is None else money.amount


class AgreedTerms:
    """What was agreed about one deal's commissions."""

    def __init__(self, details: DealDetails, notes: Notes, agreement: DealAgreement | None = None) -> None:
        """Read these details and what is agreed beside them, and note there what is missing."""
        self.details, self.notes = details, notes
        self.agreement = agreement or DealAgreement()

    def sides(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        """The sides that we have, with what each earns and who pays it; none where a problem was noted.

        Args:
            agents: of each of our sides.
        """
        found = self._stated(agents)
        kinds = [side.side for side in found]
        for name, _ in self.agreement.sides.given():
            if kinds and name not in kinds:
                expected = f"a side that this deal has: {', '.join(kinds)}; correct it with `dealwire commission agree`"
                self.notes.note(f"agreement.sides.{name}", name, expected)
        return found

    def _stated(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        if not agents:
            return []
        if self.details.referral.direction is ReferralDirection.INCOMING or self._is(DealType.REFERRAL):
            return self._referral_in(agents)
        if len(agents) == 2:
            return self._two_sides(agents)
        (side,) = agents
        if self.details.represented_side is RepresentedSide.BOTH:
            return self._one_for_both(side, agents[side])
        if side is Side.LISTING:
            return self._listing(agents[side])
        return self._buying(agents[side], self._spec("commission"))

    def _spec(self, group: _Agreement) -> CommissionSpec | None:
        """What one agreement comes to; None where it states neither a percentage nor an amount."""
        terms = getattr(self.details, group)
        if terms.percent is None and terms.flat is None:
            return None
        for name in ("percent", "flat"):
            value = getattr(terms, name)
            if value is not None and (value if name == "percent" else value.amount) < 0:
                self.notes.note(f"{group}.{name}", value, "not below zero; correct it at the source")
                return None
        if terms.percent is not None and terms.percent > 100:
            self.notes.note(f"{group}.percent", terms.percent, "at most 100; correct it at the source")
            return None
        if terms.percent is not None and self.details.sale_price is None:
            self.notes.note("sale_price", None, f"what {group}.percent is a percentage of; set it at the source")
        percent = None if terms.percent is None else Fraction(terms.percent)
        return CommissionSpec(percent=percent, flat=amount_of(terms.flat))

    def _agreed(self, side: SideName) -> AgreedSide:
        return getattr(self.agreement.sides, side) or _NOTHING

    def _needed(self, group: _Agreement, whose: str) -> None:
        if any(problem.path.startswith(f"{group}.") for problem in self.notes.problems):
            return  # what is there is wrong, and told
        stated = self.details.commission.stated_amount if group == "commission" else None
        told = f"only a stated total of {stated}" if stated is not None else None
        self.notes.note(f"{group}.percent", told, f"a percentage, or an amount in {group}.flat: {whose}")

    def _two_sides(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        listing, buying = agents[Side.LISTING], agents[Side.BUYING]
        if self._spec("buyer_compensation") is not None or self._agreed("buying").earns:
            return [*self._listing(listing), *self._buying(buying, None)]
        if [(one.agent, one.share) for one in listing] == [(one.agent, one.share) for one in buying]:
            return self._one_for_both(Side.LISTING, listing)
        self._needed("buyer_compensation", "what the buying side earns, which has agents of its own")
        return []

    def _one_for_both(self, side: Side, members: list[DealAgent]) -> list[DealSide]:
        spec = None if self._agreed("both").commission else self._spec("commission")
        if self._spec("buyer_compensation") is not None:
            missing = Side.BUYING if side is Side.LISTING else Side.LISTING
            expected = f"the agents of the {missing} side as well, which has an agreement of its own; add them there"
            self.notes.note("agents", f"only the {side} side's", expected)
            return []
        if spec is None and not self._agreed("both").earns:
            self._needed("commission", "what both sides together earn")
            return []
        return [self._side("both", members, commission=spec, payer=self._payer())]

    def _listing(self, members: list[DealAgent]) -> list[DealSide]:
        spec = None if self._agreed("listing").commission else self._spec("commission")
        if spec is None and not self._agreed("listing").earns:
            self._needed("commission", "what the listing side earns")
            return []
        return [self._side("listing", members, commission=spec, payer=self._payer())]

    def _buying(self, members: list[DealAgent], commission: CommissionSpec | None) -> list[DealSide]:
        agreement, agreed = self._spec("buyer_compensation"), self._agreed("buying")
        if agreement is None and commission is None and not agreed.earns:
            self._needed("buyer_compensation", "what the buyer has agreed to")
            return []
        payer = agreed.payer or self._buyers_payer()
        offered = commission or agreement
        if offered is None or (agreement is None and agreed.agreement is None):
            return [self._side("buying", members, commission=commission, payer=payer)]
        offer = PayerOffer(payer=payer, percent=offered.percent, flat=_units(offered.flat))
        return [self._side("buying", members, commission=commission, agreement=agreement, offers=(offer,))]

    def _side(self, side: SideName, members: list[DealAgent], **fields: Any) -> DealSide:
        agreed = self._agreed(side)
        instead = {name: getattr(agreed, name) for name in type(agreed).model_fields}
        told = fields | {name: value for name, value in instead.items() if value}
        return DealSide(side=side, agents=tuple(members), **told)

    def _is(self, kind: DealType) -> bool:
        return self.details.deal_type is kind

    def _payer(self) -> str:
        return "landlord" if self._is(DealType.LEASE) else "seller"

    def _buyers_payer(self) -> str:
        paid_by = self.details.buyer_compensation.paid_by
        return self._payer() if paid_by is None else _PAYERS.get(paid_by, paid_by.value)

    def _referral_in(self, agents: Mapping[Side, list[DealAgent]]) -> list[DealSide]:
        referral = self.details.referral
        if len(agents) > 1:
            self.notes.note("agents", "both sides", "agents of one side on a referral that comes in; correct it there")
            return []
        (members,) = agents.values()
        earns = self._agreed("referral").earns
        spec = None if earns else self._referral_spec()
        payer = (referral.company or referral.agent_name or "other brokerage")[:_LONGEST_NAME]
        return [self._side("referral", members, commission=spec, payer=payer)] if spec or earns else []

    def _referral_spec(self) -> CommissionSpec | None:
        referral, earned = self.details.referral, self.details.commission
        if not self._fits():
            return None
        if referral.flat is not None and referral.percent is None:
            return CommissionSpec(flat=amount_of(referral.flat))
        if referral.percent is None:
            spec = self._spec("commission")
            if spec is None:
                self.notes.note("referral.percent", None, "what we get of the other brokerage's commission")
            return spec
        if referral.flat is None and earned.flat is not None and earned.percent is None:
            return CommissionSpec(percent=Fraction(referral.percent), base=amount_of(earned.flat))
        if referral.flat is None and earned.percent is not None and earned.flat is None:
            whole = self._spec("commission")
            percent = None if whole is None or whole.percent is None else whole.percent
            return None if percent is None else CommissionSpec(percent=percent * Fraction(referral.percent) / 100)
        self.notes.note("referral.flat", referral.flat, "the fee as one amount, or one percentage of one amount")
        return None

    def _fits(self) -> bool:
        """Whether the referral's figures are possible at all."""
        referral, known = self.details.referral, len(self.notes.problems)
        if referral.percent is not None and not 0 <= referral.percent <= 100:
            self.notes.note("referral.percent", referral.percent, "0 to 100; correct it at the source")
        if referral.flat is not None and referral.flat.amount < 0:
            self.notes.note("referral.flat", referral.flat, "not below zero; correct it at the source")
        return len(self.notes.problems) == known

    def charges(self) -> list[DealCharge]:
        """The deal's own charges: a referral that went out, and what is agreed."""
        agreed = self.agreement.charges
        stated = [] if any(charge.rule == REFERRAL for charge in agreed) else self._referral_out()
        return [*stated, *agreed]

    def _referral_out(self) -> list[DealCharge]:
        """What a referral that went out takes off the top; nothing where there is none or a problem was noted."""
        referral = self.details.referral
        if referral.direction is ReferralDirection.INCOMING or self._is(DealType.REFERRAL):
            return []
        stated = referral.percent is not None or referral.flat is not None
        if referral.direction is None:
            if stated:
                self.notes.note("referral.direction", None, "incoming or outgoing; set it at the source")
            return []
        if not stated:
            self.notes.note("referral.percent", None, "the outgoing fee in percent, or its amount in referral.flat")
        if not stated or not self._fits():
            return []
        return [
            DealCharge(
                rule=REFERRAL,
                code=ChargeCode.REFERRAL,
                title="Referral fee",
                payee=(referral.company or referral.agent_name or "referring brokerage")[:_LONGEST_NAME],
                percent=None if referral.percent is None else Fraction(referral.percent),
                flat=amount_of(referral.flat),
                of=None if referral.percent is None else "gross",
            )
        ]


def _units(cents: int | None) -> Any:
    return None if cents is None else amount_text(cents)
