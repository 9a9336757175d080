"""template.yaml as data, and the arguments with which moto builds its tables and queues."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]

#: What CloudFormation would know; the account is moto's.
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "dealwire-test",
    "AWS::URLSuffix": "amazonaws.com",
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read as their long ones."""


def _long_form(loader: yaml.Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        value = value.split(".", 1) if suffix == "GetAtt" else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


@lru_cache(maxsize=1)
def template() -> dict[str, Any]:
    """The whole template, intrinsic functions in their long forms."""
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Loader)
    return loaded


def resources(kind: str = "") -> dict[str, dict[str, Any]]:
    """Logical id to resource, of one type or of all."""
    return {name: found for name, found in template()["Resources"].items() if kind in ("", found["Type"])}


def defaults() -> dict[str, Any]:
    """Parameter to default."""
    return {name: parameter["Default"] for name, parameter in template()["Parameters"].items()}


def resolve(value: Any, parameters: Mapping[str, Any] | None = None) -> Any:
    """The value as deployed with these parameters (else the defaults), in the account of `PSEUDO`."""
    known = PSEUDO | defaults() | (parameters or {})
    match value:
        case {"Ref": name}:
            return known[name] if name in known else _physical(name)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:{_service(name)}:us-east-1:123456789012:{_physical(name)}"
        case {"Fn::GetAtt": [name, "QueueName"]}:
            return _physical(name)
        case {"Fn::FindInMap": [name, first, second]}:
            return template()["Mappings"][name][str(resolve(first, parameters))][resolve(second, parameters)]
        case {"Fn::Sub": str() as text}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: _substitute(found[1], known), text)
        case dict():
            return {key: resolve(item, parameters) for key, item in value.items()}
        case list():
            return [resolve(item, parameters) for item in value]
    return value


def _substitute(name: str, known: Mapping[str, Any]) -> str:
    return str(resolve({"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}, known))


def _physical(logical: str) -> str:
    properties = template()["Resources"][logical]["Properties"]
    return str(resolve(properties["QueueName"])) if "QueueName" in properties else logical


def _service(logical: str) -> str:
    return str(template()["Resources"][logical]["Type"].split("::")[1].lower())


def role_statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """(role, statement) of every inline policy."""
    for name, role in resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


def as_list(value: Any) -> list[Any]:
    """A list of what CloudFormation takes as a list or as one thing."""
    return value if isinstance(value, list) else [value]


def grants(role: str) -> dict[str, list[Any]]:
    """Action to resources, of one role."""
    found: dict[str, list[Any]] = {}
    for name, statement in role_statements():
        if name == role:
            for action in as_list(statement["Action"]):
                found.setdefault(action, []).extend(as_list(statement["Resource"]))
    return found


def tables() -> dict[str, dict[str, Any]]:
    """Logical id to the arguments of boto3's `create_table`; the table is named by its logical id."""
    kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    made: dict[str, dict[str, Any]] = {}
    for name, table in resources("AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        made[name] = {"TableName": name} | {key: properties[key] for key in kept if key in properties}
        if "StreamSpecification" in properties:
            made[name]["StreamSpecification"] = {"StreamEnabled": True} | properties["StreamSpecification"]
    return made


def queues() -> dict[str, dict[str, Any]]:
    """Logical id to the arguments of boto3's `create_queue`, in an order in which they can be created."""
    made = {}
    for name, queue in resources("AWS::SQS::Queue").items():
        properties = resolve(
            {key: item for key, item in queue["Properties"].items() if key not in ("Tags", "QueueName")}
        )
        attributes = {key: _attribute(item) for key, item in properties.items()}
        made[name] = {"QueueName": _physical(name), "Attributes": attributes}
    return dict(sorted(made.items(), key=lambda item: "RedrivePolicy" in item[1]["Attributes"]))


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)
