"""Plan, deal and account files, and agreements: YAML to a checked model, or every mistake with its line and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from commissions.files.checks import account_problems, plan_problems
from commissions.files.deal_checks import agreement_problems, deal_problems
from commissions.files.problems import Location, Problem
from commissions.files.schemas import schema_of
from commissions.files.words import in_plain_words
from domain.commission.account import AccountDetails
from domain.commission.agreement import DealAgreement
from domain.commission.charges import PlanPart
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.errors import ConfigurationError
from mappings.compiler.files import report
from mappings.compiler.yaml_tree import Mistake, Tree, read_yaml

Model = TypeVar("Model", bound=PlanPart)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_plan(text: str, file: str) -> Plan:
    """The plan in this text.

    Args:
        text: YAML.
        file: its name, for messages.

    Raises:
        ConfigurationError: lists every mistake as `file:line: path: value: what was expected; what to do`.
    """
    return read_as(Plan, text, file, plan_problems)


def read_deal(text: str, file: str) -> Closing:
    """The deal in this text; as `read_plan`.

    Raises:
        ConfigurationError: lists every mistake.
    """
    return read_as(Closing, text, file, deal_problems)


def read_details(text: str, file: str) -> AccountDetails:
    """What a file says about an agent's account; as `read_plan`.

    Raises:
        ConfigurationError: lists every mistake.
    """
    return read_as(AccountDetails, text, file, account_problems)


def read_agreement(text: str, file: str) -> DealAgreement:
    """What is agreed for one deal; as `read_plan`.

    Raises:
        ConfigurationError: lists every mistake.
    """
    return read_as(DealAgreement, text, file, agreement_problems)


def read_as(
    model: type[Model], text: str, file: str, check: Callable[[Model], Iterable[Problem]] | None = None
) -> Model:
    """Any part of the language that stands in a file of its own, such as an opening.

    Args:
        model: what the file holds.
        text: YAML.
        file: its name, for messages.
        check: finds what is wrong beyond the shape.

    Raises:
        ConfigurationError: lists every mistake.
    """
    tree = read_yaml(text)
    mistakes = list(tree.mistakes)
    read: Model | None = None
    if isinstance(tree.data, dict):
        other = _other_kind(model, tree.data)
        if other is not None:
            raise ConfigurationError(report([other], file))
        try:
            read = model.model_validate(tree.data)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            mistakes += _placed(in_plain_words(errors, tree.data, schema_of(model)), tree)
        else:
            if not tree.unread:  # what was not read would be missed in places where nothing is wrong
                found = [*_days_written_otherwise(read, tree.data), *(check(read) if check else ())]
                mistakes += _placed(found, tree)
    elif not mistakes:
        keys = ", ".join(f"`{name}:`" for name, field in model.model_fields.items() if field.is_required())
        mistakes.append(Mistake(1, f"the file holds no keys and values; start with {keys or 'a key'}"))
    if read is None or mistakes:
        raise ConfigurationError(report(mistakes, file))
    return read


#: What a file of each kind is known by: its name and any of these keys; and how it is given.
_KINDS: dict[str, tuple[type[PlanPart], frozenset[str], str]] = {
    "plan": (Plan, frozenset({"title", "split", "counters", "fees"}), "this is a plan; give it with --plan"),
    "deal": (Closing, frozenset({"closing_date", "sides"}), "this is a deal; give it with --deal"),
}


def _other_kind(model: type[PlanPart], data: dict[str, Any]) -> Mistake | None:
    """One mistake instead of one for each key, where the file is of another kind."""
    fitting = [(kind, told) for key, (kind, known_by, told) in _KINDS.items() if key in data and known_by & data.keys()]
    if not fitting or any(kind is model for kind, _ in fitting):
        return None
    return Mistake(1, fitting[0][1])


def _placed(problems: Iterable[Problem], tree: Tree) -> list[Mistake]:
    return [Mistake(tree.line(one.at), str(one)) for one in problems if not _is_unread(one.at, tree)]


def _is_unread(at: Location, tree: Tree) -> bool:
    return any(at[:end] in tree.unread for end in range(len(at) + 1))


def _days_written_otherwise(read: Any, written: Any, at: Location = ()) -> Iterator[Problem]:
    """Days that pydantic took from numbers, as seconds since 1970, or from days with a time."""
    if isinstance(read, date):
        if not _DAY.fullmatch(str(written)):
            yield Problem(at, str(written), "a day such as 2026-01-31", "write year-month-day")
    elif isinstance(read, BaseModel) and isinstance(written, dict):
        for name, value in written.items():
            yield from _days_written_otherwise(getattr(read, name), value, (*at, name))
    elif isinstance(read, dict) and isinstance(written, dict):
        for name, value in written.items():
            yield from _days_written_otherwise(read[name], value, (*at, name))
    elif isinstance(read, tuple) and isinstance(written, list):
        for position, (entry, value) in enumerate(zip(read, written, strict=True)):
            yield from _days_written_otherwise(entry, value, (*at, position))
