"""What is agreed for one deal: every kind of mistake in its file is reported with its line and what to do."""

from __future__ import annotations

import pytest

from commissions.files.reading import read_agreement
from domain.errors import ConfigurationError

GOOD = """\
terms:
- {waive: file, agent: transactions/A-1, by: Bea, why: first deal, document: mail 7, agreed: 2026-02-01}
charges:
- {rule: relocation, code: referral, payee: acme, percent: 25, by: Bea, why: agreed, document: R-1, agreed: 2026-02-01}
- {rule: gift, code: fee, payee: company, flat: 50, stage: fees, agent: a-2, by: B, why: gift, document: R,
   agreed: 2026-02-01}
flags: [personal]
sides:
  buying:
    commission: {percent: 2, by: Bea, why: a friend, document: mail 8, agreed: 2026-02-01}
    offers: [{payer: builder, flat: 5000}]
    bonuses: [{title: Selling bonus, amount: 500, to: "agent:transactions/A-1"}]
  listing:
    payer: landlord
"""


def mistakes(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        read_agreement(GOOD.replace(old, new, 1), "agreed.yaml")
    return str(caught.value)


def test_an_agreement_without_mistakes_is_read() -> None:
    agreed = read_agreement(GOOD, "agreed.yaml")
    assert [(name, side.earns) for name, side in agreed.sides.given()] == [("listing", False), ("buying", True)]
    assert agreed.charges[1].flat == 5_000
    assert set(agreed.payees()) == {"acme", "company", "agent:transactions/A-1"}
    assert read_agreement("terms: []", "agreed.yaml").sides.buying is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            ", by: Bea, why: agreed, document: R-1, agreed: 2026-02-01",
            ", by: Bea",
            "agreed.yaml:4: charges[0]: without why, document, agreed: expected by, why, document, agreed of whoever",
        ),
        ("why: gift, document: R,", "", "add `why`, `document`"),
        ("by: B, why: gift", 'by: " ", why: gift', "agreed.yaml:5: charges[1]: without by"),
        (
            ", by: Bea, why: a friend, document: mail 8, agreed: 2026-02-01",
            "",
            "agreed.yaml:10: sides.buying.commission: without by, why, document, agreed",
        ),
        ("document: mail 8", "document: mail 8, agread: 2", "did you mean 'agreed'?"),
        ("mail 7, agreed: 2026-02-01", "mail 7", "agreed.yaml:2: terms[0].agreed"),
        ("waive: file", "split: 10, waive: file", "exactly one of waive, charge, split, cap"),
        ("  listing:", "  lsting:", "sides.lsting: expected a key of the language; did you mean 'listing'?"),
        ("    payer: landlord", "    bonuses: []", "sides.listing: nothing: expected what is agreed for this side"),
        (
            "    payer: landlord",
            "    agreement: {percent: 2, by: B, why: yes, document: d, agreed: 2026-02-01}",
            "sides.listing.agreement: on the listing side: expected the seller's terms",
        ),
        ("payer: landlord", "payer: company", "expected somebody outside the brokerage"),
        ("payer: landlord", "payer: x\n    offers: [{payer: y, flat: 1}]", "either `payer` or `offers`"),
        ("{payer: builder, flat: 5000}", "{payer: builder}", "sides.buying.offers[0]: no amount"),
        ("amount: 500", "amount: 0", "agreed.yaml:12: "),
        ("percent: 2, by", "percent: 200, by", "agreed.yaml:10: "),
        ("percent: 2, by", "by", "no amount: expected one of percent, flat, brackets"),
        ("mail 8, agreed: 2026-02-01", "mail 8, agreed: 1026-02-01", "sides.buying.commission.agreed"),
        (
            "percent: 2, by",
            "percent: 2, in_house: {percent: 1, by: Al}, by",
            "move `by`, `why`, `document` and `agreed` one level out",
        ),
        ("stage: fees, agent: a-2", "stage: fees", "expected an `agent` whose charge it is"),
        ("rule: gift", "rule: relocation", "a name of its own"),
        ("percent: 25", "percent: 25, side: selling", "expected a side of this deal"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_remedy(old: str, new: str, says: str) -> None:
    assert says in mistakes(old, new)


def test_a_file_without_keys_says_how_to_begin() -> None:
    with pytest.raises(ConfigurationError, match="holds no keys and values"):
        read_agreement("nothing", "agreed.yaml")
