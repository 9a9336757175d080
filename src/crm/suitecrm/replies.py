"""Replies of the SOAP service as plain data.

They are read by structure: an array is its elements, a struct its named children. That takes what the service sends
beside what its WSDL declares, and is an order of magnitude faster than building typed objects of thousands of pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from zeep import Settings
from zeep.exceptions import Error as ZeepError
from zeep.loader import parse_xml

from crm.suitecrm.calls import Broke, Entry, LinkCount, ModuleFields, SoapFault, WireFault
from crm.suitecrm.faults import without_values

if TYPE_CHECKING:
    from lxml.etree import _Element

    from crm.suitecrm.wire import Answer

#: For replies and for our own WSDL: nothing but plain elements, and nothing from elsewhere.
STRICT = Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)

#: Characters of a fault's text that we keep.
MOST_WORDS = 200

#: What the CRM says of a database error; all that is safe to repeat of what PHP printed before it died.
_DATABASE = "Database failure"

_DIED = "-1"
_ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def result(answer: Answer, secrets: Sequence[str] = (), values: Iterable[str] = ()) -> _Element | None:
    """What the operation returned; None if it returns nothing.

    Args:
        answer: of HTTP.
        secrets: texts that must not show in an error.
        values: of records and searches, which the CRM may quote; they must not show either.

    Raises:
        SoapFault: the service answered with a fault.
        WireFault: `status` if HTTP says that it failed, `cut` if the reply is not what a service sends.
    """
    body = _body(answer)
    fault = body.find(f"{_ENVELOPE}Fault")
    if fault is not None:
        raise _soap_fault(fault, answer, secrets, values)
    if answer.status != 200:
        _refuse(answer, "no fault in it")
    response = next(iter(body), None)
    if response is None:
        _refuse(answer, "an empty body")
    return next(iter(response), None)


def _body(answer: Answer) -> _Element:
    if 300 <= answer.status < 400:
        _refuse(answer, "a redirect, which is never followed; configure the CRM's final address")
    if not answer.body.strip():
        _refuse(answer, "an empty reply")
    try:
        # Bytes, so that the declared encoding counts; zeep's annotation knows of text only.
        envelope = parse_xml(answer.body, None, settings=STRICT)  # type: ignore[arg-type]  # it takes bytes too
    except ZeepError as error:
        # Its message holds pieces of the reply.
        raise _broken(answer, f"no XML that we accept ({type(error).__name__})") from None
    body: _Element | None = envelope.find(f"{_ENVELOPE}Body")
    if body is None:
        _refuse(answer, "no SOAP envelope")
    return body


def _refuse(answer: Answer, why: str) -> NoReturn:
    raise _broken(answer, why)


def _broken(answer: Answer, why: str) -> WireFault:
    """A success that nobody can read says as little about what was done as a lost reply."""
    return WireFault(
        Broke.CUT if answer.status == 200 else Broke.STATUS,
        f"the CRM answered HTTP {answer.status} with {why}",
        status=answer.status,
        empty=not answer.body.strip(),
        headers=answer.headers,
    )


def _soap_fault(fault: _Element, answer: Answer, secrets: Sequence[str], values: Iterable[str]) -> SoapFault:
    parts = {_name(part): "".join(map(str, part.itertext())).strip() for part in fault}
    code, words, detail = (parts.get(name, "") for name in ("faultcode", "faultstring", "detail"))
    if code == _DIED:
        detail = _DATABASE if _DATABASE in detail else ""
    told = ": ".join(" ".join(each.split()) for each in (words, detail) if each)
    for secret in filter(None, secrets):
        told = told.replace(secret, "***")
    told = without_values(told, values)  # before it is cut: half a value is one too
    return SoapFault(code, told[:MOST_WORDS], answer.headers)


def is_nothing(returned: _Element) -> bool:
    """Whether the service said `nil`, as it does for a call that it gave up without a fault."""
    return returned.get(_NIL) in {"true", "1"}


def entry_id(returned: _Element) -> str:
    """Of `entry_value` and `new_set_entry_result`."""
    return _texts(returned).get("id", "")


def ids(returned: _Element) -> list[str]:
    """Of `new_set_entries_result`."""
    return [_text(item) for item in _items(returned, "ids")]


def server_info(returned: _Element) -> dict[str, str]:
    """Of `get_server_info_result`."""
    told = _texts(returned)
    return {name: told.get(name, "") for name in ("flavor", "version", "gmt_time")}


def modules(returned: _Element) -> list[str]:
    """Names out of `module_list`."""
    return [_texts(item).get("module_key") or _text(item) for item in _items(returned, "modules")]


def module_fields(returned: _Element) -> ModuleFields:
    """Of `new_module_fields`. The service declares no `len`; it is taken if a CRM sends it all the same."""
    told = [_texts(item) for item in _items(returned, "module_fields")]
    fields = {one.get("name", ""): {name: one.get(name, "") for name in ("type", "len", "required")} for one in told}
    links = frozenset(_texts(item).get("name", "") for item in _items(returned, "link_fields"))
    return ModuleFields(fields, links)


def link_count(returned: _Element) -> LinkCount:
    """Of `new_set_relationship_list_result`."""
    return LinkCount(count(returned, "created"), count(returned, "failed"), count(returned, "deleted"))


def count(returned: _Element, name: str) -> int:
    """A number of the result.

    Raises:
        WireFault: `cut`: it is not there.
    """
    told = _texts(returned).get(name, "")
    if not told.isdecimal():
        raise WireFault(Broke.CUT, f"the CRM's result has no number {name}", status=200)
    return int(told)


def entries(returned: _Element) -> list[Entry]:
    """Of `entry_list`, each with its part of `relationship_list`.

    Raises:
        WireFault: `cut`: there is no list, which is not an empty list.

    The service leaves records that are missing or deleted out of `relationship_list` (they have a `warning` instead of
    fields), so the lists are not aligned: its n-th element belongs to the n-th record without a warning.
    """
    listed = _member(returned, "entry_list")
    if listed is None or is_nothing(listed):
        raise WireFault(Broke.CUT, "the CRM's result has no list of records", status=200)
    related = iter(_items(returned, "relationship_list"))
    found = []
    for item in listed:
        fields = _pairs(_member(item, "name_value_list"))
        links = {} if _is_missing(fields) else _links(next(related, None))
        found.append(Entry(_texts(item).get("id", ""), fields, links))
    return found


def _is_missing(fields: Mapping[str, str]) -> bool:
    return "warning" in fields and fields.get("deleted") == "1"


def _links(element: _Element | None) -> dict[str, list[dict[str, str]]]:
    links = {}
    for link in _items(element, "link_list"):
        records = [_member(record, "link_value") for record in _items(link, "records")]
        links[_texts(link).get("name", "")] = [_pairs(record) for record in records]
    return links


def _pairs(element: _Element | None) -> dict[str, str]:
    """`name_value_list` as a dictionary."""
    return {pair["name"]: pair.get("value", "") for pair in map(_texts, _children(element)) if "name" in pair}


def _texts(element: _Element | None) -> dict[str, str]:
    """The members of a struct, as text."""
    return {_name(child): _text(child) for child in _children(element)}


def _items(element: _Element | None, name: str) -> Iterator[_Element]:
    """The elements of an array that is a member of a struct."""
    return _children(_member(element, name))


def _member(element: _Element | None, name: str) -> _Element | None:
    return next((child for child in _children(element) if _name(child) == name), None)


def _children(element: _Element | None) -> Iterator[_Element]:
    return iter(()) if element is None else iter(element)


def _name(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: _Element) -> str:
    return element.text or ""
