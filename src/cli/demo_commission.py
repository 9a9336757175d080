"""The demo's commissions: plans before the first closing; its statement, its CDA, and an amendment's adjustment."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import local_cloud
from cli.plan_files import read_brokerage, read_opening
from domain.commission.amounts import amount_text
from domain.operate.cda import CdaAnswer, CdaSetupAnswer, CdaShowAnswer, CdaTold
from domain.operate.commissions import CommissionAnswer, CommissionExplainAnswer, StepTold
from domain.operate.plans import AssignAnswer, OpeningAnswer, PublishAnswer
from mappings.compiler.files import text_of

if TYPE_CHECKING:
    from cli.operator import Operator

#: Seconds to wait for a settlement: far above the few that it takes here, within the minute of the schedule.
PATIENCE_S = 75.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """The `commissions` part of events/demo.yaml.

    Attributes:
        deal: `source/source id` of the closing that is followed.
        plan: file of the plan that everybody has.
        effective: the plan's first day.
        agents: `source/agent id` to what its assignment says, and the file of its opening.
        brokerage: file of the brokerage.
        closing_agent: who receives the CDA.
    """

    deal: str
    plan: str
    effective: date
    agents: Mapping[str, Mapping[str, Any]]
    brokerage: str
    closing_agent: str


@dataclass(frozen=True, slots=True)
class Commissions:
    """What became of the followed closing's commission.

    Attributes:
        steps: the calculation in words, before the amendment.
        cda: how the CDA stood when it had been sent.
        cda_file: its PDF.
        settled: the commission before the amendment.
        amended: and after it.
        cda_afterwards: how the CDA stands then.
    """

    steps: tuple[StepTold, ...]
    cda: CdaTold
    cda_file: Path
    settled: CommissionAnswer
    amended: CommissionAnswer
    cda_afterwards: CdaTold

    @property
    def ok(self) -> bool:
        """Whether it was settled, paid, and adjusted by the amendment to the cent."""
        first, last = self.settled.calculation, self.amended.calculation
        if first is None or last is None or not self.cda_file.is_file():
            return False
        posted = self.amended.history[-1]
        return posted.after_payment and posted.supersedes > 0 and bool(posted.adjustments) and first.gross != last.gross


def prepare(setting: Setting, events: Path, operator: Operator, say: Say) -> None:
    """Publish the plan, assign it, bring along openings, and name the brokerage: as an administrator does."""
    root = events.parent
    say(f"dealwire plan publish {setting.plan} --effective {setting.effective}")
    operator.call(
        *("plan-publish", PublishAnswer),
        text=text_of(root / setting.plan),
        file=setting.plan,
        effective=setting.effective,
        accept_unverified=True,
        why="the demo's plan",
    )
    plan = Path(setting.plan).stem
    for agent, facts in setting.agents.items():
        say(f"dealwire plan assign {agent} {plan} --from {facts['starts']}")
        operator.call(
            *("plan-assign", AssignAnswer),
            agent=agent,
            plan=plan,
            starts=facts["starts"],
            anniversary=facts["anniversary"],
            accept_unverified=True,
            why="signed agreement",
        )
        if "opening" in facts:
            opening = read_opening(events / facts["opening"])
            counters = {name: amount_text(value) for name, value in opening.counters.items()}
            operator.call(
                *("agents-opening", OpeningAnswer),
                agent=agent,
                as_of=opening.as_of,
                counters=counters,
                why="moved from the old system",
            )
    brokerage = read_brokerage(events / setting.brokerage)
    operator.call("cda-setup", CdaSetupAnswer, brokerage=brokerage.model_dump(mode="json"), why="the demo's brokerage")


def play(setting: Setting, operator: Operator, amend: Callable[[], None], say: Say) -> Commissions:
    """Follow the closing: statement, CDA approved and sent, then an amendment and what it adjusts.

    Args:
        setting: of the script.
        operator: asks the stack.
        amend: sends the amendment's webhook.
        say: tells a waiting person.
    """
    say("waiting for the commission of the closing")
    settled = _settled(setting.deal, operator, number=1)
    steps = operator.call("commission-explain", CommissionExplainAnswer, calculation=setting.deal).steps
    say(f"dealwire cda approve {setting.deal}")
    operator.call("cda-approve", CdaAnswer, deal=setting.deal)
    shown = operator.call("cda-show", CdaShowAnswer, deal=setting.deal, pdf=True)
    file = local_cloud.HOME / f"cda-{shown.cda.reference}-v{shown.cda.version}.pdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(shown.pdf_base64))
    say(f"dealwire cda send {setting.deal} --to {setting.closing_agent}")
    sent = operator.call("cda-send", CdaAnswer, deal=setting.deal, to=[setting.closing_agent]).cda
    say("an amendment: the price was lowered after the CDA was sent")
    amend()
    posted = settled.history[-1].number if settled.history else 0
    amended = _settled(setting.deal, operator, number=posted + 1)
    afterwards = operator.call("cda-show", CdaShowAnswer, deal=setting.deal).cda
    return Commissions(steps, sent, file, settled, amended, afterwards)


def _settled(deal: str, operator: Operator, *, number: int) -> CommissionAnswer:
    """The commission once it has that many calculations and nothing is due; as it stands if that does not happen."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = operator.call("commission", CommissionAnswer, deal=deal)
        if (not answer.due and len(answer.history) >= number) or time.monotonic() > deadline:
            return answer
        time.sleep(0.5)
