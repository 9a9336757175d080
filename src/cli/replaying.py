"""Replaying with a plan, a preview and a steady rate: what `dlq replay` and `events replay` share."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli import output
from cli.failures import CommandFailed, Passing, Status
from cli.filters import Place
from cli.operator import Operator
from domain.operate.letters import Verdict, Would
from domain.operate.replays import Done, JobAnswer, PreviewAnswer, Replayed, StepAnswer
from flows.operate.pace import run_job

T = TypeVar("T")

#: Events of one preview, the most that the API takes.
PREVIEWED = 25
#: Seconds between further tries of a step that was not answered. A step that is repeated does nothing twice.
PATIENCE_S = (1.0, 2.0, 4.0)
#: Why a plan is made where nothing is replayed.
ONLY_LOOKING = "dry run"


@dataclass(frozen=True, slots=True)
class Order:
    """How to replay.

    Attributes:
        command: `dlq replay` or `events replay`.
        operator: the API.
        place: for the commands that are suggested.
        plan: fields of the plan request but `why`; empty with `resume`.
        why: in the operator's words.
        resume: the job to go on with.
        dry_run: only preview.
        rate: events a second.
        yes: do not ask.
        as_json: print JSON.
    """

    command: str
    operator: Operator
    place: Place
    plan: Mapping[str, object]
    why: str | None
    resume: str | None
    dry_run: bool
    rate: float
    yes: bool
    as_json: bool

    def again(self, job: str) -> str:
        """The command that goes on with the job."""
        return self.place.command(*self.command.split(), "--resume", job)


def replay(order: Order) -> Status:
    """Plan or resume, then preview or replay, and report it.

    Raises:
        CommandFailed: nothing matches, it was refused, or it was interrupted; says how to go on.
    """
    job = _job(order)
    if job.done >= job.total:
        raise CommandFailed(f"replay {job.job} is complete: all {job.total:,} are done", Status.NOTHING)
    return _dry_run(order, job) if order.dry_run else _replay(order, job)


def _job(order: Order) -> JobAnswer:
    if order.resume:
        if order.plan:
            raise CommandFailed(
                "--resume goes on with a list that is frozen; give neither IDs nor filters with it", Status.USAGE
            )
        return order.operator.call("job", JobAnswer, job=order.resume)
    if not order.why and not order.dry_run:
        raise CommandFailed("--why is missing; say in a few words why, for the audit", Status.USAGE)
    if not order.plan:
        raise CommandFailed(
            "nothing says which to replay; name IDs or give a filter such as --cause or --since", Status.USAGE
        )
    return order.operator.call("plan", JobAnswer, **order.plan, why=order.why or ONLY_LOOKING)


def _page(order: Order, job: JobAnswer, start: int) -> PreviewAnswer:
    return patiently(lambda: order.operator.call("preview", PreviewAnswer, job=job.job, start=start, limit=PREVIEWED))


def _dry_run(order: Order, job: JobAnswer) -> Status:
    verdicts: list[Verdict] = []
    with _progress("looking", job.total, job.done) as advance:
        while job.done + len(verdicts) < job.total:
            start = job.done + len(verdicts)
            page = _page(order, job, start)
            if not page.verdicts:
                raise CommandFailed(f"the preview of replay {job.job} ended at {start:,} of {job.total:,}; try again")
            verdicts += page.verdicts
            advance(len(page.verdicts))
    counts = Counter(verdict.would for verdict in verdicts)
    if order.as_json:
        seen = [verdict.model_dump(mode="json") for verdict in verdicts]
        output.put_json({"job": job.job, "total": len(verdicts), "counts": dict(counts), "verdicts": seen})
    else:
        _show_verdicts(verdicts, counts)
        then = f"replay exactly these: {order.again(job.job)}" if order.why or order.resume else _typed_again(order)
        output.report_console().print(output.cell(f"nothing was changed; {then}"), soft_wrap=True)
    return Status.LEFT if counts[Would.FAIL] else Status.DONE


def _typed_again(order: Order) -> str:
    return f"to replay, type the same `dealwire {order.command}` with --why and without --dry-run"


def _show_verdicts(verdicts: list[Verdict], counts: Counter[Would]) -> None:
    console = output.report_console()
    rows = output.table(
        "What a replay would do", "id", "would", "cause", "reason or changes", whole=("id", "reason or changes")
    )
    for verdict in verdicts:
        output.add(rows, verdict.id, verdict.would, verdict.cause or "-", verdict.reason or ", ".join(verdict.changes))
    console.print(rows)
    totals = output.table(f"{len(verdicts):,} in all", "would", "messages")
    for would, count in counts.most_common():
        output.add(totals, would, f"{count:,}")
    console.print(totals)


@dataclass(slots=True)
class Tally:
    """What was done so far."""

    done: int
    total: int
    counts: Counter[Done] = field(default_factory=Counter)
    left: list[Replayed] = field(default_factory=list)

    def add(self, step: StepAnswer) -> None:
        """Count one step."""
        self.done = step.done
        for one in step.replayed:
            self.counts[one.done] += 1
            if one.done is not Done.QUEUED:
                self.left.append(one)


def _replay(order: Order, job: JobAnswer) -> Status:
    remaining = job.total - job.done
    as_then = ", each mapped as when it was received" if job.mapping == "then" else ""
    question = f"Replay {remaining:,} {'event' if remaining == 1 else 'events'}{as_then}?"
    output.confirm(question, refusal=f"nothing was replayed; the list is kept: {order.again(job.job)}", yes=order.yes)
    tally = Tally(job.done, job.total)
    try:
        _drive(order, job, tally)
    except KeyboardInterrupt as error:
        raise CommandFailed(_interrupted("stopped", order, job, tally)) from error
    except CommandFailed as error:
        raise CommandFailed(_interrupted(str(error), order, job, tally), error.status) from error
    _report(order, job, tally)
    return _status(order, tally)


def _drive(order: Order, job: JobAnswer, tally: Tally) -> None:
    def step(limit: int) -> StepAnswer:
        return patiently(lambda: order.operator.call("step", StepAnswer, job=job.job, limit=limit))

    with _progress("replaying", job.total, job.done) as advance:

        def tell(answer: StepAnswer) -> None:
            advance(answer.done - tally.done)
            tally.add(answer)

        run_job(step, rate=order.rate, clock=time.monotonic, pause=time.sleep, tell=tell)


def _interrupted(why: str, order: Order, job: JobAnswer, tally: Tally) -> str:
    return f"{why}; {tally.done:,} of {tally.total:,} are done; go on with `{order.again(job.job)}`"


def _report(order: Order, job: JobAnswer, tally: Tally) -> None:
    counts = {done.name.lower(): tally.counts[done] for done in Done}
    if order.as_json:
        left = [one.model_dump(mode="json") for one in tally.left]
        output.put_json({"job": job.job, "total": tally.total, "done": tally.done, **counts, "not_queued": left})
        return
    console = output.report_console()
    if tally.left:
        rows = output.table("Not replayed", "id", "", "why", whole=("id", "why"))
        for one in tally.left:
            output.add(rows, one.id, one.done, one.detail)
        console.print(rows)
    said = ", ".join(f"{tally.counts[done]:,} {done.value}" for done in Done if tally.counts[done])
    console.print(output.cell(f"replay {job.job}: {tally.done:,} of {tally.total:,} done: {said or 'nothing'}"))
    if tally.done < tally.total:
        console.print(output.cell(f"it is not complete; go on: {order.again(job.job)}"), soft_wrap=True)
    console.print(output.cell(f"see how they end: {order.place.command('dlq', 'list')}"), soft_wrap=True)


def _status(order: Order, tally: Tally) -> Status:
    if tally.counts[Done.REFUSED] or tally.counts[Done.GONE] or tally.done < tally.total:
        return Status.LEFT
    if tally.counts[Done.QUEUED] or order.resume:
        return Status.DONE
    typer.echo(f"dealwire {order.command}: nothing was replayed: all were queued or applied before", err=True)
    return Status.NOTHING


def patiently(ask: Callable[[], T]) -> T:
    """Ask again, a few times, what was not answered just now.

    Raises:
        CommandFailed: it was refused, or still not answered.
    """
    for pause in PATIENCE_S:
        try:
            return ask()
        except Passing:
            time.sleep(pause)
    return ask()


@contextmanager
def _progress(what: str, total: int, done: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total, completed=done)
        yield lambda count: progress.advance(task, count)
