"""Plan, deal and account files, as the commands read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commissions.files import reading
from domain.commission.account import Opening
from domain.commission.agreement import DealAgreement
from domain.commission.cda import Brokerage
from domain.commission.closing import Closing
from domain.commission.plan import Plan
from domain.errors import ConfigurationError
from mappings.compiler.files import text_of


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan file and what is wrong with it.

    Attributes:
        file: its path.
        plan: None where there are mistakes.
        mistakes: each with its line.
    """

    file: Path
    plan: Plan | None
    mistakes: tuple[str, ...] = ()

    def told(self) -> str:
        """The finding for people."""
        if self.plan is None:
            return "\n".join(self.mistakes)
        verified = "" if self.plan.status == "verified" else "; its figures are not verified (status: example)"
        return f"{self.file}: plan {self.plan.plan} is in order{verified}"

    def as_json(self) -> dict[str, Any]:
        """The finding for scripts."""
        plan = self.plan
        return {
            "file": str(self.file),
            "plan": plan.plan if plan else None,
            "status": plan.status if plan else None,
            "mistakes": list(self.mistakes),
        }


def checked(file: Path) -> Checked:
    """Read a plan file; its mistakes are a finding."""
    try:
        return Checked(file, read_plan_file(file))
    except ConfigurationError as mistakes:
        return Checked(file, None, tuple(str(mistakes).splitlines()))


def is_file(named: str) -> bool:
    """Whether a file is meant rather than a published plan: names of plans have neither dots nor slashes."""
    return "." in named or "/" in named or Path(named).is_file()


def read_plan_file(file: Path) -> Plan:
    """The plan of a file.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return reading.read_plan(text_of(file), str(file))


def read_deal_file(file: Path) -> Closing:
    """The deal of a file.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return reading.read_deal(text_of(file), str(file))


def read_agreement_file(file: Path) -> DealAgreement:
    """What a file says is agreed for one deal.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return reading.read_agreement(text_of(file), str(file))


def read_details(file: Path) -> dict[str, Any]:
    """What a file says about an agent: only what it names, as the API takes it.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    details = reading.read_details(text_of(file), str(file))
    return details.model_dump(mode="json", exclude_unset=True)


def read_brokerage(file: Path) -> Brokerage:
    """The brokerage of a file.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return reading.read_as(Brokerage, text_of(file), str(file))


def read_opening(file: Path) -> Opening:
    """The counters that somebody brings along.

    Raises:
        ConfigurationError: it cannot be read, or lists every mistake with its line.
    """
    return reading.read_as(Opening, text_of(file), str(file))
