"""Makes metrics of what the functions of the local cloud log: on AWS, CloudWatch does that; MiniStack does not.

    python dev/metrics_bridge.py --endpoint http://127.0.0.1:4566

It reads the log groups of the functions on the emulator, takes the lines in the embedded metric format, and puts their
values to the emulator's CloudWatch, which looks at its alarms whenever it is given a value, and only then.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What the names of our log groups begin with.
GROUPS = "/dealwire/"

#: What the namespace of our metrics begins with.
OURS = "Dealwire"

#: Seconds between two looks at the logs, and looks between two at the alarms.
LOOK_S = 1.0
ALARMS_EVERY = 5

#: A worker's lines may come into the log a little later than their time says.
OVERLAP_MS = 5_000

#: AWS's limit of one PutMetricData.
MOST_VALUES = 150


@dataclass
class Reader:
    """Reads each line of the log groups once.

    Attributes:
        logs: client of CloudWatch Logs.
        newest: by group, the time of the newest line that was read.
        seen: by group, the lines that the next look may find again.
    """

    logs: Any
    newest: dict[str, int] = field(default_factory=dict)
    seen: dict[str, set[tuple[int, str, str]]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The lines with metrics that nobody has read yet."""
        for group in self.logs.describe_log_groups(logGroupNamePrefix=GROUPS)["logGroups"]:
            yield from self._of_group(group["logGroupName"])

    def _of_group(self, group: str) -> Iterator[str]:
        start = max(0, self.newest.get(group, 0) - OVERLAP_MS)
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=start, filterPattern='"_aws"'
        )
        found = {
            (event["timestamp"], event["logStreamName"], event["message"]) for page in pages for event in page["events"]
        }
        fresh = sorted(found - self.seen.get(group, set()))
        self.seen[group] = found
        self.newest[group] = max([self.newest.get(group, 0), *(at for at, _, _ in fresh)])
        yield from (message for _, _, message in fresh)


def metrics(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(namespace, datum of PutMetricData) of every metric that the line holds.

    Without its time: alarms here look at the last ten seconds only, and a busy laptop may be later than that.
    """
    start = line.find("{")
    if start < 0 or '"_aws"' not in line:
        return
    try:
        held: dict[str, Any] = json.loads(line[start:])
        found = [
            (str(directive["Namespace"]), {"Dimensions": named(names, held), **datum(metric, held)})
            for directive in held["_aws"]["CloudWatchMetrics"]
            for names in directive["Dimensions"] or [[]]
            for metric in directive["Metrics"]
        ]
    except (KeyError, TypeError, ValueError):
        return
    yield from found


def named(names: list[str], held: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": str(held[name])} for name in names]


def datum(metric: Mapping[str, str], held: Mapping[str, Any]) -> dict[str, Any]:
    value = held[metric["Name"]]
    values = value if isinstance(value, list) else [value]
    return {"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"), "Values": values[:MOST_VALUES]}


def quiet(alarms: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(namespace, metric) of what raised an alarm and, if it does not happen again, ends it.

    On AWS an alarm whose missing data is not breaching is over by itself; here it needs a value to be looked at again.
    """
    for alarm in alarms:
        if alarm.get("TreatMissingData") == "notBreaching" and alarm["Namespace"].startswith(OURS):
            yield alarm["Namespace"], alarm["MetricName"]


def main() -> None:
    from cli.tools import emulator_client

    parser = argparse.ArgumentParser(description="Metrics of the local cloud, from its functions' logs.")
    parser.add_argument("--endpoint", required=True, help="URL of the emulator")
    endpoint = parser.parse_args().endpoint
    reader, cloudwatch = Reader(emulator_client(endpoint, "logs")), emulator_client(endpoint, "cloudwatch")
    for look in itertools.count():
        try:
            for line in reader.lines():
                for namespace, found in metrics(line):
                    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[found])
            if look % ALARMS_EVERY == 0:
                raised = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
                for namespace, metric in quiet(raised):
                    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": metric, "Value": 0}])
        except Exception as error:  # noqa: BLE001 - the emulator starts beside this; one fault is not the end
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
