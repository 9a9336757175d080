"""Amounts, charges and the split of a plan, in words."""

from __future__ import annotations

from commissions.bases import told as basis_told
from commissions.wording_conditions import condition
from commissions.wording_figures import basis_words, counted, dollars, listed, percent
from domain.commission.charges import Amount, Basis, Charge, Step, TierMode, Tiers
from domain.commission.plan import DEAL_MEASURES, Floor, Section, Split

_PARTIES = {
    "agent": "the agent",
    "company": "the company",
    "lead": "the team lead",
    "mentor": "the mentor",
    "recruiter": "the recruiter",
    "gross": "the side's commission",
    "outside": "the company, from other money",
}

_MODES = {
    TierMode.MARGINAL: "each slice by its own level",
    TierMode.ENTERING: "all of it by the level in which the deal begins",
    TierMode.RESULTING: "all of it by the level in which the deal ends",
}

_PARTIAL = {
    "full": "a step that is begun costs as much as a full one",
    "free": "a step that is not full costs nothing",
    "prorated": "a step that is not full costs its part",
}

_SHARED = {
    "by_share": "shared out among its co-agents by their shares of the commission",
    "first": "all of it by the first co-agent",
    "each": "in full by each co-agent",
}

_ONCE = {"deal": "once for the deal", "side": "once for each side"}


def party(name: str) -> str:
    """A party as a plan names it."""
    return _PARTIES.get(name, f"agent {name.removeprefix('agent:')}" if name.startswith("agent:") else name)


def charge(rule: Charge, section: str) -> str:
    """A charge in one or more sentences.

    Args:
        rule: the charge.
        section: where it stands; sets the defaults.
    """
    name = f"{rule.title} ({rule.rule}, {rule.code})" if rule.title else f"{rule.rule} ({rule.code})"
    bearer = rule.borne_by or ("gross" if section == "off_the_top" else "agent")
    first = f"{name}: {party(rule.payee)} gets {_how_much(rule, section)}, paid by {party(bearer)}"
    first += f", {condition(rule.when)}." if rule.when is not None else "."
    return " ".join([first, *_charge_details(rule, section, bearer)])


def _charge_details(rule: Charge, section: str, bearer: str) -> list[str]:
    told = []
    if rule.per != "agent":
        told.append(f"It is charged {_ONCE[rule.per]}, {_SHARED[rule.shared]}.")
    if rule.capped_by:
        of = "is charged" if rule.cap_on == "amount" else "it is charged on"
        told.append(f"What {of} counts towards {rule.capped_by} and ends at its cap.")
    if rule.counts:
        told.append(f"What is charged counts towards {listed(rule.counts)}.")
    if rule.rank is not None:
        told.append(f"Its rank is {rule.rank}.")
    if section == Section.DEDUCTIONS.value or rule.only_if_left:
        told.append("It takes no more than what is left; the rest is carried as owed.")
    if rule.splits:
        told.append(f"What {party(rule.payee)} gets then goes through their own plan.")
    if rule.pay_at is not None:
        told.append(f"It is paid out {_paid_at(rule.pay_at)}.")
    if bearer == "outside":
        told.append("It is told on the statement and takes nothing from this deal.")
    return told


def _paid_at(place: str) -> str:
    return "by the closing agent" if place == "closing" else "by the brokerage"


def _how_much(rule: Charge, section: str) -> str:
    for name, words in (("lesser_of", "the least of"), ("greater_of", "the greatest of")):
        alternatives: tuple[Amount, ...] = getattr(rule, name)
        if alternatives:
            return f"{words} {listed([amount(one, section) for one in alternatives])}"
    return amount(rule, section)


def amount(one: Amount, section: str) -> str:
    """How much, as part of a sentence."""
    default = {"off_the_top": Basis.GROSS, Section.DEDUCTIONS.value: Basis.LEFT}.get(section, Basis.PART)
    of = basis_words(basis_told(one.of or default.value), "the agent's")
    told = []
    if one.flat is not None:
        told.append(dollars(one.flat))
    if one.percent is not None:
        told.append(f"{percent(one.percent)} of {of}")
    if one.tiers is not None:
        told.append(f"{tiers(one.tiers)} of {of}")
    if one.step is not None:
        told.append(_step(one.step))
    return (" plus ".join(told) or "nothing") + _between(one.minimum, one.maximum)


def _between(minimum: int | None, maximum: int | None) -> str:
    least = "" if minimum is None else f", at least {dollars(minimum)}"
    return least + ("" if maximum is None else f", at most {dollars(maximum)}")


def _step(step: Step) -> str:
    of = basis_words(step.of.value, "the agent's")
    return f"{dollars(step.flat)} for each {dollars(step.each)} of {of} ({_PARTIAL[step.partial]})"


def tiers(by_level: Tiers) -> str:
    """Percentages by level."""
    of_deal = {"price": "the price", "gross": "the side's commission", "part": "the agent's part"}
    money = "" if by_level.by in DEAL_MEASURES else by_level.by
    told = [
        f"{percent(level.percent)} " + ("above" if level.up_to is None else f"up to {counted(money, level.up_to)}")
        for level in by_level.levels
    ]
    measure = of_deal.get(by_level.by, by_level.by)
    return f"a percentage by {measure} ({listed(told)}; {_MODES[by_level.mode]})"


def split(one: Split) -> list[str]:
    """The split, in sentences."""
    of = basis_words(basis_told(one.of or Basis.LEFT.value), "the agent's")
    rate = tiers(one.tiers) if one.tiers is not None else percent(one.company or one.after_cap * 0)
    depends = f", {condition(one.when)}" if one.when is not None else ""
    told = [f"The company keeps {rate} of {of}{depends}; the rest is the agent's."]
    if one.floor is not None:
        told.append(f"It is computed on no less than {_floor(one.floor)}.")
    if one.minimum is not None:
        told.append(f"The company gets at least {dollars(one.minimum)} of a deal, as far as its cap leaves room.")
    if one.maximum is not None:
        told.append(f"The company gets at most {dollars(one.maximum)} of a deal.")
    if one.capped_by is not None:
        straddle = {
            "clip": "of the deal that reaches the cap it takes what is left of it",
            "next_deal": "the deal that reaches the cap is split in full",
        }[one.straddle]
        after = f"after that it keeps {percent(one.after_cap)}" if one.after_cap else "after that it keeps nothing"
        told.append(f"Its share ends at the cap on {one.capped_by}: {straddle}, {after}.")
    if one.counts is not None:
        told.append(f"Its share counts towards {listed(one.counts) if one.counts else 'no counter beside its cap'}.")
    return told


def _floor(floor: Floor) -> str:
    told = [dollars(floor.flat)] if floor.flat is not None else []
    if floor.percent is not None:
        told.append(f"{percent(floor.percent)} of the agent's part of {basis_words(floor.of, '')}")
    return " plus ".join(told) or "nothing"
