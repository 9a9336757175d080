"""What is wrong in a plan or a deal: where, what stands there, what was expected and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from domain.commission.amounts import amount_text, number_text
from domain.errors import FieldProblem

#: Where an entry stands in the file: keys and list positions from the outside in.
Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake.

    Attributes:
        at: where it stands; its line can be found by that.
        value: what stands there, as text; empty where nothing does.
        expected: what would have been accepted.
        remedy: what to do next.
    """

    at: Location
    value: str
    expected: str
    remedy: str

    @property
    def path(self) -> str:
        """As people read it: `fees[0].percent`.

        Examples:
            >>> Problem(("fees", 0, "percent"), "140", "at most 100", "lower it").path
            'fees[0].percent'
        """
        text = ""
        for part in self.at:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
        return text or "the file"

    def __str__(self) -> str:
        value = f"{self.value}: " if self.value else ""
        return f"{self.path}: {value}expected {self.expected}; {self.remedy}"

    def as_field(self) -> FieldProblem:
        """The same for errors that list fields."""
        field_name = next((part for part in reversed(self.at) if isinstance(part, str)), "file")
        return FieldProblem(self.path, self.value, f"{self.expected}; {self.remedy}", field_name)


@dataclass(slots=True)
class Found:
    """The mistakes found so far."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, at: Location, value: object, expected: str, remedy: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(at, _text(value), expected, remedy))


def _text(value: object) -> str:
    if value is None:
        return ""
    return number_text(value) if isinstance(value, Fraction) else str(value)


def money(cents: int) -> str:
    """An amount, or a count, as the file writes it: without decimals where it has none.

    Examples:
        >>> money(1800000), money(28550)
        ('18000', '285.50')
    """
    return amount_text(cents).removesuffix(".00")
