"""History: every second as an oracle tells it, whatever the order, and never more told anew than can have changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.observations import Observation, Quality
from domain.retelling import Words, retell, rewrite
from domain.spans import FOREVER, Closed, spans_of
from domain.states import State
from domain.uplinks import Kind

ORIGIN = datetime(2026, 3, 29, tzinfo=UTC)
HORIZON = 600


@pytest.fixture(scope="module")
def oracle():
    from tests.conftest import load

    return load(Path(__file__).parent / "history_oracle.py")


def at(seconds):
    return ORIGIN + timedelta(seconds=seconds)


def observation(word):
    return Observation(
        at=at(word["at"]),
        f_cnt=word["f_cnt"],
        device_key=word["device"],
        kind=word["kind"],
        taken=word["taken"],
        counts_until=at(word["until"]),
        counted=word["counted"],
        previous_for=None if word["previous"] is None else timedelta(seconds=word["previous"]),
        debounce=timedelta(seconds=word["debounce"]),
        capacity=word["capacity"],
    )


def closed(closures):
    return [Closed(at(begins), at(ends)) for begins, ends in closures]


CAPACITY = 100
COUNTS = [-3, 0, 0, 2, 10, 10, 12, 18, 72, 85, 99, 103, 110, 111, 500]


@st.composite
def words(draw, most=14, of=None):
    """What one asset's devices said: `of` a bay, a bench, or an area with its capacity."""
    of = of or draw(kinds)
    counted = of != "bay"
    numbers = {"bay": st.integers(0, 1), "bench": st.integers(0, 3), "area": st.sampled_from(COUNTS)}
    chosen = draw(
        st.lists(
            st.tuples(
                st.one_of(st.integers(0, 40), st.integers(0, 480)),
                st.sampled_from([0, 0.25, 0.5]),
                st.integers(0, 6),
                st.sampled_from([1, 1, 2]),
                st.sampled_from([Kind.EVENT, Kind.EVENT, Kind.HEARTBEAT]),
                numbers[of],
                st.sampled_from([5, 60, 200]),
                st.sampled_from([None, None, 0, 20, 90]),
                st.sampled_from([0, 0, 10, 30]),
            ),
            max_size=most,
        )
    )
    names = ("second", "part", "f_cnt", "device", "kind", "taken", "lasts", "previous", "debounce")
    found = [dict(zip(names, one, strict=True)) for one in chosen]
    for word in found:
        word["at"] = word["second"] + word["part"]
        word["until"] = word["at"] + word["lasts"]
        word["counted"] = counted
        word["previous"] = None if counted else word["previous"]
        word["capacity"] = CAPACITY if of == "area" else None
        word["debounce"] = 0 if of == "area" else word["debounce"]
    return found


kinds = st.sampled_from(["bay", "bench", "area"])


@st.composite
def two_batches(draw):
    """What one asset said, and what was said late."""
    of = draw(kinds)
    return draw(words(of=of)), draw(words(most=4, of=of))


@st.composite
def closures(draw):
    chosen = draw(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 150)), max_size=3))
    return [(begins, begins + lasts) for begins, lasts in chosen]


def by_second(spans, until=HORIZON):
    answer = [None] * until
    for span in spans:
        for second in range(max(0, _second(span.begins_at)), min(until, _second(span.ends_at))):
            assert answer[second] is None, "spans overlap"
            answer[second] = (span.state.value, span.taken, span.quality.value)
    return answer


def _second(moment):
    return HORIZON if moment >= FOREVER else round((moment - ORIGIN).total_seconds())


@settings(max_examples=400, deadline=None)
@given(words=words(), closures=closures())
def test_every_second_is_as_the_oracle_says(oracle, words, closures):
    spans = spans_of(map(observation, words), closed(closures))

    assert by_second(spans) == oracle.moments(words, closures, HORIZON)


@settings(max_examples=400, deadline=None)
@given(words=words(), closures=closures())
def test_arrivals_and_departures_are_those_that_the_oracle_counts(oracle, words, closures):
    spans = spans_of(map(observation, words), closed(closures))

    counted = [(_second(span.begins_at), span.arrivals, span.departures) for span in spans]
    assert [one for one in counted if one[1] or one[2]] == oracle.arrivals(words, closures, HORIZON)


@settings(deadline=None)
@given(words=words(), closures=closures(), data=st.data())
def test_any_order_and_any_repetition_give_the_same_spans(words, closures, data):
    told = [observation(word) for word in words]
    again = data.draw(st.permutations([*told, *told[:3]]))

    assert spans_of(again, reversed(closed(closures))) == spans_of(told, closed(closures))


@settings(deadline=None)
@given(words=words(), closures=closures())
def test_spans_have_no_gap_and_are_as_long_as_they_can_be(words, closures):
    spans = spans_of(map(observation, words), closed(closures))

    assert all(before.ends_at == after.begins_at for before, after in pairwise(spans))
    assert all(span.begins_at < span.ends_at for span in spans)
    assert not any(after.continues(before) for before, after in pairwise(spans))
    assert not spans or spans[-1].ends_at == FOREVER


def around(told, since, until, context):
    """What a database would give: so many words before and after, and all between."""
    ordered = sorted(told, key=lambda word: word.order)
    before = [word for word in ordered if word.at < since]
    after = [word for word in ordered if word.at >= until + timedelta(seconds=1)]
    between = [word for word in ordered if since <= word.at < until + timedelta(seconds=1)]
    return Words(
        observations=[*before[-context:], *between, *after[:context]],
        whole_before=len(before) <= context,
        whole_after=len(after) <= context,
    )


def told_anew(kept, told, closures, since, until):
    """The kept spans after a change, and how many words it took on each side."""
    for context in range(1, 100):
        found = retell(around(told, since, until, context), closures, since=since, until=until)
        if found is not None:
            change = rewrite(kept, found)
            left = [span for span in kept if span.begins_at not in change.gone]
            return sorted([*left, *change.new], key=lambda span: span.begins_at), change
    raise AssertionError("no number of words is enough")


@settings(max_examples=500, deadline=None)
@given(batches=two_batches(), closures=closures(), more=closures())
def test_told_anew_around_a_change_is_as_told_from_the_beginning(batches, closures, more):
    first, late = batches
    early, both = [observation(word) for word in first], [observation(word) for word in first + late]
    kept = spans_of(early, closed(closures))
    changed = [(word["second"], word["second"]) for word in late] + more
    since, until = (at(min(b for b, _ in changed)), at(max(e for _, e in changed))) if changed else (at(0), at(0))

    now, change = told_anew(kept, both, closed(closures + more), since, until)

    whole = spans_of(both, closed(closures + more))
    assert now == whole
    assert different(by_second(kept), by_second(whole)) <= touched(change)
    assert different(comings(kept), comings(whole)) <= touched(change)
    assert (change.touched is None) == (kept == whole)


@settings(max_examples=400, deadline=None)
@given(
    numbers=st.lists(st.sampled_from([10, 10, 10, 12, 85]), min_size=6, max_size=14),
    late=st.dictionaries(st.integers(0, 14), st.sampled_from([10, 85, 111]), min_size=1, max_size=2),
)
def test_a_late_count_changes_what_its_neighbours_are_taken_for(numbers, late):
    early = counts(*numbers, every=20)
    more = [word(20 * n + 10, taken=number, counted=True, capacity=CAPACITY) for n, number in late.items()]
    moments = sorted(one.at for one in more)

    now, _ = told_anew(spans_of(early, []), early + more, [], moments[0], moments[-1])

    assert now == spans_of(early + more, [])


def comings(spans):
    counted = {_second(span.begins_at): (span.arrivals, span.departures) for span in spans}
    return [counted.get(second, (0, 0)) for second in range(HORIZON)]


def different(before, after):
    return {second for second, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]}


def touched(change):
    if change.touched is None:
        return set()
    begins_at, ends_at = change.touched
    return set(range(_second(begins_at), _second(ends_at)))


@settings(max_examples=300, deadline=None)
@given(words=words(), gone=st.sets(st.integers(0, 13)), closures=closures())
def test_words_that_are_taken_back_leave_no_trace(words, gone, closures):
    told = [observation(word) for word in words]
    left = [word for number, word in enumerate(told) if number not in gone]
    seconds = [words[number]["second"] for number in gone if number < len(words)] or [0]

    now, _ = told_anew(spans_of(told, closed(closures)), left, closed(closures), at(min(seconds)), at(max(seconds)))

    assert now == spans_of(left, closed(closures))


def word(seconds, *, taken, kind=Kind.EVENT, f_cnt=0, lasts=10_000, **more):
    return Observation(
        at=at(seconds), f_cnt=f_cnt, device_key=1, kind=kind, taken=taken, counts_until=at(seconds + lasts), **more
    )


def told(spans):
    return [(_seconds(span.begins_at), span.state, span.quality, span.arrivals, span.departures) for span in spans]


def _seconds(moment):
    return round((moment - ORIGIN).total_seconds())


def test_silence_is_unknown_from_the_end_of_the_last_word_on():
    assert told(spans_of([word(0, taken=1, lasts=50)], [])) == [
        (0, State.OCCUPIED, Quality.OBSERVED, 0, 0),
        (50, State.UNKNOWN, Quality.OBSERVED, 0, 0),
    ]


def test_a_departure_that_was_lost_is_inferred_between_two_arrivals_with_frames_missing():
    arrived = [word(0, taken=0, f_cnt=1), word(100, taken=1, f_cnt=2), word(300, taken=1, f_cnt=4)]

    assert told(spans_of(arrived, []))[1:4] == [
        (100, State.OCCUPIED, Quality.OBSERVED, 1, 0),
        (200, State.FREE, Quality.INFERRED, 0, 1),
        (300, State.OCCUPIED, Quality.OBSERVED, 1, 0),
    ]


def test_a_change_that_is_only_said_twice_is_one_change():
    said = [word(0, taken=0, f_cnt=1), word(100, taken=1, f_cnt=2), word(300, taken=1, f_cnt=3)]

    assert [one[:2] for one in told(spans_of(said, []))[:2]] == [(0, State.FREE), (100, State.OCCUPIED)]


def test_the_length_of_the_state_before_fills_the_time_that_nobody_told():
    said = [word(0, taken=1, lasts=50), word(300, taken=1, previous_for=timedelta(seconds=100))]

    assert told(spans_of(said, []))[:4] == [
        (0, State.OCCUPIED, Quality.OBSERVED, 0, 0),
        (50, State.UNKNOWN, Quality.OBSERVED, 0, 0),
        (200, State.FREE, Quality.INFERRED, 0, 1),
        (300, State.OCCUPIED, Quality.OBSERVED, 1, 0),
    ]


def test_flapping_is_smoothed_and_marked():
    minute = {"debounce": timedelta(seconds=60)}
    said = [word(0, taken=0, **minute), word(100, taken=1, **minute), word(120, taken=0, **minute)]

    assert told(spans_of(said, []))[:3] == [
        (0, State.FREE, Quality.OBSERVED, 0, 0),
        (100, State.FREE, Quality.REPAIRED, 0, 0),
        (120, State.FREE, Quality.OBSERVED, 0, 0),
    ]


def test_what_goes_on_behind_a_closure_is_neither_arrival_nor_departure():
    spans = spans_of([word(0, taken=0), word(100, taken=1)], closed([(50, 200)]))

    assert told(spans)[:3] == [
        (0, State.FREE, Quality.OBSERVED, 0, 0),
        (50, State.CLOSED, Quality.OBSERVED, 0, 0),
        (200, State.OCCUPIED, Quality.OBSERVED, 0, 0),
    ]


def test_a_heartbeat_touches_nothing_that_is_over():
    kept = spans_of([word(0, taken=1, lasts=100)], [])
    beat = word(80, taken=1, kind=Kind.HEARTBEAT, lasts=100)
    _, change = told_anew(kept, [word(0, taken=1, lasts=100), beat], [], at(80), at(80))

    assert change.touched == (at(100), at(181))
    assert [(_seconds(span.begins_at), _seconds(span.ends_at)) for span in change.new[:1]] == [(0, 180)]


def counts(*numbers, every=300):
    return [word(every * n, taken=number, counted=True, capacity=CAPACITY) for n, number in enumerate(numbers)]


def taken(spans):
    return [(_seconds(span.begins_at), span.taken, span.quality) for span in spans[:-1]]


def test_more_than_there_are_spaces_is_full_and_much_more_is_nothing():
    said = [word(0, taken=40, counted=True, capacity=CAPACITY, lasts=60), *counts(0, 110, 111, -1)[1:]]

    assert [(one.state, one.taken) for one in spans_of(said, [])] == [
        (State.OCCUPIED, 40),
        (State.UNKNOWN, 0),
        (State.OCCUPIED, 100),
        (State.UNKNOWN, 0),
    ]


def test_a_count_that_leaps_away_and_back_is_told_as_the_one_before_it():
    observed, repaired = Quality.OBSERVED, Quality.REPAIRED
    assert taken(spans_of(counts(20, 22, 95, 24, 23), [])) == [
        (0, 20, observed), (300, 22, observed), (600, 22, repaired), (900, 24, observed),
        (1200, 23, observed),
    ]  # fmt: skip
    assert taken(spans_of(counts(20, 22, 95, 96, 23), []))[2:] == [
        (600, 95, observed),
        (900, 96, observed),
        (1200, 23, observed),
    ]


def test_a_count_that_leaps_again_and_again_is_left_as_it_is():
    assert [one[1] for one in taken(spans_of(counts(10, 90, 10, 90, 10, 90), []))] == [10, 90, 10, 90, 10, 90]
