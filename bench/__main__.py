"""`make bench`: progress on stderr, one JSON object as the last line on stdout."""

from __future__ import annotations

import json
import sys

from bench.apply_cost import apply_cost
from bench.cold import deliver_cold_ratio, ingest_cold_ratio, process_cold_ratio
from bench.commissions import oracle, statements_per_second, year_replay_s
from bench.dlq_page import dlq_page_items_read
from bench.drain import calls_per_bundle, drain, drain_naively
from bench.resync import resync_writes
from bench.settle_cost import settle_cost
from bench.throughput import deals_per_second
from bench.webhook_to_crm import webhook_to_crm


def main() -> None:
    """Take every measure; a figure per key, counts at 1,000 and at 20,000 stored deals or dead letters."""
    figures: dict[str, object] = {}
    cold = {
        "ingest_cold_ratio": ingest_cold_ratio,
        "process_cold_ratio": process_cold_ratio,
        "deliver_cold_ratio": deliver_cold_ratio,
    }
    for name, measure in cold.items():
        print(f"· {name}", file=sys.stderr)
        figures[name] = round(measure(), 3)
    print("· deals_per_second, deal_over_json", file=sys.stderr)
    per_second, over_json = deals_per_second()
    figures |= {"deals_per_second": round(per_second), "deal_over_json": round(over_json, 1)}
    print("· apply_requests, apply_items_read", file=sys.stderr)
    small, large = apply_cost(1_000), apply_cost(20_000)
    figures["apply_requests"] = {"1000": small[0], "20000": large[0]}
    figures["apply_items_read"] = {"1000": small[1], "20000": large[1]}
    print("· dlq_page_items_read", file=sys.stderr)
    figures["dlq_page_items_read"] = {"1000": dlq_page_items_read(1_000), "20000": dlq_page_items_read(20_000)}
    figures |= commissions()
    figures |= delivery()
    print("· webhook_to_crm_p50_s, webhook_to_crm_p99_s", file=sys.stderr)
    median, slowest = webhook_to_crm()
    figures |= {"webhook_to_crm_p50_s": round(median, 1), "webhook_to_crm_p99_s": round(slowest, 1)}
    print(json.dumps(figures))


def commissions() -> dict[str, object]:
    """What settling costs, how fast statements are computed, and whether a second implementation says the same."""
    print("· statements_per_second, year_replay_s", file=sys.stderr)
    figures: dict[str, object] = {"statements_per_second": round(statements_per_second())}
    figures["year_replay_s"] = round(year_replay_s(), 2)
    print("· settle_requests, settle_items_read", file=sys.stderr)
    small, large = settle_cost(1_000), settle_cost(20_000)
    figures["settle_requests"] = {"1000": small[0], "20000": large[0]}
    figures["settle_items_read"] = {"1000": small[1], "20000": large[1]}
    print("· oracle_deals, oracle_differences, oracle_features", file=sys.stderr)
    tally = oracle()
    figures |= {"oracle_deals": tally.deals, "oracle_differences": len(tally.differences)}
    figures["oracle_features"] = dict(sorted(tally.features.items()))
    return figures


def delivery() -> dict[str, object]:
    """How a backlog goes to a slow CRM, by us and by a naive worker; and what a second run over the same writes."""
    print("· calls_per_bundle, resync_writes", file=sys.stderr)
    figures: dict[str, object] = {"calls_per_bundle": calls_per_bundle(), "resync_writes": resync_writes()}
    print("· drain_time_ratio, drain_429_ratio, writes_per_record, permit_writes_per_call", file=sys.stderr)
    ours = drain()
    figures |= {"drain_time_ratio": round(ours.time_ratio, 3), "drain_429_ratio": round(ours.throttled_ratio, 4)}
    figures |= {"writes_per_record": round(ours.writes_per_record, 3)}
    figures |= {"permit_writes_per_call": round(ours.permit_writes_per_call, 2)}
    print("· naive_drain_time_ratio, naive_429_ratio, naive_duplicates", file=sys.stderr)
    naive = drain_naively()
    figures |= {
        "naive_drain_time_ratio": round(naive.time_ratio, 3),
        "naive_429_ratio": round(naive.throttled_ratio, 4),
    }
    return figures | {"naive_duplicates": naive.duplicates}


if __name__ == "__main__":  # the processes that compare deals import this module again
    main()
