"""SOAP replies as NuSOAP writes them (include/nusoap/class.wsdl.php, class.soap_fault.php): every element typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm.suitecrm.calls import Entry, LinkCount, ModuleFields

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope'
    ' SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:tns="http://www.sugarcrm.com/sugarcrm"><SOAP-ENV:Body>'
)
_TAIL = "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
_ESCAPES = str.maketrans({"&": "&amp;", "'": "&apos;", '"': "&quot;", "<": "&lt;", ">": "&gt;"})

#: faultcode to (faultstring, detail): soap/SoapErrorDefinitions.php.
FAULTS = {
    "10": ("Invalid Login", "Login attempt failed please check the username and password"),
    "11": ("Invalid Session ID", "The session ID is invalid"),
    "20": ("Module Does Not Exist", "This module is not available on this server"),
    "40": ("Access Denied", "You do not have access"),
    "1001": ("Invalid data sent", "The data sent for this function is invalid. Please look at WSDL file for details"),
}


def envelope(operation: str, returned: str) -> bytes:
    name = f"ns1:{operation}Response"
    body = f'<{name} xmlns:ns1="http://www.sugarcrm.com/sugarcrm">{returned}</{name}>'
    return f"{_HEAD}{body}{_TAIL}".encode()


def fault(code: str, words: str, detail: str = "") -> bytes:
    kind = "xsd:int" if code == "-1" else "xsd:string"
    parts = (
        f'<faultcode xsi:type="{kind}">{_escaped(code)}</faultcode>'
        f'<faultactor xsi:type="xsd:string"></faultactor>{text("faultstring", words)}{text("detail", detail)}'
    )
    return f"{_HEAD}<SOAP-ENV:Fault>{parts}</SOAP-ENV:Fault>{_TAIL}".encode()


def text(name: str, value: str) -> str:
    return f'<{name} xsi:type="xsd:string">{_escaped(value)}</{name}>'


def number(name: str, value: int) -> str:
    return f'<{name} xsi:type="xsd:int">{value}</{name}>'


def struct(name: str, kind: str, *members: str) -> str:
    return f'<{name} xsi:type="tns:{kind}">{"".join(members)}</{name}>'


def array(name: str, kind: str, items: Iterable[str]) -> str:
    """An array; `items` are elements called `item`."""
    inner = list(items)
    prefix = "xsd" if kind == "string" else "tns"
    head = f'<{name} xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="{prefix}:{kind}[{len(inner)}]">'
    return f"{head}{''.join(inner)}</{name}>"


def session(session_id: str, user: str) -> str:
    """`entry_value` of a login."""
    told = _pairs("name_value_list", "name_value", {"user_name": user, "user_is_admin": "1"})
    return struct("return", "entry_value", text("id", session_id), text("module_name", "Users"), told)


def server_info(told: Mapping[str, str]) -> str:
    return struct("return", "get_server_info_result", *(text(name, value) for name, value in told.items()))


def modules(names: Iterable[str]) -> str:
    items = (
        struct(
            "item",
            "module_list_entry",
            text("module_key", name),
            text("module_label", name),
            '<favorite_enabled xsi:type="xsd:boolean">false</favorite_enabled>',
            array("acls", "acl_list_entry", []),
        )
        for name in names
    )
    return struct("return", "module_list", array("modules", "module_list_entry", items))


def module_fields(module: str, told: ModuleFields, *, lengths: bool) -> str:
    """`new_module_fields`. The service declares no `len` and so never sends it; `lengths` sends it all the same."""
    fields = (
        struct(
            "item",
            "field",
            text("name", name),
            text("type", field.get("type", "")),
            text("group", ""),
            text("label", name),
            number("required", int(field.get("required") or 0)),
            array("options", "name_value", []),
            text("len", field.get("len", "")) if lengths else "",
        )
        for name, field in told.fields.items()
    )
    links = (
        struct("item", "link_field", text("name", name), text("type", "link"), text("relationship", name))
        for name in sorted(told.links)
    )
    return struct(
        "return",
        "new_module_fields",
        text("module_name", module),
        text("table_name", module.lower()),
        array("module_fields", "field", fields),
        array("link_fields", "link_field", links),
    )


def entry_id(record: str) -> str:
    return struct("return", "new_set_entry_result", text("id", record))


def ids(records: Iterable[str]) -> str:
    return struct(
        "return", "new_set_entries_result", array("ids", "string", (text("item", record) for record in records))
    )


def link_count(count: LinkCount) -> str:
    counts = (number("created", count.created), number("failed", count.failed), number("deleted", count.deleted))
    return struct("return", "new_set_relationship_list_result", *counts)


def entries(module: str, found: Iterable[Entry], *, with_links: bool) -> str:
    """`get_entry_result_version2`. Records that are not there have no element in `relationship_list`."""
    return struct("return", "get_entry_result_version2", *_lists(module, list(found), with_links=with_links))


def entry_page(module: str, found: Iterable[Entry], next_offset: int) -> str:
    page = list(found)
    counts = (number("result_count", len(page)), number("total_count", len(page)), number("next_offset", next_offset))
    return struct("return", "get_entry_list_result_version2", *counts, *_lists(module, page, with_links=False))


def _lists(module: str, found: list[Entry], *, with_links: bool) -> tuple[str, str]:
    records = (
        struct(
            "item",
            "entry_value",
            text("id", entry.id),
            text("module_name", module),
            _pairs("name_value_list", "name_value", entry.fields),
        )
        for entry in found
    )
    there = [entry for entry in found if with_links and "warning" not in entry.fields]
    return (
        array("entry_list", "entry_value", records),
        array("relationship_list", "link_list2", (_links(entry) for entry in there)),
    )


def _links(entry: Entry) -> str:
    links = (
        struct(
            "item",
            "link_name_value",
            text("name", name),
            array(
                "records",
                "link_value2",
                (struct("item", "link_value2", _pairs("link_value", "name_value", each)) for each in linked),
            ),
        )
        for name, linked in entry.links.items()
    )
    return struct("item", "link_list2", array("link_list", "link_name_value", links))


def _pairs(name: str, kind: str, fields: Mapping[str, str]) -> str:
    pairs = (struct("item", "name_value", text("name", field), text("value", value)) for field, value in fields.items())
    return array(name, kind, pairs)


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)
