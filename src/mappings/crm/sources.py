"""What a CRM mapping may name behind `from`: the canonical fields, and what `transforms.crm_values` derives from them.

Only the compiler reads this; at run time the mapping is known to be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import get_args

from domain.crm.rows import Kind
from domain.deal import DEAL_FIELDS, GROUPS, PERSON_FIELDS, DealDetails
from domain.money import Money
from domain.stages import Stage
from domain.terms import Role
from mappings.crm.model import Form


@dataclass(frozen=True, slots=True)
class Source:
    """What can fill a field.

    Attributes:
        forms: how it can be written; the first is the usual one.
        codes: the closed list of codes that it can be; empty if it is no code.
    """

    forms: tuple[Form, ...]
    codes: tuple[str, ...] = ()


_TEXT = Source((Form.TEXT,))
_MONEY = Source((Form.MONEY,))
_DECIMAL = Source((Form.DECIMAL,))
_INTEGER = Source((Form.INTEGER,))
_BOOL = Source((Form.BOOL,))
_DAY = Source((Form.DATE, Form.UNIX_SECONDS))
_BY_TYPE: Mapping[object, Source] = {Money: _MONEY, Decimal: _DECIMAL, date: _DAY}


def codes_of(codes: type[StrEnum], *more: str) -> Source:
    """Codes, and those that are derived besides; they may be sent as they are, too."""
    return Source((Form.ENUM, Form.TEXT), (*(code.value for code in codes), *more))


def _canonical(field: str) -> Source:
    group, _, name = field.rpartition(".")
    annotation = (GROUPS[group] if group else DealDetails).model_fields[name].annotation
    kind = next(part for part in get_args(annotation) if part is not type(None))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return codes_of(kind)
    return _BY_TYPE.get(kind, _TEXT)


#: Codes of an agent's part in a deal (`transforms.crm_values`).
AGENT_ROLES = ("listing", "co_listing", "buying", "co_buying", "both", "other")

#: For each kind of rows: what can stand behind `from`.
SOURCES: Mapping[Kind, Mapping[str, Source]] = {
    Kind.CONTACT: {
        **dict.fromkeys(PERSON_FIELDS, _TEXT),
        "email": Source((Form.EMAIL, Form.TEXT)),
        "id": _TEXT,
        "given_name": _TEXT,
        "family_name": _TEXT,
    },
    Kind.DEAL: {
        **{field: _canonical(field) for field in sorted(DEAL_FIELDS)},
        "id": _TEXT,
        "external_id": _TEXT,
        "title": _TEXT,
        "pipeline": codes_of(Stage, "merged"),
        "price": _MONEY,
        "currency": _TEXT,
        "agents": _TEXT,
        "owner": _TEXT,
        "merged_into": _TEXT,
        "ever_closed": _BOOL,
    },
    Kind.COMMISSION: {
        **dict.fromkeys(("account", "name", "side", "plan"), _TEXT),
        **dict.fromkeys(("gci", "company_dollar", "fees", "net"), _MONEY),
        "status": Source((Form.ENUM, Form.TEXT), ("active", "retired")),
        "number": _INTEGER,
        "closing_date": _DAY,
        "external_id": _TEXT,
        "title": _TEXT,
        "agent_role": Source((Form.ENUM, Form.TEXT), AGENT_ROLES),
        "share_percent": _DECIMAL,
        "currency": _TEXT,
        "reference": _TEXT,
        "owner": _TEXT,
        "deal_remote_id": _TEXT,
        "agent_contact_id": _TEXT,
    },
    Kind.LINK: {"roles": Source((Form.ENUM,), tuple(role.value for role in Role))},
}
