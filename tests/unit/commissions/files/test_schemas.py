"""The stored schemas are those of the models, and say what each field means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commissions.files.schemas import AGREEMENT_SCHEMA, DEAL_SCHEMA, PLAN_SCHEMA, main, outputs


@pytest.mark.parametrize("file", [PLAN_SCHEMA, DEAL_SCHEMA, AGREEMENT_SCHEMA], ids=lambda file: file.name)
def test_a_stored_schema_is_that_of_its_model(file: Any) -> None:
    assert file.read_text(encoding="utf-8") == outputs()[file], "run `python -m commissions.files.schemas` in src"


def test_writing_the_schemas_again_changes_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commissions.files.schemas.PLAN_SCHEMA", tmp_path / "plan.schema.json")
    monkeypatch.setattr("commissions.files.schemas.DEAL_SCHEMA", tmp_path / "deal.schema.json")
    monkeypatch.setattr("commissions.files.schemas.AGREEMENT_SCHEMA", tmp_path / "agreement.schema.json")
    assert main() == 0
    assert (tmp_path / "plan.schema.json").read_text(encoding="utf-8") == PLAN_SCHEMA.read_text(encoding="utf-8")


def test_editors_are_told_what_a_field_means_and_no_more() -> None:
    schema = json.loads(PLAN_SCHEMA.read_text(encoding="utf-8"))
    charge = schema["$defs"]["Charge"]
    assert charge["properties"]["percent"]["description"] == "of `of`."
    assert charge["properties"]["cap_on"]["description"].startswith("what that counter counts: the `amount`, or the")
    assert charge["description"].startswith("Somebody pays somebody")
    assert "Attributes" not in json.dumps(schema)


@pytest.mark.parametrize("file", [PLAN_SCHEMA, DEAL_SCHEMA, AGREEMENT_SCHEMA], ids=lambda file: file.name)
def test_a_schema_knows_only_words_of_the_standard(file: Any) -> None:
    unknown = {
        word for word in _words(json.loads(file.read_text(encoding="utf-8"))) if word in ("ge", "gt", "le", "lt")
    }
    assert not unknown


def _words(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        return set(schema) | {word for part in schema.values() for word in _words(part)}
    return {word for part in schema for word in _words(part)} if isinstance(schema, list) else set()
