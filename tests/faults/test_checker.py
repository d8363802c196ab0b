"""The judge is judged: whatever is done to a clean run, it says exactly that."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.checker import FrameId, Kept, Sent, Watch, Word, judge, newest, settled

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUN = "00000001"

frame_ids = st.builds(FrameId, st.just(RUN), st.sampled_from(["bay-1", "bay-2", "bench-1"]), st.integers(0, 40))
frames = st.frozensets(frame_ids, max_size=30)


def word(frame):
    return Word(NOON + timedelta(seconds=frame.seq), frame.seq, "free" if frame.seq % 2 else "occupied")


def kept(good, bad=(), *, events=None, states=None):
    """A database that holds these frames once each, unless it is told otherwise."""
    words = [(frame.device, word(frame)) for frame in (good if events is None else events)]
    return Kept(
        journal=list(good),
        dead_letters=list(bad),
        events=list(good if events is None else events),
        words=words,
        states=newest(words) if states is None else states,
    )


def sent(offered, acknowledged=None, poison=()):
    return Sent(offered=offered, acknowledged=offered if acknowledged is None else acknowledged, poison=poison)


@given(frames, frames)
def test_a_run_without_faults_is_clean(good, bad):
    bad -= good
    verdict = judge(sent(good | bad, poison=bad), kept(good, bad))

    assert (verdict.faults, str(verdict)) == ({}, "clean")


@given(frames, st.data())
def test_what_was_not_acknowledged_may_be_kept_or_not(good, data):
    stored = data.draw(st.frozensets(st.sampled_from(sorted(good)))) if good else good

    assert judge(sent(good, acknowledged=frozenset()), kept(stored)).faults == {}


@given(frames, frames, frames, frames, st.data())
def test_it_names_exactly_what_was_done(good, lost, doubled, foreign, data):
    """Any mixture of the faults at once, each found whole, none mistaken for another."""
    lost &= good
    doubled = (doubled & good) - lost
    foreign = frozenset(frame._replace(run="other") for frame in foreign)
    stored = good - lost
    rows = [*stored, *doubled, *foreign]
    order = data.draw(st.permutations(rows))

    verdict = judge(sent(good), kept(order))

    assert (verdict.missing, verdict.duplicate, verdict.stowaway) == (lost, doubled, foreign)
    assert verdict.faults.keys() <= {"missing", "duplicate", "stowaway"}


@given(frames, frames)
def test_once_in_the_journal_and_once_among_the_dead_letters_is_twice(good, both):
    both &= good

    assert judge(sent(good), kept(good, both)).duplicate == both


@given(frames, frames)
def test_a_good_frame_among_the_dead_letters_and_a_bad_one_in_the_journal_are_misjudged(frames, poison):
    poison &= frames
    swapped = judge(sent(frames, poison=poison), kept(poison, frames - poison))

    assert swapped.misjudged == frames


@given(frames, frames)
def test_every_frame_of_the_journal_has_one_event(good, without):
    without &= good
    verdict = judge(sent(good), kept(good, events=good - without))

    assert verdict.underived == without


@given(frames, frames)
def test_what_a_scenario_excuses_is_counted_apart(good, lost):
    lost &= good
    verdict = judge(sent(good), kept(good - lost), excused=lost)

    assert (verdict.missing, verdict.lost_in_flight, verdict.faults) == (frozenset(), lost, {})


@given(frames, st.data())
def test_the_present_must_be_the_newest_word(good, data):
    whole = kept(good)
    for asset, right in whole.states.items():
        older = data.draw(st.sampled_from([None, right._replace(observed_at=right.observed_at - timedelta(days=1))]))
        states = {**whole.states, asset: older} if older else {k: v for k, v in whole.states.items() if k != asset}
        verdict = judge(sent(good), kept(good, states=states))
        assert [text.split(":")[0] for text in verdict.backwards] == [asset]


words = st.builds(
    Word, st.integers(0, 5).map(lambda s: NOON + timedelta(seconds=s)), st.integers(0, 5), st.sampled_from("fo")
)


@given(st.lists(st.tuples(st.sampled_from("ab"), words)), st.randoms(use_true_random=False))
def test_the_newest_word_does_not_depend_on_the_order(said, chance):
    shuffled = list(said)
    chance.shuffle(shuffled)

    assert newest(shuffled) == newest(said)


@given(st.lists(st.tuples(words, st.integers(0, 9)), max_size=10))
def test_a_watch_notes_each_step_back_and_no_other(steps):
    watch = Watch()
    for said, revision in steps:
        watch.see({"bay-1": said}, revision)
    falls = sum((b[0] < a[0]) + (b[1] < a[1]) for a, b in pairwise(steps))

    assert len(watch.backwards) == falls


def test_a_state_that_disappears_went_backwards():
    watch = Watch()
    watch.see({"bay-1": Word(NOON, 1, "free")}, 1)
    watch.see({}, 2)

    assert len(watch.backwards) == 1


@given(frames, frames, frames)
def test_it_is_settled_when_all_is_acknowledged_and_all_of_that_stored(offered, acknowledged, stored):
    acknowledged &= offered
    expected = acknowledged == offered and offered <= stored

    assert settled(sent(offered, acknowledged), stored) == expected
    assert settled(sent(offered), offered - acknowledged, excused=acknowledged)


def test_a_verdict_names_examples_and_how_many_more():
    lost = [FrameId(RUN, "bay-1", number) for number in range(5)]
    verdict = judge(sent(lost), kept([]), broken=["not stored within 60 s"])

    assert str(verdict) == (
        "5 missing: 00000001:bay-1:0, 00000001:bay-1:1, 00000001:bay-1:2, ...; 1 broken: not stored within 60 s"
    )
