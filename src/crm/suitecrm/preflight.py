"""What this SuiteCRM can hold of ours, and what it lacks, each with how to add it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crm.suitecrm.calls import ModuleFields, SoapFault
from crm.suitecrm.faults import DIED, PHP8_WORDS
from crm.suitecrm.modules import ModuleOf
from crm.suitecrm.reading import Reader
from domain.agents import Agent
from domain.crm.faults import CrmFaulted, Fault, FaultClass
from domain.crm.rows import Kind
from domain.crm.sink import ROLE, FieldSchema, Lack, Schema

ADDON: Final = (
    "install the add-on integrations/suitecrm (Admin > Module Loader), then Admin > Repair > Quick Repair and Rebuild"
)
_ROLE_RIGHTS: Final = "give the CRM user's role the rights to list, view and edit it (Admin > Role Management)"
_REPAIR: Final = "it is part of SuiteCRM: run Admin > Repair > Quick Repair and Rebuild"
_AGENTS: Final = "correct the agent in the agents file and run `dealwire agents import FILE.csv`"

#: Types whose `len` counts characters; of numbers it counts digits.
_TEXTS: Final = frozenset(
    {"varchar", "char", "name", "phone", "email", "url", "enum", "radioenum", "multienum", "id", "relate", "text"}
)

#: Of the column contact_role of opportunities_contacts (metadata/opportunities_contactsMetaData.php).
_ROLE_LENGTH: Final = 50

_KINDS: Final = (Kind.CONTACT, Kind.DEAL, Kind.COMMISSION)


@dataclass(frozen=True, slots=True)
class Preflight:
    """Looks at the CRM before rows go there; every method raises `CrmFaulted` if it does not answer."""

    reader: Reader

    def schema(self) -> Schema:
        """Log in and describe what is there."""
        version = self._version()
        present = frozenset(
            self.reader.caller.read(
                "get_available_modules",
                lambda token, timeout: self.reader.calls.get_available_modules(token, timeout_s=timeout),
            )
        )
        fields: dict[Kind, Mapping[str, FieldSchema]] = {Kind.LINK: {ROLE: FieldSchema(_ROLE_LENGTH, "varchar")}}
        lacks: list[Lack] = []
        for kind in _KINDS:
            told = self._told(kind, present)
            if isinstance(told, Lack):
                fields[kind] = {}
                lacks.append(told)
                continue
            fields[kind] = self._held(kind, told)
            lacks += self._missing(kind, told)
        return Schema(version, fields, tuple(lacks))

    def agents(self, agents: Iterable[Agent]) -> tuple[Lack, ...]:
        """CRM ids of the directory that lead nowhere: nobody would own the deal, nothing hang on a contact."""
        known = list(agents)
        contacts = self._live(self.reader.modules.contact.module, {agent.crm_contact_id for agent in known})
        users = self._live("Users", {agent.crm_user_id for agent in known})
        lacks: list[Lack] = []
        for agent in known:
            if agent.crm_contact_id not in contacts:
                lacks.append(_no_contact(agent))
            if agent.crm_user_id not in users:
                lacks.append(_no_user(agent))
        return tuple(lacks)

    def _version(self) -> str:
        try:
            info = self.reader.caller.line.run(
                "get_server_info", lambda timeout: self.reader.calls.get_server_info(timeout_s=timeout)
            )
        except CrmFaulted as error:
            cause = error.__cause__
            if isinstance(cause, SoapFault) and DIED in cause.text:
                raise CrmFaulted(Fault(FaultClass.CONFIG, PHP8_WORDS, answered=True)) from error
            raise
        # The service tells the version of SugarCRM, which SuiteCRM never raised.
        return f"SuiteCRM (SugarCRM {info.get('flavor', '')} {info.get('version', '')})"

    def _told(self, kind: Kind, present: frozenset[str]) -> ModuleFields | Lack:
        """What the CRM tells of the kind's module; or that it tells nothing."""
        module = self.reader.modules.of(kind).module
        effect = f"no {kind} can be delivered"
        if module not in present:
            return Lack(module, effect, f"{ADDON}; or {_ROLE_RIGHTS}", fatal=True)
        try:
            return self.reader.caller.read(
                "get_module_fields",
                lambda token, timeout: self.reader.calls.get_module_fields(token, module, timeout_s=timeout),
            )
        except CrmFaulted as error:
            if error.fault.kind is not FaultClass.CONFIG:
                raise
            return Lack(module, f"{effect}: {error.fault.words}", _ROLE_RIGHTS, fatal=True)

    def _held(self, kind: Kind, told: ModuleFields) -> dict[str, FieldSchema]:
        of = self.reader.modules.of(kind)
        described = {name: _field(of, told, name) for name in sorted(of.fields)}
        return {name: schema for name, schema in described.items() if schema is not None}

    def _missing(self, kind: Kind, told: ModuleFields) -> list[Lack]:
        of, link = self.reader.modules.of(kind), self.reader.modules.link.link
        lacks = [_no_field(kind, of, name) for name in sorted(of.fields) if _field(of, told, name) is None]
        lacks += [
            Lack(f"{of.module}.{parent.link}", f"no {kind} hangs on its {parent.module}", ADDON, fatal=parent.ours)
            for parent in of.parents.values()
            if parent.link not in told.links
        ]
        if kind is Kind.DEAL and link not in told.links:
            lacks.append(Lack(f"{of.module}.{link}", "nobody is linked to a deal", _REPAIR, fatal=True))
        return lacks

    def _live(self, module: str, ids: Iterable[str]) -> frozenset[str]:
        """Those that are not seen to be missing."""
        seen = self.reader.each(module, sorted(ids), ["id"], {})
        return frozenset(seen.held.keys() | seen.unread.keys())


def _field(of: ModuleOf, told: ModuleFields, name: str) -> FieldSchema | None:
    if name in of.parents:  # a link column is listed among the links
        return FieldSchema(36, "link") if name in told.links or name in told.fields else None
    described = told.fields.get(name)
    if described is None:
        return None
    kind = described.get("type", "")
    length = described.get("len", "")
    return FieldSchema(int(length) if kind in _TEXTS and length.isdigit() else 0, kind)


def _no_field(kind: Kind, of: ModuleOf, name: str) -> Lack:
    fatal = name in of.required
    effect = f"no {kind} can be delivered" if fatal else "the field is left out"
    return Lack(f"{of.module}.{name}", effect, ADDON, fatal=fatal)


def _no_contact(agent: Agent) -> Lack:
    what = f"crm_contact_id of agent {agent.key}"
    return Lack(what, f"commissions of {agent.name} cannot be linked to a contact", _AGENTS)


def _no_user(agent: Agent) -> Lack:
    return Lack(f"crm_user_id of agent {agent.key}", f"deals of {agent.name} belong to nobody in the CRM", _AGENTS)
