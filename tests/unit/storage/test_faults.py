"""The adapters above DynamoDB when it throttles, leaves work undone, or another writer was first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from domain.agents import AgentKey
from domain.deal import Contact, Deal, DealRole, StageObservation
from domain.errors import Cause, Conflict, Unavailable
from domain.marks import Mark
from domain.ports import Change, Waiting
from domain.stages import Stage
from domain.terms import Role
from storage import dynamo
from storage.agents import CACHE_S, CACHE_SIZE, DynamoAgentDirectory
from storage.records import APPLIED, build_writes, event_key
from storage.waiting import DynamoWaitingRoom
from tests.builders import NOW, agent, envelope
from transforms.rules import MAX_AGENTS, MAX_PEOPLE


class Now:
    """A clock that a test moves, and the pauses that were made."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def directory(client: Any, clock: Now) -> DynamoAgentDirectory:
    return DynamoAgentDirectory(client, "Agents", clock.pauses.append, clock)


def row(agent_id: str) -> dict[str, Any]:
    one = agent(agent_id)
    fields = {"source": one.key.source, "agent_id": one.key.agent_id, "name": one.name, "licence": one.licence}
    rest = {"office": one.office, "crm_user_id": one.crm_user_id, "crm_contact_id": one.crm_contact_id}
    return dict(dynamo.to_wire(fields | rest))


def answers(stubbed: Stubber, *agent_ids: str) -> None:
    found = {"Responses": {"Agents": [row(one) for one in agent_ids]}, "UnprocessedKeys": {}}
    stubbed.add_response("batch_get_item", found, {"RequestItems": ANY})


def key(agent_id: str = "A-1") -> AgentKey:
    return AgentKey("transactions", agent_id)


# -------------------------------------------------------------------------------------------------- agent directory


def test_a_hit_is_asked_for_again_only_when_it_is_old(
    directory: DynamoAgentDirectory, stubbed: Stubber, clock: Now
) -> None:
    answers(stubbed, "A-1")
    assert directory.lookup([key()]).keys() == {key()}
    clock.seconds = CACHE_S - 1
    assert directory.lookup([key()]).keys() == {key()}
    answers(stubbed, "A-1")
    clock.seconds = CACHE_S
    assert directory.lookup([key()]).keys() == {key()}


def test_a_miss_is_asked_for_each_time(directory: DynamoAgentDirectory, stubbed: Stubber) -> None:
    answers(stubbed)
    answers(stubbed)
    answers(stubbed, "A-1")
    assert [len(directory.lookup([key()])) for _ in range(3)] == [0, 0, 1]


def test_only_what_is_not_remembered_is_asked_for(directory: DynamoAgentDirectory, stubbed: Stubber) -> None:
    answers(stubbed, "A-1")
    directory.lookup([key("A-1")])
    asked = {"Keys": [dynamo.to_wire({"source": "transactions", "agent_id": "A-2"})], "ConsistentRead": True}
    found = {"Responses": {"Agents": [row("A-2")]}, "UnprocessedKeys": {}}
    stubbed.add_response("batch_get_item", found, {"RequestItems": {"Agents": asked}})
    assert directory.lookup([key("A-1"), key("A-2")]).keys() == {key("A-1"), key("A-2")}


def test_a_fresh_look_goes_past_what_is_remembered(directory: DynamoAgentDirectory, stubbed: Stubber) -> None:
    answers(stubbed, "A-1")
    directory.lookup([key()])
    answers(stubbed)
    assert directory.lookup([key()], fresh=True) == {}


def test_an_outage_shows_what_is_remembered_and_nothing_else(directory: DynamoAgentDirectory, stubbed: Stubber) -> None:
    answers(stubbed, "A-1")
    directory.lookup([key()])
    assert directory.lookup([key()]).keys() == {key()}
    stubbed.add_client_error("batch_get_item", "ThrottlingException")
    with pytest.raises(Unavailable):
        directory.lookup([key("A-2")])


def test_what_is_remembered_does_not_grow_without_end(directory: DynamoAgentDirectory, stubbed: Stubber) -> None:
    for number in range(0, CACHE_SIZE + 500, 100):
        ids = [f"A-{one}" for one in range(number, number + 100)]
        answers(stubbed, *ids)
        directory.lookup([key(one) for one in ids])
    assert len(directory._hits) <= CACHE_SIZE


def test_agents_that_were_left_unwritten_are_written_again(
    directory: DynamoAgentDirectory, stubbed: Stubber, clock: Now
) -> None:
    left = {"Agents": [{"PutRequest": {"Item": row("A-2")}}]}
    stubbed.add_response("batch_write_item", {"UnprocessedItems": left}, {"RequestItems": ANY})
    stubbed.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": left})
    directory.add([agent("A-1"), agent("A-2")])
    assert len(clock.pauses) == 1


def test_agents_that_stay_unwritten_are_an_outage_that_says_what_to_do(
    directory: DynamoAgentDirectory, stubbed: Stubber
) -> None:
    left = {"Agents": [{"PutRequest": {"Item": row("A-1")}}]}
    for _ in range(dynamo.UNPROCESSED_ROUNDS):
        stubbed.add_response("batch_write_item", {"UnprocessedItems": left}, {"RequestItems": left})
    with pytest.raises(Unavailable, match="run the import again"):
        directory.add([agent("A-1")])


# ------------------------------------------------------------------------------------------------------ waiting room


@pytest.fixture
def room(client: Any) -> DynamoWaitingRoom:
    return DynamoWaitingRoom(client, "Events", "Agents", lambda _: None)


def waiting(**changes: Any) -> Waiting:
    fields: dict[str, Any] = {"cause": Cause.PROVIDER_API, "reason": "503", "since": NOW, "due_at": NOW}
    return Waiting(envelope=envelope(), **{**fields, **changes})


def conflict(stubbed: Stubber, code: str = "ConditionalCheckFailed") -> None:
    cancelled = {"CancellationReasons": [{"Code": code}]}
    stubbed.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=cancelled)


def event_row(stubbed: Stubber, **row: Any) -> None:
    found = {"Item": dynamo.to_wire({**event_key("transactions#evt-1"), **row})} if row else {}
    stubbed.add_response("get_item", found, {"TableName": "Events", "Key": ANY, "ConsistentRead": True})


def test_deferring_an_event_that_was_applied_meanwhile_is_no_error(room: DynamoWaitingRoom, stubbed: Stubber) -> None:
    conflict(stubbed)
    event_row(stubbed, state=APPLIED)
    room.defer(waiting())


@pytest.mark.parametrize("held", [{}, {"state": "waiting"}])
def test_deferring_beside_another_writer_is_a_conflict_and_not_silence(
    room: DynamoWaitingRoom, stubbed: Stubber, held: dict[str, str]
) -> None:
    conflict(stubbed, "TransactionConflict")
    event_row(stubbed, **held)
    with pytest.raises(Conflict):
        room.defer(waiting())


def test_a_throttled_deferral_is_an_outage_and_not_silence(room: DynamoWaitingRoom, stubbed: Stubber) -> None:
    conflict(stubbed, "ThrottlingError")
    with pytest.raises(Unavailable):
        room.defer(waiting())


def test_parking_beside_the_import_of_the_agent_is_a_conflict(room: DynamoWaitingRoom, stubbed: Stubber) -> None:
    event_row(stubbed)
    conflict(stubbed)
    with pytest.raises(Conflict):
        room.park(waiting(cause=Cause.UNKNOWN_AGENT, missing=frozenset({key()})))


def test_rescheduling_goes_on_after_one_that_changed_and_stops_at_an_outage(
    room: DynamoWaitingRoom, stubbed: Stubber
) -> None:
    stubbed.add_client_error("update_item", "ConditionalCheckFailedException")
    stubbed.add_client_error("update_item", "ProvisionedThroughputExceededException")
    with pytest.raises(Unavailable):
        room.reschedule([waiting(), waiting(), waiting()], NOW + timedelta(minutes=10))


@pytest.mark.parametrize("state", ["applied", "dead", "discarded"])
def test_closing_what_was_decided_meanwhile_is_no_error(room: DynamoWaitingRoom, stubbed: Stubber, state: str) -> None:
    event_row(stubbed, state="waiting")
    conflict(stubbed)
    event_row(stubbed, state=state)
    room.close("transactions#evt-1")


def test_closing_beside_another_writer_is_a_conflict_and_not_silence(room: DynamoWaitingRoom, stubbed: Stubber) -> None:
    event_row(stubbed, state="waiting")
    conflict(stubbed, "TransactionConflict")
    event_row(stubbed, state="waiting")
    with pytest.raises(Conflict):
        room.close("transactions#evt-1")


# ------------------------------------------------------------------------------------------------------ one transaction


def test_the_largest_change_of_a_deal_fits_one_transaction() -> None:
    before = [DealRole(f"old-{number}", Role.OTHER) for number in range(MAX_PEOPLE)]
    after = [DealRole(f"new-{number}", Role.OTHER) for number in range(MAX_PEOPLE)]
    deal = Deal(id="d", source="transactions", source_id="T-1", version=2, participants=tuple(after), ever_closed=True)
    change = Change(
        envelope=envelope(),
        deal_id="d",
        about="transactions/T-1",
        deal=deal,
        deal_before=deal,
        contacts=[(Contact(link.contact_id, 1), 0) for link in after],
        aliases={("contact", "transactions", link.contact_id): link.contact_id for link in after},
        roles_added=after,
        roles_retired=before,
        observation=None,
        commission_due=True,
        parked_under=frozenset({key(f"A-{number}") for number in range(MAX_AGENTS)}),
    )
    writes = build_writes(change, NOW, "Records", "Events")
    assert len(writes) <= 100
    touched = [str(next(iter(write.values()))) for write in writes]
    assert len(touched) == len(set(touched))


def test_a_stage_observation_is_kept_under_the_order_of_its_mark() -> None:
    def stage_key(order: int) -> str:
        seen = StageObservation(
            stage=Stage.ACTIVE,
            reason=None,
            occurred_at=NOW,
            mark=Mark(order, "evt"),
            source="transactions",
            event_type="deal.updated",
        )
        change = Change(
            envelope=envelope(), deal_id="d", about="transactions/T-1", deal=None, deal_before=None, observation=seen
        )
        writes: list[Any] = build_writes(change, NOW, "R", "E")
        (found,) = [sk for write in writes if (sk := write["Put"]["Item"]["sk"]["S"]).startswith("STAGE#")]
        return str(found)

    assert stage_key(9) < stage_key(10) < stage_key(1_790_000_000_000_000)
