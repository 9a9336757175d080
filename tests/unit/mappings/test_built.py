"""What runs is what stands in the YAML, and loading it needs neither YAML nor pydantic."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from mappings.compiler.compile import HERE, SCHEMA, compile_file, main, outputs
from mappings.loader import BUILT, mapping
from transforms.plan import plan_of

SOURCES = sorted(file.stem for file in HERE.glob("*.yaml"))


@pytest.mark.parametrize("source", SOURCES)
def test_the_built_mapping_is_that_of_the_yaml(source: str) -> None:
    built = outputs(HERE)[BUILT / f"{source}.json"]
    assert (BUILT / f"{source}.json").read_text(encoding="utf-8") == built, "run `python -m mappings.compiler` in src"


@pytest.mark.parametrize("source", SOURCES)
def test_the_built_mapping_runs(source: str) -> None:
    assert plan_of(mapping(source)).mapping.source == compile_file(HERE / f"{source}.yaml").source


def test_no_built_mapping_is_left_without_its_yaml() -> None:
    assert sorted(file.stem for file in BUILT.glob("*.json")) == SOURCES


def test_the_schema_for_editors_is_that_of_the_vocabulary() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == outputs(HERE)[SCHEMA], "run `python -m mappings.compiler` in src"


@pytest.mark.parametrize("source", SOURCES)
def test_a_mapping_names_its_schema_for_editors(source: str) -> None:
    first = (HERE / f"{source}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA.name}"


def test_the_schema_offers_each_field_only_the_converters_that_fit_it() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    sale_price = json.dumps(schema["$defs"]["DealFields"]["properties"]["sale_price"])
    assert "Money" in sale_price
    assert "Day" not in sale_price


def test_loading_a_mapping_imports_no_yaml_and_no_pydantic() -> None:
    code = "import sys; from mappings.loader import mapping; mapping('transactions'); print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=HERE.parent, capture_output=True, text=True, check=True)
    assert not {"yaml", "pydantic", "jmespath", "phonenumbers"} & set(answer.stdout.split())


def test_an_unknown_source_is_a_mistake_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no mapping for source 'nobody' \(there are: .*transactions"):
        mapping("nobody")


def test_compiling_writes_every_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mappings.compiler.compile.BUILT", tmp_path / "built")
    monkeypatch.setattr("mappings.compiler.compile.SCHEMA", tmp_path / "mapping.schema.json")
    assert main() == 0
    assert sorted(file.stem for file in (tmp_path / "built").iterdir()) == SOURCES
    assert "wrote" in capsys.readouterr().out


def test_compiling_reports_the_mistakes_of_all_files_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("source: x\n", encoding="utf-8")
    monkeypatch.setattr("mappings.compiler.compile.outputs", lambda: outputs(tmp_path))
    monkeypatch.setattr("mappings.compiler.compile.BUILT", tmp_path / "built")
    assert main() == 1
    said = capsys.readouterr().err
    assert "a.yaml:1: source 'x' stands in a file named 'a.yaml'" in said
    assert "b.yaml:1: version: the key 'version' is missing; add it" in said
    assert not (tmp_path / "built").exists()
