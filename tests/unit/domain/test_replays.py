"""An applied event that is sent again under a corrected mapping takes back what it said the first time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.deal import DealFacts
from domain.merging import merge
from domain.terms import Role
from tests.builders import wanted
from tests.fakes.deals import MemoryDealStore
from tests.unit.domain.test_merging import apply_all, content, envelope, facts, person

IDS = map(str, itertools.count(1000))


def replay(store: MemoryDealStore, events: list[DealFacts], job: str) -> list[tuple[str, ...]]:
    """Send these again; gives what each changed."""
    changed = []
    for event in events:
        message = replace(envelope(event), replay=job)
        change = merge(event, store.load(message, wanted(event)), message, lambda: next(IDS))
        store.commit(change, event.occurred_at)
        changed.append(change.changed)
    return changed


def values(store: MemoryDealStore) -> dict[str, Any]:
    deal = store.deal("transactions", "T-1")
    assert deal is not None
    return {name: getattr(deal.details, name) for name in deal.marks if getattr(deal.details, name) is not None}


def test_what_the_event_now_says_replaces_what_it_said() -> None:
    store = apply_all([facts(1, reference="wrong", office="North")])
    assert replay(store, [facts(1, reference="right", office="North")], "job-1") == [("reference",)]
    assert values(store) == {"reference": "right", "office": "North"}


def test_what_a_newer_event_said_stays() -> None:
    store = apply_all([facts(1, reference="wrong"), facts(2, reference="newer")])
    assert replay(store, [facts(1, reference="right")], "job-1") == [()]
    assert values(store) == {"reference": "newer"}


def test_what_the_event_says_no_more_is_cleared_and_an_older_event_may_fill_it_again() -> None:
    store = apply_all([facts(1, office="North"), facts(2, reference="A", office="wrong field")])
    replay(store, [facts(2, reference="A")], "job-1")
    assert values(store) == {"reference": "A"}
    replay(store, [facts(1, office="North")], "job-1")
    assert values(store) == {"reference": "A", "office": "North"}


def test_a_replay_that_says_the_same_changes_nothing() -> None:
    event = facts(1, people=[person(Role.BUYER, "P-1", name="Ann Lee", email="a@x.test")], reference="A")
    store = apply_all([event])
    before = content(store)
    assert replay(store, [event], "job-1") == [()]
    assert content(store) == before


def test_a_person_is_corrected_too() -> None:
    store = apply_all([facts(1, people=[person(Role.BUYER, "P-1", name="Ann Lee", company="555-0100")])])
    replay(store, [facts(1, people=[person(Role.BUYER, "P-1", name="Ann Lee", phone="+15550100")])], "job-1")
    (contact,) = store.people.values()
    assert contact.values == {"name": "Ann Lee", "phone": "+15550100"}


def test_an_event_that_lists_nobody_any_more_leaves_the_list_to_older_ones() -> None:
    older = facts(1, people=[person(Role.BUYER, "P-1", name="Ann Lee")])
    store = apply_all([older, facts(2, people=[person(Role.BUYER, "P-2", name="Bob Ray")])])
    replay(store, [facts(2), older], "job-1")
    deal = store.deal("transactions", "T-1")
    assert deal is not None
    assert [store.people[link.contact_id].values["name"] for link in deal.participants] == ["Ann Lee"]


SAID = st.dictionaries(
    st.sampled_from(["reference", "office", "lead_source", "title_file_number"]),
    st.sampled_from(["a", "b", None]),
)


@given(then=st.lists(SAID, min_size=1, max_size=5), now=st.lists(SAID, min_size=5, max_size=5), order=st.randoms())
def test_two_replays_of_all_events_end_as_if_the_mapping_had_always_been_right(
    then: list[dict[str, str | None]], now: list[dict[str, str | None]], order: Any
) -> None:
    store = apply_all([facts(n, **said) for n, said in enumerate(then)])
    corrected = [facts(n, **now[n]) for n in range(len(then))]
    for job in ("job-1", "job-2"):  # the first takes everything back that was wrong, the second fills what that freed
        shuffled = list(corrected)
        order.shuffle(shuffled)
        replay(store, shuffled, job)
    assert values(store) == values(apply_all(corrected))
    assert set(replay(store, corrected, "job-3")) == {()}
