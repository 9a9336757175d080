"""Each error of the service is of exactly one class, and what nobody listed is of the careful one."""

from __future__ import annotations

import pytest

from crm.suitecrm.calls import Broke, SoapFault, WireFault
from crm.suitecrm.faults import BY_CODE, BY_STATUS, WIRE_ERRORS, judged, without_values
from domain.crm.faults import FaultClass


def kind(error: Exception, *, write: bool) -> FaultClass:
    return judged(error, write).fault.kind


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("10", FaultClass.AUTH_DENIED),
        ("11", FaultClass.AUTH_EXPIRED),
        ("12", FaultClass.AUTH_DENIED),
        ("20", FaultClass.CONFIG),
        ("40", FaultClass.CONFIG),
        ("1008", FaultClass.AUTH_DENIED),
        ("1009", FaultClass.AUTH_DENIED),
        ("1012", FaultClass.AUTH_DENIED),
    ],
)
def test_a_listed_code_means_the_same_for_a_write_and_a_read(code: str, expected: FaultClass, write: bool) -> None:
    assert kind(SoapFault(code, "words"), write=write) is expected
    assert kind(SoapFault(f" {code} ", "words"), write=write) is expected


@pytest.mark.parametrize("code", ["-1", "", "0", "1001", "50", "SOAP-ENV:Server", "Client"])
def test_any_other_code_is_ambiguous_for_a_write_and_unavailable_for_a_read(code: str) -> None:
    assert kind(SoapFault(code, "words"), write=True) is FaultClass.AMBIGUOUS
    assert kind(SoapFault(code, "words"), write=False) is FaultClass.UNAVAILABLE


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, FaultClass.AUTH_EXPIRED),
        (403, FaultClass.AUTH_DENIED),
        (404, FaultClass.CONFIG),
        (302, FaultClass.CONFIG),
        (429, FaultClass.THROTTLED),
        (502, FaultClass.UNAVAILABLE),
        (503, FaultClass.UNAVAILABLE),
    ],
)
def test_a_listed_status_means_the_same_for_a_write_and_a_read(status: int, expected: FaultClass, write: bool) -> None:
    assert kind(WireFault(Broke.STATUS, "words", status=status), write=write) is expected


@pytest.mark.parametrize("status", [400, 413, 418, 500, 504, 507, 599])
@pytest.mark.parametrize("empty", [True, False])
def test_any_other_status_is_ambiguous_for_a_write_and_unavailable_for_a_read(status: int, empty: bool) -> None:
    error = WireFault(Broke.STATUS, "words", status=status, empty=empty)
    assert (kind(error, write=True), kind(error, write=False)) == (FaultClass.AMBIGUOUS, FaultClass.UNAVAILABLE)


def test_a_time_out_is_not_not_done() -> None:
    error = WireFault(Broke.CUT, "read timed out")
    assert (kind(error, write=True), kind(error, write=False)) == (FaultClass.AMBIGUOUS, FaultClass.UNAVAILABLE)


def test_what_was_never_sent_was_not_done() -> None:
    error = WireFault(Broke.UNSENT, "refused")
    assert kind(error, write=True) is kind(error, write=False) is FaultClass.UNAVAILABLE


def test_every_class_that_the_wire_can_mean_is_reached_by_some_error() -> None:
    reached = {*BY_CODE.values(), *BY_STATUS.values(), kind(WireFault(Broke.CUT, ""), write=True)}
    # quota: SuiteCRM has none; rejected, deferred, gone, contention: what is read back says so, never an error.
    others = {
        *(FaultClass.QUOTA, FaultClass.REJECTED, FaultClass.DEFERRED),
        *(FaultClass.GONE, FaultClass.CONTENTION),
    }
    assert reached == set(FaultClass) - others


def test_only_a_soap_fault_is_an_answer() -> None:
    assert judged(SoapFault("-1", "died"), write=True).fault.answered
    assert not judged(WireFault(Broke.CUT, ""), write=True).fault.answered
    assert not judged(WireFault(Broke.STATUS, "", status=500), write=True).fault.answered


def test_headers_of_the_reply_are_handed_on() -> None:
    error = WireFault(Broke.STATUS, "slow down", status=429, headers={"retry-after": "5"})
    assert judged(error, write=True).headers == {"retry-after": "5"}


def test_what_the_crm_says_is_one_line_and_short_and_says_what_to_do() -> None:
    words = judged(SoapFault("10", "Invalid\n  Login " + "x" * 1000), write=False).fault.words
    assert words.startswith("Invalid Login ")
    assert "\n" not in words
    assert len(words) < 450
    assert "dealwire crm preflight" in words


@pytest.mark.parametrize("status", [200, 301, 404])
def test_an_address_where_no_soap_service_is_names_the_parameter(status: int) -> None:
    words = judged(WireFault(Broke.STATUS, "a page", status=status), write=False).fault.words
    assert "CrmBaseUrl + /service/v4_1/soap.php" in words
    assert "preflight" not in words


def test_a_host_that_is_not_there_names_the_parameter_and_a_firewall_is_thought_of() -> None:
    assert "CrmBaseUrl" in judged(WireFault(Broke.UNSENT, "refused"), write=True).fault.words
    words = judged(WireFault(Broke.STATUS, "forbidden", status=403), write=False).fault.words
    assert "password" in words
    assert "firewall" in words


def test_the_words_about_an_http_status_quote_nothing_of_the_page() -> None:
    words = judged(WireFault(Broke.STATUS, "<html>Dana Reyes</html>", status=500), write=True).fault.words
    assert words == "the CRM answered HTTP 500 with no SOAP answer"


def test_only_errors_of_the_wire_are_judged() -> None:
    assert WIRE_ERRORS.types == (SoapFault, WireFault)
    with pytest.raises(KeyError):
        judged(KeyError("x"), write=True)


def test_words_lose_every_value_of_the_record_in_any_letter_case() -> None:
    told = without_values("Duplicate 'DANA REYES' for Dana", ["Dana Reyes", "Dana", "a", ""])
    assert told == "Duplicate '…' for …"
