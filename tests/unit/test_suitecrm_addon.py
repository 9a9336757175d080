"""The SuiteCRM add-on holds what the mapping sends, keeps every name it ever had, and says so in its README."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path

import pytest

from dev.addon_zip import PACKAGE, README, build, version, with_table
from domain.crm.rows import Kind
from domain.stages import Stage
from domain.terms import DealType, PaidBy, PropertyType, ReferralDirection, RepresentedSide
from mappings.crm.loader import crm_mapping
from mappings.crm.model import FieldLine, Form
from mappings.crm.sources import AGENT_ROLES, SOURCES

MAPPING = crm_mapping()
ROOT = Path(__file__).parents[2]

#: SuiteCRM's own fields that we fill: module and field to length; 0 where it is no text.
STOCK = {
    ("Contacts", "first_name"): 100,
    ("Contacts", "last_name"): 100,
    ("Contacts", "email1"): 254,
    ("Contacts", "phone_mobile"): 100,
    ("Opportunities", "name"): 50,
    ("Opportunities", "amount"): 0,
    ("Opportunities", "sales_stage"): 255,
    ("Opportunities", "date_closed"): 0,
    ("Opportunities", "assigned_user_id"): 36,
    ("DW_Commissions", "name"): 255,
    ("DW_Commissions", "assigned_user_id"): 36,
    ("Opportunities", "contact_role"): 50,
}

#: Names that the first version had; data hangs on them.
FIRST_VERSION = {
    ("Opportunities", "dw_external_id_c"): ("varchar", 255),
    ("Opportunities", "dw_listing_id_c"): ("varchar", 255),
    ("Opportunities", "dw_payload_sha_c"): ("varchar", 64),
    ("Contacts", "dw_external_id_c"): ("varchar", 255),
    ("Contacts", "dw_agent_key_c"): ("varchar", 255),
    ("DW_Commissions", "external_id"): ("varchar", 255),
    ("DW_Commissions", "agent_key"): ("varchar", 255),
    ("DW_Commissions", "agent_role"): ("varchar", 50),
    ("DW_Commissions", "side"): ("varchar", 20),
    ("DW_Commissions", "commission_status"): ("varchar", 30),
    ("DW_Commissions", "split_percent"): ("decimal", 9),
    ("DW_Commissions", "amount"): ("decimal", 18),
    ("DW_Commissions", "close_date"): ("date", 0),
}

LISTS: dict[str, type[StrEnum]] = {
    "dw_stage_list": Stage,
    "dw_deal_type_list": DealType,
    "dw_represented_side_list": RepresentedSide,
    "dw_property_type_list": PropertyType,
    "dw_paid_by_list": PaidBy,
    "dw_referral_direction_list": ReferralDirection,
}


def php(name: str) -> str:
    return (PACKAGE / name).read_text(encoding="utf-8")


def custom_fields() -> dict[tuple[str, str], tuple[str, int, str]]:
    """Module and field to type, length and what stands behind it: a dropdown list, or digits behind the point."""
    row = re.compile(r"^    array\('(\w+)', '(\w+)', '(\w+)', (\d+|''), '(\w*)'\),$", re.MULTILINE)
    found = row.findall(php("manifest.php"))
    return {(module, name): (kind, int(size.strip("'") or 0), more) for module, name, kind, size, more in found}


def commission_fields() -> dict[tuple[str, str], tuple[str, int, str]]:
    row = re.compile(
        r"'name' => '(\w+)', 'vname' => '\w+', 'type' => '(\w+)'"
        r"(?:, 'len' => '?(\d+)(?:,\d+')?)?(?:, 'precision' => (\d))?"
    )
    found = row.findall(php("modules/DW_Commissions/vardefs.php"))
    return {("DW_Commissions", name): (kind, int(size or 0), scale) for name, kind, size, scale in found}


def link_columns() -> set[tuple[str, str]]:
    text = php("vardefs/com_opp.php") + php("vardefs/com_con.php")
    return {("DW_Commissions", name) for name in re.findall(r"'name' => '(\w+_ida)'", text)}


ADDON = {**custom_fields(), **commission_fields()}


def sent() -> list[tuple[str, FieldLine]]:
    return [(entry.module, line) for entry in MAPPING.kinds.values() for line in entry.sent]


@pytest.mark.parametrize(("module", "line"), sent(), ids=lambda part: getattr(part, "name", part))
def test_every_field_that_is_sent_is_stock_or_in_the_add_on_with_that_length(module: str, line: FieldLine) -> None:
    key = (module, line.name)
    if key in link_columns():
        assert line.length == 36
        return
    if key in STOCK:
        assert line.length == STOCK[key]
        return
    kind, size, more = ADDON[key]
    expected = {
        Form.MONEY: ("decimal", 18, "2"),
        Form.DECIMAL: ("decimal", 9, "6"),
        Form.DATE: ("date", 0, ""),
        Form.INTEGER: ("int", 0, ""),
    }
    if line.form in expected:
        assert (kind, size, more) == expected[line.form]
    else:
        assert kind in {"varchar", "enum"}
        assert size == line.length


def test_the_add_on_has_no_field_that_nobody_fills_but_those_that_the_readme_names() -> None:
    filled = {(module, line.name) for module, line in sent()}
    left = {key for key in ADDON if key not in filled}
    assert left == {("Opportunities", "dw_payload_sha_c"), ("Contacts", "dw_agent_key_c")}
    text = README.read_text(encoding="utf-8")
    assert all(f"`{module}.{name}`" in text for module, name in left)


def test_everything_that_the_first_version_had_is_there_as_it_was() -> None:
    assert {key: ADDON[key][:2] for key in FIRST_VERSION} == FIRST_VERSION
    assert link_columns() == {("DW_Commissions", "dw_opp_ida"), ("DW_Commissions", "dw_con_ida")}
    for module in ("opportunities", "contacts"):
        text = php(f"relationships/dw_commissions_{module}MetaData.php")
        assert f"'table' => 'dw_commissions_{module}_c'" in text
        assert "'join_key_rhs' => 'dw_comm_idb'" in text
    assert "'table' => 'dw_commissions'" in php("modules/DW_Commissions/vardefs.php")


def test_custom_fields_are_named_as_suitecrm_stores_them() -> None:
    # Without the suffix a second installation would try to add the columns again, and fail.
    assert all(name.endswith("_c") for _, name in custom_fields())


def test_no_custom_field_is_required() -> None:
    # Whatever is not empty counts as required, then an empty number is kept as 0: `optional` was (DynamicField.php).
    for name, value in {"required": "0", "require_option": "0", "inline_edit": "''"}.items():
        assert re.findall(rf"'{name}' => ([^,]+),", php("manifest.php")) == [value]


def test_the_module_tells_the_version_of_the_package() -> None:
    (found,) = re.findall(r"const ADDON_VERSION = '([0-9.]+)';", php("modules/DW_Commissions/DW_Commissions.php"))
    assert found == version()


def test_the_links_that_the_mapping_reads_through_are_those_of_the_add_on() -> None:
    text = php("vardefs/com_opp.php") + php("vardefs/com_con.php")
    for name, link in MAPPING.kinds[Kind.COMMISSION].links.items():
        assert re.search(rf"'name' => '{name}',\n.*\n    'relationship' => '{link}'", text)


@pytest.mark.parametrize(("name", "codes"), LISTS.items())
def test_a_dropdown_has_every_code_and_a_label_that_is_no_code_of_its_list(name: str, codes: type[StrEnum]) -> None:
    (body,) = re.findall(rf"\['{name}'\] = array\((.*?)\);", php("language/app.en_us.lang.php"), re.DOTALL)
    entries = dict(re.findall(r"'(\w*)' => '([^']*)'", body))
    assert list(entries) == ["", *codes]
    # SuiteCRM takes a label for its key when rows come in batches.
    assert not set(entries.values()) & set(codes)


def test_every_dropdown_of_a_field_is_in_the_language_file_and_fits_what_is_sent() -> None:
    used = {
        more: (key, line.source)
        for (module, line) in sent()
        for key, (_, _, more) in ADDON.items()
        if key == (module, line.name)
    }
    lists = {more: source for more, (_, source) in used.items() if more.startswith("dw_")}
    assert lists.keys() == LISTS.keys()
    for name, source in lists.items():
        assert SOURCES[Kind.DEAL][source].codes == tuple(LISTS[name])


def test_the_dropdown_of_roles_has_every_label_that_is_sent() -> None:
    text = php("language/app.en_us.lang.php")
    offered = re.findall(r"\['opportunity_relationship_type_dom'\]\['([^']*)'\]", text)
    assert set(MAPPING.tables["roles"].values()) <= set(offered)
    assert {"", "Primary Decision Maker", "Influencer", "Other"} <= set(offered)
    assert set(MAPPING.tables["agent_roles"]) == set(AGENT_ROLES)


def test_every_field_has_a_label() -> None:
    for module, name in custom_fields():
        assert f"'LBL_{name.removesuffix('_c').upper()}'" in php(f"language/{module.lower()}.en_us.lang.php"), name
    vardefs = php("modules/DW_Commissions/vardefs.php")
    labels = php("modules/DW_Commissions/language/en_us.lang.php")
    for label in re.findall(r"'vname' => '(\w+)'", vardefs):
        assert f"'{label}'" in labels


def test_the_views_of_commissions_show_fields_that_exist() -> None:
    known = {name for module, name in ADDON if module == "DW_Commissions"}
    known |= {"name", "description", "date_modified", "assigned_user_name"}
    known |= {"dw_commissions_opportunities_name", "dw_commissions_contacts_name"}
    shown = re.findall(r"'(\w+)'[,)]", php("modules/DW_Commissions/metadata/detailviewdefs.php").split("'panels'")[1])
    assert set(shown) - known == set()
    listed = re.findall(r"^    '([A-Z_]+)' =>", php("modules/DW_Commissions/metadata/listviewdefs.php"), re.MULTILINE)
    below = re.findall(
        r"^        '(\w+)' =>", php("modules/DW_Commissions/metadata/subpanels/default.php"), re.MULTILINE
    )
    assert {name.lower() for name in listed} | set(below) <= known
    assert {"gci", "company_dollar", "fees", "net", "amount"} <= set(shown)


def test_every_file_that_the_manifest_names_is_there_and_every_other_one_is_named() -> None:
    named = {path.removeprefix("/") for path in re.findall(r"<basepath>([\w./]+)", php("manifest.php"))}
    assert all((PACKAGE / path).exists() for path in named)
    files = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*") if file.is_file()}
    assert {file for file in files if not any(file == one or file.startswith(f"{one}/") for one in named)} == {
        "manifest.php"
    }


def test_the_package_passes_the_scanner_of_hosted_suitecrm() -> None:
    # ModuleInstall/ModuleScanner.php refuses calls of variables, back quotes and functions that touch files.
    refused = re.compile(r"\$\w+\s*\(|`|\b(?:eval|exec|file_put_contents|unlink|copy|rename|fopen|array_map|glob)\s*\(")
    for file in PACKAGE.rglob("*"):
        if file.is_file():
            assert file.suffix == ".php"
            assert not refused.search(file.read_text(encoding="utf-8")), file


def test_php_files_open_at_their_first_byte_and_never_close() -> None:
    for file in (PACKAGE.parent).rglob("*.php"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith("<?php\n"), file
        assert "?>" not in text, file


# -- zip and README ---------------------------------------------------------------------------------------------------


def test_the_zip_file_is_the_same_for_the_same_files_and_has_the_manifest_at_its_root(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one"), build(tmp_path / "other")
    assert one.name == f"dealwire-suitecrm-{version()}.zip"
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert "manifest.php" in archive.namelist()
        assert archive.read("manifest.php") == (PACKAGE / "manifest.php").read_bytes()
        assert len(archive.namelist()) == len(list(PACKAGE.rglob("*.php")))


def test_the_table_of_the_readme_is_in_step_with_the_mapping() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `python -m dev.addon_zip --readme`"


def test_every_key_form_and_derived_field_of_the_mapping_is_described() -> None:
    text = (ROOT / "docs/crm-mapping.md").read_text(encoding="utf-8")
    canonical = {"name", "first_name", "last_name", "company", "email", "phone", "licence"}
    for kind, sources in SOURCES.items():
        described = "".join(line for line in text.splitlines() if line.startswith(f"| {kind} |"))
        derived = [name for name in sources if name not in SOURCES[Kind.DEAL] or kind is not Kind.DEAL]
        missing = [name for name in derived if f"`{name}`" not in described and name not in canonical]
        assert missing == []
    keys = ("from", "as", "max", "scale", "table", "default", "required", "owner", "link")
    assert all(f"| `{key}` |" in text for key in keys)
    assert all(f"`{form}`" in text for form in Form)
