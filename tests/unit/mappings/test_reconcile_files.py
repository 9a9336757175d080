"""What people write for reconcile: rules of tolerance, columns of exports; mistakes are named with their line."""

from __future__ import annotations

import pytest

from domain.deal import DEAL_FIELDS
from domain.errors import BadPayload, ConfigurationError
from mappings.crm.model import Form
from mappings.crm.sources import SOURCES
from mappings.exports.loader import export_mapping, exported_sources, parse_export_mapping
from mappings.loader import mapping
from mappings.reconcile.tolerances import parse_tolerances, tolerances
from sources.catalog import catalog
from transforms.export_rows import columns_of

FORMS = "".join(f"  {form}: exact\n" for form in Form)
EXPORT = "source: transactions\nversion: 1\nprovenance: {doc: x, date: y}\nid: [id]\ncolumns:\n"


def mistakes(text: str) -> str:
    with pytest.raises(ConfigurationError) as found:
        parse_tolerances(text, "tolerances.yaml")
    return str(found.value)


def test_the_rules_that_are_in_force_name_fields_that_there_are() -> None:
    known = {name for sources in SOURCES.values() for name in sources}
    assert tolerances().fields.keys() <= known


def test_a_field_has_its_own_rule_before_that_of_its_form() -> None:
    rules = parse_tolerances(f"forms:\n{FORMS}fields:\n  phone: phone\n", "t")
    assert (rules.rule(Form.TEXT, "phone"), rules.rule(Form.TEXT, "name")) == ("phone", "exact")
    assert parse_tolerances(f"forms:\n{FORMS}", "t").fields == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "tolerances.yaml:1: forms is no table"[:20]),
        ("forms: [a]\n", "forms is no table of names"),
        (f"forms:\n{FORMS}fields:\n  phone: about\n", "fields.phone is 'about'; expected one of any_case"),
        (f"forms:\n{FORMS}  colour: exact\n", "forms.colour is none of text"),
        (f"forms:\n{FORMS.replace('  text: exact', '')}", "forms.text is missing"),
        (f"forms:\n{FORMS}more: 1\n", "more is not known"),
        (f"forms:\n{FORMS}fields:\n  phone: phone\n  phone: exact\n", "stands twice"),
    ],
)
def test_a_mistake_in_the_rules_is_named(text: str, says: str) -> None:
    assert says in mistakes(text)


@pytest.mark.parametrize("source", exported_sources())
def test_an_export_is_one_of_a_source_and_every_column_can_be_read(source: str) -> None:
    export = export_mapping(source)
    assert export.source == source
    assert source in catalog()
    headers = [export.id[0], *export.columns]
    columns = columns_of(export, mapping(source), headers)
    assert {column.field for column in columns.columns} == {column.field for column in export.columns.values()}


def test_every_field_of_a_deal_can_be_a_header() -> None:
    columns = columns_of(export_mapping("transactions"), mapping("transactions"), ["id", *sorted(DEAL_FIELDS)])
    assert {column.field for column in columns.columns} == DEAL_FIELDS
    assert columns.ignored == ()


def test_a_column_may_say_how_it_is_read() -> None:
    text = f"{EXPORT}  Zu: {{field: closing_date, as: day, formats: [DD.MM.YYYY]}}\n"
    export = parse_export_mapping(text, "transactions.yaml")
    (column,) = columns_of(export, mapping("transactions"), ["ID", "zu"]).columns
    from zoneinfo import ZoneInfo

    assert str(column.read("27.02.2026", ZoneInfo("America/Denver"))) == "2026-02-27"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "source: expected exactly"),
        (f"{EXPORT}  a: sale_prize\n", "columns.a: expected one of our fields of a deal"),
        (f"{EXPORT}  a: {{as: day}}\n", "columns.a: expected one of our fields of a deal"),
        (EXPORT.replace("id: [id]", "id: id"), "id: expected a list of headers"),
        (f"{EXPORT}  a: stage\nmore: 1\n", "more: expected exactly"),
    ],
)
def test_a_mistake_in_an_export_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=r"transactions\.yaml:") as found:
        parse_export_mapping(text, "transactions.yaml")
    assert says in str(found.value)


def test_an_unknown_converter_and_an_unknown_source_say_what_there_is() -> None:
    export = parse_export_mapping(f"{EXPORT}  a: {{field: office, as: guess}}\n", "t")
    with pytest.raises(ConfigurationError, match="no converter 'guess'"):
        columns_of(export, mapping("transactions"), ["id", "a"])
    with pytest.raises(ConfigurationError, match="no export of source 'zillow'"):
        export_mapping("zillow")
    with pytest.raises(BadPayload, match="expected a header that is one of: deal id"):
        columns_of(export_mapping("transactions"), mapping("transactions"), ["Status"])
