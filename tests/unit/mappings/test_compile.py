"""Every kind of mistake in a mapping is reported with its line and what to do, all of them at once."""

from __future__ import annotations

import pytest

from domain.errors import ConfigurationError
from mappings.compiler.compile import HERE, compile_text
from mappings.model import Condition, from_built
from mappings.paths import parse_path

GOOD = """\
source: example
version: 1
provenance: {doc: here, date: 2026-11-22}
events: [created, updated]
order_mark: {kind: version, path: v}
conditions:
  ours: {path: staff_id, present: true}
  theirs: {not: ours}
tables:
  stages: {open: active, no: withdrawn, 7: closed}
  roles: {buyer: buyer}
  sides: {agent: listing}
deal:
  id: {path: id}
  merged: {path: [old, older], when: {path: merged, equals: true}}
  stage_reason: {path: why, as: text}
  fields:
    stage: {path: state, as: enum, table: stages, required: [created]}
    sale_price: {path: price, as: money}
    closing_date: {path: closing, as: day, formats: [iso, MM/DD/YYYY]}
    office:
      - {path: office, as: text, max: 20}
      - {path: team, as: text, default: none, default_for: [created]}
participants:
  each: people
  when: theirs
  role: {path: role, as: enum, table: roles, otherwise: other}
  fields:
    phone: {path: phone, as: phone, region: CA}
    email: {path: email, as: email, required: [created]}
agents:
  each: people
  when: ours
  id: {path: staff_id}
  side: {path: $.side, as: enum, table: sides}
  share: {path: share, as: fraction}
"""


def mistakes(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        compile_text(GOOD.replace(old, new, 1), "example.yaml")
    return str(caught.value)


def test_a_mapping_without_mistakes_compiles() -> None:
    mapping = from_built(compile_text(GOOD, "example.yaml"))
    assert list(mapping.fields) == ["stage", "sale_price", "closing_date", "office"]
    assert mapping.tables["stages"] == {"open": "active", "no": "withdrawn", "7": "closed"}
    assert mapping.fields["stage"][0].required == {"created"}
    assert [rule.line for rule in mapping.fields["office"]] == [22, 23]
    assert mapping.participants is not None
    assert mapping.participants.when == Condition(
        "not", parts=(Condition("present", path=parse_path("staff_id")),)
    )  # names are resolved
    assert mapping.participants.fields["phone"][0].lenient
    assert not mapping.participants.fields["email"][0].lenient


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version: 1", "version: 1\nverzion: 2", 3, "unknown key 'verzion'; did you mean 'version'?"),
        ("version: 1", "version: 1\nzzz: 2", 3, "unknown key 'zzz'; accepted: absent, agents, blanks, conditions,"),
        ("version: 1", 'version: "1"', 2, "version: expected a whole number (found '1')"),
        ("version: 1", "version: 0", 2, "version: Input should be greater than or equal to 1"),
        ("version: 1\n", "", 1, "version: the key 'version' is missing; add it"),
        ("version: 1", "version: 1\nversion: 2", 3, "key 'version' stands twice (first on line 2); keep one"),
        ("source: example", "source: other", 1, "source 'other' stands in a file named 'example.yaml'; rename one"),
        ("date: 2026-11-22", "date: today", 3, "provenance.date: String should match pattern"),
        ("kind: version, path: v", "kind: version", 5, "a `version` or `timestamp` mark needs the `path`"),
        ("kind: version", "kind: versions", 5, "'versions' is not possible; did you mean 'version'?"),
        ("[created, updated]", "created", 4, "events: expected a list (found 'created')"),
        ("present: true", "presnt: true", 7, "unknown key 'presnt'; did you mean 'present'?"),
        ("present: true", "present: false", 7, "conditions.ours.present: 'False' is not possible"),
        ("present: true", "present: true, equals: 1", 7, "a condition is `path` with one of equals, in,"),
        ("present: true", "equals: [a]", 7, "ours.equals: expected one value: text, a whole number, true or false (fo"),
        ("present: true", "in: [{a: b}]", 7, "ours.in.0: expected one value: text, a whole number, true or false (fou"),
        ("present: true", "contains: [a]", 7, "conditions.ours.contains: expected text; put it in quotes"),
        ("present: true", "contains: ' '", 7, "conditions.ours.contains: String should match pattern"),
        ("{path: share, as: fraction}", "alik", 36, "'alik' is not possible; did you mean 'alike'?"),
        ("{path: share, as: fraction}", "[alike, {path: s, as: fraction}]", 36, "`alike` takes whatever is left; put"),
        ("{path: share, as: fraction}", "{as: alike, wen: ours}", 36, "unknown key 'wen'; did you mean 'when'?"),
        ("{path: share, as: fraction}", "{as: alike, when: them}", 36, "condition 'them' is not declared under"),
        ("{path: share, as: fraction}", "{path: share, as: percent}", 36, "'percent' cannot stand here; accepted: al"),
        ("{path: share, as: fraction}", "{path: share}", 36, "names no converter; add `as`, one of: alike, fraction"),
        ("{path: share, as: fraction}", "{path: s, as: fraction, off: one}", 36, "unknown key 'off'; did you mean 'of"),
        ("{path: share, as: fraction}", "7", 36, "expected a rule such as {path: ..., as: alike}"),
        ("{not: ours}", "{not: hours}", 8, "condition 'hours' is not declared under `conditions`; declared: ours"),
        ("{not: ours}", "{not: {not: theirs}}", 8, "condition 'theirs' refers to itself (theirs → theirs); spell out"),
        ("when: theirs", "when: them", 26, "condition 'them' is not declared under `conditions`"),
        ("{not: ours}", "{all: []}", 8, "List should have at least 1 item"),
        ("open: active", "open: activ", 18, "table 'stages' gives 'activ', which is no Stage; ours are: active, under"),
        ("open: active", "open: active, Open: closed", 9, "table 'stages' has 'open' twice but for letter case"),
        ("stages: {", "stages: !!python/object {", 10, "tag 'tag:yaml.org,2002:python/object' is not part"),
        ("table: stages", "table: stage", 18, "table 'stage' is not declared under `tables`; declared: stages, roles"),
        ("required: [created]", "required: [creatd]", 18, "event 'creatd' is not declared under `events`"),
        ("required: [created]", "required: 1", 18, "required: expected true or false (found 1)"),
        ("sale_price:", "sale_prise:", 19, "unknown key 'sale_prise'; did you mean 'sale_price'?"),
        ("as: money", "as: moneyy", 19, "'moneyy' is not possible; did you mean 'money'?"),
        ("as: money", "as: day", 19, "'day' is not possible; accepted: money"),
        ("as: money", "as: money, curency: CAD", 19, "unknown key 'curency'; did you mean 'currency'?"),
        ("as: money", "as: money, currency: EUR", 19, "'EUR' is not possible; accepted: CAD, MXN, USD"),
        ("as: money", "as: money, minor_units: 1", 19, "minor_units: expected true or false (found 1)"),
        ("path: price, ", "", 19, "a rule needs a `path` (or `join`)"),
        ("path: price", "path: price, join: [a, b]", 19, "a rule has `path` or `join`, not both"),
        ("path: price", "path: 'price['", 19, "'price[' is not a JMESPath expression"),
        ("path: price", "path: '`x`'", 19, "is not a JMESPath expression"),
        ("path: price", "path: 7", 19, "path: expected text; put it in quotes (found 7)"),
        ("path: price", "path: []", 19, "List should have at least 1 item"),
        ("path: price", "path: price, default: 1", 19, "a default would overwrite newer values whenever a partial"),
        ("path: price", "path: price, default_for: [created]", 19, "`default_for` needs a `default`"),
        ("MM/DD/YYYY]", "MM/DD/YYYY, DD/MM/YYYY]", 20, "'MM/DD/YYYY' and 'DD/MM/YYYY' read 01/02/2026 differently"),
        ("MM/DD/YYYY]", "MM/DD]", 20, "'MM/DD' is not a format of days. Tried in order: `iso`"),
        ("MM/DD/YYYY]", "hh:MM/DD/YYYY]", 20, "'hh:MM/DD/YYYY' is not a format of days"),
        ("as: text, max: 20", "as: emale, max: 20", 22, "converter 'emale' cannot stand here; did you mean 'email'?"),
        ("as: text, max: 20", "max: 20", 22, "the rule names no converter; add `as`, one of: email, ident"),
        ("as: text, max: 20", "as: text, maxx: 20", 22, "unknown key 'maxx'; did you mean 'max'?"),
        ("{path: team, as: text", "team\n      - {path: team, as: text", 23, "expected a rule such as {path: ..., "),
        ("{path: price, as: money}", "price", 19, "sale_price: expected keys and values (found 'price')"),
        ("otherwise: other", "otherwise: others", 27, "table 'roles' gives 'others', which is no Role"),
        ("staff_id}\n  side", "staff_id, as: emial}\n  side", 34, "'emial' is not possible; did you mean 'email'?"),
        ("staff_id}\n  side", "staff_id, as: text}\n  side", 34, "'text' is not possible; accepted: email, identifier"),
        ("staff_id}\n  side", "staff_id, ass: email}\n  side", 34, "unknown key 'ass'; did you mean 'as'?"),
        ("[old, older]", "'old['", 15, "'old[' is not a JMESPath expression"),
        ("[old, older]", "[]", 15, "List should have at least 1 item"),
        ("path: [old, older], when", "when", 15, "deal.merged.path: the key 'path' is missing; add it"),
        ("merged, equals: true}", "merged}", 15, "deal.merged.when: a condition is `path` with one of equals, in,"),
        ("{path: [old, older], when: {path: merged, equals: true}}", "old", 15, "merged: expected keys and values"),
        ("{path: [old, older], when: {path: merged, equals: true}}", "[]", 15, "List should have at least 1 item"),
        ("{path: [old, older], when: {path: merged, equals: true}}",
         "\n    - {path: old}\n    - {path: older, wen: theirs}", 17, "unknown key 'wen'; did you mean 'when'?"),
        ("{path: [old, older], when: {path: merged, equals: true}}",
         "\n    - {path: old}\n    - {path: older, when: them}", 17, "condition 'them' is not declared under"),
        ("MM/DD/YYYY]", "MM/DD/YYYY], zone: Mountain", 20, "'Mountain' is not a time zone; expected an IANA name"),
        ("MM/DD/YYYY]", "MM/DD/YYYY], zone: 7", 20, "closing_date.zone: expected text; put it in quotes (found 7)"),
        ("each: people", "each: people\n  ech: people", 26, "unknown key 'ech'; did you mean 'each'?"),
        ("phone: {", "fone: {", 29, "unknown key 'fone'; did you mean 'phone'?"),
        ("region: CA", "region: Canada", 29, "String should match pattern"),
        ("id: {path: staff_id}", "id: staff_id", 34, "agents.id: expected keys and values (found 'staff_id')"),
        ("  id: {path: staff_id}\n", "", 31, "agents.id: the key 'id' is missing; add it"),
        ("stages: {open", "? [a]\n  : b\n  stages: {open", 10, "a key must be plain text; quote it"),
        ("{path: id}", "&x {path: id}\n  other: *x", 15, "aliases (*name) are not part of the language; write it out"),
        ("events: [created", "events: [[created", 5, "not YAML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_line_and_remedy(old: str, new: str, line: int, message: str) -> None:
    reported = [one for one in mistakes(old, new).splitlines() if message in one]
    assert [one.split(" ")[0] for one in reported] == [f"example.yaml:{line}:"], mistakes(old, new)


def test_one_mistake_is_reported_once() -> None:
    assert mistakes("present: true", "equals: [a]").splitlines()[0] == "example.yaml: 1 mistake"


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("version: 1", "version: 1\nversion: 1").replace("as: money", "as: monney")
    text = text.replace("table: sides", "table: sydes").replace("open: active", "open: activ")
    with pytest.raises(ConfigurationError) as caught:
        compile_text(text, "example.yaml")
    lines = str(caught.value).splitlines()
    assert lines[0] == "example.yaml: 4 mistakes"
    assert [line.split(":")[1] for line in lines[1:]] == ["3", "19", "20", "36"]


@pytest.mark.parametrize("text", ["", "# nothing", "- a list", "text", "\x00", "{" * 300])
def test_what_is_no_mapping_at_all_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"example\.yaml:1: "):
        compile_text(text, "example.yaml")


def test_zones_are_checked() -> None:
    good = GOOD.replace("conditions:", "occurred_at: {path: t, as: instant, zone: America/Denver}\nconditions:", 1)
    assert compile_text(good, "example.yaml")["occurred_at"][0]["options"]["zone"] == "America/Denver"
    text = GOOD.replace("conditions:", "occurred_at: {path: t, as: instant, zone: America/Denvr}\nconditions:", 1)
    with pytest.raises(ConfigurationError, match=r"example\.yaml:6: .*'America/Denvr' is not a time zone"):
        compile_text(text, "example.yaml")


def test_every_place_of_merged_ids_is_a_rule_of_its_own_with_its_line() -> None:
    merged = from_built(compile_text(GOOD, "example.yaml")).merged
    assert [[path.text for path in rule.paths] for rule in merged] == [["old"], ["older"]]
    assert {(rule.converter, rule.line, rule.when is not None) for rule in merged} == {("identifier", 15, True)}
    old = "{path: [old, older], when: {path: merged, equals: true}}"
    text = GOOD.replace(old, "\n    - {path: old}\n    - {path: older, as: email, when: ours}")
    several = from_built(compile_text(text, "example.yaml")).merged
    assert [(rule.converter, rule.line, rule.when) for rule in several] == [
        ("identifier", 16, None), ("email", 17, Condition("present", path=parse_path("staff_id"))),
    ]  # fmt: skip
    assert from_built(compile_text(GOOD.replace(f"  merged: {old}\n", ""), "example.yaml")).merged == ()


def test_an_id_is_an_identifier_unless_it_says_email_and_only_a_participants_address_is_lenient() -> None:
    def ids(text: str) -> list[tuple[str, bool]]:
        mapping = from_built(compile_text(text, "example.yaml"))
        assert mapping.participants is not None
        assert mapping.agents is not None
        rules = (*mapping.deal_id, *mapping.participants.id, *mapping.agents.id)
        return [(rule.converter, rule.lenient) for rule in rules]

    text = GOOD.replace("  when: theirs\n", "  when: theirs\n  id: {path: mail}\n")
    assert ids(text) == [("identifier", False)] * 3
    for path in ("id", "mail", "staff_id"):
        text = text.replace(f"id: {{path: {path}}}", f"id: {{path: {path}, as: email}}", 1)
    assert ids(text) == [("email", False), ("email", True), ("email", False)]


def test_a_complete_document_needs_no_default_for() -> None:
    text = "absent: clear\n" + GOOD.replace("as: money", "as: money, default: 1")
    built = compile_text(text, "example.yaml")
    assert built["fields"]["sale_price"][0]["default_for"] == ["created", "updated"]


def test_the_shipped_mappings_have_provenance() -> None:
    for file in HERE.glob("*.yaml"):
        built = compile_text(file.read_text(encoding="utf-8"), file.name)
        assert built["doc"]
        assert built["date"] >= "2026-11-21"


@pytest.mark.parametrize(
    ("share", "rules", "line", "when"),
    [
        ("alike", 0, 36, None),
        ("{as: alike, when: ours}", 0, 36, "present"),
        ("\n    - {path: share, as: fraction}\n    - alike", 1, 38, None),
        ("\n    - {as: alike, when: ours}", 0, 37, "present"),
    ],
)
def test_shares_may_end_in_alike(share: str, rules: int, line: int, when: str | None) -> None:
    agents = from_built(compile_text(GOOD.replace("{path: share, as: fraction}", share), "example.yaml")).agents
    assert agents is not None
    assert agents.alike is not None
    assert (len(agents.share), agents.alike.line) == (rules, line)
    assert (agents.alike.when.test if agents.alike.when else None) == when
