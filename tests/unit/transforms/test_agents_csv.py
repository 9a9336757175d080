"""The agents file is taken whole or not at all, and every bad line is named."""

from __future__ import annotations

import pytest

from domain.agents import Agent, AgentKey
from domain.errors import ConfigurationError
from transforms.agents_csv import COLUMNS, parse_agents

HEADER = ",".join(COLUMNS)
DANA = 'transactions,A-1,"Whitfield, Dana",L-1,Missoula,user-1,contact-1'


def test_agents_are_read_in_any_column_order_with_mark_blank_lines_and_quotes() -> None:
    head = "\ufeffAgent_ID,source,name,office,licence,crm_contact_id,crm_user_id\r\n"
    text = head + '\r\n A-1 ,transactions,"Whit\nfield",M,L,c,u\r\n'
    assert parse_agents(text) == [Agent(AgentKey("transactions", "A-1"), "Whit field", "L", "M", "u", "c")]
    assert parse_agents(f"{HEADER}\n{DANA}")[0].name == "Whitfield, Dana"


def test_an_id_that_is_an_e_mail_address_is_taken_in_lower_case_and_no_other_id() -> None:
    text = "\n".join([HEADER, "dotloop,Dana.Whitfield@Example.COM,Dana,L,M,u,c", "transactions,A-1X,Dana,L,M,u,c"])
    assert [agent.key.agent_id for agent in parse_agents(text)] == ["dana.whitfield@example.com", "A-1X"]


def test_one_address_in_two_spellings_is_one_agent_listed_twice() -> None:
    text = "\n".join([HEADER, "dotloop,dana@example.com,Dana,L,M,u,c", "dotloop,Dana@Example.com,Dana,L,M,u,c"])
    with pytest.raises(ConfigurationError, match=r"line 3: dotloop/dana@example\.com is already on line 2"):
        parse_agents(text)


def test_a_header_alone_is_an_empty_directory() -> None:
    assert parse_agents(HEADER + "\n") == []


def test_every_bad_line_is_reported_at_once() -> None:
    text = "\n".join([
        HEADER,
        DANA,
        "transactions,A-2,,L-2,Missoula,user-2,",
        "transactions,A-1,Other,L-3,Missoula,user-3,contact-3",
        "transactions,A-4,Ann",
        "transactions,A-5,Whitfield, Dana,L-1,Missoula,user-1,contact-1",
        f"transactions,{'x' * 201},Ann,L,M,u,c",
    ])  # fmt: skip
    with pytest.raises(ConfigurationError) as caught:
        parse_agents(text, file="agents.csv")
    assert str(caught.value).splitlines() == [
        "agents.csv: 6 mistakes; nothing was taken",
        "line 3: name is empty; every agent needs one",
        "line 3: crm_contact_id is empty; every agent needs one",
        "line 4: transactions/A-1 is already on line 2; keep one of the two",
        "line 5: 3 values for 7 columns; quote values that hold a comma",
        "line 6: 8 values for 7 columns; quote values that hold a comma",
        "line 7: agent_id has 201 characters; at most 200",
    ]


def test_a_header_of_other_columns_is_reported_once_and_not_for_each_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_agents("source,source,agent_id,name,licence,office,crm_user_id,email\n1,2,3,4,5,6,7,8\n")
    assert str(caught.value).splitlines()[1:] == [
        f"line 1: column 'source' is there twice; the first line must be {HEADER}",
        f"line 1: column 'crm_contact_id' is missing; the first line must be {HEADER}",
        f"line 1: column 'email' is unknown; remove it (known: {', '.join(COLUMNS)})",
    ]


def test_a_source_that_nobody_knows_is_a_mistake_of_its_line() -> None:
    text = "\n".join([HEADER, DANA, DANA.replace("transactions", "dotlop"), DANA.replace("transactions", "")])
    with pytest.raises(ConfigurationError) as caught:
        parse_agents(text, sources={"transactions", "dotloop"}, file="agents.csv")
    assert str(caught.value).splitlines() == [
        "agents.csv: 2 mistakes; nothing was taken",
        "line 3: source 'dotlop' is unknown; expected one of dotloop, transactions",
        "line 4: source is empty; every agent needs one",
    ]


@pytest.mark.parametrize("written", ["A\t1", "A\u200b1", "A\u00a01", "A\u00011"])
def test_an_id_that_no_event_can_carry_is_a_mistake(written: str) -> None:
    with pytest.raises(ConfigurationError, match="line 2: agent_id holds a character that cannot be seen"):
        parse_agents("\n".join([HEADER, DANA.replace("A-1", written)]))


@pytest.mark.parametrize(("text", "expected"), [("", "the file is empty"), (HEADER + '\n"open', "line 2: not CSV")])
def test_what_is_no_csv_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        parse_agents(text)
