"""One thing that keeps a commission from being computed, as every check tells it."""

from __future__ import annotations

from domain.errors import FieldProblem


def problem(path: str, value: object, expected: str) -> FieldProblem:
    """Where in the deal, what stands there, what was expected and what to do."""
    return FieldProblem(path=path, value=str(value), expected=expected, field=path.rpartition(".")[2])
