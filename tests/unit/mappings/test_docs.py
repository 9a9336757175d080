"""The documentation says what the code does: vocabulary, and the schema of the transactions source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from mappings.compiler.schema import DealEntry, MappingFile, MergedEntry
from mappings.compiler.vocabulary import CONVERTERS, ConditionEntry, RuleEntry
from mappings.loader import mapping
from mappings.model import Rules
from transforms.rules import MAX_AGENTS, MAX_PEOPLE

DOCS = Path(__file__).parents[3] / "docs"
LANGUAGE = (DOCS / "mapping-language.md").read_text(encoding="utf-8")
TRANSACTIONS = (DOCS / "sources/transactions.md").read_text(encoding="utf-8")


def rows(section: str) -> list[list[str]]:
    """The cells of the tables under a heading."""
    text = LANGUAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_converter_and_each_of_its_options_is_described() -> None:
    described = {row[0].strip("`"): row[-1] for row in rows("Converters")[1:]}
    assert described.keys() == CONVERTERS.keys()
    for name, model in CONVERTERS.items():
        options = set(model.model_fields) - set(RuleEntry.model_fields) - {"as_"}
        assert options <= set(re.findall(r"`(\w+)`", described[name])), name


def test_every_key_of_rules_conditions_and_files_is_described() -> None:
    keys = {*RuleEntry.model_fields, *MappingFile.model_fields, "as"}
    keys |= {
        field.alias or name for model in (ConditionEntry, MergedEntry) for name, field in model.model_fields.items()
    }
    keys |= {f"deal.{name}" for name in DealEntry.model_fields}
    assert [key for key in sorted(keys) if not re.search(rf"`{key}\b", LANGUAGE)] == []


def paths_of(rules: Rules, base: str = "") -> Iterator[str]:
    for rule in rules:
        for path in (*rule.paths, *rule.join):
            yield path.expression if path.from_root else base + path.text


def test_every_field_that_the_transactions_mapping_reads_is_described_and_no_other() -> None:
    rules = mapping("transactions")
    assert rules.participants is not None
    assert rules.agents is not None
    top = [rules.order_mark.rules, rules.occurred_at, rules.deal_id, rules.stage_reason, *rules.fields.values()]
    people = [rules.participants.id, rules.participants.role, *rules.participants.fields.values()]
    people += [rules.agents.id, rules.agents.side, rules.agents.share]
    read = {path for one in top for path in paths_of(one)}
    read |= {path for one in people for path in paths_of(one, "data.participants[].")}
    described = set(re.findall(r"^\| `([\w.\[\]]+)` \|", TRANSACTIONS.split("## Fields")[1], re.MULTILINE))
    assert described == read | {"id", "type", "data.participants"}


def test_how_many_people_and_agents_a_deal_can_have_is_described() -> None:
    assert f"more\nthan {MAX_PEOPLE} people or {MAX_AGENTS} of our agents" in LANGUAGE
    assert f"at most {MAX_PEOPLE} people and {MAX_AGENTS} of our agents" in TRANSACTIONS


def test_every_code_of_the_transactions_tables_is_described() -> None:
    file = Path(__file__).parents[3] / "src/mappings/transactions.yaml"
    tables = yaml.safe_load(file.read_text(encoding="utf-8"))["tables"]
    words = TRANSACTIONS.lower().replace("_", " ")
    missing = [code for table in tables.values() for code in table if str(code).lower().replace("_", " ") not in words]
    assert missing == []


def test_the_example_of_the_language_page_compiles() -> None:
    from mappings.compiler.compile import compile_text

    example = LANGUAGE.split("```yaml\n")[1].split("```")[0]
    assert compile_text(example, "example.yaml")["source"] == "example"
