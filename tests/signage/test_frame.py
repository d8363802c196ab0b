"""What a sign may say, and when it must be silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.boards import Arrow, Board, BoardLine
from domain.categories import Category
from domain.places import Sign, Site, SiteKind
from domain.snapshot import SiteStatus, Snapshot
from domain.states import Counts
from signage.frame import render

MINUTE = timedelta(seconds=60)
AS_OF = datetime(2026, 3, 2, 14, 32, 10, tzinfo=UTC)


def snapshot_of(counts: Counts, lines: tuple[BoardLine, ...] | None = None, **changes) -> tuple[Board, Snapshot]:
    site = Site(site_id="a", name="A", kind=SiteKind.STREET, locality="", lon=0.0, lat=51.0)
    line = BoardLine(key="a", label="A", site_id="a", category=Category.EV)
    board = Board(sign_id="s", title="S", lines=lines or (line,))
    sign = Sign(sign_id="s", name="S", site_id="a", lon=0.0, lat=51.0, board=board)
    status = SiteStatus(
        site=site,
        bays=counts,
        benches=Counts(),
        categories={Category.EV: counts},
        heard_at=AS_OF,
        heard={Category.EV: AS_OF},
    )
    given = {"revision": 1, "as_of": AS_OF, "sites": {"a": status}, "assets": {}, "signs": {"s": sign}}
    return board, Snapshot(**(given | changes))


def line_of(counts: Counts, *, late: timedelta = timedelta()):
    board, snapshot = snapshot_of(counts)
    return render(board, snapshot, now=AS_OF + late, validity=MINUTE).lines[0]


def shown(free=0, occupied=0, unknown=0, closed=0):
    line = line_of(Counts(free=free, occupied=occupied, unknown=unknown, closed=closed))
    return line.state, line.count, line.display


def test_free_bays_are_counted(borough, sign, now):
    frame = render(sign.board, borough("fffoo", blue="fo"), now=now, validity=MINUTE)
    assert [(line.key, line.display) for line in frame.lines] == [("north", "4"), ("blue", "1"), ("quay", "FULL")]


def test_a_line_of_one_category_counts_that_category_alone(borough, sign, now):
    frame = render(sign.board, borough("ffffffff", blue="oof"), now=now, validity=MINUTE)
    assert frame.lines[1].count == 1


def test_unknown_bays_are_never_counted_as_free():
    assert shown(free=6, occupied=2, unknown=2) == ("spaces", 6, "6")


def test_below_the_least_coverage_a_line_says_nothing():
    assert shown(free=7, unknown=2) == ("unknown", None, "--")
    assert shown(occupied=7, unknown=2) == ("unknown", None, "--")


def test_all_open_bays_occupied_is_full():
    assert shown(occupied=5, closed=3) == ("full", 0, "FULL")


def test_closed_is_not_full():
    assert shown(closed=4) == ("closed", None, "CLOSED")


@pytest.mark.parametrize(("free", "state"), [(1, "almost_full"), (5, "almost_full"), (6, "spaces"), (50, "spaces")])
def test_a_tenth_of_the_open_bays_is_almost_full(free, state):
    assert shown(free=free, occupied=50 - free, closed=50) == (state, free, str(free))


def test_the_last_free_bay_is_always_almost_full():
    assert shown(free=1, occupied=2) == ("almost_full", 1, "1")


def test_a_site_that_nobody_knows_is_unknown():
    board, snapshot = snapshot_of(Counts(free=5), sites={})
    line = render(board, snapshot, now=AS_OF, validity=MINUTE).lines[0]
    assert (line.state, line.display, line.coverage, line.observed_at) == ("unknown", "--", 0.0, None)


def test_a_site_without_such_bays_is_unknown():
    assert shown() == ("unknown", None, "--")


def test_an_expired_frame_is_blank_from_the_very_moment():
    last, over = (line_of(Counts(free=5), late=late) for late in (MINUTE - timedelta(microseconds=1), MINUTE))
    assert (last.display, last.stale) == ("5", False)
    assert (over.display, over.count, over.state, over.stale) == ("--", None, "unknown", True)


def test_an_expired_frame_says_so():
    board, snapshot = snapshot_of(Counts(closed=2))
    frame = render(board, snapshot, now=AS_OF + MINUTE, validity=MINUTE)
    assert (frame.message, frame.valid_for_s, frame.lines[0].display) == ("No current information", 0.0, "--")


def test_validity_counts_from_the_moment_the_platform_vouches_for():
    board, snapshot = snapshot_of(Counts(free=5))
    frame = render(board, snapshot, now=AS_OF + timedelta(seconds=21.5), validity=MINUTE)
    assert (frame.valid_until, frame.valid_for_s) == (AS_OF + MINUTE, 38.5)


def test_a_clock_that_lags_behind_the_snapshot_never_lengthens_validity():
    board, snapshot = snapshot_of(Counts(free=5))
    assert render(board, snapshot, now=AS_OF - timedelta(hours=1), validity=MINUTE).valid_for_s == 60.0


def test_whatever_is_seen_is_named_by_the_frame_id():
    line = BoardLine(key="a", label="A", site_id="a")
    board, snapshot = snapshot_of(Counts(free=5), (line,))
    seen = [
        render(other, snapshot, now=AS_OF, validity=MINUTE).frame_id
        for other in (
            board,
            replace(board, title="T"),
            replace(board, lines=()),
            replace(board, lines=(replace(line, label="B"),)),
            replace(board, lines=(replace(line, arrow=Arrow.LEFT),)),
        )
    ]
    assert len(set(seen)) == len(seen)
    assert all(len(frame_id) == 32 for frame_id in seen)


some_counts = st.builds(Counts, **dict.fromkeys(("free", "occupied", "unknown", "closed"), st.integers(0, 300)))


@given(some_counts, st.integers(-100, 100))
def test_a_number_is_always_the_free_bays_and_within_capacity(counts, late_s):
    line = line_of(counts, late=timedelta(seconds=late_s))
    if line.display.isdigit():
        assert 0 < int(line.display) == line.count == counts.free <= counts.capacity
        assert line.coverage >= 0.8
        assert late_s < 60
    else:
        assert line.display in {"FULL", "CLOSED", "--"}


@given(some_counts)
def test_what_is_not_known_never_becomes_a_number(counts):
    line = line_of(Counts(unknown=counts.free + counts.unknown + 1, closed=counts.closed))
    assert (line.state, line.count, line.display) == ("unknown", None, "--")


@given(some_counts, st.integers(0, 10**9), st.floats(0, 120))
def test_the_frame_id_depends_on_time_by_expiry_alone(counts, revision, late_s):
    late = timedelta(seconds=late_s)
    board, snapshot = snapshot_of(counts)
    _, later = snapshot_of(counts, revision=revision)
    first = render(board, snapshot, now=AS_OF, validity=MINUTE)
    second = render(board, later, now=AS_OF + late, validity=MINUTE)
    assert (first.frame_id == second.frame_id) == (late < MINUTE)
