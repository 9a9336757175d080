"""The alarms tell the truth: each has a meaning, a next step and a runbook, reaches people, and sees what is there."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
import typer

from cli.main import app
from domain.causes import MENDING
from domain.errors import Cause
from domain.operate.actions import ACTIONS
from flows.file_dead_letters import dead_gauge
from flows.tell_alarm import read_alarm
from tests.template import ROOT, grants, resolve, resources, template

ALARMS = {name: alarm["Properties"] for name, alarm in resources("AWS::CloudWatch::Alarm").items()}
FUNCTIONS = resources("AWS::Serverless::Function")

#: One for each stack of an account, or two of them would raise, and end, one another's alarms.
OURS = template()["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]

#: What the notifier itself cannot be trusted to tell.
PAST_THE_NOTIFIER = {"NotifyErrorsAlarm", "NotifyFailedAlarm"}


def described(name: str) -> list[str]:
    return str(resolve(ALARMS[name]["AlarmDescription"])).splitlines()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_it_means_what_to_type_next_and_where_its_runbook_is(name: str) -> None:
    meaning, command, runbook = described(name)
    assert meaning.endswith(".")
    assert command.startswith("Next: dealwire ")
    assert command.endswith(" --stack dealwire-test")
    assert (ROOT / runbook.removeprefix("Runbook: ")).is_file(), runbook


@pytest.mark.parametrize("line", sorted({described(name)[1] for name in ALARMS}))
def test_the_command_that_an_alarm_names_is_one_that_there_is(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line.removeprefix("Next: dealwire "))
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert "dealwire-test" in command.make_context("dealwire", words).params.values()


@pytest.mark.parametrize("name", ALARMS)
def test_people_hear_of_an_alarm_and_of_its_end(name: str) -> None:
    topic = {"Ref": "EmailTopic" if name in PAST_THE_NOTIFIER else "AlarmsTopic"}
    assert ALARMS[name]["AlarmActions"] == ALARMS[name]["OKActions"] == [topic]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_as_often_as_it_is_told_and_knows_what_silence_means(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["Period"] in ({"Ref": "AlarmPeriod"}, {"Ref": "AlarmWindow"})
    assert "Metrics" not in alarm, "the local cloud knows no metric math"
    # A count that did not happen is no count; a measure that did not come says nothing.
    counted = alarm["Namespace"] != OURS or alarm["Statistic"] == "Sum"
    expected = "breaching" if name == "OldestUnappliedAlarm" else "notBreaching" if counted else "ignore"
    assert alarm["TreatMissingData"] == expected


def test_no_two_alarms_look_at_the_same_thing() -> None:
    looked_at = [
        json.dumps([alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions", [])]) for alarm in ALARMS.values()
    ]
    assert len(set(looked_at)) == len(looked_at)
    # The local cloud ignores dimensions: a metric of ours has one alarm whatever its dimensions.
    ours = [alarm["MetricName"] for alarm in ALARMS.values() if alarm["Namespace"] == OURS]
    assert len(set(ours)) == len(ours)
    assert len({json.dumps(alarm["AlarmName"]) for alarm in ALARMS.values()}) == len(ALARMS)


def test_a_metric_of_ours_is_looked_at_under_the_dimension_that_its_function_gives_it() -> None:
    services = {
        function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for function in FUNCTIONS.values()
    }
    for name, alarm in ALARMS.items():
        if alarm["Namespace"] == OURS:
            for dimension in alarm.get("Dimensions", []):
                assert dimension["Name"] == "service", name
                assert dimension["Value"] in services, name


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_its_alarm_command_and_runbook(cause: Cause) -> None:
    (name,) = [name for name, alarm in ALARMS.items() if alarm["MetricName"] == dead_gauge(cause)]
    _, command, runbook = described(name)
    assert f"dlq list --cause {cause.value} " in command
    assert runbook.endswith(f"/{MENDING[cause].runbook}")


def test_two_stacks_of_an_account_do_not_share_their_metrics() -> None:
    assert OURS == {"Fn::Sub": "Dealwire/${EnvironmentName}"}
    [dashboard] = resources("AWS::CloudWatch::Dashboard").values()
    assert '"Dealwire"' not in str(dashboard)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_an_alarm_on_its_error_ratio(name: str) -> None:
    (alarm,) = [
        alarm
        for alarm in ALARMS.values()
        if alarm["MetricName"] == "Errors" and alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": name}}]
    ]
    assert (alarm["Namespace"], alarm["Statistic"], alarm["Threshold"]) == ("AWS/Lambda", "Average", 0.01)


@pytest.mark.parametrize("name", ["Ingest", "Process"])
def test_slow_is_four_fifths_of_the_time_out_that_is_deployed(name: str) -> None:
    parameter = f"{name}Timeout"
    for seconds in template()["Parameters"][parameter]["AllowedValues"]:
        told = {parameter: str(seconds)}
        assert resolve(FUNCTIONS[f"{name}Function"]["Properties"]["Timeout"], told) == str(seconds)
        assert resolve(ALARMS[f"{name}SlowAlarm"]["Threshold"], told) == seconds * 1000 * 4 // 5


def test_every_function_that_a_queue_feeds_has_a_loop_guard_and_every_dead_letter_queue_an_alarm() -> None:
    fed = {
        name
        for name, function in FUNCTIONS.items()
        if any(event["Type"] == "SQS" for event in function["Properties"]["Events"].values())
    }
    guarded = {
        alarm["Dimensions"][0]["Value"]["Ref"]
        for alarm in ALARMS.values()
        if alarm["MetricName"] == "RecursiveInvocationsDropped"
    }
    assert guarded == fed
    drained = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for alarm in ALARMS.values() if alarm["Namespace"] == "AWS/SQS"
    }
    assert drained == {name for name in resources("AWS::SQS::Queue") if "DeadLetterQueue" in name}


def test_the_notifier_takes_every_description_apart() -> None:
    for name, alarm in ALARMS.items():
        state = {"AlarmName": name, "NewStateValue": "ALARM", "AlarmDescription": resolve(alarm["AlarmDescription"])}
        read = read_alarm(json.dumps(state))
        assert (read.meaning, f"Next: {read.command}", f"Runbook: {read.runbook}") == tuple(described(name))


def test_an_alarm_that_reached_nobody_is_kept() -> None:
    notify = FUNCTIONS["NotifyFunction"]["Properties"]
    lost = {"Fn::GetAtt": ["NotifyDeadLetterQueue", "Arn"]}
    assert notify["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == lost
    assert grants("NotifyRole")["sqs:SendMessage"] == [lost]
    assert grants("NotifyRole")["sns:Publish"] == [{"Ref": "EmailTopic"}]
    assert notify["Events"]["Alarm"]["Properties"]["Topic"] == {"Ref": "AlarmsTopic"}


def test_only_cloudwatch_of_this_account_publishes_alarms() -> None:
    [policy] = resources("AWS::SNS::TopicPolicy").values()
    allow, deny = policy["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    topics = {"AlarmsTopic", "EmailTopic"}
    assert {ref["Ref"] for ref in policy["Properties"]["Topics"]} == topics == set(resources("AWS::SNS::Topic"))


def test_the_dashboard_is_json_and_names_what_is_there() -> None:
    [dashboard] = resources("AWS::CloudWatch::Dashboard").values()
    body = dashboard["Properties"]["DashboardBody"]["Fn::Sub"]
    for name in re.findall(r"\$\{([\w:]+)", body):
        assert name.startswith("AWS::") or name in resources() or name in template()["Parameters"], name
    widgets = json.loads(str(resolve(dashboard["Properties"]["DashboardBody"])))["widgets"]
    shown = {str(row[1]) for widget in widgets for row in widget["properties"]["metrics"] if isinstance(row[0], str)}
    assert {"OldestUnappliedSeconds", "EventApplied", "ReceivedToApplied", "EventsParked", "CommissionSettled"} <= shown
    assert {dead_gauge(cause) for cause in Cause} <= shown


POLICIES = {"operator": "OperatorPolicy", "operator-pii": "OperatorPiiPolicy", "broker": "BrokerPolicy"}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_allows_the_actions_that_are_its_own_and_no_others(policy: str) -> None:
    document: dict[str, Any] = resources("AWS::IAM::ManagedPolicy")[POLICIES[policy]]["Properties"]["PolicyDocument"]
    invoke, find = document["Statement"]
    base = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${OperateApi}/v1/POST/operate/"
    own = [name for name, (_, _, needed) in ACTIONS.items() if needed == policy]
    assert (invoke["Effect"], invoke["Action"]) == ("Allow", "execute-api:Invoke")
    assert invoke["Resource"] == [{"Fn::Sub": base + name} for name in own]
    # By its name and whatever id: AWS need not have resolved the name when it looks at the policy.
    stack = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${AWS::StackName}/*"
    assert (find["Action"], find["Resource"]) == ("cloudformation:DescribeStacks", {"Fn::Sub": stack})


def test_every_action_is_in_one_policy_and_the_api_takes_signed_requests_only() -> None:
    assert {needed for _, _, needed in ACTIONS.values()} == set(POLICIES)
    api = resources("AWS::Serverless::Api")["OperateApi"]["Properties"]
    assert api["Auth"] == {"DefaultAuthorizer": "AWS_IAM", "InvokeRole": "NONE"}
    event = FUNCTIONS["OperateFunction"]["Properties"]["Events"]["Action"]["Properties"]
    assert (event["Path"], event["Method"]) == ("/operate/{action}", "POST")
    assert (event["RestApiId"], "Auth" in event) == ({"Ref": "OperateApi"}, False)
