"""`sources.yaml` is checked where it is edited: each mistake is named with file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from mappings.compiler.files import SOURCE_NAME
from sources.build import SOURCES, build, index_text, main, mapping_versions
from sources.catalog import INDEX, catalog, read_index

TEXT = SOURCES.read_text("utf-8")


def test_the_committed_index_is_what_the_yaml_builds() -> None:
    assert INDEX.read_text("utf-8") == index_text(build(TEXT, mapping_versions())), "run `python -m sources.build`"


def test_main_writes_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "index.json"
    monkeypatch.setattr("sources.build.INDEX", target)
    assert main() == 0
    assert target.read_bytes() == INDEX.read_bytes()


def test_the_three_sources_of_a_brokerage_are_there() -> None:
    sources = catalog()
    assert set(sources) == {"transactions", "brokermint", "dotloop"}
    assert all(source.enabled and source.queue == "transactions" for source in sources.values())
    assert sources["dotloop"].secret_name == "webhooks/dotloop"
    assert len(sources["dotloop"].used | sources["dotloop"].ignored) == 16


def test_the_mapping_version_is_the_mapping_files_own(tmp_path: Path) -> None:
    (tmp_path / "dotloop.yaml").write_text("version: 7\n")
    (tmp_path / "other.yaml").write_text("- a list\n")
    versions = mapping_versions(tmp_path)
    assert versions == {"dotloop": 7}
    sources = read_index(build(TEXT, versions))
    assert (sources["dotloop"].mapping_version, sources["brokermint"].mapping_version) == (7, 1)


def test_paths_to_fetch_are_carried_along() -> None:
    text = TEXT.replace("    event_type: [type]\n", '    event_type: [type]\n    fetch: {deal: "/deals/{id}"}\n')
    assert read_index(build(text, {}))["transactions"].fetch == {"deal": "/deals/{id}"}


def test_a_source_says_for_how_long_it_may_be_silent_or_nothing() -> None:
    hours = {name: source.max_silence_hours for name, source in catalog().items()}
    assert hours == {"transactions": 72, "brokermint": 168, "dotloop": 168}
    without = re.sub(r"    max_silence_hours: .*\n", "", TEXT)
    assert {source.max_silence_hours for source in read_index(build(without, {})).values()} == {None}


MISTAKES = [
    ("    enabled: true\n", "    enabled: 1\n", "sources.transactions.enabled is 1; expected true or false"),
    ("    enabled: true\n", "    on: true\n", "is not a key we know; expected one of documentation, enabled"),
    (
        "    scheme: dotloop\n",
        "    scheme: dotlop\n",
        "sources.dotloop.scheme is 'dotlop'; expected one of basic, bearer",
    ),
    ("    kind: basic\n", "    kind: digest\n", "schemes.basic.kind is 'digest'; expected one of basic, bearer, hmac"),
    ("    kind: basic\n", "    kind: basic\n    algorithm: md5\n", "schemes.basic.algorithm is not a key we know"),
    (
        "    algorithm: sha1\n",
        "    algorithm: md5\n",
        "schemes.dotloop.algorithm is 'md5'; expected one of sha1, sha256",
    ),
    ("    algorithm: sha1\n", "", "schemes.dotloop.algorithm is missing; expected one of sha1"),
    ("      - [param:t, ", "      - [pram:t, ", "schemes.stripe.signed holds the part 'pram:t', which we do not know"),
    ('      - [param:t, ".", body]', '      - [param:t, "."]', "schemes.stripe.signed leaves out the body"),
    (
        '      - [param:t, ".", body]',
        "      - body",
        "schemes.stripe.signed is ['body']; expected a list of lists of parts",
    ),
    ("syntax: params, name: v1", "syntax: params", "schemes.stripe.signature.name is missing; expected a text"),
    ("syntax: params, name: v1", "syntax: bare", "reads a parameter, but the signature has none"),
    ("clock: {part: param:t", "clock: {part: param:u", "schemes.stripe.clock.part is not among the signed parts"),
    ("{part: param:t, unit: s,", "{part: param:t, unit: h,", "schemes.stripe.clock.unit is 'h'; expected one of ms, s"),
    (
        "{part: param:t, unit: s, tolerance_s: 300}",
        "{part: param:t, unit: s, tolerance_s: 5m}",
        "schemes.stripe.clock.tolerance_s is '5m'; expected a whole number of seconds",
    ),
    ("identity: [header:webhook-id]", "identity: [header:x-id]", "reads header x-id, which is not signed"),
    (
        "identity: [eventId]",
        "identity: [header:X-DOTLOOP-TIMESTAMP]",
        "header x-dotloop-timestamp, which is not signed",
    ),
    *(
        ("max_silence_hours: 72", f"max_silence_hours:{hours}", f"max_silence_hours is {said}; expected a whole number")
        for hours, said in (
            (" 0", "0"),
            (" -1", "-1"),
            (" 1.5", "'1.5'"),
            (" true", "True"),
            (" 3d", "'3d'"),
            ("", "missing"),
        )
    ),
    ("event_type: [eventType]", "event_type: eventType", "sources.dotloop.event_type is 'eventType'; expected a list"),
    ("event_type: [eventType]", "event_type: []", "sources.dotloop.event_type is empty"),
    ("event_type: [eventType]", "event_type: [a, a]", "sources.dotloop.event_type names something twice"),
    ("- CONTACT_CREATED", "- LOOP_CREATED", "ignored also lists LOOP_CREATED, which `used` lists"),
    ("  dotloop:\n    scheme", "  Dotloop:\n    scheme", "sources.Dotloop is not a name; use lower-case letters"),
    ("  dotloop:\n    scheme", "  brokermint:\n    scheme", "key 'brokermint' stands twice (first on line"),
    (
        'webhooks-initial-release", read: 2026-11-21}\n\n  brok',
        'webhooks-initial-release", read: soon}\n\n  brok',
        "expected when",
    ),
    ('"https://www.standardwebhooks.com"', "somewhere", "url is not a link; expected https://"),
    ("schemes:\n", "schemes: [\n", "not YAML"),
    ("schemes:\n", "scheme:\n", "scheme is not a key we know; expected one of schemes, sources"),
    (
        "    events:\n      used: [deal",
        "    events: 3\n    fetch:\n      used: [deal",
        "events is 3; expected keys and values",
    ),
]


@pytest.mark.parametrize(("before", "after", "message"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_remedy(before: str, after: str, message: str) -> None:
    assert before in TEXT
    with pytest.raises(ConfigurationError, match=re.escape(message)) as fault:
        build(TEXT.replace(before, after, 1), {})
    head, *mistakes = str(fault.value).splitlines()
    assert head.startswith("sources.yaml: ")
    assert mistakes
    assert all(re.match(r"sources\.yaml:\d+: ", mistake) for mistake in mistakes)


def test_the_line_is_that_of_the_mistake() -> None:
    line = TEXT.split("    scheme: dotloop\n")[0].count("\n") + 1
    with pytest.raises(ConfigurationError, match=rf"\nsources\.yaml:{line}: sources\.dotloop\.scheme"):
        build(TEXT.replace("    scheme: dotloop\n", "    scheme: x\n"), {})


def test_an_empty_file_says_what_is_expected() -> None:
    with pytest.raises(ConfigurationError, match="the file is missing; expected keys and values"):
        build("", {})


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = TEXT
    for before, after in (
        ("algorithm: sha1\n", "algorithm: md5\n"),
        ("signature: {header: X-DOTLOOP-SIGNATURE, syntax: bare, encoding: hex}", "signature: 5"),
        ("    kind: basic\n", "    kind: digest\n"),
        ("    enabled: true\n", "    enabled: maybe\n"),
        ("event_type: [type]", "event_type: []"),
        ("    event_type: [eventType]\n", ""),
    ):
        assert before in text
        text = text.replace(before, after, 1)
    with pytest.raises(ConfigurationError) as fault:
        build(text, {})
    head, *mistakes = str(fault.value).splitlines()
    assert head == "sources.yaml: 6 mistakes"
    assert [mistake.split(": ")[1].split(" ")[0] for mistake in mistakes] == [
        "schemes.dotloop.algorithm",
        "schemes.dotloop.signature",
        "schemes.basic.kind",
        "sources.transactions.enabled",
        "sources.transactions.event_type",
        "sources.dotloop.event_type",
    ]


@pytest.mark.parametrize("name", ["my-source", "my_source", "s3"])
def test_a_source_may_have_hyphens_and_underscores_and_so_may_its_mapping(name: str) -> None:
    assert name in build(TEXT.replace("  transactions:\n", f"  {name}:\n"), {})["sources"]
    assert re.fullmatch(SOURCE_NAME, name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"schemes: [", "sources.yaml:1: not YAML"),
        (b"", "the file is missing; expected keys and values"),
        ("schemes: Núñez".encode("latin-1"), "is not UTF-8 (at byte 10); save it as UTF-8"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_cannot_be_built_ends_in_a_clear_line_and_changes_nothing(
    content: bytes | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / "sources.yaml").write_bytes(content)
    monkeypatch.setattr("sources.build.SOURCES", tmp_path / "sources.yaml")
    monkeypatch.setattr("sources.build.INDEX", tmp_path / "index.json")
    assert main() == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "index.json").exists()


def test_a_mapping_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "dotloop.yaml").write_text("version: [\n")
    with pytest.raises(ConfigurationError, match=r"dotloop\.yaml:\d: not YAML"):
        mapping_versions(tmp_path)
