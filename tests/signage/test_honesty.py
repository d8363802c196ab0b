"""What must hold of every sign, whatever numbers, thresholds and form: a number that is not known is not shown."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.availability import Availability, Thresholds, availability
from domain.boards import Arrow, Board, BoardLine, Fallback, FallbackKind, LineMode
from domain.categories import Category
from domain.places import Sign, Site, SiteKind
from domain.snapshot import SiteStatus, Snapshot
from domain.states import Counts
from signage.forms import FORMS, Wanted
from signage.frame import Basis, render
from signage.memory import SignMemory, remembered

AS_OF = datetime(2026, 3, 2, 14, 32, 10, tzinfo=UTC)
MINUTE = timedelta(seconds=60)
WANTED = Wanted(address="https://signs.example/signs/s", publisher="Port Council")


def snapshot_of(board: Board, counts: Counts, **changes) -> Snapshot:
    site = Site(site_id="yard", name="Yard", kind=SiteKind.STREET, locality="", lon=0.0, lat=51.0)
    status = SiteStatus(
        site=site,
        bays=counts,
        benches=Counts(),
        categories={Category.GENERAL: counts},
        heard_at=AS_OF,
        heard={Category.GENERAL: AS_OF},
    )
    sign = Sign(sign_id="s", name="S", site_id="yard", lon=0.0, lat=51.0, board=board)
    given = {"revision": 7, "as_of": AS_OF, "sites": {"yard": status}, "assets": {}, "signs": {"s": sign}}
    return Snapshot(**(given | changes))


def board_of(**line) -> Board:
    return Board(sign_id="s", title="Mill approach", lines=(BoardLine(key="k", label="Yard", site_id="yard", **line),))


def frame_of(counts: Counts, *, late=timedelta(), memory=None, **line):
    board = board_of(**line)
    return render(board, snapshot_of(board, counts), now=AS_OF + late, validity=MINUTE, memory=memory)


def line_of(counts: Counts, **more):
    return frame_of(counts, **more).lines[0]


numbers = st.integers(0, 300)
some_counts = st.builds(Counts, **dict.fromkeys(("free", "occupied", "unknown", "closed"), numbers))
ordered = st.lists(st.integers(0, 120), min_size=4, max_size=4).map(sorted)
thresholds = ordered.map(
    lambda four: Thresholds(
        full_enter=four[0], full_leave=four[1], almost_full_enter=four[2], almost_full_leave=four[3]
    )
)
limits = st.fixed_dictionaries(
    {
        "minimum": st.integers(1, 20),
        "maximum": st.none() | st.integers(20, 250),
        "offset": st.integers(-40, 40),
        "step": st.integers(1, 10),
        "thresholds": thresholds,
        "min_coverage": st.floats(0.5, 1),
        "max_age": st.none() | st.integers(5, 3600).map(lambda s: timedelta(seconds=s)),
    }
)
modes = st.sampled_from(LineMode)
fallbacks = st.sampled_from(
    [Fallback(), Fallback(kind=FallbackKind.USUAL), Fallback(kind=FallbackKind.TEXT, text="see website")]
)
RANK = {Availability.FULL: 0, Availability.ALMOST_FULL: 1, Availability.SPACES: 2}


# --- hysteresis ---


@given(thresholds, st.lists(st.integers(1, 139), min_size=1, max_size=40), st.sampled_from([None, *Availability]))
def test_inside_a_band_the_word_never_changes(rule, walk, before):
    """Whatever happens between `enter` and `leave` of one threshold, the word stays what it was on the way in."""
    for low, high in ((rule.full_enter, rule.full_leave), (rule.almost_full_enter, rule.almost_full_leave)):
        inside = [free for free in walk if low < free <= high]
        words, previous = [], before
        for free in inside:
            previous = availability(Counts(free=free, occupied=140 - free), thresholds=rule, previous=previous)
            words.append(previous)
        assert len(set(words)) <= 1


@given(thresholds, st.lists(st.integers(1, 139), min_size=2, max_size=40))
def test_a_word_changes_only_beyond_a_whole_band(rule, walk):
    previous = None
    for free in walk:
        word = availability(Counts(free=free, occupied=140 - free), thresholds=rule, previous=previous)
        if previous is Availability.FULL and word is not previous:
            assert free > rule.full_leave
        if word is Availability.FULL and previous not in {None, word}:
            assert free <= rule.full_enter
        if previous is Availability.ALMOST_FULL and word is Availability.SPACES:
            assert free > rule.almost_full_leave
        if previous is Availability.SPACES and word is Availability.ALMOST_FULL:
            assert free <= rule.almost_full_enter
        previous = word


@given(thresholds, st.integers(0, 140), st.sampled_from(Availability))
def test_without_a_memory_the_word_is_the_worst_that_it_could_be(rule, free, previous):
    counts = Counts(free=free, occupied=140 - free)
    unknown_past = availability(counts, thresholds=rule)
    assert RANK[unknown_past] <= RANK[availability(counts, thresholds=rule, previous=previous)]


@given(thresholds, st.integers(0, 140), st.sampled_from([None, *Availability]))
def test_the_word_of_a_moment_is_no_news_to_that_moment(rule, free, previous):
    """So a server that has seen a snapshot already, and one that has not, say the same of it."""
    counts = Counts(free=free, occupied=140 - free)
    word = availability(counts, thresholds=rule, previous=previous)
    assert availability(counts, thresholds=rule, previous=word) is word


@given(thresholds, st.integers(0, 138), st.sampled_from([None, *Availability]))
def test_more_free_bays_are_never_a_worse_word(rule, free, previous):
    fewer, more = (
        availability(Counts(free=n, occupied=140 - n), thresholds=rule, previous=previous) for n in (free, free + 1)
    )
    assert RANK[fewer] <= RANK[more]


def test_a_car_park_at_its_threshold_keeps_its_word_for_as_long_as_it_hovers():
    rule = Thresholds(full_enter=2, full_leave=5, almost_full_enter=12, almost_full_leave=18)
    memory, words = {}, []
    board = board_of(thresholds=rule)
    for free in (20, 18, 13, 12, 14, 18, 19, 3, 2, 3, 5, 4, 6, 5):
        snapshot = snapshot_of(board, Counts(free=free, occupied=80 - free))
        memory = remembered(board, snapshot, memory, now=AS_OF)
        words.append(render(board, snapshot, now=AS_OF, validity=MINUTE, memory=memory).lines[0].state.value)
    assert words == ["spaces"] * 3 + ["almost_full"] * 3 + ["spaces", "almost_full"] + ["full"] * 4 + [
        "almost_full",
        "almost_full",
    ]


def test_a_process_remembers_each_sign_and_forgets_what_was_said_on_another_board():
    rule = Thresholds(full_enter=2, full_leave=5)
    board = board_of(thresholds=rule)
    memory = SignMemory()
    assert memory.of(board) == {}
    for free, word in (
        (6, Availability.SPACES),
        (4, Availability.SPACES),
        (2, Availability.FULL),
        (4, Availability.FULL),
    ):
        memory.observe(snapshot_of(board, Counts(free=free, occupied=14)), now=AS_OF)
        assert memory.of(board) == {"k": word}
    assert memory.of(replace(board, layout_version=2)) == {}


# --- numbers ---


@given(some_counts, limits, modes, fallbacks, st.integers(-100, 5000), st.sampled_from([None, *Availability]))
def test_a_number_is_known_covered_fresh_and_within_its_limits(counts, given_limits, mode, fallback, late_s, before):
    late = timedelta(seconds=late_s)
    line = line_of(
        counts, late=late, memory={"k": before} if before else None, mode=mode, fallback=fallback, **given_limits
    )
    if not re.search(r"\d", line.display):
        return
    assert (mode, line.basis) == (LineMode.AUTO, Basis.MEASURED)
    assert int(line.display) == line.count
    assert line.state in {Availability.SPACES, Availability.ALMOST_FULL}
    assert counts.coverage >= given_limits["min_coverage"]
    assert late < MINUTE
    assert given_limits["max_age"] is None or late < given_limits["max_age"]
    most = given_limits["maximum"] or counts.free + max(0, given_limits["offset"])
    assert 0 < line.count <= most
    assert line.count <= max(0, counts.free + given_limits["offset"])


@given(some_counts, limits, modes, st.sampled_from([None, *Availability]))
def test_full_and_closed_are_never_confused(counts, given_limits, mode, before):
    line = line_of(counts, memory={"k": before} if before else None, mode=mode, **given_limits)
    assert (line.display == "FULL") == (line.state is Availability.FULL)
    assert (line.display in {"CLOSED", "STAFF ONLY"}) == (line.state is Availability.CLOSED)
    if mode is LineMode.AUTO:
        all_closed = counts.capacity > 0 and counts.closed == counts.capacity
        assert (line.state is Availability.CLOSED) == all_closed
        if line.state is Availability.FULL:
            assert counts.occupied + counts.free > 0


@given(some_counts, st.sampled_from([None, *Availability]))
def test_without_limits_the_number_is_that_of_the_api(counts, before):
    line = line_of(counts, memory={"k": before} if before else None)
    word = availability(counts)
    assert line.state is word
    if word in {Availability.SPACES, Availability.ALMOST_FULL}:
        assert line.count == counts.free


@given(some_counts, limits, modes, st.sampled_from([None, *Availability]))
def test_the_same_revision_and_the_same_memory_are_the_same_frame(counts, given_limits, mode, before):
    memory = {"k": before} if before else None
    first, second = (frame_of(counts, mode=mode, memory=memory, **given_limits) for _ in range(2))
    assert first == second


# --- offsets, limits, coverage ---


@pytest.mark.parametrize(
    ("line", "free", "display"),
    [
        ({"offset": -3}, 10, "7"),
        ({"offset": -10}, 10, "FULL"),
        ({"offset": -40}, 10, "FULL"),
        ({"offset": 5}, 10, "15"),
        ({"maximum": 8}, 10, "8"),
        ({"minimum": 5}, 5, "5"),
        ({"minimum": 5}, 4, "FULL"),
        ({"step": 5}, 14, "10"),
        ({"step": 5}, 3, "3"),
        ({"step": 10, "maximum": 99}, 150, "90"),
        ({"mode": LineMode.BLANK}, 10, ""),
        ({"mode": LineMode.FULL}, 10, "FULL"),
        ({"mode": LineMode.CLOSED}, 10, "CLOSED"),
        ({"mode": LineMode.STAFF}, 10, "STAFF ONLY"),
        ({"mode": LineMode.TEST}, 10, "TEST"),
    ],
)
def test_what_a_line_makes_of_its_free_bays(line, free, display):
    assert line_of(Counts(free=free, occupied=200 - free), **line).display == display


def test_an_offset_is_no_sensor():
    assert line_of(Counts(occupied=3, unknown=7), offset=500).display == "--"
    assert line_of(Counts(closed=3), offset=500).display == "CLOSED"
    assert line_of(Counts(unknown=3), offset=500).display == "--"


@pytest.mark.parametrize(("min_coverage", "display"), [(0.7, "7"), (0.71, "--"), (1.0, "--")])
def test_the_least_coverage_is_the_line_s_own(min_coverage, display):
    assert line_of(Counts(free=7, unknown=3), min_coverage=min_coverage).display == display


def test_data_that_merely_ages_is_another_frame():
    late = timedelta(seconds=30)
    fresh, old = (frame_of(Counts(free=5), late=moment, max_age=late) for moment in (timedelta(), late))
    assert (fresh.lines[0].display, old.lines[0].display) == ("5", "--")
    assert fresh.frame_id != old.frame_id
    # A screen that hears nothing more must not show the number any longer than the line allows.
    assert fresh.valid_until == AS_OF + late
    assert old.valid_until == AS_OF + MINUTE


# --- every form ---


def said(form: str, frame) -> str:
    """What a reader of this form sees in the place of the number; for pictures the picture."""
    content = FORMS[form].render(frame, WANTED)
    if form in {"png", "bmp"}:
        return content.hex()
    text = content.decode()
    match form:
        case "txt":
            return "".join(row.partition("Yard")[2] for row in text.splitlines())
        case "rss" | "atom":
            return " ".join(e.text for e in Xml.fromstring(text).iter() if e.tag.rpartition("}")[2] == "title")
        case "multi":
            return re.sub(r"\[[^\]]*\]", " ", text)
        case "xibo":
            return " ".join(f"{row['display']} {row['phrase']} {row['word']}" for row in json.loads(text)["lines"])
        case "datex2":
            return " ".join(e.text for e in Xml.fromstring(text).iter() if e.tag.endswith("}textLine") and not len(e))
    return text


each_form = pytest.mark.parametrize("form", FORMS)


@each_form
def test_every_form_shows_the_number_that_the_frame_shows(form):
    five, six = (frame_of(Counts(free=free, occupied=20)) for free in (5, 6))
    assert said(form, five) != said(form, six)
    if form not in {"png", "bmp"}:
        assert re.findall(r"\d+", said(form, five)) in (["5"], ["5", "5"])


QUIET = ("txt", "say", "rss", "atom", "multi", "xibo", "datex2")


@given(numbers, numbers, numbers, fallbacks, st.sampled_from(QUIET))
def test_no_form_shows_a_number_below_the_least_coverage(free, occupied, more, fallback, form):
    counts = Counts(free=free, occupied=occupied, unknown=free + occupied + more + 1)
    assert not re.search(r"\d", said(form, frame_of(counts, fallback=fallback)))


@given(some_counts, st.integers(0, 10_000), st.sampled_from(QUIET))
def test_no_form_shows_a_number_from_valid_until_on(counts, more_s, form):
    assert not re.search(r"\d", said(form, frame_of(counts, late=MINUTE + timedelta(seconds=more_s))))


@pytest.mark.parametrize("form", ["png", "bmp"])
def test_a_picture_of_what_is_not_known_is_the_same_whatever_the_numbers(form):
    unknown = [frame_of(Counts(free=free, unknown=free + 9)) for free in (1, 30)]
    expired = [frame_of(Counts(free=free, occupied=9), late=MINUTE) for free in (1, 30)]
    for one, other in (unknown, expired):
        assert said(form, one) == said(form, other)
    assert said(form, unknown[0]) != said(form, expired[0])


@each_form
def test_in_every_form_full_closed_and_unknown_are_told_apart(form):
    counts = (Counts(occupied=9), Counts(closed=9), Counts(unknown=9), Counts(free=1, occupied=8), Counts(free=9))
    assert len({said(form, frame_of(one)) for one in counts}) == len(counts)


@each_form
def test_every_form_goes_without_a_board_and_without_light(form):
    from domain.boards import Hours

    never = Hours(weekdays=frozenset({6}), begins=AS_OF.time(), ends=(AS_OF + MINUTE).time())
    board = replace(board_of(arrow=Arrow.LEFT), schedule=(never,))
    frame = render(board, snapshot_of(board, Counts(free=5)), now=AS_OF, validity=MINUTE)
    assert frame.lit is False
    if form not in {"png", "bmp"}:
        assert not re.search(r"\d", said(form, frame))
        assert "FULL" not in said(form, frame)
