"""The stand-in CRM over HTTP: it reads and writes SOAP as SuiteCRM does, and misbehaves when it is told to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from crm.suitecrm.calls import Entry
from dev.crm import soap_replies
from dev.crm.server import PASSWORD, SERVICE, USER, Server, running
from dev.crm.soap_requests import Request, Unreadable, request, truth
from dev.crm.soap_troubles import FORMS, Troubles

ROOT = Path(__file__).parents[3]
HEAD = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:a="http://schemas.xmlsoap.org/soap/encoding/" xmlns:s="http://www.sugarcrm.com/sugarcrm"><e:Body>'
)
TAIL = "</e:Body></e:Envelope>"


@pytest.fixture
def stand_in() -> Iterator[Server]:
    with running() as server:
        yield server


def asked(url: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON of a GET, or of a POST if there is something to send."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def posted(server: Server, xml: str) -> tuple[int, Any]:
    """Status and SOAP body of a call."""
    call = urllib.request.Request(server.url + SERVICE, (HEAD + xml + TAIL).encode(), {"Content-Type": "text/xml"})
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status, etree.fromstring(answer.read())[0]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, etree.fromstring(error.read())[0]


# ------------------------------------------------------------------------------------------------- requests


def test_arguments_are_read_by_position_arrays_by_their_type_and_the_rest_by_its_children() -> None:
    xml = (
        "<s:set_entries><any>token</any><name> Contacts </name>"
        '<rows a:arrayType="s:name_value_list[1]"><item a:arrayType="s:name_value[2]">'
        "<item><name>id</name><value>1</value></item><item><name>x</name><value/></item></item></rows>"
        '<none a:arrayType="xsd:string[0]"/><nil x:nil="true"/></s:set_entries>'
    )

    assert request((HEAD + xml + TAIL).encode()) == Request(
        "set_entries",
        ["token", " Contacts ", [[{"name": "id", "value": "1"}, {"name": "x", "value": ""}]], [], None],
    )


@pytest.mark.parametrize(
    "body",
    ["no xml", "<e/>", f"{HEAD}{TAIL}", f'<!DOCTYPE e [<!ENTITY x "y">]>{HEAD}<s:login><u>&x;</u></s:login>{TAIL}'],
)
def test_what_is_no_request_is_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        request(body.encode())


def test_the_word_false_is_true_as_in_php() -> None:
    assert [truth(text) for text in ("0", "", None, "1", "false")] == [False, False, False, True, True]


# ------------------------------------------------------------------------------------------------- replies


def test_a_reply_is_written_as_nusoap_writes_it() -> None:
    found = [
        Entry("gone", {"warning": "x", "deleted": "1"}),
        Entry("1", {"name": "O'<B>"}, {"contacts": [{"id": "2"}]}),
    ]

    written = soap_replies.entries("Contacts", found, with_links=True)

    assert (
        '<entry_list xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="tns:entry_value[2]"><item xsi:type="tns:' in written
    )
    assert '<value xsi:type="xsd:string">O&apos;&lt;B&gt;</value>' in written
    # The record that is not there has no element among the relationships.
    assert '<relationship_list xsi:type="SOAP-ENC:Array" SOAP-ENC:arrayType="tns:link_list2[1]">' in written


@pytest.mark.parametrize(("code", "kind"), [("-1", "xsd:int"), ("11", "xsd:string")])
def test_a_fault_has_its_code_its_name_and_its_description(code: str, kind: str) -> None:
    (body,) = etree.fromstring(soap_replies.fault(code, "Words", "What it means"))

    (fault,) = body
    texts = {child.tag: child.text for child in fault}
    assert texts == {"faultcode": code, "faultactor": None, "faultstring": "Words", "detail": "What it means"}
    assert fault[0].get("{http://www.w3.org/2001/XMLSchema-instance}type") == kind


def test_every_fault_comes_with_status_500(stand_in: Server) -> None:
    unknown = posted(stand_in, "<s:get_nothing/>")
    expired = posted(stand_in, "<s:get_available_modules><a>gone</a><b>all</b></s:get_available_modules>")
    misshaped = posted(stand_in, "<s:set_entry><a>gone</a></s:set_entry>")

    told = [(status, body[0].findtext("faultcode")) for status, body in (unknown, expired, misshaped)]
    assert told == [(500, "SOAP-ENV:Client"), (500, "11"), (500, "-1")]


# ------------------------------------------------------------------------------------------------- troubles


def test_chance_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[str]:
        troubles = Troubles(seed)
        troubles.change({"chances": {"lost": 0.2, "429": 0.3}})
        return [troubles.draw("set_entry") for _ in range(1000)]

    first, same, other = drawn(7), drawn(7), drawn(8)

    assert first == same != other
    counted = Counter(first)
    assert 150 < counted["lost"] < 250
    assert 250 < counted["429"] < 350


def test_the_quota_is_kept_by_a_bucket() -> None:
    now = [0.0]
    troubles = Troubles(clock=lambda: now[0])
    troubles.change({"quota_per_s": 10, "burst": 3})

    at_once = [troubles.draw("login") for _ in range(5)]
    now[0] += 0.2
    later = [troubles.draw("login") for _ in range(3)]

    assert at_once == ["", "", "", "429", "429"]
    assert later == ["", "", "429"]
    assert troubles.happened == {"429": 3}


def test_a_planned_trouble_meets_its_operation_so_many_times() -> None:
    troubles = Troubles()
    troubles.plan({"form": "lost", "times": 2, "operation": "set_entries"})

    drawn = [troubles.draw(name) for name in ("login", "set_entries", "set_entries", "set_entries")]

    assert drawn == ["", "lost", "lost", ""]


@pytest.mark.parametrize(
    "order",
    [
        {"latency": 1},
        {"chances": {"earthquake": 0.5}},
    ],
)
def test_an_unknown_setting_is_refused(stand_in: Server, order: dict[str, Any]) -> None:
    status, said = asked(f"{stand_in.url}/_dealwire/settings", order)

    assert status == 400
    assert "no such setting" in said["error"]


def test_an_unknown_form_is_refused_with_those_that_there_are(stand_in: Server) -> None:
    status, said = asked(f"{stand_in.url}/_dealwire/next", {"form": "earthquake"})

    assert status == 400
    assert all(form in said["error"] for form in FORMS)


def test_latency_is_waited_for(stand_in: Server) -> None:
    asked(f"{stand_in.url}/_dealwire/settings", {"latency_s": 0.3})

    began = time.monotonic()
    posted(stand_in, "<s:get_server_info/>")

    assert 0.3 <= time.monotonic() - began < 3


# ------------------------------------------------------------------------------------------------- control


def order(server: Server, name: str, body: dict[str, Any]) -> None:
    assert asked(f"{server.url}/_dealwire/{name}", body) == (200, {"status": "done"})


def state(server: Server) -> dict[str, Any]:
    status, told = asked(f"{server.url}/_dealwire/state")
    assert status == 200
    return told


def test_people_enter_edit_merge_and_delete(stand_in: Server) -> None:
    for name in ("c1", "c2", "c3"):
        order(stand_in, "people", {"do": "enter", "module": "Contacts", "id": name, "fields": {"last_name": name}})
    deal = {"do": "enter", "module": "Opportunities", "id": "o1", "fields": {"name": "Deal"}}
    order(stand_in, "people", deal)
    link = {"module": "Opportunities", "id": "o1", "link": "contacts", "other": "c2"}
    order(stand_in, "people", {"do": "join", **link})
    order(stand_in, "people", {"do": "edit", "module": "Contacts", "id": "c1", "fields": {"last_name": "O'Brien"}})
    order(stand_in, "people", {"do": "merge", "module": "Contacts", "id": "c2", "into": "c1"})
    order(stand_in, "people", {"do": "delete", "module": "Contacts", "id": "c3"})

    told = state(stand_in)

    contacts = told["records"]["Contacts"]
    assert {name: each["deleted"] for name, each in contacts.items()} == {"c1": False, "c2": True, "c3": True}
    assert contacts["c1"]["fields"]["last_name"] == "O'Brien"
    assert [(each["left"], each["right"]) for each in told["links"]] == [("o1", "c1")]


def test_what_people_cannot_do_is_refused(stand_in: Server) -> None:
    status, said = asked(f"{stand_in.url}/_dealwire/people", {"do": "delete", "module": "Contacts", "id": "nobody"})

    assert status == 400
    assert "nobody" in said["error"]


def test_fields_of_the_addon_can_be_missing_and_come_back(stand_in: Server) -> None:
    def fields() -> set[str]:
        return set(stand_in.control.model.tables.schema["Opportunities"])

    full = fields()
    order(stand_in, "fields", {"drop": {"Opportunities": ["dw_external_id_c"]}})
    dropped = fields()
    order(stand_in, "fields", {"addon": "none"})
    stock = fields()
    order(stand_in, "fields", {"addon": "full"})

    assert full - dropped == {"dw_external_id_c"}
    assert not any(name.startswith("dw_") for name in stock)
    assert fields() == full


def test_sessions_end_when_told_to(stand_in: Server) -> None:
    model = stand_in.control.model
    session = model.login(USER, PASSWORD, timeout_s=1)
    order(stand_in, "expire", {})

    status, body = posted(stand_in, f"<s:get_available_modules><a>{session}</a><b>all</b></s:get_available_modules>")

    assert (status, body[0].findtext("faultcode")) == (500, "11")


def test_logins_can_be_denied_and_php_8_can_break_it(stand_in: Server) -> None:
    login = "<s:login><a><user_name>x</user_name><password>y</password></a><b>test</b></s:login>"
    order(stand_in, "crm", {"denial": "1009"})
    denied = posted(stand_in, login)
    order(stand_in, "crm", {"broken": True})
    broken = posted(stand_in, "<s:get_server_info/>")

    assert denied[1][0].findtext("faultcode") == "1009"
    assert broken[1][0].findtext("faultcode") == "-1"


def test_a_reset_leaves_nothing(stand_in: Server) -> None:
    order(stand_in, "people", {"do": "enter", "module": "Contacts", "id": "c1", "fields": {}})
    order(stand_in, "settings", {"latency_s": 5})
    posted_before = state(stand_in)["records"]["Contacts"]
    order(stand_in, "reset", {})

    assert posted_before
    assert state(stand_in)["records"]["Contacts"] == {}
    assert stand_in.control.troubles.settings.latency_s == 0


def test_calls_and_troubles_are_counted(stand_in: Server) -> None:
    order(stand_in, "next", {"form": "fault"})
    for _ in range(3):
        posted(stand_in, "<s:get_server_info/>")

    told = state(stand_in)

    assert told["calls"] == {"get_server_info": 2}
    assert told["troubles"] == {"fault": 1}


@pytest.mark.parametrize("path", ["/_dealwire/nonsense", "/nonsense"])
def test_there_is_nothing_else(stand_in: Server, path: str) -> None:
    assert asked(stand_in.url + path)[0] == 404


def test_it_starts_as_a_program_that_tells_where_it_is(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "dev.crm.server", "--port-file", str(port_file), "--settings", '{"latency_s": 0}']
    with subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": "src"}, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url == f"http://127.0.0.1:{port_file.read_text()}"
            assert asked(f"{url}/health") == (200, {"status": "up"})
        finally:
            process.terminate()
