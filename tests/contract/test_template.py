"""What cfn-lint and checkov do not see: numbers that belong together, grants that are too wide, names on two sides."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from cli import local_cloud, tools
from domain.agents import AgentKey
from domain.crm.rows import Kind, RowKey
from domain.errors import Cause
from domain.event_log import State
from flows.daily_reconcile import PAGE_S
from handlers.deliver import MOST_WAITS
from runtime import config
from runtime.config import NO_CRM
from runtime.wiring.suitecrm import CREDENTIAL, MARGIN_S
from storage.commissions import keys
from storage.delivery.keys import record_key
from storage.mending import DynamoMending
from tests.contract.logbook import LATER, dead, entry, version
from tests.template import (
    ROOT,
    as_list,
    defaults,
    grants,
    queues,
    resolve,
    resources,
    role_statements,
    tables,
    template,
)

FUNCTIONS = resources("AWS::Serverless::Function")
QUEUES = resources("AWS::SQS::Queue")
TABLES = resources("AWS::DynamoDB::Table")

#: Managed by the account, or by nobody: CloudFormation takes no tags for them.
TAGLESS = {
    "AWS::ApiGateway::Account",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::ManagedPolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}

#: Actions that AWS offers no resource for; each may stand on "*".
NO_RESOURCES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


#: The objects of our buckets have no names that a template could know, and a stream has the time at which it was made.
NAMELESS = {
    "s3:GetObject": [{"Fn::Sub": "${ArchiveBucket.Arn}/*"}, {"Fn::Sub": "${DocumentsBucket.Arn}/*"}],
    "s3:PutObject": [
        *({"Fn::Sub": "${ArchiveBucket.Arn}/*"}, {"Fn::Sub": "${ArchiveBucket.Arn}/edits/*"}),
        {"Fn::Sub": "${DocumentsBucket.Arn}/*"},
    ],
    "s3:DeleteObjectVersion": [{"Fn::Sub": "${ArchiveBucket.Arn}/*"}],
    "dynamodb:ListStreams": [{"Fn::Sub": "${RecordsTable.Arn}/stream/*"}],
}


def environments() -> dict[str, dict[str, Any]]:
    """The parameters of each deployment: the defaults, and those of samconfig.toml."""
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    found = {"defaults": defaults()}
    for name in ("local", "prod"):
        text = samconfig[name]["deploy"]["parameters"]["parameter_overrides"]
        found[name] = defaults() | dict(pair.split("=", 1) for pair in text.split())
    return found


ENVIRONMENTS = environments()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_message_stays_hidden_for_six_times_the_time_that_processing_may_take(environment: str) -> None:
    parameters = ENVIRONMENTS[environment]
    queue = resolve(QUEUES["TransactionsQueue"]["Properties"]["VisibilityTimeout"], parameters)
    function = resolve(FUNCTIONS["ProcessFunction"]["Properties"]["Timeout"], parameters)
    assert int(queue) >= 6 * int(function)


def test_cloudformation_refuses_every_pair_of_timeouts_that_breaks_the_rule() -> None:
    timeouts = template()["Parameters"]["ProcessTimeout"]["AllowedValues"]
    visibilities = template()["Parameters"]["VisibilityTimeout"]["AllowedValues"]
    allowed = {}
    rules = {name: rule for name, rule in template()["Rules"].items() if name.startswith("VisibilityFor")}
    for rule in rules.values():
        _, timeout = rule["RuleCondition"]["Fn::Equals"]
        [assertion] = rule["Assertions"]
        allowed[int(timeout)] = [int(value) for value in assertion["Assert"]["Fn::Contains"][0]]
    assert allowed == {timeout: [value for value in visibilities if value >= 6 * timeout] for timeout in timeouts}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_fault_that_nobody_understands_has_as_many_attempts_as_process_is_told(environment: str) -> None:
    parameters = ENVIRONMENTS[environment]
    redrive = resolve(QUEUES["TransactionsQueue"]["Properties"]["RedrivePolicy"], parameters)
    told = resolve(FUNCTIONS["ProcessFunction"]["Properties"]["Environment"]["Variables"]["MAX_RECEIVES"], parameters)
    assert int(redrive["maxReceiveCount"]) == int(told) >= 3


def test_dead_letters_outlive_what_their_source_keeps() -> None:
    for name, queue in QUEUES.items():
        redrive = queue["Properties"].get("RedrivePolicy")
        if redrive:
            dead = QUEUES[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]["Properties"]
            assert dead["MessageRetentionPeriod"] == 14 * 86_400, name
            assert dead["MessageRetentionPeriod"] > queue["Properties"]["MessageRetentionPeriod"], name


def test_a_dead_letter_queue_takes_messages_of_its_own_source_only() -> None:
    made = queues()
    source = resolve({"Fn::GetAtt": ["TransactionsQueue", "Arn"]})
    allow = resolve(QUEUES["TransactionsDeadLetterQueue"]["Properties"]["RedriveAllowPolicy"])
    assert allow == {"redrivePermission": "byQueue", "sourceQueueArns": [source]}
    assert source.endswith(f":{made['TransactionsQueue']['QueueName']}")
    for name, queue in QUEUES.items():
        assert "RedrivePolicy" in queue["Properties"] or "RedriveAllowPolicy" in queue["Properties"], name


def test_every_queue_is_encrypted_and_refuses_plain_http() -> None:
    [policy] = resources("AWS::SQS::QueuePolicy").values()
    assert {ref["Ref"] for ref in policy["Properties"]["Queues"]} == set(QUEUES)
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {ref["Fn::GetAtt"][0] for ref in statement["Resource"]} == set(QUEUES)
    assert all(queue["Properties"]["SqsManagedSseEnabled"] for queue in QUEUES.values())


def test_a_batch_reports_its_failures_one_by_one_and_nothing_is_filtered_away() -> None:
    for name, function in FUNCTIONS.items():
        for event in function["Properties"]["Events"].values():
            if event["Type"] == "SQS":
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
                # SQS deletes what a filter does not match.
                assert "FilterCriteria" not in event["Properties"], name
                assert event["Properties"]["ScalingConfig"]["MaximumConcurrency"], name


@pytest.mark.parametrize("function", ["Process", "Deliver"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_reserved_concurrency_covers_what_the_queue_may_use(environment: str, function: str) -> None:
    parameters = ENVIRONMENTS[environment]
    maximum, reserved = (int(parameters[f"{function}{kind}Concurrency"]) for kind in ("Maximum", "Reserved"))
    assert maximum >= 2
    assert reserved == 0 or reserved >= maximum


def test_no_grant_has_a_wildcard_action() -> None:
    wide = [
        (role, action)
        for role, statement in role_statements()
        for action in as_list(statement["Action"])
        if "*" in action
    ]
    assert wide == []


def test_a_grant_on_everything_is_one_that_aws_offers_no_resource_for() -> None:
    for role, statement in role_statements():
        for resource in as_list(statement["Resource"]):
            text = str(resource)
            if text == "*":
                assert set(as_list(statement["Action"])) <= NO_RESOURCES, role
            elif "*" in text:
                assert resource in NAMELESS.get(statement["Action"], []), role


def test_functions_have_only_roles_that_are_written_out_here() -> None:
    for name, function in FUNCTIONS.items():
        assert "Policies" not in function["Properties"], name
        role = resources("AWS::IAM::Role")[function["Properties"]["Role"]["Fn::GetAtt"][0]]
        assert "ManagedPolicyArns" not in role["Properties"], name


def test_nobody_may_scan_a_table_or_delete_a_record() -> None:
    for role, statement in role_statements():
        actions = as_list(statement["Action"])
        assert not {"dynamodb:Scan", "dynamodb:PartiQLSelect"} & set(actions), role
        if "dynamodb:DeleteItem" in actions:
            assert as_list(statement["Resource"]) == [{"Fn::GetAtt": ["EventsTable", "Arn"]}], role


#: What each function's code does to each table, and no more.
TABLE_GRANTS = {
    "ProcessRole": {
        "RecordsTable": {"BatchGetItem", "GetItem", "PutItem", "UpdateItem", "ConditionCheckItem"},
        "AgentDirectoryTable": {"BatchGetItem", "ConditionCheckItem"},
        "EventsTable": {"GetItem", "BatchGetItem", "PutItem", "DeleteItem"},
    },
    "SweepRole": {
        "EventsTable": {"UpdateItem"},
        "${EventsTable.Arn}/index/due": {"Query"},
        "AgentDirectoryTable": {"BatchGetItem"},
        "RecordsTable": {"GetItem"},
        "${RecordsTable.Arn}/index/due": {"Query"},
    },
    "RingRole": {
        "RecordsTable": {"BatchGetItem"},
        "RecordsTable.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator"},
        "${RecordsTable.Arn}/stream/*": {"ListStreams"},
    },
    "DeliverRole": {
        "RecordsTable": {"BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem"},
        "${RecordsTable.Arn}/index/due": {"Query"},
        "${RecordsTable.Arn}/index/by_contact": {"Query"},
        "EventsTable": {"PutItem"},
    },
    "SettleRole": {
        "RecordsTable": {"BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "ConditionCheckItem"},
        "RecordsTable.StreamArn": {"DescribeStream", "GetRecords", "GetShardIterator"},
        "${RecordsTable.Arn}/stream/*": {"ListStreams"},
        "${RecordsTable.Arn}/index/due": {"Query"},
        "EventsTable": {"GetItem", "PutItem"},
    },
    "ReconcileRole": {
        "RecordsTable": {"BatchGetItem", "GetItem", "Query", "UpdateItem"},
        "${RecordsTable.Arn}/index/due": {"Query"},
    },
    "IngestRole": {},
    "BuryRole": {"EventsTable": {"BatchGetItem", "GetItem", "Query", "PutItem", "DeleteItem"}},
    "WatchRole": {
        "EventsTable": {"BatchGetItem", "GetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem"},
        "${EventsTable.Arn}/index/due": {"Query"},
        "${EventsTable.Arn}/index/open": {"Query"},
        "${EventsTable.Arn}/index/by_day": {"Query"},
        "RecordsTable": {"GetItem"},
        "${RecordsTable.Arn}/index/due": {"Query"},
    },
    "OperateRole": {
        "EventsTable": {
            *("BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"),
        },
        "${EventsTable.Arn}/index/due": {"Query"},
        "${EventsTable.Arn}/index/open": {"Query"},
        "${EventsTable.Arn}/index/by_deal": {"Query"},
        "${EventsTable.Arn}/index/by_day": {"Query"},
        "AuditTable": {"PutItem", "Query"},
        "${AuditTable.Arn}/index/by_day": {"Query"},
        "RecordsTable": {"BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem"},
        "${RecordsTable.Arn}/index/due": {"Query"},
        "${RecordsTable.Arn}/index/by_contact": {"Query"},
        "AgentDirectoryTable": {"BatchGetItem", "Query", "BatchWriteItem"},
    },
    "NotifyRole": {"${EventsTable.Arn}/index/open": {"Query"}},
}


def test_the_grants_of_every_function_are_listed_here() -> None:
    assert set(TABLE_GRANTS) == {function["Properties"]["Role"]["Fn::GetAtt"][0] for function in FUNCTIONS.values()}


@pytest.mark.parametrize("role", TABLE_GRANTS)
def test_a_function_may_do_to_a_table_what_its_code_does_and_no_more(role: str) -> None:
    granted: dict[str, set[str]] = {}
    for action, found in grants(role).items():
        for resource in found if action.startswith("dynamodb:") else []:
            table = ".".join(resource["Fn::GetAtt"]) if "Fn::GetAtt" in resource else resource["Fn::Sub"]
            table = table.removesuffix(".Arn")
            granted.setdefault(table, set()).add(action.removeprefix("dynamodb:"))
    assert granted == TABLE_GRANTS[role]


class Writes:
    """In the place of a DynamoDB client: keeps which kinds of writes a transaction makes to which tables."""

    def __init__(self) -> None:
        self.made: set[tuple[str, str]] = set()

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 # the API's name
        for item in TransactItems:
            [(kind, request)] = item.items()
            self.made.add((request["TableName"], "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"))


@pytest.mark.parametrize("state", [State.DEAD, State.PARKED])
def test_operate_may_do_what_mending_an_event_writes(state: State) -> None:
    client = Writes()
    mending = DynamoMending(cast("Any", client), "EventsTable", "AuditTable")
    missing = frozenset({AgentKey("transactions", "A-9")}) if state is State.PARKED else frozenset()
    record = dataclasses.replace(dead(), state=state, cause=Cause.UNKNOWN_AGENT, missing=missing)
    mending.release(record, now=LATER, due_at=LATER, entry=entry())
    mending.discard(record, now=LATER, entry=entry())
    mending.edit(record, version(), entry())
    granted = {(table, action) for table, actions in TABLE_GRANTS["OperateRole"].items() for action in actions}
    assert client.made <= granted
    assert (("EventsTable", "DeleteItem") in client.made) is (state is State.PARKED)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_bell_stays_hidden_for_six_times_the_time_that_delivering_may_take(environment: str) -> None:
    parameters = ENVIRONMENTS[environment]
    for seconds in template()["Parameters"]["DeliverTimeout"]["AllowedValues"]:
        told = parameters | {"DeliverTimeout": str(seconds)}
        assert resolve(QUEUES["CrmSyncQueue"]["Properties"]["VisibilityTimeout"], told) == 6 * seconds
        # A call that hangs leaves time to write down what became of it, and what was begun beside it.
        assert template()["Parameters"]["CrmOperationTimeout"]["MaxValue"] + MARGIN_S < seconds


def test_bells_ring_apart_row_by_row_and_only_their_sender_says_which_are_the_same() -> None:
    bells, dead = (QUEUES[name]["Properties"] for name in ("CrmSyncQueue", "CrmSyncDeadLetterQueue"))
    assert bells["FifoQueue"] is dead["FifoQueue"] is True
    assert bells["QueueName"]["Fn::Sub"].endswith(".fifo")
    assert dead["QueueName"]["Fn::Sub"].endswith(".fifo")
    # By content, the second change of a row within five minutes would ring nobody.
    assert bells["ContentBasedDeduplication"] is False
    assert (bells["DeduplicationScope"], bells["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
    assert bells["RedrivePolicy"]["maxReceiveCount"] == 100 > MOST_WAITS
    allowed = resolve(dead["RedriveAllowPolicy"])
    source = resolve({"Fn::GetAtt": ["CrmSyncQueue", "Arn"]})
    assert allowed == {"redrivePermission": "byQueue", "sourceQueueArns": [source]}


def test_a_change_of_what_the_crm_holds_rings_at_once_and_a_sync_row_does_not() -> None:
    event = FUNCTIONS["RingFunction"]["Properties"]["Events"]["Changed"]
    assert (event["Type"], event["Properties"]["Stream"]) == ("DynamoDB", {"Fn::GetAtt": ["RecordsTable", "StreamArn"]})
    [found] = event["Properties"]["FilterCriteria"]["Filters"]
    pattern = json.loads(found["Pattern"])
    assert pattern["eventName"] == ["INSERT", "MODIFY"]
    deal, contact = (record_key(RowKey(kind, "id")) for kind in (Kind.DEAL, Kind.CONTACT))
    assert deal is not None
    assert contact is not None
    assert pattern["dynamodb"] == {"Keys": {"sk": {"S": [deal["sk"], contact["sk"], {"prefix": keys.RECORDS}]}}}
    assert "MaximumBatchingWindowInSeconds" not in event["Properties"]


def test_without_an_external_crm_nothing_rings_and_nothing_is_delivered() -> None:
    on = {"Fn::If": ["DeliversToCrm", True, False]}
    assert FUNCTIONS["RingFunction"]["Properties"]["Events"]["Changed"]["Properties"]["Enabled"] == on
    assert FUNCTIONS["DeliverFunction"]["Properties"]["Events"]["CrmSync"]["Properties"]["Enabled"] == on
    assert template()["Conditions"]["DeliversToCrm"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CrmKind"}, NO_CRM]}]}
    assert ENVIRONMENTS["defaults"]["CrmKind"] == NO_CRM


def test_a_crm_without_an_address_is_not_deployed() -> None:
    [assertion] = template()["Rules"]["CrmHasAnAddress"]["Assertions"]
    default = ENVIRONMENTS["defaults"]["CrmBaseUrl"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CrmBaseUrl"}, default]}]}


def test_who_logs_in_to_the_crm_and_who_delivers_rings_no_bell() -> None:
    readers = {
        role for role, statement in role_statements() if {"Ref": "SuiteCrmSecret"} in as_list(statement["Resource"])
    }
    assert readers == {"DeliverRole", "OperateRole", "ReconcileRole"}
    assert secrets_of("DeliverRole") == {f"crm/{CREDENTIAL}"}
    # Lambda stops a chain of messages that comes round: the sweeper rings again.
    assert grants("DeliverRole")["sqs:SendMessage"] == [{"Fn::GetAtt": ["TransactionsDeadLetterQueue", "Arn"]}]
    assert grants("RingRole")["sqs:SendMessage"] == [{"Fn::GetAtt": ["CrmSyncQueue", "Arn"]}]


def test_ingest_reaches_no_table_and_no_provider() -> None:
    ingest = grants("IngestRole")
    assert not [action for action in ingest if action.startswith("dynamodb:")]
    assert "s3:GetObject" not in ingest
    assert secrets_of("IngestRole") == {"webhooks/transactions", "webhooks/brokermint", "webhooks/dotloop"}


def test_process_reads_no_webhook_secret_and_never_sends_to_its_own_queue() -> None:
    assert secrets_of("ProcessRole") == {"providers/dotloop", "providers/brokermint"}
    assert grants("ProcessRole")["sqs:SendMessage"] == [{"Fn::GetAtt": ["TransactionsDeadLetterQueue", "Arn"]}]


def test_only_operate_writes_the_audit_trail_and_it_only_puts() -> None:
    audit = {"Fn::GetAtt": ["AuditTable", "Arn"]}
    for role, statement in role_statements():
        if audit in as_list(statement["Resource"]):
            assert role == "OperateRole"
            assert set(as_list(statement["Action"])) == {"dynamodb:PutItem", "dynamodb:Query"}


def test_operate_writes_edited_bodies_and_documents_only_and_sends_replays_to_the_queue_only() -> None:
    operate = grants("OperateRole")
    written = [{"Fn::Sub": "${ArchiveBucket.Arn}/edits/*"}, {"Fn::Sub": "${DocumentsBucket.Arn}/*"}]
    assert operate["s3:PutObject"] == written
    bells = {"Fn::GetAtt": ["CrmSyncQueue", "Arn"]}
    assert operate["sqs:SendMessage"] == [{"Fn::GetAtt": ["TransactionsQueue", "Arn"]}, bells]
    assert secrets_of("OperateRole") == {"providers/dotloop", "providers/brokermint", f"crm/{CREDENTIAL}"}


def test_edited_bodies_do_not_expire_with_the_webhooks_of_their_day() -> None:
    bucket = resources("AWS::S3::Bucket")["ArchiveBucket"]
    expiring = [rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["20"]


def test_whatever_dies_is_filed() -> None:
    dead = {name for name in QUEUES if "DeadLetterQueue" in name}
    events = FUNCTIONS["BuryFunction"]["Properties"]["Events"].values()
    assert {event["Properties"]["Queue"]["Fn::GetAtt"][0] for event in events} == dead
    fed = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in QUEUES.values()
        if "RedrivePolicy" in queue["Properties"]
    }
    for function in FUNCTIONS.values():
        destination = function["Properties"].get("EventInvokeConfig", {}).get("DestinationConfig")
        fed |= {destination["OnFailure"]["Destination"]["Fn::GetAtt"][0]} if destination else set()
    assert fed == dead
    timeout = FUNCTIONS["BuryFunction"]["Properties"]["Timeout"]
    for name in dead:
        assert QUEUES[name]["Properties"]["VisibilityTimeout"] >= 6 * timeout, name
        assert {"Fn::GetAtt": [name, "Arn"]} in grants("BuryRole")["sqs:ReceiveMessage"], name


def secrets_of(role: str) -> set[str]:
    """The secrets that a role may read, without their common prefix."""
    found = resources("AWS::SecretsManager::Secret")
    names = [
        found[ref["Ref"]]["Properties"]["Name"]["Fn::Sub"] for ref in grants(role)["secretsmanager:GetSecretValue"]
    ]
    return {name.removeprefix("dealwire/${EnvironmentName}/") for name in names}


def test_secrets_begin_as_random_values_under_the_prefix_that_the_functions_are_told() -> None:
    for name, secret in resources("AWS::SecretsManager::Secret").items():
        assert secret["Properties"]["Name"]["Fn::Sub"].startswith("dealwire/${EnvironmentName}/"), name
        assert "SecretString" not in secret["Properties"], name
        assert "GenerateSecretString" in secret["Properties"], name


@pytest.mark.parametrize("name", TABLES)
def test_a_table_can_be_restored_and_outlives_its_stack(name: str) -> None:
    table = TABLES[name]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["Properties"]["SSESpecification"] == {"SSEEnabled": True}
    assert "TimeToLiveSpecification" not in table["Properties"]


@pytest.mark.parametrize("name", resources("AWS::S3::Bucket"))
def test_a_bucket_is_private_encrypted_versioned_and_outlives_its_stack(name: str) -> None:
    bucket = resources("AWS::S3::Bucket")[name]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["Properties"]["BucketEncryption"]
    [policy] = [
        policy
        for policy in resources("AWS::S3::BucketPolicy").values()
        if policy["Properties"]["Bucket"] == {"Ref": name}
    ]
    [statement] = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_a_broker_signed_never_expires() -> None:
    assert "LifecycleConfiguration" not in resources("AWS::S3::Bucket")["DocumentsBucket"]["Properties"]


def test_every_function_writes_to_a_log_group_of_its_own_that_forgets() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert all(group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())
    used = {name: function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for name, function in FUNCTIONS.items()}
    assert len(set(used.values())) == len(FUNCTIONS)
    written = {
        api["Properties"]["AccessLogSetting"]["DestinationArn"]["Fn::GetAtt"][0]
        for api in resources("AWS::Serverless::Api").values()
    }
    assert set(groups) == set(used.values()) | written
    for name, group in used.items():
        role = FUNCTIONS[name]["Properties"]["Role"]["Fn::GetAtt"][0]
        assert grants(role)["logs:PutLogEvents"] == [{"Fn::GetAtt": [group, "Arn"]}]


def test_the_api_keeps_the_signed_bytes_and_logs_no_payload() -> None:
    apis = resources("AWS::Serverless::Api")
    assert apis["WebhooksApi"]["Properties"]["BinaryMediaTypes"] == ["*/*"]
    for api in apis.values():
        assert all(setting["DataTraceEnabled"] is False for setting in api["Properties"]["MethodSettings"])
        logged = api["Properties"]["AccessLogSetting"]["Format"]
        assert not re.search(r"\$input|\$context\.(requestOverride|authorizer)|querystring|header", logged)
        # Single sign-on puts an e-mail address into the names of a caller.
        assert set(re.findall(r"\$context\.identity\.(\w+)", logged)) == {"sourceIp"}


@pytest.mark.parametrize("name", ["Sweep", "Settle"])
def test_runs_do_not_overlap_and_a_lost_one_leaves_a_trace(name: str) -> None:
    function = FUNCTIONS[f"{name}Function"]["Properties"]
    schedule = function["Events"]["EveryMinute"]["Properties"]
    dead = {"Fn::GetAtt": ["SweepDeadLetterQueue", "Arn"]}
    assert function["Timeout"] < 60
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 60
    assert schedule["DeadLetterConfig"] == {"Arn": dead}
    # Scheduler's call is asynchronous: what the function itself raises is Lambda's to keep.
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == dead
    assert dead in grants(f"{name}Role")["sqs:SendMessage"]
    assert dead in grants(f"{name}ScheduleRole")["sqs:SendMessage"]


def test_a_commission_mark_that_is_set_or_changed_rings_settle_at_once_and_nothing_else_does() -> None:
    event = FUNCTIONS["SettleFunction"]["Properties"]["Events"]["Due"]
    assert (event["Type"], event["Properties"]["Stream"]) == ("DynamoDB", {"Fn::GetAtt": ["RecordsTable", "StreamArn"]})
    [found] = event["Properties"]["FilterCriteria"]["Filters"]
    # The stream carries keys only, so a filter on anything else would let nothing through.
    assert TABLES["RecordsTable"]["Properties"]["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    sort_key = keys.mark_key("id")["sk"]
    assert json.loads(found["Pattern"]) == {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"Keys": {"sk": {"S": [sort_key]}}},
    }
    assert "MaximumBatchingWindowInSeconds" not in event["Properties"]


def test_watches_do_not_overlap_and_each_hour_the_books_are_tied_out() -> None:
    watch = FUNCTIONS["WatchFunction"]["Properties"]
    minute, hour = (watch["Events"][name]["Properties"] for name in ("EveryMinute", "EveryHour"))
    assert watch["Timeout"] < 60
    assert (minute["ScheduleExpression"], hour["ScheduleExpression"]) == ("rate(1 minute)", "rate(1 hour)")
    assert "Input" not in minute
    assert json.loads(hour["Input"]) == {"task": "tie_out"}


def test_the_daily_check_goes_on_each_hour_and_only_where_there_is_a_crm() -> None:
    function = FUNCTIONS["ReconcileFunction"]["Properties"]
    schedule = function["Events"]["EveryHour"]["Properties"]
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert schedule["State"] == {"Fn::If": ["DeliversToCrm", "ENABLED", "DISABLED"]}
    assert PAGE_S < function["Timeout"] < 3600
    dead = {"Fn::GetAtt": ["SweepDeadLetterQueue", "Arn"]}
    assert schedule["DeadLetterConfig"] == {"Arn": dead}
    assert function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == dead
    assert dead in grants("ReconcileRole")["sqs:SendMessage"]
    assert dead in grants("ReconcileScheduleRole")["sqs:SendMessage"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_merely_being_retried_is_not_sent_again(environment: str) -> None:
    # The local cloud trades that for speed: an event that is sent twice changes nothing.
    parameters = ENVIRONMENTS[environment]
    if parameters["EnvironmentName"] != "local":
        assert int(parameters["RedriveAfter"]) >= 5 * int(parameters["VisibilityTimeout"])
        assert int(parameters["WalkMargin"]) >= 2 * int(parameters["IngestTimeout"])


def test_every_resource_says_whose_it_is() -> None:
    for name, resource in resources().items():
        if resource["Type"] in TAGLESS:
            continue
        tags = resource["Properties"].get("Tags")
        if resource["Type"] == "AWS::Serverless::Function":
            tags = template()["Globals"]["Function"]["Tags"]
        listed = {tag["Key"]: tag["Value"] for tag in tags} if isinstance(tags, list) else tags
        assert listed == {"Application": "dealwire", "Environment": {"Ref": "EnvironmentName"}}, name


def settings_classes() -> dict[str, type[Any]]:
    """Function to its settings: `IngestFunction` reads `IngestSettings`."""
    found = {
        f"{name.removesuffix('Settings')}Function": item
        for name, item in vars(config).items()
        if name.endswith("Settings")
    }
    return {name: item for name, item in found.items() if dataclasses.is_dataclass(item)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_the_variables_that_its_settings_name_and_no_others(name: str) -> None:
    given = set(FUNCTIONS[name]["Properties"]["Environment"]["Variables"])
    named = {field.name.upper() for field in dataclasses.fields(settings_classes()[name])}
    assert given - {"POWERTOOLS_SERVICE_NAME"} == named


def test_every_parameter_and_every_default_is_one_that_the_template_uses() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8").partition("\nRules:")[2]
    unused = [name for name in template()["Parameters"] if not re.search(rf"(!Ref |\$\{{){name}\b", text)]
    assert unused == []
    unknown = {name: set(parameters) - set(defaults()) for name, parameters in ENVIRONMENTS.items()}
    assert unknown == {name: set() for name in ENVIRONMENTS}


def test_no_room_hides_a_module_of_the_standard_library() -> None:
    rooms = {path.name for path in (ROOT / "src").iterdir()}
    assert not rooms & sys.stdlib_module_names


def test_moto_takes_the_tables_and_queues_as_the_template_states_them() -> None:
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        sqs = boto3.client("sqs", region_name="us-east-1")
        for table in tables().values():
            dynamodb.create_table(**table)
        urls = {name: sqs.create_queue(**queue)["QueueUrl"] for name, queue in queues().items()}
        attributes = sqs.get_queue_attributes(QueueUrl=urls["TransactionsQueue"], AttributeNames=["All"])["Attributes"]
    assert set(urls) == set(QUEUES)
    assert "TransactionsDeadLetterQueue" in attributes["RedrivePolicy"]
    assert attributes["VisibilityTimeout"] == "180"


def test_make_and_the_local_cloud_run_the_same_versions_of_their_tools() -> None:
    makefile = Path(ROOT / "Makefile").read_text(encoding="utf-8")
    for package, _ in (tools.SAM, tools.MINISTACK):
        assert package in makefile


def test_the_local_cloud_knows_the_name_under_which_it_deploys() -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    assert samconfig["local"]["deploy"]["parameters"]["stack_name"] == local_cloud.STACK
