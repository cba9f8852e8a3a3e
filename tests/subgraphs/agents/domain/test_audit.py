"""The log: every change, removal, insertion and new order is noticed, at the end too."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from subgraphs.agents.domain.audit import GENESIS, Entry, Head, append, find_break

TENANT = UUID(int=5)
START = datetime(2026, 5, 4, 12, tzinfo=UTC)

values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
entries = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.dictionaries(st.text(max_size=4), values, max_size=3)),
    min_size=1,
    max_size=8,
)


def log_of(items: list[tuple[str, dict[str, Any]]]) -> list[Entry]:
    head, found = Head(), []
    for number, (kind, data) in enumerate(items):
        at = START + timedelta(microseconds=number)
        entry = append(TENANT, head, at, "workflow", kind, UUID(int=number), data)
        head = Head(entry.seq, entry.hash)
        found.append(entry)
    return found


def head_of(log: list[Entry]) -> Head:
    return Head(log[-1].seq, log[-1].hash)


@given(entries)
def test_a_log_that_nobody_touched_is_whole(items: Any) -> None:
    log = log_of(items)
    assert find_break(TENANT, log, after=Head(), until=head_of(log)) is None
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    assert log[0].prev_hash == GENESIS
    for split in range(len(log)):
        part = Head() if split == 0 else head_of(log[:split])
        assert find_break(TENANT, log[split:], after=part, until=head_of(log)) is None


@given(entries, st.data())
def test_any_change_is_noticed(items: Any, data: st.DataObject) -> None:
    log = log_of(items)
    place = data.draw(st.integers(0, len(log) - 1))
    entry = log[place]
    changed = data.draw(
        st.sampled_from(
            [
                replace(entry, kind="C"),
                replace(entry, actor="user:1"),
                replace(entry, at=entry.at + timedelta(microseconds=1)),
                replace(entry, run_id=UUID(int=99)),
                replace(entry, run_id=None),
                replace(entry, data={**entry.data, "new": 1}),
                replace(entry, hash="f" * 64),
                replace(entry, prev_hash="f" * 64),
                replace(entry, seq=entry.seq + 1),
            ]
        )
    )
    found = find_break(TENANT, [*log[:place], changed, *log[place + 1 :]], after=Head(), until=head_of(log))
    assert found is not None
    assert found.seq in (place + 1, place + 2)


@given(entries, st.data())
def test_a_change_with_a_hash_to_match_breaks_the_chain_after_it(items: Any, data: st.DataObject) -> None:
    log = log_of(items)
    place = data.draw(st.integers(0, len(log) - 1))
    entry = log[place]
    forged = append(TENANT, Head(entry.seq - 1, entry.prev_hash), entry.at, "user:1", entry.kind, None, entry.data)
    assert find_break(TENANT, [*log[:place], forged, *log[place + 1 :]], after=Head(), until=head_of(log)) is not None


@given(entries, st.data())
def test_any_removal_is_noticed_at_the_end_too(items: Any, data: st.DataObject) -> None:
    log = log_of(items)
    kept = data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log)))
    assume(not all(kept))
    rest = [entry for entry, keep in zip(log, kept, strict=True) if keep]
    assert find_break(TENANT, rest, after=Head(), until=head_of(log)) is not None


@given(entries, st.randoms(use_true_random=False))
def test_any_new_order_is_noticed(items: Any, chance: random.Random) -> None:
    log = log_of(items)
    shuffled = chance.sample(log, len(log))
    assume(shuffled != log)
    assert find_break(TENANT, shuffled, after=Head(), until=head_of(log)) is not None


@given(entries)
def test_another_tenants_log_is_not_ones_own(items: Any) -> None:
    log = log_of(items)
    assert find_break(UUID(int=6), log, after=Head(), until=head_of(log)) is not None
