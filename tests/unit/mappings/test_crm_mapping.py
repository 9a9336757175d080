"""The CRM mapping: what runs is what stands in the YAML, and every mistake in it is named with line and remedy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from domain.crm.rows import Kind
from domain.deal import DEAL_FIELDS, PERSON_FIELDS
from domain.errors import ConfigurationError
from mappings.crm.compiler.compile import HERE, SCHEMA, compile_file, compile_text, main, outputs
from mappings.crm.loader import BUILT, crm_mapping
from mappings.crm.model import Form, Owner, from_built
from mappings.crm.sources import SOURCES

CRMS = sorted(file.stem for file in HERE.glob("*.yaml"))

GOOD = """\
crm: example
version: 1
provenance: {doc: here, date: 2026-11-22}
tables:
  stages: {active: A, under_contract: U, contingency_released: C, closing_delayed: D, closed: W, fell_through: L,
           withdrawn: L, merged: L}
  roles: {buyer: Buyer, seller: Seller, tenant: Tenant, landlord: Landlord, listing_agent: L, buyers_agent: B,
          referring_agent: R, lender: Lender, title: Title, escrow: E, attorney: A, inspector: I, appraiser: P,
          coordinator: C, other: Other}
contact:
  module: Contacts
  fields:
    last_name: {from: family_name, as: text, max: 100, required: true}
    title: {owner: crm}
deal:
  module: Opportunities
  fields:
    name: {from: title, as: text, max: 50}
    stage: {from: pipeline, as: enum, table: stages, max: 100, default: active}
    price: {from: sale_price, as: money, owner: create_only}
    percent: {from: commission.percent, as: decimal, scale: 6}
    closed: {from: closing_date, as: unix_seconds}
commission:
  module: Commissions
  fields:
    deal: {from: deal_remote_id, as: text, max: 36, link: deals}
link:
  module: Opportunities
  link: contacts
  fields:
    role: {from: roles, as: enum, table: roles, max: 50}
"""


def mistakes(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        compile_text(GOOD.replace(old, new, 1), "example.yaml")
    return str(caught.value)


def test_a_mapping_without_mistakes_compiles() -> None:
    mapping = from_built(compile_text(GOOD, "example.yaml"))
    deal = mapping.kinds[Kind.DEAL]
    assert deal.module == "Opportunities"
    assert deal.fields["price"].scale == 2
    assert deal.create_only == {"price"}
    assert deal.limits == {"name": 50, "stage": 100}
    assert deal.fields["closed"].form is Form.UNIX_SECONDS
    assert mapping.kinds[Kind.COMMISSION].links == {"deal": "deals"}
    assert mapping.kinds[Kind.LINK].link == "contacts"
    assert [line.name for line in mapping.kinds[Kind.CONTACT].sent] == ["last_name"]


def test_a_field_of_the_crm_leads_back_to_ours_and_to_its_owner() -> None:
    mapping = from_built(compile_text(GOOD, "example.yaml"))
    price = mapping.field(Kind.DEAL, "price")
    assert price is not None
    assert (price.source, price.owner, price.line) == ("sale_price", Owner.CREATE_ONLY, 20)
    assert mapping.field(Kind.DEAL, "unheard_of") is None
    assert mapping.kinds[Kind.DEAL].sources["sale_price"] == ("price",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("crm: example", "crm: other", "example.yaml:1: crm is 'other' in a file named 'example.yaml'; rename one"),
        ("version: 1", "version: one", "example.yaml:2: version is 'one'; expected a whole number"),
        ("2026-11-22", "yesterday", "example.yaml:3: provenance.date is 'yesterday'; expected the day"),
        ("version: 1", "version: 1\nowner: me", "example.yaml:3: owner is not a key we know"),
        ("from: family_name", "from: famly_name", "is 'famly_name', which is nothing of a contact; did you mean"),
        ("from: family_name, ", "", "last_name names no source; add `from`, or `owner: crm` if it is people's"),
        ("as: text, max: 100, required", "as: money, required", "'money', but family_name can be written as text only"),
        ("as: text, max: 50}", "as: txt, max: 50}", "deal.fields.name.as is 'txt'; expected one of bool, date"),
        ("max: 50}\n    stage", "max: none}\n    stage", "name.max is 'none'; expected a whole number up to 65535"),
        ("as: text, max: 50}\n    st", "as: text}\n    st", "name.max is missing; expected a whole number"),
        ("as: money, owner", "as: money, max: 9, owner", "price.max says nothing about money; remove it"),
        ("scale: 6", "scale: 99", "percent.scale is 99; expected a whole number up to 12"),
        ("as: money, owner", "as: money, scale: 3, owner", "price.scale says nothing about money; remove it"),
        ("table: stages, ", "", "stage.table is missing; expected a text"),
        ("table: stages", "table: stage", "'stage', which is no table of this file; did you mean 'stages'?"),
        ("closed: W, ", "", "stage.table 'stages' has no entry for closed; add it there"),
        ("closed: W", "closed: W, sold: W", "'stages' translates sold, which pipeline never is; remove it"),
        ("default: active", "default: activ", "stage.default is 'activ'; did you mean 'active'?"),
        ("as: money, owner", "as: money, table: roles, owner", "price.table translates nothing"),
        ("owner: create_only", "owner: mine", "price.owner is 'mine'; expected one of create_only, crm, dealwire"),
        ("title: {owner: crm}", "title: {owner: crm, from: name}", "title is people's (owner: crm); nothing else"),
        ("required: true", "required: maybe", "last_name.required is 'maybe'; expected true or false"),
        ("last_name:", "Last-Name:", "Last-Name is no field of the CRM; expected lower-case letters"),
        ("required: true", "needed: true", "last_name.needed is not a key we know"),
        ("module: Contacts", "module: my contacts", "contact.module is 'my contacts'; expected a name of the CRM"),
        ("link: contacts", "lnk: contacts", "link.lnk is not a key we know"),
        ("buyer: Buyer", "buyer: Buyer's", "'roles' gives \"Buyer's\"; a role has letters, digits"),
        ("  roles: {", "  unused: {a: b}\n  roles: {", "tables.unused is used by no field; use it or remove it"),
        ("contact:\n", "contacts:\n", "contact is missing; add it"),
        ("crm: example", "crm: example\ncrm: example", "key 'crm' stands twice"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(old: str, new: str, said: str) -> None:
    assert said in mistakes(old, new)


def test_a_link_has_one_field() -> None:
    assert "link.fields names several fields" in mistakes(
        "    role: {from: roles", "    more: {from: roles, as: enum, table: roles, max: 5}\n    role: {from: roles"
    )


def test_a_file_without_a_mapping_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="expected keys and values"):
        compile_text("- a list", "example.yaml")


def test_all_mistakes_are_told_at_once_in_order() -> None:
    text = GOOD.replace("scale: 6", "scale: x").replace("from: title", "from: titel")
    with pytest.raises(ConfigurationError) as caught:
        compile_text(text, "example.yaml")
    head, first, second = str(caught.value).splitlines()
    assert head == "example.yaml: 2 mistakes"
    assert "titel" in first
    assert "scale" in second


# -- the mapping of SuiteCRM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crm", CRMS)
def test_the_built_mapping_is_that_of_the_yaml(crm: str) -> None:
    built = outputs(HERE)[BUILT / f"{crm}.json"]
    assert (BUILT / f"{crm}.json").read_text(encoding="utf-8") == built, "run `python -m mappings.crm.compiler` in src"
    assert crm_mapping(crm) == compile_file(HERE / f"{crm}.yaml")


def test_no_built_mapping_is_left_without_its_yaml() -> None:
    assert sorted(file.stem for file in BUILT.glob("*.json")) == CRMS == ["suitecrm"]


def test_the_schema_for_editors_is_that_of_the_code_and_each_mapping_names_it() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == outputs(HERE)[SCHEMA], "run `python -m mappings.crm.compiler` in src"
    for crm in CRMS:
        first = (HERE / f"{crm}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema={SCHEMA.name}"


def test_the_schema_offers_each_kind_its_own_sources() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]
    offered = schema["contact"]["properties"]["fields"]["additionalProperties"]["properties"]["from"]["enum"]
    assert offered == list(SOURCES[Kind.CONTACT])


def test_loading_a_mapping_imports_no_yaml_and_no_pydantic() -> None:
    code = "import sys; from mappings.crm.loader import crm_mapping; crm_mapping(); print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=HERE.parents[1], capture_output=True, text=True, check=True
    )
    assert not {"yaml", "pydantic", "phonenumbers"} & set(answer.stdout.split())


def test_an_unknown_crm_is_a_mistake_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no mapping for CRM 'nobody' \(there are: suitecrm\)"):
        crm_mapping("nobody")


def test_every_field_of_a_deal_and_of_a_person_goes_to_the_crm() -> None:
    mapping = crm_mapping()
    derived = {"sale_price", "list_price"}  # also in the amount
    assert mapping.kinds[Kind.DEAL].sources.keys() >= DEAL_FIELDS | derived
    assert mapping.kinds[Kind.CONTACT].sources.keys() | {"first_name", "last_name"} >= set(PERSON_FIELDS)


def test_compiling_writes_every_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mappings.crm.compiler.compile.BUILT", tmp_path / "built")
    monkeypatch.setattr("mappings.crm.compiler.compile.SCHEMA", tmp_path / SCHEMA.name)
    assert main() == 0
    assert sorted(file.stem for file in (tmp_path / "built").iterdir()) == CRMS
    assert "wrote" in capsys.readouterr().out


def test_compiling_reports_the_mistakes_of_all_files_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("crm: x\n", encoding="utf-8")
    monkeypatch.setattr("mappings.crm.compiler.compile.outputs", lambda: outputs(tmp_path))
    monkeypatch.setattr("mappings.crm.compiler.compile.BUILT", tmp_path / "built")
    assert main() == 1
    said = capsys.readouterr().err
    assert "a.yaml:1: crm is 'x' in a file named 'a.yaml'" in said
    assert "b.yaml:1: contact is missing; add it" in said
    assert not (tmp_path / "built").exists()
