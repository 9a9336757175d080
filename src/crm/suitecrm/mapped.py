"""Where our rows lie in SuiteCRM, as the mapping says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.suitecrm.modules import LinkOf, ModuleOf, Modules, ParentOf
from domain.crm.rows import Kind
from mappings.crm.model import NUMBERS

if TYPE_CHECKING:
    from mappings.crm.model import CrmMapping, FieldLine

#: What a column that links a record to its parent is filled from, to the parent's kind and whether we deliver it.
_PARENTS = {"deal_remote_id": (Kind.DEAL, True), "agent_contact_id": (Kind.CONTACT, False)}

#: How the names of fields end that a customer's SuiteCRM got by an add-on. An older one may lack them.
_CUSTOM = "_c"


def modules_of(mapping: CrmMapping) -> Modules:
    """Where rows of each kind lie."""
    link = mapping.kinds[Kind.LINK]
    (role,) = link.sent
    return Modules(
        contact=_module(mapping, Kind.CONTACT),
        deal=_module(mapping, Kind.DEAL),
        commission=_module(mapping, Kind.COMMISSION),
        link=LinkOf(link.link, role.name),
    )


def _module(mapping: CrmMapping, kind: Kind) -> ModuleOf:
    found = mapping.kinds[kind]
    return ModuleOf(
        module=found.module,
        fields=frozenset(line.name for line in found.sent),
        required=frozenset(line.name for line in found.sent if line.required and not line.name.endswith(_CUSTOM)),
        numbers=frozenset(line.name for line in found.sent if line.form in NUMBERS),
        parents={line.name: _parent(mapping, line) for line in found.sent if line.link},
    )


def _parent(mapping: CrmMapping, line: FieldLine) -> ParentOf:
    kind, ours = _PARENTS[line.source]
    return ParentOf(link=line.link, module=mapping.kinds[kind].module, ours=ours)
