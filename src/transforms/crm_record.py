"""A record of ours as an external CRM should hold it: canonical → CRM names and texts. Pure, and always the same.

`draw_*` follow the mapping alone; `fitted` takes away what this CRM cannot hold. What the CRM would garble silently is
a problem, and nothing is sent while there is one. A value that is not known is the empty text: a field that was
cleared is cleared in the CRM too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from domain.crm.rows import Kind
from domain.crm.sink import ROLE, FieldSchema
from domain.errors import FieldProblem
from transforms.crm_forms import NotFitError, written
from transforms.crm_search import claims, folded, terms
from transforms.crm_texts import comparable, digest, shortened
from transforms.crm_values import commission_values, contact_values, deal_values

if TYPE_CHECKING:
    from domain.commission.settlement import CommissionRecord
    from domain.deal import Contact, Deal, Value
    from domain.terms import Role
    from mappings.crm.model import CrmMapping, FieldLine, KindMapping

__all__ = [
    "Drawn",
    "claims",
    "comparable",
    "digest",
    "draw_commission",
    "draw_contact",
    "draw_deal",
    "draw_link",
    "fitted",
    "folded",
    "terms",
]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a CRM row should hold.

    Attributes:
        fields: the CRM's names to its texts.
        create_only: those that are people's once the record is there.
        problems: what the CRM would garble or cannot do without; such a row is refused before anything is sent.
        cut: field to how much of its text, or how many of its decimals, the CRM can hold; 0: nothing, it is left out.
        limits: field to its length as the mapping has it, of text fields.
        links: fields that the CRM shows as links only; never left out.
        lacking: fields that were left out, because this CRM does not have them (yet).
    """

    fields: Mapping[str, str]
    create_only: frozenset[str] = frozenset()
    problems: tuple[FieldProblem, ...] = ()
    cut: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()


def draw_contact(contact: Contact, mapping: CrmMapping) -> Drawn:
    """A person or company."""
    return _drawn(mapping, Kind.CONTACT, contact_values(contact))


def draw_deal(deal: Deal, mapping: CrmMapping) -> Drawn:
    """A deal; one that fell through, was withdrawn or became part of another is lost, with no amount."""
    return _drawn(mapping, Kind.DEAL, deal_values(deal))


def draw_commission(record: CommissionRecord, deal: Deal, deal_remote_id: str, mapping: CrmMapping) -> Drawn:
    """One agent's commission of a deal.

    Args:
        record: as it stands in the CRM store; a retired one has no amounts.
        deal: that it belongs to.
        deal_remote_id: the deal's id in the CRM; empty if it has none yet.
        mapping: of the CRM.
    """
    return _drawn(mapping, Kind.COMMISSION, commission_values(record, deal, deal_remote_id))


def draw_link(roles: Iterable[Role], mapping: CrmMapping) -> Drawn:
    """What stands beside a contact on a deal: all their roles there, in the mapping's order."""
    (line,) = mapping.kinds[Kind.LINK].sent
    held = set(roles)
    labels = [label for code, label in mapping.tables[line.table].items() if code in held]
    return Drawn({ROLE: ", ".join(labels)}, limits={ROLE: line.length}, links=frozenset({ROLE}))


def fitted(drawn: Drawn, fields: Mapping[str, FieldSchema]) -> Drawn:
    """What this CRM can hold of it.

    Args:
        drawn: by the mapping.
        fields: the CRM's own fields by name; if empty, nothing is known of it and the mapping's lengths count.

    Returns:
        The same without the fields that the CRM does not have (an older add-on), texts cut to its lengths.
    """
    has = {name for name in drawn.fields if not fields or name in fields or name in drawn.links}
    cut = {name: to for name, to in drawn.cut.items() if not fields or name in fields}
    texts = {}
    for name, text in drawn.fields.items():
        if name not in has:
            continue
        length = _length(name, drawn, fields)
        texts[name] = shortened(text, length) if length else text
        if texts[name] != text:
            cut[name] = length
    problems = tuple(one for one in drawn.problems if not fields or one.path.rpartition(".")[2] in fields)
    lacking = frozenset(drawn.fields.keys() - has)
    create_only = drawn.create_only & has
    return replace(drawn, fields=texts, create_only=create_only, problems=problems, cut=cut, lacking=lacking)


def _length(name: str, drawn: Drawn, fields: Mapping[str, FieldSchema]) -> int:
    """How many characters a text field holds; 0 for what is no text."""
    if name not in drawn.limits:
        return 0
    return (fields[name].length if name in fields else 0) or drawn.limits[name]


def _drawn(mapping: CrmMapping, kind: Kind, values: Mapping[str, Value | Fraction]) -> Drawn:
    entry = mapping.kinds[kind]
    fields: dict[str, str] = {}
    problems: list[FieldProblem] = []
    cut: dict[str, int] = {}
    for line in entry.sent:
        value = values[line.source]
        try:
            result = written(line, value, mapping.tables)
        except NotFitError as reason:
            problems.append(_problem(entry, line, value, reason.expected))
            continue
        if result.cut is not None:
            cut[line.name] = result.cut
        if result.text is not None:
            fields[line.name] = result.text
        if line.required and not result.text:
            problems.append(_problem(entry, line, value, "a value, which the CRM needs; add it at its source"))
    return Drawn(
        fields,
        create_only=entry.create_only,
        problems=tuple(problems),
        cut=cut,
        limits=entry.limits,
        links=frozenset(entry.links),
    )


def _problem(entry: KindMapping, line: FieldLine, value: Value | Fraction, expected: str) -> FieldProblem:
    shown = "nothing" if value is None or value == "" else str(value)[:60]
    return FieldProblem(f"{entry.module}.{line.name}", shown, expected, line.source)
