"""Commissions in the table of the CRM store (storage/records.py); rendered documents on S3.

| pk | sk | what | read by |
|---|---|---|---|
| `DEAL#id` | `COMMISSION#DUE` | something to settle, with the event that set it | deal; `due`: kind `commission` |
| same | `COMMISSION` | the head: which calculation is current, guarded by `version` | deal |
| same | `COMMISSION#AGREEMENT` | what is agreed for this deal alone, guarded by `version` | deal |
| same | `CALC#000001` | a calculation as it was posted, never changed | deal, in order |
| same | `COMMISSION#RECORD#account` | an agent's record, `active` or `retired` | deal; `due`: storage/delivery |
| same | `CDA` | the CDA as it stands, guarded by `guard` | deal; `due`: kind `cda_draft`, `cda_approved`, ... |
| same | `CDA#000001` | a version that was approved, with what became of it | deal, in order |
| `OWNER#owner` | `DEAL#day number id` | one deal in an owner's ledger | owner, in closing order |
| `COUNTER#owner` | `counter#period` | a counter, guarded by `version` | owner, counter and period |
| `REPLAY#owner` | `REPLAY` | later deals to compute again | owner; `due`: kind `commission_replay` |
| `ACCOUNT#id` | `ACCOUNT` | a commission account, guarded by `version` | id |
| `ACCOUNTS` | id | that there is this account | list |
| `PLAN#name` | `VERSION#day` | a plan version, never changed | plan, by its days |
| `PLANS` | name | that there is this plan, and its latest number | list |
| `BROKERAGE` | `BROKERAGE` | the brokerage as its CDAs name it | key |

An owner is an agent's account, `team:NAME` or `shared:NAME`. Nothing is deleted here, so no function may delete a
record: a mark that was dealt with stays without `due_kind`, an entry that left the ledger stays as `gone`. Both read as
if they were not there, except to whoever asks for just those entries. That also keeps guards counting: what was read
before is never taken for what was set anew. One settlement is one transaction; nothing that it reads or writes grows
with the number of deals.
"""
