"""Plan and deal files as an administrator writes them."""

from __future__ import annotations

PLAN = """plan: house
title: House 70/30
status: verified
sources: [{url: "https://example.com/plan", read: 2026-01-05}]
counters:
  company_dollar: {year: calendar, cap: 18000}
split: {company: 30, capped_by: company_dollar}
"""

DEAL = """deal: D-1
price: 500000
contract_date: 2026-09-01
closing_date: 2026-10-01
sides:
  - side: listing
    commission: {percent: 3}
    agents:
      - {agent: dana, name: Dana Reyes, share: "1/2", licence: L-1}
      - {agent: sam, name: Sam Poe, share: "1/2", licence: L-2}
opening:
  dana: {company_dollar: 17000}
"""

BROKERAGE = """legal_name: Example Realty LLC
address: 1 Main St, Missoula MT 59801
phone: 406-555-0100
email: office@example.com
licence: RRE-BRO-LIC-1
ein: 12-3456789
broker: {name: Ruth Adler, licence: LIC-RUTH, identity: "arn:aws:iam::123456789012:role/brokers"}
"""
