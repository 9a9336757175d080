"""Text is set in packaged fonts only, wraps within its room, and amounts read the same everywhere."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.fonts import BOLD, FALLBACK, REGULAR, clean, runs, width
from documents.layout import Style, amount, day, wrap
from domain.errors import CommissionRefused
from domain.money import Money

LETTERS = st.text(st.sampled_from("aWi. Łż王한ЖΩ-"), max_size=80)


def test_letters_come_from_the_wanted_font_and_east_asian_ones_from_the_fallback() -> None:
    assert runs("Łukasz 王小明, Ng", BOLD) == [(BOLD, "Łukasz "), (FALLBACK, "王小明"), (BOLD, ", Ng")]
    assert runs("", REGULAR) == []


def test_figures_are_equally_wide_in_every_font_of_the_amounts() -> None:
    for face in (REGULAR, BOLD):
        assert len({width(figure, face, 9) for figure in "0123456789"}) == 1


def test_accents_are_composed_and_invisible_marks_and_line_breaks_do_not_reach_the_page() -> None:
    assert clean("  Jose\u0301 \u200f\n\tLi\u200bu\x07 ") == "José Liu"


@pytest.mark.parametrize(
    ("text", "named"), [("Ann 🙂", "SLIGHTLY SMILING FACE"), ("กา", "THAI"), ("x\u0007", "unnamed")]
)
def test_a_character_that_no_font_has_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(CommissionRefused) as refused:
        runs(text, REGULAR)
    assert named in refused.value.problems[0].value


@given(LETTERS, st.integers(20, 200))
def test_wrapped_text_fits_its_room_and_loses_nothing(text: str, room: int) -> None:
    style = Style(size=9)
    lines = wrap(text, style, room)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")
    assert all(width(line, style.font, style.size) <= room + 0.001 for line in lines)


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (5, "0.05"), (123456789, "1,234,567.89"), (-5, "(0.05)"), (-100000, "(1,000.00)")]
)
def test_amounts_have_thousands_and_cents_and_stand_in_parentheses_below_zero(cents: int, text: str) -> None:
    assert amount(Money.of_cents(cents)) == text


def test_days_are_written_out() -> None:
    assert (day(date(2026, 2, 3)), day(None)) == ("February 3, 2026", "not given")
