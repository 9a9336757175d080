"""What somebody probably meant who wrote something that is not in the language, where its place tells."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from commissions.files.problems import Location
from domain.commission.amounts import number_text

_SPECS = frozenset({"commission", "agreement", "less_cooperating", "in_house"})
_NUMBER = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,9})?")
#: Above that a bare number is an amount and no percentage.
_MOST_PERCENT = 100
#: Between 1 and that, a share could be one too many as well as a percentage.
_LEAST_PERCENT = 2
#: A share that is nearly a third or a sixth was meant to be one; fractions up to twentieths are worth writing as such.
_SIXTHS, _SLIP, _SIMPLE = 6, Fraction(1, 200), 20

#: The key around an unknown one (lists left out, empty for the file itself), and the unknown one, to the remedy.
_MEANT = {
    ("", "name"): "write `plan:`, and `title:` for what statements call it",
    ("", "cap"): "write it at a counter: `counters: {company_dollar: {cap: 16000}}`",
    ("", "date"): "write `closing_date`",
    ("", "agents"): "agents stand in a side: `sides: [{side: listing, commission: {percent: 3}, agents: [...]}]`",
    ("", "commission"): "it stands in a side: `sides: [{side: listing, commission: {percent: 3}, agents: [...]}]`",
    ("split", "percent"): "write `company`, the percentage that the company keeps",
    ("split", "cap"): "write it at a counter, `counters: {company_dollar: {cap: 16000}}`, and `capped_by` here",
    ("levels", "from"): "remove it: a level begins where the one before it ends; write `up_to`, where it ends",
    ("levels", "to"): "write `up_to`",
    ("levels", "company"): "write `percent`: in a split it is the company's",
    ("agents", "percent"): "write a share, such as `share: 50%` or `share: 1/2`",
    ("offers", "amount"): "write `flat`",
    ("bonuses", "flat"): "write `amount`",
}
_MEANT |= {("levels", word): _MEANT["levels", "from"] for word in ("above", "at_least", "starts")}
#: The same wherever a charge may stand.
_MEANT_OF_CHARGES = {
    "amount": "write `flat`",
    "name": "write `rule`, and `title` for what statements call it",
    "to": "write `payee`",
    "cap": "write it at a counter, `counters: {NAME: {cap: 750}}`, and `capped_by: NAME` here",
    "basis": "write `of`",
}
#: Where a bare number stands for keys and values: the key that it was meant for.
_AMOUNT_IN = {"counters": "cap", "lesser_of": "flat", "greater_of": "flat"}
_CHARGES = frozenset(
    {"off_the_top", "before_split", "team", "royalty", "fees", "overrides", "deductions", "charges"}
)  # fmt: skip


def meant_by_key(at: Location, value: object) -> str:
    """The remedy for a key that is not in the language, if its place tells what was meant; else empty.

    Args:
        at: where it stands, the key itself last.
        value: what stands there.

    Examples:
        >>> meant_by_key(("split", "agent"), 80)
        "write `company: 20`; the rest is the agent's"
    """
    names = [part for part in at if isinstance(part, str)]
    key, around = names[-1], names[-2] if len(names) > 1 else ""
    if (around, key) == ("split", "agent"):
        return f"write `company: {_rest(value)}`; the rest is the agent's"
    if around in _CHARGES and key in _MEANT_OF_CHARGES:
        return _MEANT_OF_CHARGES[key]
    return _MEANT.get((around, key), "")


def _rest(of: object) -> str:
    text = _number(of)
    return number_text(100 - Fraction(text)) if text and Fraction(text) <= _MOST_PERCENT else "20"


def meant_by_value(at: Location, value: object, around: Any) -> tuple[str, str] | None:
    """What was expected and the remedy, for a value of another shape than the language has there; None: no idea.

    Args:
        at: where it stands.
        value: what stands there.
        around: the list or mapping that it stands in.
    """
    if at == ("split",) and isinstance(value, list):
        return "keys and values: there is one split a plan", "keep one, without brackets and `- `"
    if isinstance(value, list | dict) or value is None or not at:
        return None
    if at[-1] in _SPECS:
        return "keys and values", f"write `{{{_as_spec(value)}}}`"
    if at[-1] == "agents" or (len(at) > 1 and at[-2] == "agents" and isinstance(around, list)):
        count = len(around) if isinstance(around, list) else 1
        one = f"{{agent: {value}, share: {'1' if count == 1 else f'1/{count}'}}}"
        if at[-1] == "agents":
            return "a list of agents", f"write `agents: [{one}]`"
        return "an agent with keys and values", f"write `{one}`"
    if at == ("tax",):
        return "keys and values", "write `{name: HST, percent: 13}`"
    inside = next((part for part in reversed(at[:-1]) if isinstance(part, str)), "")
    if _number(value) and inside in _AMOUNT_IN:
        return "keys and values", f"write `{{{_AMOUNT_IN[inside]}: {_number(value)}}}`"
    return None


def _as_spec(value: object) -> str:
    text = _number(value)
    percent = not text or Fraction(text) <= _MOST_PERCENT
    return f"percent: {text or 3}" if percent else f"flat: {text}"


def meant_by_share(value: object) -> str:
    """The remedy for a share that is a bare number; empty where it can be none.

    Examples:
        >>> meant_by_share("0.5"), meant_by_share(50), meant_by_share("0.33"), meant_by_share("33.3%")
        ('write 50% or 1/2', 'write 50% or 1/2', 'write 1/3, or 33% if it is meant so exactly', '')
    """
    text = str(value).strip()
    if not _NUMBER.fullmatch(text) or not (
        0 < Fraction(text) <= 1 or _LEAST_PERCENT <= Fraction(text) <= _MOST_PERCENT
    ):
        return ""
    share = Fraction(text) if Fraction(text) <= 1 else Fraction(text) / 100
    near, percent = share.limit_denominator(_SIXTHS), f"{number_text(share * 100)}%"
    if share != near and near.denominator % 3 == 0 and abs(share - near) < _SLIP:
        return f"write {near}, or {percent} if it is meant so exactly"
    return f"write {percent} or {share}" if share.denominator <= _SIMPLE else f"write {percent}"


def _number(value: object) -> str:
    text = str(value).removesuffix("%").strip()
    return text if _NUMBER.fullmatch(text) else ""
