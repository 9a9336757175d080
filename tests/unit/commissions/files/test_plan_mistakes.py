"""Every kind of mistake in a plan is reported with its line, the value, what was expected and what to do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from commissions.files.checks import plan_problems
from commissions.files.reading import read_plan
from domain.errors import ConfigurationError

GOOD = """\
plan: example
title: An example
sources: [{url: https://example.com/plan, read: 2026-11-22}]
counters:
  company_dollar: {cap: 18000, prorate: monthly}
  royalty_base: {cap: 50000, anniversary: royalty}
  gci: {}
  deal_count: {year: calendar, cap: 12}
off_the_top:
  - {rule: levy, code: levy, payee: city, percent: 1}
  - {rule: brand, code: royalty, payee: franchisor, percent: 5, of: gross_left, rank: 45}
split: {company: 30, of: part, capped_by: company_dollar, after_cap: 5, minimum: 100, maximum: 9000}
royalty:
  - {rule: royalty, code: royalty, payee: franchisor, percent: 6, of: part, capped_by: royalty_base, cap_on: basis}
fees:
  - {rule: desk, code: fee, payee: company, lesser_of: [{flat: 285}, {percent: 15}], per: deal, shared: first}
  - rule: net
    code: fee
    payee: zoe
    percent: 2
    of: {plus: [part], minus: [royalty]}
    when: {price: {at_least: 1000, below: 2000}, state: [TX], cap: {deal_count: [open]}, counter: {gci: {up_to: 5}}}
overrides:
  - {rule: lead, code: override, payee: lead, percent: 10, of: company_dollar, borne_by: company, splits: true}
deductions:
  - {rule: debt, code: deduction, payee: court, percent: 50, rank: 5}
tax: {name: HST, percent: 13, states: [ON]}
"""
NET = "percent: 2\n    of: {plus: [part], minus: [royalty]}"
TIERS = "split: {tiers: {by: gci, levels: LEVELS}, of: part, capped_by: company_dollar}"
TEAM_BY_PRICE = """
team:
  - {rule: t, code: team, payee: lead, tiers: {by: price, levels: [{up_to: 9, percent: 65}, {percent: 70}]}}"""
UNLIMITED = "split: {company: 30, of: part, capped_by: company_dollar, after_cap: 5}"
SPLIT = "split: {company: 30, of: part, capped_by: company_dollar, after_cap: 5, minimum: 100, maximum: 9000}"


def mistakes(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(ConfigurationError) as caught:
        read_plan(text, "example.yaml")
    return str(caught.value)


def test_a_plan_without_mistakes_is_read() -> None:
    plan = read_plan(GOOD, "example.yaml")
    assert plan.split is not None
    assert (plan.split.company, plan.split.capped_by) == (Fraction(30), "company_dollar")
    assert plan.counters["company_dollar"].cap == 1800000
    assert plan_problems(plan) == ()


TEMPLATES = sorted((Path(__file__).parents[4] / "src" / "commissions" / "plans").glob("*.yaml"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_the_templates_have_no_mistakes(file: Path) -> None:
    assert read_plan(file.read_text(encoding="utf-8"), file.name).plan == file.stem


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        # What pydantic sees.
        ("title: An", "titel: x\ntitle: An", 2, "titel: expected a key of the language; did you mean 'title'?"),
        ("title: An example\n", "", 1, "title: expected this key, which is not there; add `title`"),
        ("plan: example", "plan: My Plan", 1, "plan: My Plan: expected a name such as keller-williams; use small"),
        ("cap: 18000", "cap: '18,000'", 5, "cap: 18,000: expected an amount with at most two decimals, such as 18000"),
        ("cap: 18000", "cap: '18,000'", 5, "285.50; write it without commas, blanks and currency sign"),
        ("cap: 18000", "cap: -1", 5, "counters.company_dollar.cap: -1: expected 0 or more; correct it"),
        ("company: 30,", "company: 130,", 12, "split.company: 130: expected 100 or less; correct it"),
        ("company: 30,", "company: most,", 12, "split.company: most: expected a percentage of 100 such as 6 or 2.875"),
        ("code: levy", "code: levi", 10, "off_the_top[0].code: levi: expected one of referral, rebate, levy,"),
        ("code: levy", "code: levi", 10, "did you mean 'levy'?"),
        ("after_cap: 5", "straddle: no", 12, "split.straddle: no: expected one of clip, next_deal; choose one of them"),
        ("minus: [royalty]", "minos: [royalty]", 21, "of.minos: expected a key of the language; did you mean 'minus'?"),
        ("of: {plus: [part], minus: [royalty]}", "of: [part]", 21, "expected a name, or names to add up; write `of:"),
        ("prorate: monthly", "starts: 7-1", 5, "starts: 7-1: expected a day of the year as MM-DD; write it in quotes"),
        ("read: 2026-11-22", "read: 2026-02-30", 3, "read: 2026-02-30: expected a day such as 2026-01-31"),
        ("read: 2026-11-22", "read: 2026", 3, "sources[0].read: 2026: expected a day such as 2026-01-31"),
        ("read: 2026-11-22", "read: 1767225600", 3, "read: 1767225600: expected a day such as 2026-01-31; write year-"),
        ("state: [TX]", "state: TX", 22, "when.state: TX: expected a list; write it in brackets, or each entry"),
        ("splits: true", "splits: 'maybe'", 24, "overrides[0].splits: maybe: expected true or false; write one"),
        ("rank: 5", "rank: 5.5", 26, "deductions[0].rank: 5.5: expected a whole number; write it without decimals"),
        ("name: HST", 'name: ""', 27, "tax.name: '': expected at least 1 characters; write it out"),
        ("lesser_of: [{flat: 285}, {percent: 15}]", "lesser_of: {flat: 1}", 16, "expected a list; write it in bracket"),
        ("gci: {}", "Gci: {}", 7, "counters.Gci: Gci: expected a name such as post_cap_fee; use small letters"),
        # What was probably meant.
        ("company: 30", "agent: 70", 12, "split.agent: expected a key of the language; write `company: 30`; the rest"),
        ("company: 30", "agent: most", 12, "write `company: 20`; the rest is the agent's"),
        ("code: levy", "code: levy, amount: 5", 10, "off_the_top[0].amount: expected a key of the language; write `fl"),
        (SPLIT, TIERS.replace("LEVELS", "[{from: 0, percent: 1}]"), 12,
         "levels[0].from: expected a key of the language; remove it: a level begins where the one before it ends; wri"),
        (SPLIT, "split: [{company: 30}]", 12, "split: a list: expected keys and values: there is one split a plan; ke"),
        ("gci: {}", "gci: 5000", 7, "counters.gci: 5000: expected keys and values; write `{cap: 5000}`"),
        ("{flat: 285}", "285", 16, "fees[0].lesser_of[0]: 285: expected keys and values; write `{flat: 285}`"),
        ("tax: {name: HST, percent: 13, states: [ON]}", "tax: HST", 27, "tax: HST: expected keys and values; write `{"),
        ("company: 30", "company: [30]", 12, "split.company: a list: expected a number; write it as it is, or in quot"),
        ("gci: {}", "gci: [1]", 7, "counters.gci: a list: expected keys and values; write them indented below"),
        ("sources: [{url", "order: {a: 1}\nsources: [{url", 3, "order: keys and values: expected a list; write it in"),
        ("sources: [{url", "dates:\nsources: [{url", 3, "dates: nothing: expected keys and values; write them indente"),
        ("state: [TX]", "property_type: [house]", 22, "property_type[0]: house: expected one of single_family, condo,"),
        ("state: [TX]", "property_type: [house]", 22, "commercial, other; choose one of them"),
        # Order, sources, names.
        ("title: An example", "title: A\norder: [split, fees, fees]", 3, "order[2]: fees: expected each section once"),
        ("title: An example", "title: A\norder: [split, fees]", 3, "expected all 7 sections; add before_split, team,"),
        ("title: An example\nsources: [{url: https://example.com/plan, read: 2026-11-22}]",
         "title: A\nstatus: verified", 3, "status: verified: expected sources that its figures were verified by; add"),
        ("https://example.com/plan", "example.com", 3, "sources[0].url: example.com: expected an address with https:/"),
        ("read: 2026-11-22", "read: 0226-11-22", 3, "expected a day between 1900 and 2100, such as 2026-01-31"),
        ("rule: net", "rule: desk", 17, "rule: desk: expected a name of its own, because fees[0] has this one; rename"),
        ("rule: net", "rule: part", 17, "fees[1].rule: part: expected a name that is not a basis' name; call it"),
        # Counters.
        ("prorate: monthly", "year: custom", 5, "year: custom: expected a `starts` beside it; add `starts: MM-DD`"),
        ("prorate: monthly", "year: custom, starts: 02-30", 5, "02-30: expected a day that there is; that month ends"),
        ("prorate: monthly", "year: calendar, starts: 07-01", 5, "expected no first day, because `year: calendar` has"),
        ("anniversary: royalty", "anniversary: x, year: month", 6, "expected no anniversary, because the year does no"),
        ("prorate: monthly", "year: month, leap_day: 02-28", 5, "because this year never begins on 29 February; remov"),
        ("prorate: monthly", "year: never, prorate: daily", 5, "prorate: daily: expected no proration, because a"),
        ("gci: {}", "gci: {prorate: daily}", 7, "prorate: daily: expected a `cap` that it reduces; add `cap`, or"),
        ("gci: {}", "gci: {cap_per_member: 2}", 7, "cap_per_member: 2: expected a `cap` that it is added to; add"),
        ("cap: 18000", "cap: 9, cap_per_member: -2", 5, "cap_per_member: -2: expected 0 or more; correct it"),
        ("capped_by: company_dollar, after_cap: 5, ", "", 5, "cap: 18000: expected a cap that a rule goes by; write"),
        ("capped_by: company_dollar", "capped_by: company_dolar", 12, "company_dolar: expected a counter of this plan"),
        ("capped_by: company_dollar", "capped_by: company_dolar", 12, "did you mean 'company_dollar'?"),
        ("capped_by: company_dollar", "capped_by: units", 12, "it moves by itself, but only once it is declared: add"),
        ("capped_by: company_dollar", "capped_by: deal_count", 12, "expected a counter that rules move; deal_count mo"),
        ("cap: 50000, ", "", 14, "capped_by: royalty_base: expected a counter with a cap; add `cap` to it: `counters:"),
        ("maximum: 9000", "counts: [gci]", 12, "split.counts[0]: gci: expected a counter that rules move; gci moves"),
        ("shared: first", "shared: first, counts: [desks]", 16, "fees[0].counts[0]: desks: expected a counter of this"),
        ("cap: {deal_count: [open]}", "cap: {gci: [open]}", 22, "when.cap.gci: gci: expected a counter with a cap; ad"),
        ("cap: {deal_count: [open]}", "cap: {deal_count: []}", 22, "expected one of before, here, open; name where"),
        ("cap: {deal_count: [open]}", "cap: {yearly: [open]}", 22, "declare it: `counters: {yearly: {cap: AMOUNT}}`"),
        ("cap: {deal_count: [open]}", "cap: {units: [open]}", 22, "declared: add `units: {cap: AMOUNT}` to `counters`"),
        ("counter: {gci: {", "counter: {units: {", 22, "fees[1].when.counter.units: units: expected a counter of this"),
        # Amounts.
        ("percent: 50, ", "", 26, "deductions[0]: rule debt without an amount: expected one of flat, percent, tiers,"),
        ("per: deal", "flat: 5", 16, "fees[0]: rule desk with an amount of its own and lesser_of: expected one way to"),
        ("{flat: 285}, {percent: 15}", "{flat: 285}", 16, "lesser_of: 1 alternative: expected two alternatives or mor"),
        ("{flat: 285}", "{minimum: 285}", 16, "fees[0].lesser_of[0]: no amount: expected one of flat, percent, tiers,"),
        ("{flat: 285}", "{flat: -285}", 16, "fees[0].lesser_of[0].flat: -285: expected 0 or more; remove the minus"),
        ("{flat: 285}", "{flat: 285, of: part}", 16, "of: part: expected a `percent` or `tiers` that is taken of it;"),
        ("{flat: 285}", "{step: {flat: -1, each: 5}}", 16, "fees[0].lesser_of[0].step.flat: -1: expected 0 or more"),
        ("percent: 1}", "percent: 1, minimum: 5, maximum: 4.50}", 10, "minimum: 5: expected at most the maximum of 4."),
        ("minimum: 100", "minimum: 9001", 12, "split.minimum: 9001: expected at most the maximum of 9000; exchange"),
        ("percent: 1}", "percent: 1, tiers: {by: price, levels: [{percent: 2}]}}", 10, "either `percent` or `tiers`"),
        ("percent: 1}", "percent: 60}\n  - {rule: more, code: fee, payee: city, percent: 41}", 11,
         "off_the_top[1]: 101 percent in all: expected at most 100 percent of the gross; lower one of levy (60), more"),
        (SPLIT, SPLIT + "\nteam: [{rule: t, code: team, payee: lead, percent: 70}, "
         "{rule: u, code: team, payee: mentor, percent: 50}]", 13,
         "team[1]: 126 percent in all: expected at most 100 percent of the agent's part; lower one of t (70), u (50),"),
        (SPLIT, UNLIMITED + TEAM_BY_PRICE, 16,
         "royalty[0]: 101 percent in all: expected at most 100 percent of the agent's part; lower one of t (65), spli"),
        (SPLIT, TIERS.replace("LEVELS", "[{up_to: 9, percent: 20}, {percent: 95}]"), 14,
         "royalty[0]: 101 percent in all: expected at most 100 percent of the agent's part; lower one of split (95),"),
        # Bases.
        ("percent: 1}", "percent: 1, of: part}", 10, "expected a basis of the deal or the side, because nobody has a"),
        ("of: part, capped_by: royalty_base", "of: gross_left, capped_by: royalty_base", 14, "expected a basis other"),
        ("title: An example", "title: A\norder: [before_split, team, royalty, overrides, split, fees, deductions]", 25,
         "overrides[0].of: company_dollar: expected a basis that is known before the split; write part or left, or"),
        (NET, "percent: 2\n    of: royalti", 21, "of: royalti: expected a basis, or the name of an earlier rule; did"),
        (NET, "percent: 2\n    of: debt", 21, "of: debt: expected the name of an earlier rule; debt is charged later;"),
        (NET, "percent: 2\n    of: net", 21, "of: net -> net: expected a basis that does not come back to the rule"),
        (NET, "percent: 2\n    of: {plus: [part], minus: [part]}", 21, "of.minus[0]: part: expected a name that is no"),
        (NET, "step: {flat: 1, each: 2, of: gross_left}", 20, "step.of: gross_left: expected a basis other than gross"),
        ("of: part, capped_by: company_dollar", "of: royalty, capped_by: company_dollar", 12, "royalty is charged lat"),
        ("of: part, capped_by: company_dollar", "of: company_dollar, capped_by: company_dollar", 12, "before the spli"),
        (SPLIT + "\n", "", 23, "of: company_dollar: expected a plan with a split that gives one; add `split`, or take"),
        # Levels.
        (SPLIT, TIERS.replace("LEVELS", "[{up_to: 9, percent: 1}, {up_to: 9, percent: 2}, {percent: 3}]"), 12,
         "levels[1].up_to: 9: expected more than the 9 of the level before it; it has the same end as that one"),
        (SPLIT, TIERS.replace("LEVELS", "[{up_to: 9, percent: 1}, {up_to: 8, percent: 2}, {percent: 3}]"), 12,
         "it has less than that one; sort the levels by `up_to`"),
        (SPLIT, TIERS.replace("LEVELS", "[{up_to: 9, percent: 1}]"), 12, "expected a last level without end; remove"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 1}, {percent: 2}]"), 12, "expected an `up_to` on every level but"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 101}]"), 12, "percent: 101: expected 100 or less"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 1}]").replace("gci", "gcii"), 12, "did you mean 'gci'?"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 1}]").replace("gci", "units"), 12, "add `units: {}` to `counters`"),
        ("percent: 1}", "tiers: {by: part, levels: [{percent: 2}]}}", 10, "expected a measure of the deal, because"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 1}]").replace("gci", "company_dollar"), 12,
         "split.tiers.mode: expected entering, because company_dollar is moved by rules and is read as it stands; wri"),
        (SPLIT, TIERS.replace("LEVELS", "[{percent: 1}], mode: resulting").replace("gci", "royalty_base"), 12,
         "split.tiers.mode: resulting: expected entering, because royalty_base is moved by rules"),
        ("percent: 15}", "tiers: {by: royalty_base, mode: marginal, levels: [{percent: 2}]}}", 16,
         "fees[0].lesser_of[1].tiers.mode: marginal: expected entering"),
        # The split.
        ("company: 30,", "", 12, "split: neither: expected either `company` or `tiers`; say what the company keeps"),
        ("company: 30,", "company: 30, tiers: {by: gci, levels: [{percent: 2}]},", 12, "split: both: expected either"),
        ("capped_by: company_dollar, ", "", 12, "split.after_cap: 5: expected a `capped_by`, because without it no ca"),
        ("capped_by: company_dollar, after_cap: 5", "straddle: next_deal", 12, "straddle: next_deal: expected a `capp"),
        ("minimum: 100", "floor: {}", 12, "split.floor: {}: expected `percent` or `flat`; say how much the least is"),
        ("minimum: 100", "floor: {percent: 101}", 12, "floor.percent: 101: expected a percentage of 0 to 100; correct"),
        ("minimum: 100", "floor: {flat: -1}", 12, "floor.flat: -1: expected 0 or more; remove the minus sign"),
        ("minimum: 100", "floor: {flat: 1, of: price_net}", 12, "floor.of: price_net: expected a `percent` that is ta"),
        # Parties.
        ("payee: city", "payee: Company", 10, "payee: Company: expected a payee: agent, company, lead, mentor,"),
        ("payee: city", "payee: Brokerage", 10, "third party's name; write company, or the payee's name"),
        ("payee: city", "payee: 'agent:'", 10, "payee: agent:: expected an agent's id after `agent:`; add the id"),
        ("payee: city", "payee: city, borne_by: agent", 10, "borne_by: agent: expected gross, which bears what comes"),
        ("payee: zoe", "payee: zoe\n    borne_by: gross", 20, "borne_by: gross: expected agent, company or outside;"),
        ("payee: zoe", "payee: agent", 19, "fees[1].payee: agent: expected somebody other than who bears it; correct"),
        ("payee: lead", "payee: zoe", 24, "overrides[0].payee: zoe: expected an agent: lead, mentor, recruiter or"),
        ("percent: 13, states: [ON]", "percent: 13, remitted_to: Company", 27, "tax.remitted_to: Company: expected a"),
        # What means nothing where it stands.
        ("payee: zoe", "payee: zoe\n    rank: 3", 20, "fees[1].rank: 3: expected no rank, because this section goes i"),
        (", per: deal", "", 16, "shared: first: expected `per: deal` or `per: side` beside it, because what is charge"),
        ("capped_by: royalty_base, ", "", 14, "cap_on: basis: expected a `capped_by` whose basis it is; add"),
        ("percent: 6, of: part", "flat: 6", 14, "expected a percentage, because a flat amount has no basis; write"),
        # Conditions.
        ("at_least: 1000, below: 2000", "at_least: 2000, below: 2000", 22, "when.price: from 2000: expected bounds th"),
        ("at_least: 1000, below: 2000", "at_least: 1, above: 2", 22, "either `at_least` or `above`; remove one of the"),
        ("at_least: 1000, below: 2000", "up_to: 1, below: 2", 22, "expected either `below` or `up_to`; remove one of"),
        ("{at_least: 1000, below: 2000}", "{}", 22, "when.price: {}: expected one of at_least, below, above, up_to"),
        ("state: [TX]", "state: [tx]", 22, "when.state[0]: tx: expected a state's two capital letters, such as TX; wr"),
        ("state: [TX]", "state: [Texas]", 22, "two capital letters, such as TX; write its postal abbreviation"),
        ("state: [TX]", "closing: {}", 22, "fees[1].when.closing: {}: expected `starts` or `until`; add one of them"),
        ("state: [TX]", "closing: {starts: 2026-02-01, until: 2026-01-31}", 22, "until: 2026-01-31: expected 2026-02-"),
        ("state: [TX]", "flags: [a], without: [a]", 22, "without: a: expected words that are not also in `flags`; a d"),
        ("payee: court", "payee: court, when: {}", 26, "deductions[0].when: {}: expected at least one condition; add"),
        ("states: [ON]", "states: [Ontario]", 27, "tax.states[0]: Ontario: expected a state's two capital letters"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_remedy(old: str, new: str, line: int, message: str) -> None:
    told = mistakes((old, new))
    assert any(one.startswith(f"example.yaml:{line}: ") and message in one for one in told.splitlines()), told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    told = mistakes(("payee: city", "payee: Company"), ("maximum: 9000", "maximum: 9"), ("ON", "on"))
    assert [line.split(": ")[0] for line in told.splitlines()] == [
        "example.yaml",
        "example.yaml:10",
        "example.yaml:12",
        "example.yaml:27",
    ]
    assert told.startswith("example.yaml: 3 mistakes")


def test_a_circle_is_told_once_and_by_name() -> None:
    told = mistakes(
        ("lesser_of: [{flat: 285}, {percent: 15}], per: deal, shared: first", "percent: 1, of: net"),
        ("minus: [royalty]", "minus: [desk]"),
    )
    assert told.count("mistake") == 1
    assert "example.yaml:16: fees[0].of: desk -> net -> desk: expected a basis that does not come back" in told


def test_the_rules_of_one_section_are_earlier_or_later_by_the_plans_own_order() -> None:
    order = "order: [before_split, team, fees, split, royalty, overrides, deductions]"
    told = mistakes(("title: An example", f"title: A\n{order}"))
    assert "of.minus[0]: royalty: expected the name of an earlier rule; royalty is charged later" in told


@pytest.mark.parametrize(
    "limited",
    [
        "when: {state: [TX]}",
        "maximum: 500",
        "only_if_left: true",
        "borne_by: company",
        "capped_by: desks",
        "of: left",
    ],
)
def test_what_is_not_always_taken_of_the_part_does_not_count_into_the_sum(limited: str) -> None:
    text = GOOD.replace("gci: {}", "gci: {}\n  desks: {cap: 500}\n  more: {cap: 1}", 1)
    rule = "  - {rule: more, code: fee, payee: city, percent: 99.5, capped_by: more}\n"
    rule += f"  - {{rule: most, code: fee, payee: city, percent: 99.5, {limited}}}\n"
    whole = text.replace("overrides:\n", f"{rule}overrides:\n", 1).replace(SPLIT, UNLIMITED)
    if limited != "capped_by: desks":
        whole = whole.replace("  desks: {cap: 500}\n", "")
    assert read_plan(whole, "example.yaml").fees[-1].rule == "most"


def test_a_split_that_does_not_always_take_its_share_of_the_part_does_not_count_into_the_sum() -> None:
    most = "  - {rule: most, code: fee, payee: city, percent: 94}\noverrides:\n"
    text = GOOD.replace("overrides:\n", most, 1)
    for split in (SPLIT, UNLIMITED.replace("of: part", "of: left"), UNLIMITED.replace("5}", "5, when: {state: [TX]}}")):
        assert read_plan(text.replace(SPLIT, split), "example.yaml").fees[-1].rule == "most"
    assert "130 percent in all" in mistakes(("overrides:\n", most), (SPLIT, UNLIMITED))


def test_deductions_without_a_rank_come_last_so_they_may_be_of_those_with_one() -> None:
    last = "deductions:\n  - {rule: late, code: deduction, payee: court, percent: 5, of: debt}\n"
    assert read_plan(GOOD.replace("deductions:\n", last, 1), "example.yaml").deductions[0].of == "debt"


def test_what_always_applies_counts_into_the_sum_and_what_depends_does_not() -> None:
    both = "percent: 1}\n  - {rule: more, code: fee, payee: city, percent: 99.5, when: {state: [TX]}}"
    assert read_plan(GOOD.replace("percent: 1}", both, 1), "example.yaml")


def test_a_whole_number_may_stand_for_an_id_or_a_title() -> None:
    assert read_plan(GOOD.replace("An example", "2026"), "example.yaml").title == "2026"


def test_a_problem_can_be_listed_as_a_field_of_an_error() -> None:
    plan = read_plan(GOOD, "example.yaml")
    broken = plan.model_copy(update={"order": plan.order[:-1]})
    (problem,) = plan_problems(broken)
    assert problem.as_field().field == "order"
    assert "add deductions" in str(problem.as_field())
