"""What SuiteCRM makes of a value: on its way into the database, and on its way out to the wire.

Sources: the trap table (research: crm.md §1a); where that says nothing, SuiteCRM's own code.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

_FLOATS = frozenset({"currency", "double", "float"})
_NUMBERS = _FLOATS | {"decimal", "int"}
_FALSE = frozenset({"", "0", "false", "off", "no"})
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)[^<>]*>")
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ABOVE_BMP = re.compile(r"[\U00010000-\U0010ffff]")
#: Tags that its cleaner takes for harmless.
_HARMLESS = frozenset(
    {"a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "i", "li", "ol", "p", "pre", "span", "strong"}
    | {"table", "td", "tr", "u", "ul"}
)


def stored(text: str, kind: str, length: str | int) -> str:
    """What the database holds after this text was written to a field of this type and length."""
    if kind in _FLOATS:
        return "" if text == "" else _significant(_number(text))
    if kind == "decimal":
        return "" if text == "" else _decimal(text, str(length))
    if kind == "int":
        return "" if text == "" else str(int(_number(text)))
    if kind == "bool":
        return "0" if text.lower() in _FALSE else "1"
    if kind == "date":
        return _moment(text, "%Y-%m-%d")
    if kind.startswith("datetime"):
        return _moment(text, "%Y-%m-%d %H:%M:%S")
    return fitting(cleaned(text), length)


def created(text: str, kind: str, *, custom: bool) -> str:
    """What is made of a text when a record is created: of no number 0, but in a custom field (SuiteCRM issue 9440)."""
    return "0" if text == "" and kind in _NUMBERS and not custom else text


def fitting(text: str, length: str | int) -> str:
    """Cut to the column, in characters of what is stored; the column is utf8mb3: no characters beyond 3 bytes."""
    limit = int(length) if str(length).isdigit() else 0
    cut = text[:limit] if limit else text
    cut = _ABOVE_BMP.sub("????", cut)
    return cut[:limit] if limit else cut


def cleaned(text: str) -> str:
    """Tags that nobody knows go, entities are read as what they stand for, and `&` is kept as its entity."""
    plain = html.unescape(text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _CONTROL.sub("", _SCRIPT.sub("", plain))
    plain = _TAG.sub(lambda tag: tag[0] if tag[1].lower() in _HARMLESS else "", plain)
    return plain.replace("&", "&amp;")


def on_wire(held: str) -> str:
    """As `get_entries` returns it: quotes and angle brackets escaped; `&` is so already."""
    return held.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;").replace("'", "&#039;")


def plain(held: str) -> str:
    """What a person sees on the screen."""
    return html.unescape(held)


def _number(text: str) -> Decimal:
    """Group separators go, what leads counts, and what is no number is 0."""
    leading = re.match(r"[-+]?[0-9]*\.?[0-9]*", text.strip().replace(",", ""))
    digits = leading[0] if leading else ""
    return Decimal(digits) if re.search(r"[0-9]", digits) else Decimal(0)


def _significant(number: Decimal) -> str:
    """A DOUBLE, of which 14 digits are shown."""
    shown = f"{float(number):.14g}"
    return "0" if shown == "-0" else shown


def _decimal(text: str, length: str) -> str:
    """An exact DECIMAL(precision, scale); beyond its range it holds its greatest value."""
    precision, scale = (int(part) for part in length.split(","))
    step = Decimal(1).scaleb(-scale)
    greatest = Decimal(10) ** (precision - scale) - step
    number = _number(text).quantize(step, ROUND_HALF_UP)
    return str(max(-greatest, min(greatest, number)))


def _moment(text: str, form: str) -> str:
    """ISO only: anything else becomes NULL."""
    try:
        return text if datetime.strptime(text, form).strftime(form) == text else ""  # noqa: DTZ007 - a text of a column
    except ValueError:
        return ""
