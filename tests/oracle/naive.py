"""A second implementation of commissions, over plain data: slow, plain, and nothing shared with `src/`.

Written from research/commission.md §1.3 and the description of the plan language; it exists to disagree with the
engine. Everything is integers (cents, hundredths of counts) and `fractions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.books import Books, Data, Key, Part
from tests.oracle.charges import charge_part, party, rank
from tests.oracle.sides import off_the_top, parts_of, sources
from tests.oracle.splits import split_part
from tests.oracle.taxes import levy, taxes_of

#: What another agent of the deal gets by these is a leg of the commission.
GOES_ON = {"team", "override", "mentor", "referral"}
SECTIONS = ["before_split", "team", "split", "royalty", "fees", "overrides", "deductions"]


@dataclass(frozen=True)
class Result:
    """What the two implementations must agree on.

    Attributes:
        gross: of the deal, in cents.
        payees: party to what they get in the end; none who get nothing.
        codes: code to the sum of its lines.
        counters: (owner, counter, year) to the value after the deal.
        owed: (agent, to whom) to what the agent still owes.
        seen: what happened on the way.
    """

    gross: int
    payees: dict[str, int]
    codes: dict[str, int]
    counters: dict[Key, int]
    owed: dict[tuple[str, str], int]
    seen: frozenset[str]


def settle(deal: Data, plans: dict[str, Data]) -> Result:
    """Compute a deal.

    Args:
        deal: as a deal file holds it.
        plans: agent id to plan, as a plan file holds it.

    Raises:
        Refused: it cannot be computed.
    """
    policies = [plans[agent["agent"]].get("rounding", "half_up") for side in deal["sides"] for agent in side["agents"]]
    books = Books(deal, plans, policies[0])
    tops: list[list[tuple[str, Data, int]]] = []
    for number, side in enumerate(deal["sides"]):
        gross, bonus, whole = sources(books, side)
        for payee, amount in whole:
            books.pay("bonus", "gross", payee, amount)
            books.legs.append((payee, amount))
        left, top, lines = off_the_top(books, side, gross)
        tops.append(top)
        books.top_lines += lines
        books.everyone += parts_of(books, side, number, gross, left, bonus)
    for part in books.everyone:
        _begin(books, part)
    for number, top in enumerate(tops):
        for payee, rule, amount in top:
            whose = next(part for part in books.everyone if part.number == number)
            _made(books, payee, rule, amount, whose, of_part=False)
    for part in books.everyone:
        _process(books, part)
    _deduct(books)
    for tax in taxes_of(books, books.everyone[0].plan):
        levy(books, tax)
    return Result(
        books.gross,
        {party: amount for party, amount in books.payees.items() if amount},
        {code: amount for code, amount in books.codes.items() if amount},
        books.values,
        _owed(books),
        frozenset(books.seen),
    )


def _deduct(books: Books) -> None:
    """Agent by agent, rule by rule, on each of their parts in turn: their own first, then those that were made."""
    parts = sorted(books.done, key=lambda part: part.role != "agent")
    for agent in dict.fromkeys(part.agent["agent"] for part in parts):
        mine = [part for part in parts if part.agent["agent"] == agent]
        for rule in _rules(books, mine[0], "deductions"):
            for part in mine:
                if rule in _rules(books, part, "deductions"):
                    charge_part(books, part, rule, "deductions")


def _begin(books: Books, part: Part) -> None:
    """The counters that move by themselves: of all co-agents before anything else, of parts that are made then."""
    agent = part.agent["agent"]
    # What is once for a deal and agent belongs to their own part of it, if they have one.
    own = part.role == "agent" or all(other.agent["agent"] != agent for other in books.everyone)
    part.first = own and agent not in books.started
    if own:
        books.started.add(agent)
    if part.role == "agent":
        part.deltas["deal_count"] = 100 if part.first else 0
    for name in part.plan.get("counters", {}):
        part.starts[name] = books.now(part, name)
        if name in part.deltas:
            books.move(part, name, part.deltas[name])


def _process(books: Books, part: Part) -> None:
    """One part, all its stages; then the parts that it made."""
    follow: list[tuple[str, Data, int]] = []
    _before_all(books, part, follow)
    for section in part.plan.get("order", SECTIONS):
        if section == "split":
            split_part(books, part)
        elif section != "deductions":
            for rule in _rules(books, part, section):
                _charge(books, part, rule, section, follow)
    books.done.append(part)
    for payee, rule, amount in follow:
        _made(books, payee, rule, amount, part, of_part=True)


def _before_all(books: Books, part: Part, follow: list[tuple[str, Data, int]]) -> None:
    """Off-the-top rules that ask about an agent, or that not all co-agents have: on this part, as if it were all.

    What they take was never the agent's: the part, and with it their GCI, is what they leave.
    """
    part.stands_for_all = part.amount
    for rule in part.only_mine:
        books.seen.add("off_the_top_of_one")
        left = part.left
        _charge(books, part, rule, "before_split", follow)
        taken = left - part.left
        if taken:
            books.top_lines.append((rule | {"payee": party(part, rule["payee"])}, taken))
        part.amount -= taken
        part.deltas["gci"] -= taken
        if "gci" in part.plan.get("counters", {}):
            books.move(part, "gci", -taken)
    part.stands_for_all = None


def _rules(books: Books, part: Part, section: str) -> list[Data]:
    """The plan's, then the deal's for this agent; deductions by rank, the agent's own among them."""
    rules = list(part.plan.get(section, []))
    if section == "deductions":
        rules += part.agent.get("deductions", [])
    agent = part.agent["agent"]
    if part.role == "agent":
        rules += [row for row in books.deal.get("charges", []) if row.get("stage") == section and row["agent"] == agent]
    return sorted(rules, key=rank) if section == "deductions" else rules


def _charge(books: Books, part: Part, rule: Data, section: str, follow: list[tuple[str, Data, int]]) -> None:
    amount = charge_part(books, part, rule, section)
    if not amount:
        return
    borne = rule.get("borne_by") or "agent"
    payee = party(part, rule["payee"])
    if rule["code"] == "fee" and payee == "company" and borne == "agent":
        part.fees.append(amount)
    if not payee or not books.person(payee) or not (rule.get("splits") or rule["code"] in GOES_ON):
        return
    if rule.get("splits"):
        follow.append((payee, rule, amount))
    else:
        books.legs.append((payee, amount))
    if part.was_split and borne == "agent":
        part.passed_on += amount


def _made(books: Books, payee: str, rule: Data, amount: int, where: Part, *, of_part: bool) -> None:
    """A lead's or a referred agent's part, through their own plan."""
    agent = books.person(payee) or {}
    part = Part(agent, books.plans[payee], where.side, where.number, amount, gross=where.gross, left=amount)
    part.role = "lead" if rule["code"] == "team" else "referred"
    part.gross_left = where.gross_left
    whole, share = (where.amount, where.share) if of_part else (where.gross, Fraction(1))
    part.share = share * Fraction(amount, whole) if whole else share
    part.deltas = {"gci": amount}
    books.seen.add(f"made_{part.role}")
    _begin(books, part)
    # Told by a line of its own, though no money moves.
    books.codes["part"] += amount
    _process(books, part)


def _owed(books: Books) -> dict[tuple[str, str], int]:
    """Carried deductions, and agents in the red."""
    owed = dict(books.owed)
    for agent, amount in books.payees.items():
        if agent in books.started and amount < 0:
            books.seen.add("agent_in_the_red")
            owed[agent, "company"] = owed.get((agent, "company"), 0) - amount
    return owed
