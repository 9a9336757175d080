"""From what was agreed to each co-agent's part: commission, sources, off the top, allocation (S0 to S5)."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.books import Books, Data, Part, Refused
from tests.oracle.charges import instead, rank, steps, without_amount
from tests.oracle.figures import allotted, cents, rate, share
from tests.oracle.whens import deal_fits, price, price_net, slices

WHOLE = Fraction(1)


def commission(books: Books, spec: Data) -> int:
    """What was agreed, in cents; flat amount, percentage and every bracket rounded by themselves."""
    base = spec_base(books, spec)
    total = cents(spec.get("flat", 0))
    if "percent" in spec:
        total += books.round(base * rate(spec["percent"]))
    low = 0
    for bracket in spec.get("brackets", []):
        high = base if "up_to" not in bracket else min(base, cents(bracket["up_to"]))
        if high > low:
            total += books.round((high - low) * rate(bracket["percent"]))
            low = high
    total = max(total, cents(spec.get("minimum", 0)))
    if "maximum" in spec:
        total = min(total, cents(spec["maximum"]))
    if spec.get("less_cooperating"):
        books.seen.add("less_cooperating")
        total -= commission(books, spec["less_cooperating"])
    if total < 0:
        raise Refused("a commission below zero")
    return total


def spec_base(books: Books, spec: Data) -> int:
    """S0."""
    if spec.get("base") is not None:
        return cents(spec["base"])
    return price_net(books.deal) if spec.get("of") == "price_net" else price(books.deal)


def sources(books: Books, side: Data) -> tuple[int, int, list[tuple[str, int]]]:
    """S1 to S3: who pays how much.

    Returns:
        What comes in for the side to share, how much of that is bonus, and (payee, amount) of bonuses that are not.
    """
    spec, agreement, offers = side.get("commission"), side.get("agreement"), side.get("offers", [])
    spec, agreement = _as_it_holds(books, spec), _as_it_holds(books, agreement)
    due = commission(books, spec) if spec else None
    if agreement:
        ceiling = commission(books, agreement)
        due = ceiling if due is None else min(due, ceiling)
    left = due or 0
    base = spec_base(books, spec or agreement or {})
    bonus = 0
    for offer in offers:
        offered = cents(offer.get("flat", 0)) + (
            books.round(base * rate(offer["percent"])) if "percent" in offer else 0
        )
        used = min(left, offered)
        if used < offered:
            books.seen.add("excess_offer")
        bonus += used if offer.get("bonus") else 0
        books.receive("bonus" if offer.get("bonus") else "commission", used)
        left -= used
    through, whole, left = _bonuses(books, side, left, bool(agreement))
    if agreement:
        if left:
            books.seen.add("shortfall" if offers else "buyer_pays_all")
        books.receive("shortfall" if offers else "commission", left)
    elif offers and left:
        raise Refused("a payer that does not cover the gross")
    else:
        books.receive("commission", left)
    # On a side with an agreement bonuses are within what is due; without one they come on top.
    coming = due or 0
    if agreement:
        coming -= sum(amount for _, amount in whole)
    else:
        coming += through
    return coming, bonus + through, whole


def _as_it_holds(books: Books, spec: Data | None) -> Data | None:
    """What was agreed for the case that both sides are ours, where they are."""
    if spec and spec.get("in_house") and _both_sides(books.deal):
        books.seen.add("in_house")
        return dict(spec["in_house"])
    return spec


def _both_sides(deal: Data) -> bool:
    kinds = {side["side"] for side in deal["sides"]}
    return "both" in kinds or {"listing", "buying"} <= kinds


def _bonuses(books: Books, side: Data, left: int, capped: bool) -> tuple[int, list[tuple[str, int]], int]:
    through, whole = 0, []
    for row in side.get("bonuses", []):
        amount = cents(row["amount"])
        if capped:
            if amount > left:
                books.seen.add("bonus_cut")
            amount = min(amount, left)
            left -= amount
        books.receive("bonus", amount)
        if row.get("to") is None:
            through += amount
            continue
        to = side["agents"][0]["agent"] if row["to"] == "agent" else row["to"].removeprefix("agent:")
        whole.append((to, amount))
    return through, whole, left


def top_rules(books: Books, side: Data) -> list[Data]:
    """The deal's own off-the-top rules of this side."""
    first = books.deal["sides"][0]
    mine = [row for row in books.deal.get("charges", []) if row.get("stage", "off_the_top") == "off_the_top"]
    return [row for row in mine if (side is first if row.get("side") is None else row["side"] == side["side"])]


def asks_for_an_agent(rule: Data) -> bool:
    """Whether what it comes to depends on whose part it is taken of."""
    when = rule.get("when") or {}
    return (
        bool(rule.get("capped_by") or rule.get("counts"))
        or rule["payee"] in {"agent", "lead", "mentor", "recruiter"}
        or bool(rule.get("tiers") and rule["tiers"]["by"] not in {"price", "gross"})
        or any(when.get(word) for word in ("role", "part", "counter", "cap"))
    )


def shared_rules(books: Books, side: Data) -> list[Data]:
    """What is taken off the top of the whole side: the deal's own, and what all co-agents' plans have alike."""
    plans = [books.plans[agent["agent"]] for agent in side["agents"]]
    alike = [
        row for row in plans[0].get("off_the_top", []) if all(row in plan.get("off_the_top", []) for plan in plans)
    ]
    rules = [row for row in top_rules(books, side) + alike if not asks_for_an_agent(row)]
    return sorted(rules, key=rank)


def off_the_top(
    books: Books, side: Data, gross: int
) -> tuple[int, list[tuple[str, Data, int]], list[tuple[Data, int]]]:
    """S4.

    Returns:
        What is left, (agent, rule, amount) of what goes to agents through their own plan, and (rule, amount) of all.
    """
    left, made, lines = gross, [], []
    amounts: dict[str, int] = {}
    for rule in shared_rules(books, side):
        if not deal_fits(rule.get("when") or {}, books.deal, side, gross, set(books.deal.get("flags", []))):
            continue
        amount = _top_amount(books, side, _by_term(books, rule), gross, left, amounts)
        if amount > left:
            raise Refused("deductions exceed what is there")
        if amount == 0:
            continue
        payee = rule["payee"].removeprefix("agent:")
        books.pay(rule["code"], "gross", payee, amount)
        amounts[rule["rule"]] = amount
        lines.append((rule, amount))
        left -= amount
        if rule.get("splits"):
            made.append((payee, rule, amount))
    return left, made, lines


def _by_term(books: Books, rule: Data) -> Data:
    """The rule as the terms of this deal, those for nobody in particular, have it."""
    for term in books.deal.get("terms", []):
        if term.get("agent") is None and rule["rule"] in {term.get("waive"), term.get("charge")}:
            books.seen.add("term_off_the_top")
            return {**without_amount(rule), "flat": 0} if "waive" in term else instead(rule, term)
    return rule


def _top_amount(books: Books, side: Data, rule: Data, gross: int, left: int, amounts: dict[str, int]) -> int:
    known = {
        "gross": gross,
        "gross_left": left,
        "price": price(books.deal),
        "price_net": price_net(books.deal),
    } | amounts

    def one(amount: Data) -> int:
        raw = Fraction(cents(amount.get("flat", 0)))
        of = amount.get("of") or "gross"
        names = of if isinstance(of, dict) else {"plus": [of]}
        base = Fraction(
            sum(known.get(name, 0) for name in names["plus"])
            - sum(known.get(name, 0) for name in names.get("minus", []))
        )
        if "percent" in amount:
            raw += base * rate(amount["percent"])
        if amount.get("tiers"):
            probe = Part(agent={}, plan={}, side=side, number=0, amount=0, gross=gross)
            raw += sum((piece * factor for piece, factor in slices(books, probe, amount["tiers"], base)), Fraction(0))
        if amount.get("step"):
            raw += steps(amount["step"], Fraction(known[amount["step"]["of"]]))
        total = max(books.round(raw), cents(amount.get("minimum", 0)))
        return min(total, cents(amount["maximum"])) if "maximum" in amount else total

    if rule.get("lesser_of"):
        return min(one(amount) for amount in rule["lesser_of"])
    if rule.get("greater_of"):
        return max(one(amount) for amount in rule["greater_of"])
    return one(rule)


def parts_of(books: Books, side: Data, number: int, gross: int, left: int, bonus: int) -> list[Part]:
    """S5: flat amounts first, the shares divide the rest to the last cent."""
    agents = side["agents"]
    shares = [share(agent["share"]) if agent.get("share") is not None else Fraction(0) for agent in agents]
    flats = [cents(agent["flat"]) if agent.get("share") is None else 0 for agent in agents]
    rest = left - sum(flats)
    if sum(shares) != 1 or rest < 0:
        raise Refused("shares that do not sum")
    amounts = [flat + part for flat, part in zip(flats, allotted(rest, shares), strict=True)]
    weights = [flat + rest * part for flat, part in zip(flats, shares, strict=True)]
    if left:
        shares = [weight / left for weight in weights]
    units = allotted(200 if side["side"] == "both" else 100, shares)
    volumes = allotted(price(books.deal), shares)
    bonuses = allotted(bonus, shares)
    alike = shared_rules(books, side)
    parts = []
    for place, agent in enumerate(agents):
        plan = books.plans[agent["agent"]]
        part = Part(agent, plan, side, number, amounts[place], gross=gross, gross_left=left, left=amounts[place])
        part.weight, part.share, part.bonus = weights[place], shares[place], min(bonuses[place], amounts[place])
        mine = [row for row in top_rules(books, side) + plan.get("off_the_top", []) if row not in alike]
        part.only_mine = sorted(mine, key=rank)
        part.deltas = {"gci": amounts[place], "volume": volumes[place], "units": units[place]}
        parts.append(part)
        books.pay("part", "gross", agent["agent"], amounts[place])
    return parts
