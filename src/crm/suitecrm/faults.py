"""What an error of SuiteCRM's SOAP service means: one class for each, by tables (research: crm.md §1c, §4 and §6).

The HTTP status of every SOAP fault is 500, so the fault's code decides; where there is no SOAP answer, the form does.
Codes: soap/SoapErrorDefinitions.php of SuiteCRM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from crm.caller import Judged, WireErrors
from crm.suitecrm.calls import Broke, SoapFault, WireFault
from domain.crm.faults import Fault, FaultClass

#: SOAP fault code to its class. `-1` and every other code stand for anything: see `UNLISTED`.
BY_CODE: Final[Mapping[str, FaultClass]] = MappingProxyType(
    {
        "10": FaultClass.AUTH_DENIED,  # invalid login
        "11": FaultClass.AUTH_EXPIRED,  # invalid session
        "12": FaultClass.AUTH_DENIED,  # the user is not configured
        "20": FaultClass.CONFIG,  # no such module
        "30": FaultClass.CONFIG,  # the module does not support this
        "31": FaultClass.CONFIG,  # the module does not support this relationship
        "40": FaultClass.CONFIG,  # no access: a role lacks a right, or the search is of a form that is not allowed
        "1008": FaultClass.AUTH_DENIED,  # password expired
        "1009": FaultClass.AUTH_DENIED,  # locked out
        "1012": FaultClass.AUTH_DENIED,  # LDAP refuses the password
    }
)

#: HTTP status of a reply without a SOAP answer to its class.
BY_STATUS: Final[Mapping[int, FaultClass]] = MappingProxyType(
    {
        301: FaultClass.CONFIG,  # a redirect is never followed: it would carry the session elsewhere
        302: FaultClass.CONFIG,
        303: FaultClass.CONFIG,
        307: FaultClass.CONFIG,
        308: FaultClass.CONFIG,
        401: FaultClass.AUTH_EXPIRED,
        403: FaultClass.AUTH_DENIED,
        404: FaultClass.CONFIG,  # the base URL is wrong
        405: FaultClass.CONFIG,
        410: FaultClass.CONFIG,
        429: FaultClass.THROTTLED,
        502: FaultClass.UNAVAILABLE,  # the application server is down: surely not done
        503: FaultClass.UNAVAILABLE,
    }
)

#: What nobody listed, of a write and of a read: 500 with an empty body, 504, a time-out, a reset, code -1, any other.
UNLISTED: Final[Mapping[bool, FaultClass]] = MappingProxyType(
    {True: FaultClass.AMBIGUOUS, False: FaultClass.UNAVAILABLE}
)

#: What SuiteCRM says when PHP died below it.
DIED: Final = "service died unexpectedly"

#: What it means if even `get_server_info` dies.
PHP8_WORDS: Final = (
    "the SOAP service of this SuiteCRM dies on every call, as a stock SuiteCRM on PHP 8 does; apply the change of "
    "SuiteCRM pull request #10289 (issue #9741), or run it on PHP 7.4"
)

_REMEDY: Final[Mapping[FaultClass, str]] = MappingProxyType(
    {
        FaultClass.AUTH_DENIED: "; check the user and the password in the secret, then `dealwire crm preflight`",
        FaultClass.CONFIG: "; `dealwire crm preflight` says what is missing",
    }
)

_ADDRESS: Final = (
    "; expected SuiteCRM's SOAP service at CrmBaseUrl + /service/v4_1/soap.php: put the parameter right and deploy"
)

#: What else to look at, by HTTP status, where the class alone does not say it.
_REMEDY_OF_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    dict.fromkeys((200, 301, 302, 303, 307, 308, 404, 405, 410), _ADDRESS)
    | {403: f"{_REMEDY[FaultClass.AUTH_DENIED]}; or a firewall before the CRM keeps us out"}
)

#: Characters of the CRM's words that are kept.
_LONGEST_WORDS = 300


def judged(error: Exception, write: bool) -> Judged:
    """What an error of `SoapCalls` means.

    Args:
        error: a `SoapFault` or a `WireFault`; any other is raised again.
        write: whether the call changes something there.
    """
    if isinstance(error, SoapFault):
        kind = BY_CODE.get(error.code.strip(), UNLISTED[write])
        words = f"{shortened(error.text)} (fault {error.code.strip()})"
        return Judged(Fault(kind, words + _REMEDY.get(kind, ""), answered=True), error.headers)
    if isinstance(error, WireFault):
        kind = _of_wire(error, write)
        remedy = _REMEDY_OF_STATUS.get(error.status) if error.broke is Broke.STATUS else None
        return Judged(Fault(kind, _said(error) + (remedy or _REMEDY.get(kind, ""))), error.headers)
    raise error


#: For the caller.
WIRE_ERRORS: Final = WireErrors((SoapFault, WireFault), judged)


def _of_wire(error: WireFault, write: bool) -> FaultClass:
    if error.broke is Broke.UNSENT:
        return FaultClass.UNAVAILABLE
    if error.broke is Broke.STATUS:
        return BY_STATUS.get(error.status, UNLISTED[write])
    return UNLISTED[write]


def _said(error: WireFault) -> str:
    if error.broke is Broke.UNSENT:
        return "no connection to the CRM; look whether it is up, and whether CrmBaseUrl is its address"
    if error.broke is Broke.CUT:
        return "the CRM gave no answer in time, or not all of it"
    return f"the CRM answered HTTP {error.status} with {'an empty body' if error.empty else 'no SOAP answer'}"


def shortened(text: str) -> str:
    """The CRM's words on one line, as long as people read."""
    return " ".join(text.split())[:_LONGEST_WORDS]


def without_values(text: str, values: Iterable[str]) -> str:
    """The text without any of a record's values: what the CRM says may quote them, and logs and letters must not."""
    known = sorted({value for value in values if len(value.strip()) > 2}, key=len, reverse=True)
    if not known:
        return text
    return re.sub("|".join(re.escape(value) for value in known), "…", text, flags=re.IGNORECASE)
