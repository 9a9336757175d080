"""Figures and names as sentences carry them: `12,345.67`, `30 %`, `the price less concessions`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from fractions import Fraction

from domain.commission.amounts import amount_text, number_text
from domain.commission.charges import Basis

#: Counters that count deals or sides, not money.
COUNTS = frozenset({"units", "deal_count"})

_DECIMAL = re.compile(r"(-?)([0-9]+)((?:\.[0-9]+)?)")

_BASES = {
    Basis.PRICE.value: "the price",
    Basis.PRICE_NET.value: "the price less concessions",
    Basis.GROSS.value: "the side's commission",
    Basis.GROSS_LEFT.value: "what is left of the side's commission",
    Basis.PART.value: "{whose} part",
    Basis.PART_WITHOUT_BONUS.value: "{whose} part without bonuses",
    Basis.LEFT.value: "what is left of {whose} part",
    Basis.COMPANY_DOLLAR.value: "the company dollar",
    Basis.AFTER_SPLIT.value: "what the split left of {whose} part",
    "base": "the agreed base",
    "floor": "the least commission that the split goes by",
    "leg": "this leg of the commission",
    "commission of the side": "what the side has to share",
}


def dollars(cents: int) -> str:
    """An amount with thousands separated.

    Examples:
        >>> dollars(1234567), dollars(-5)
        ('12,345.67', '-0.05')
    """
    return _separated(amount_text(cents))


def exact_dollars(cents: Fraction) -> str:
    """An amount before rounding: exact where that is short, else `about` it to the hundredth of a cent.

    Examples:
        >>> exact_dollars(Fraction(370370100, 1000)), exact_dollars(Fraction(1000, 3))
        ('3,703.701', 'about 3.3333')
    """
    if cents.denominator == 1:
        return dollars(int(cents))
    text = number_text(cents / 100)
    if "/" not in text and len(text.partition(".")[2]) <= 6:
        return _separated(text)
    return f"about {_separated(number_text(Fraction(round(cents * 100), 10000)))}"


def _separated(text: str) -> str:
    match = _DECIMAL.fullmatch(text)
    return f"{match[1]}{int(match[2]):,}{match[3]}" if match else text


def counted(name: str, hundredths: int) -> str:
    """The value of a counter: money, or a plain number where it counts deals or sides.

    Examples:
        >>> counted("deal_count", 300), counted("company_dollar", 1800000)
        ('3', '18,000.00')
    """
    if name not in COUNTS:
        return dollars(hundredths)
    text = dollars(hundredths)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(rate: Fraction) -> str:
    """A percentage; as a fraction of the whole where no decimal says it exactly.

    Examples:
        >>> percent(Fraction(30)), percent(Fraction(100, 3))
        ('30 %', '1/3')
    """
    text = number_text(rate)
    return f"{rate / 100}" if "/" in text else f"{text} %"


def basis_words(of: str, whose: str) -> str:
    """What a percentage is taken of, as lines and plans name it.

    Args:
        of: a basis, a rule, or names joined by ` + ` and ` - `.
        whose: the agent, in the possessive: `ann's`.

    Examples:
        >>> basis_words("part - royalty", "ann's")
        "ann's part less the amount of royalty"
    """
    words = ""
    for sign, name in re.findall(r"( [+-] |^)(.+?)(?= [+-] |$)", of):
        joint = {" + ": " plus ", " - ": " less "}.get(sign, "")
        words += joint + (_BASES[name].format(whose=whose) if name in _BASES else f"the amount of {name}")
    return words


def listed(words: Sequence[str] | Collection[str], joint: str = "and") -> str:
    """Words as a list in a sentence.

    Examples:
        >>> listed(["a", "b", "c"]), listed(["a", "b"], "or")
        ('a, b and c', 'a or b')
    """
    entries = list(words)
    if not entries:
        return "nothing"
    return entries[0] if len(entries) == 1 else f"{', '.join(entries[:-1])} {joint} {entries[-1]}"
