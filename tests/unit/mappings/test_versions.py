"""Each version of a mapping that was in force is kept, and none changes its meaning under its number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import ConfigurationError
from mappings import loader
from mappings.compiler.versions import kept_history


def built(version: int = 1, line: int = 3, **more: Any) -> str:
    return json.dumps({"file": "x.yaml", "version": version, "rules": [{"path": "a", "line": line}], **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.json").write_text(built(), encoding="utf-8")
    return tmp_path


def kept(folder: Path, text: str, *, amend: bool = False) -> dict[Path, str]:
    return kept_history({folder / "x.json": text, folder / "new.json": built()}, amend=amend, folder=folder)


def test_a_new_version_sends_the_old_one_into_the_history(folder: Path) -> None:
    assert kept(folder, built(2, other=1)) == {folder / "history" / "x" / "1.json": built()}


def test_a_comment_that_moves_lines_is_no_new_meaning(folder: Path) -> None:
    assert kept(folder, built(line=9)) == {}


def test_a_changed_meaning_under_the_same_version_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="raise `version` to 2, or add --amend"):
        kept(folder, built(other=1))


def test_a_version_that_was_never_deployed_may_be_amended(folder: Path) -> None:
    assert kept(folder, built(other=1), amend=True) == {}


def test_a_version_does_not_go_back(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="went back from 1 to 0"):
        kept(folder, built(0))


def test_an_older_version_is_read_from_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = loader.mapping("transactions")
    text = (loader.BUILT / "transactions.json").read_text(encoding="utf-8")
    older = {**json.loads(text), "version": now.version + 100, "events": ["deal.created"]}
    (tmp_path / "transactions").mkdir()
    (tmp_path / "transactions" / f"{now.version + 100}.json").write_text(json.dumps(older), encoding="utf-8")
    monkeypatch.setattr(loader, "HISTORY", tmp_path)
    assert loader.mapping("transactions", now.version) is not None
    assert list(loader.mapping("transactions", now.version + 100).events) == ["deal.created"]


def test_a_version_that_was_not_kept_is_a_mistake_that_says_which_were() -> None:
    with pytest.raises(ConfigurationError, match=r"version 4711 of mapping transactions was not kept"):
        loader.mapping("transactions", 4711)


def test_every_version_that_was_kept_can_still_be_read() -> None:
    for file in loader.HISTORY.glob("*/*.json"):
        assert loader.mapping(file.parent.name, int(file.stem)).version == int(file.stem)
