"""What delivering to a CRM keeps: sync rows beside the records, claims, shared documents; and the bells' queue.

| pk | sk | what | read by |
|---|---|---|---|
| `DEAL#id`, `CONTACT#id` | of a record | beside it `due_kind`, `due_at`: the CRM is owed it | id; `due` |
| `DEAL#id` | `SYNC#DEAL` | the sync row of a deal | deal; `due` |
| same | `SYNC#COMMISSION#account` | the sync row of a commission record | deal; `due` |
| same | `SYNC#LINK#contact` | the sync row of a link | deal; `due` |
| `CONTACT#id` | `SYNC` | the sync row of a contact | id; `due` |
| `CLAIM#digest` | `CLAIM` | `holder`: the contact that may be created for this search term | digest |
| `CRM#SHARED` | name | a document that all workers share, guarded by `guard` | name |

Kinds of `due`: `crm`, `crm_backfill` (what is live goes first) and `crm_asks` (a person must decide). Never due, and
listed for reconcile and for people: `crm_refused`, and `crm_clean` with the time at which a row was confirmed.

A sync row: `known` is what people may want to read, `digests` the compressed maps of digests; `lease` and `lease_until`
while a worker has it; `rung` counts those who asked for a look at it, `look` if one of them wants the CRM read first;
`asked_at` since when a person is asked. Nothing is ever deleted.
"""
