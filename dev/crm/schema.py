"""What the model's modules are made of: field to (type, length), as SuiteCRM's own definitions say.

A length is what `get_module_fields` tells: digits, `18,2` of a decimal, or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Field to (type, length).
Fields = Mapping[str, tuple[str, str | int]]
#: Module to its fields.
Schema = Mapping[str, Fields]

CONTACTS = "Contacts"
OPPORTUNITIES = "Opportunities"
COMMISSIONS = "DW_Commissions"
ACCOUNTS = "Accounts"

_RECORD: Fields = {
    "id": ("id", ""),
    "date_entered": ("datetime", ""),
    "date_modified": ("datetime", ""),
    "assigned_user_id": ("relate", ""),
    "description": ("text", ""),
    "deleted": ("bool", ""),
}


def _address(prefix: str) -> dict[str, tuple[str, str | int]]:
    lengths = {"street": 150, "city": 100, "state": 100, "postalcode": 20, "country": 255}
    return {f"{prefix}_address_{part}": ("varchar", length) for part, length in lengths.items()}


#: SuiteCRM as it is installed, as far as deliveries could touch it.
STOCK: Schema = {
    ACCOUNTS: {**_RECORD, "name": ("name", 150), "phone_office": ("phone", 100)},
    CONTACTS: {
        **_RECORD,
        "salutation": ("enum", 255),
        "first_name": ("varchar", 100),
        "last_name": ("varchar", 100),
        "title": ("varchar", 100),
        "department": ("varchar", 255),
        "do_not_call": ("bool", ""),
        **{f"phone_{which}": ("phone", 100) for which in ("home", "mobile", "work", "other", "fax")},
        "email1": ("varchar", ""),
        **_address("primary"),
        **_address("alt"),
        "birthdate": ("date", ""),
        "lead_source": ("enum", 255),
        "account_name": ("relate", 255),
        "account_id": ("relate", ""),
    },
    OPPORTUNITIES: {
        **_RECORD,
        "name": ("name", 50),
        "opportunity_type": ("enum", 255),
        "lead_source": ("enum", 50),
        "amount": ("currency", ""),
        "currency_id": ("id", ""),
        "date_closed": ("date", ""),
        "next_step": ("varchar", 100),
        "sales_stage": ("enum", 255),
        "probability": ("int", ""),
        "account_name": ("relate", 255),
        "account_id": ("id", ""),
    },
    "Users": {
        **_RECORD,
        "user_name": ("user_name", 60),
        "first_name": ("name", 255),
        "last_name": ("name", 255),
    },
}

#: What the first add-on (crm/suitecrm_addon) adds to it.
FIRST_ADDON: Schema = {
    CONTACTS: {"dw_external_id_c": ("varchar", 255), "dw_agent_key_c": ("varchar", 255)},
    OPPORTUNITIES: {
        "dw_external_id_c": ("varchar", 255),
        "dw_listing_id_c": ("varchar", 255),
        "dw_payload_sha_c": ("varchar", 64),
    },
    COMMISSIONS: {
        **_RECORD,
        "name": ("name", 255),
        "external_id": ("varchar", 255),
        "agent_key": ("varchar", 255),
        "agent_role": ("varchar", 50),
        "side": ("varchar", 20),
        "commission_status": ("varchar", 30),
        "split_percent": ("decimal", "9,6"),
        "amount": ("decimal", "18,2"),
        "close_date": ("date", ""),
    },
}


def with_addon(*addons: Schema) -> dict[str, dict[str, tuple[str, str | int]]]:
    """Stock SuiteCRM with the first add-on, and with what the others add to it."""
    return merged(STOCK, FIRST_ADDON, *addons)


def merged(*schemas: Schema) -> dict[str, dict[str, tuple[str, str | int]]]:
    """Later schemas add fields to earlier ones, or change them."""
    result: dict[str, dict[str, tuple[str, str | int]]] = {}
    for schema in schemas:
        for module, fields in schema.items():
            result.setdefault(module, {}).update(fields)
    return result


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship between two modules.

    Attributes:
        name: of the relationship.
        left: the module on its left; of a one-to-many the one.
        right: the other module.
        one: a record of the right has one on the left.
        columns: of the link's own row that a link from the left may carry, with their lengths.
        column: that a record of the right may carry, to be linked by the same call.
    """

    name: str
    left: str
    right: str
    one: bool = False
    columns: Mapping[str, int] | None = None
    column: str = ""


_WITH_ROLES = Relation("opportunities_contacts", OPPORTUNITIES, CONTACTS, columns={"contact_role": 50})
_OF_DEAL = Relation("dw_commissions_opportunities", OPPORTUNITIES, COMMISSIONS, one=True, column="dw_opp_ida")
_OF_AGENT = Relation("dw_commissions_contacts", CONTACTS, COMMISSIONS, one=True, column="dw_con_ida")

RELATIONS = (_WITH_ROLES, _OF_DEAL, _OF_AGENT)

#: Module to link field to relationship.
LINKS: Mapping[str, Mapping[str, Relation]] = {
    OPPORTUNITIES: {"contacts": _WITH_ROLES, _OF_DEAL.name: _OF_DEAL},
    CONTACTS: {"opportunities": _WITH_ROLES, _OF_AGENT.name: _OF_AGENT},
    COMMISSIONS: {_OF_DEAL.name: _OF_DEAL, _OF_AGENT.name: _OF_AGENT},
}


def links_of(schema: Schema, module: str) -> Mapping[str, Relation]:
    """The link fields of a module for which both ends exist."""
    found = LINKS.get(module, {})
    return {name: each for name, each in found.items() if each.left in schema and each.right in schema}
