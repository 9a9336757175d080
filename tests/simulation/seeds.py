"""What one seed decides before anything runs: deals and people, who works, what goes wrong and when."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.simulation.faults import Tally
from tests.simulation.sqs import Oddities
from tests.simulation.stepping import Rates
from tests.simulation.stories import Event, Person, Teller, cast_of, couple_of

#: Seconds in which the deals happen.
SPAN_S = 1500.0
#: What the plan of the simulation gives the company, in percent.
COMPANY_PERCENT = 30
LEAST_EVENTS = 30

#: The last events come when nothing has gone wrong for long; so soon after each the CRM must show it.
PROMPT_S = 150.0


@dataclass(frozen=True)
class CrmRates:
    """How often each thing happens at a call to the CRM, as probabilities.

    Attributes:
        time_out: split between its forms.
        broken: split between its forms.
        throttled: split between its forms.
        latency_s: the shortest and the longest of a call.
    """

    time_out: float = 0.0
    broken: float = 0.0
    throttled: float = 0.0
    latency_s: tuple[float, float] = (0.3, 1.2)


@dataclass(frozen=True)
class Outage:
    """The CRM does not answer at all."""

    start: float
    length: float

    @property
    def form(self) -> str:
        """Its form, by its length."""
        return "twelve_hours" if self.length >= 12 * 3600 else "short"


@dataclass(frozen=True)
class Prior:
    """Somebody who is in the CRM before we arrive.

    Attributes:
        person: of ours whom it is.
        copies: how often.
        filled: fields that people have filled, besides what finds them.
    """

    person: Person
    copies: int
    filled: tuple[str, ...] = ()


@dataclass(frozen=True)
class HumanAct:
    """Somebody works in the CRM: what they do, and to whichever record the dice say then."""

    at: float
    form: str
    dice: float


@dataclass(frozen=True)
class Script:
    """Everything that one seed decides beforehand.

    Attributes:
        early: events of the time in which things go wrong, by when they are sent.
        prompt: events of the calm time after it, relative to its begin.
        agents: our agents' ids; those in `joins` are not in the directory from the start.
        joins: agent id to when it is imported.
        joins_late: agent whose import meets a prompt event, and when, relative to the calm time.
        skews: clock skew of each worker that delivers; then of those that process.
        calm_at: from then on nothing goes wrong.
        answers: when an operator answers some of what is asked.
        tidies: in the end operators answer everything, and have mended what a comparison finds.
        quota: calls a second that the CRM takes; 0: any.
        rate: calls a second that we are told to keep to; sometimes more than the CRM takes.
        idle_s: after which the CRM ends a session that is not used.
        lifetime_s: after which it ends any session.
    """

    seed: int
    early: tuple[Event, ...]
    prompt: tuple[Event, ...]
    agents: tuple[str, ...]
    joins: Mapping[str, float]
    joins_late: tuple[str, float]
    people: tuple[Person, ...]
    priors: tuple[Prior, ...]
    acts: tuple[HumanAct, ...]
    delivering: tuple[float, ...]
    processing: tuple[float, ...]
    rates: Rates
    oddities: Oddities
    crm: CrmRates
    bells: Mapping[str, float]
    outages: tuple[Outage, ...]
    expiries: tuple[float, ...]
    storms: tuple[float, ...]
    replays: tuple[float, ...]
    answers: tuple[float, ...]
    tidies: bool
    quota: float
    rate: float
    idle_s: float
    lifetime_s: float
    calm_at: float
    tally: Tally = field(compare=False, repr=False)

    @property
    def events(self) -> tuple[Event, ...]:
        """All of them."""
        return (*self.early, *self.prompt)


def script_of(seed: int) -> Script:
    """What this seed decides."""
    chance = random.Random(f"script-{seed}")
    tally = Tally()
    agents = tuple(f"A-{n}" for n in range(1, chance.randint(3, 5)))
    people = tuple(cast_of(chance, chance.randint(3, 6)))
    newcomer = "A-new"
    teller = Teller(chance, tally, agents, people)
    told: list[Event] = []
    count = chance.randint(5, 6)
    while len(told) < LEAST_EVENTS - 3:
        told = []
        for number in range(1, count + 1):
            told += teller.deal(number, chance.randint(4, 7), SPAN_S * 0.4 * chance.random(), SPAN_S * 0.5)
    prompt = _prompt(chance, told, newcomer, tally)
    outages = _outages(chance)
    calm_at = max([SPAN_S, *(outage.start + outage.length for outage in outages)]) + 60.0
    rates = _rates(chance)
    quota = chance.choice((0.0, 0.0, 3.0, 8.0, 20.0))
    joins = {}
    if chance.random() < 0.4:
        joins[agents[-1]] = SPAN_S * chance.random()
        tally.add("event", "agent_comes_later")
    return Script(
        seed=seed,
        early=tuple(sorted(told, key=lambda event: (event.at, event.id))),
        prompt=prompt,
        agents=agents,
        joins=joins,
        joins_late=(newcomer, 20.0 + 12 * rates.latency_s * chance.random()),
        people=people,
        priors=_priors(chance, people, tally),
        acts=_acts(chance, tally),
        delivering=tuple(_skew(chance, tally) for _ in range(chance.randint(2, 4))),
        processing=tuple(_skew(chance, tally) for _ in range(chance.randint(1, 2))),
        rates=rates,
        oddities=_oddities(chance),
        crm=_crm(chance),
        bells=_bells(chance),
        outages=outages,
        expiries=tuple(SPAN_S * chance.random() for _ in range(chance.choice((0, 0, 1, 2)))),
        storms=tuple(SPAN_S * chance.random() for _ in range(chance.choice((0, 0, 0, 1)))),
        replays=tuple(SPAN_S * (0.5 + chance.random() / 2) for _ in range(chance.choice((0, 0, 1, 3)))),
        answers=tuple(SPAN_S * (0.3 + chance.random()) for _ in range(chance.choice((0, 1, 3)))),
        tidies=chance.random() < 0.35,
        quota=quota,
        rate=quota * chance.choice((1.0, 1.0, 3.0)) or 20.0,
        idle_s=chance.choice((1440.0, 1440.0, 300.0)),
        lifetime_s=chance.choice((3600.0, 3600.0, 900.0)),
        calm_at=calm_at,
        tally=tally,
    )


def _prompt(chance: random.Random, told: list[Event], newcomer: str, tally: Tally) -> tuple[Event, ...]:
    """Two changes of one deal within seconds, and a new deal by an agent who is imported at that very moment."""
    last = max((event for event in told if event.mappable), key=lambda event: event.version)
    version = max(event.version for event in told if event.deal == last.deal)
    occurred = max(event.occurred for event in told) + 100.0
    first = {"sale_price": 510_000, "office": "Prompt"}
    second = {"sale_price": 540_000, "title_file_number": "F-9"}
    name = f"evt-{last.deal}"
    gap = chance.uniform(8.0, 25.0)
    events = [
        Event(f"{name}-p1", "deal.updated", last.deal, version + 1, occurred, first, 0.0),
        Event(f"{name}-p2", "deal.updated", last.deal, version + 2, occurred + 1, second, gap),
    ]
    teller = Teller(chance, tally, (newcomer,), [_newcomer(chance)])
    created = next(event for event in teller.deal(90, 1, 0.0, 1.0) if event.type == "deal.created")
    events.append(replace(created, at=20.0, again=(), occurred=occurred))
    return tuple(sorted(events, key=lambda event: event.at))


def _newcomer(chance: random.Random) -> Person:
    return replace(cast_of(chance, 1)[0], source_id="P-90", email="p90@example.com", last_name="Last p90", phones=())


def _skew(chance: random.Random, tally: Tally) -> float:
    if chance.random() < 0.5:
        return 0.0
    skew = chance.uniform(-2.0, 2.0)
    tally.add("skew", "ahead" if skew > 0 else "behind")
    return skew


def _rates(chance: random.Random) -> Rates:
    level = chance.choice((0.0, 0.5, 1.0, 2.0))
    return Rates(
        crash=0.002 * level * chance.random(),
        pause=0.002 * level * chance.random(),
        freeze=0.0006 * level * chance.random(),
        refuse=0.003 * level * chance.random(),
        slow=0.01 * level * chance.random(),
        latency_s=chance.choice((0.01, 0.05, 0.4)),
    )


def _oddities(chance: random.Random) -> Oddities:
    odd = [chance.random() * chance.choice((0, 1)) for _ in range(3)]
    return Oddities(duplicate=0.1 * odd[0], reorder=0.8 * odd[1], not_deleted=0.1 * odd[2])


def _crm(chance: random.Random) -> CrmRates:
    low = chance.choice((0.1, 0.4, 1.0))
    return CrmRates(
        time_out=chance.choice((0.0, 0.03, 0.12)) * chance.random(),
        broken=chance.choice((0.0, 0.03, 0.08)) * chance.random(),
        throttled=chance.choice((0.0, 0.02, 0.05)) * chance.random(),
        latency_s=(low, low * 2.0),
    )


def _bells(chance: random.Random) -> Mapping[str, float]:
    return {form: 0.2 * chance.random() * chance.choice((0, 1)) for form in ("lost", "late", "doubled")}


def _outages(chance: random.Random) -> tuple[Outage, ...]:
    dice = chance.random()
    if dice < 0.025:
        return (Outage(SPAN_S * chance.random(), 12 * 3600.0),)
    if dice < 0.3:
        return (Outage(SPAN_S * 0.8 * chance.random(), chance.uniform(20.0, 900.0)),)
    return ()


def _priors(chance: random.Random, people: tuple[Person, ...], tally: Tally) -> tuple[Prior, ...]:
    known, couple = [], couple_of(people)
    if couple:
        tally.add("known_before", "as_a_couple")
    for person in people:
        if person not in couple and (person.email or person.phones) and chance.random() < 0.25:
            copies = 2 if chance.random() < 0.25 else 1
            tally.add("known_before", "several" if copies > 1 else "one")
            filled = tuple(name for name in ("first_name", "phone_mobile") if chance.random() < 0.4)
            known.append(Prior(person, copies, filled))
    return tuple(known)


def _acts(chance: random.Random, tally: Tally) -> tuple[HumanAct, ...]:
    return tuple(
        HumanAct(
            SPAN_S * (0.2 + 0.8 * chance.random()), chance.choice(("edit", "edit", "delete", "merge")), chance.random()
        )
        for _ in range(chance.choice((0, 0, 1, 2)))
    )
