"""What a board makes of the hour, the light, its languages, messages and what is usual."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.boards import Brightness, Fallback, FallbackKind, Hours, LineMode
from domain.messages import Message, MessageKind
from domain.sign_look import Condition
from domain.sign_words import WORDS
from domain.states import Counts
from domain.usual import Usual as UsualHour
from signage.conditions import supposed
from signage.frame import Basis, render
from signage.hours import is_lit

MINUTE = timedelta(seconds=60)
WEEKDAYS, FRIDAY = frozenset(range(5)), frozenset({4})


@pytest.fixture
def frame(borough, sign, now):
    def build(board=sign.board, *, at=now, late=timedelta(), messages=(), usual=None, **bays):
        snapshot = borough(as_of=at, signs=(replace(sign, board=board),), **bays)
        more = {"usual": usual} if usual else {}
        return render(board, snapshot, now=at + late, validity=MINUTE, messages=messages, **more)

    return build


def message(now, **changes) -> Message:
    given = {"message_id": "m", "text": "Market today", "kind": MessageKind.PLANNED, "begins_at": now}
    return Message(**(given | {"ends_at": now + timedelta(hours=1)} | changes))


# --- hours and light ---


@pytest.mark.parametrize(
    ("begins", "ends", "days", "moment", "lit"),
    [
        ("07:00", "22:00", WEEKDAYS, "2026-03-02T07:00", True),  # a Monday, winter time
        ("07:00", "22:00", WEEKDAYS, "2026-03-02T06:59", False),
        ("07:00", "22:00", WEEKDAYS, "2026-03-02T22:00", False),
        ("07:00", "22:00", WEEKDAYS, "2026-03-01T12:00", False),
        ("07:00", "22:00", WEEKDAYS, "2026-07-06T06:30", True),  # 07:30 in summer time
        ("18:00", "02:00", FRIDAY, "2026-03-06T23:59", True),
        ("18:00", "02:00", FRIDAY, "2026-03-07T01:59", True),  # Saturday, still Friday's night
        ("18:00", "02:00", FRIDAY, "2026-03-07T02:00", False),
        ("18:00", "02:00", FRIDAY, "2026-03-06T01:00", False),  # Friday, but Thursday's night
        ("00:00", "00:00", FRIDAY, "2026-03-06T12:00", True),  # the whole day
    ],
)
def test_a_board_is_lit_in_its_hours_of_local_time(begins, ends, days, moment, lit):
    hours = Hours(weekdays=days, begins=time.fromisoformat(begins), ends=time.fromisoformat(ends))
    assert is_lit((hours,), datetime.fromisoformat(moment).replace(tzinfo=UTC)) is lit


def test_a_dark_board_says_nothing_but_a_message_that_stands_alone(frame, sign, now):
    dark = replace(sign.board, schedule=(Hours(weekdays=frozenset({6}), begins=time(1), ends=time(2)),))
    shown = frame(dark, messages=[message(now)])
    assert (shown.lit, shown.lines, shown.message, shown.messages) == (False, (), None, ())
    alone = message(now, kind=MessageKind.EMERGENCY, replaces_lines=True)
    assert (frame(dark, messages=[alone]).lit, frame(dark, messages=[alone]).message) == (True, "Market today")


@pytest.mark.parametrize(
    ("brightness", "moment", "percent"),
    [
        (None, "2026-06-21T12:00", None),
        (Brightness.fixed(70), "2026-06-21T00:00", 70),
        (Brightness(day_percent=100, night_percent=30), "2026-06-21T12:00", 100),
        (Brightness(day_percent=100, night_percent=30), "2026-12-21T17:30", 30),  # dark long before the night
        (Brightness(day_percent=100, night_percent=30), "2026-06-21T17:30", 100),
    ],
)
def test_a_sign_is_as_bright_as_the_sun_asks(frame, sign, brightness, moment, percent):
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert frame(replace(sign.board, brightness=brightness), at=at).brightness == percent


def test_dusk_is_in_steps_so_that_frames_do_not_change_with_every_second(frame, sign):
    board = replace(sign.board, brightness=Brightness(day_percent=100, night_percent=30))
    dusk = datetime(2026, 3, 20, 17, 0, tzinfo=UTC)
    seen = [frame(board, at=dusk + timedelta(minutes=step)) for step in range(120)]
    assert [*dict.fromkeys(one.brightness for one in seen)] == [100, 90, 80, 70, 60, 50, 40, 30]
    assert len({one.frame_id for one in seen}) == 8


# --- languages ---


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_a_word_for_everything(frame, sign, language):
    board = replace(sign.board, languages=(language, *(other for other in WORDS if other != language)))
    words = WORDS[language]
    states = frame(board, north="f" * 20, blue="uu", quay="cccc").lines
    assert [line.display for line in states] == ["20", "--", words.closed]
    for line in states:
        assert [part for part in line.word.split(" / ") if part] == [
            *dict.fromkeys(WORDS[one].states[line.state] for one in board.languages)
        ]
    modes = [replace(sign.board.lines[0], key=mode, label=mode, mode=mode) for mode in LineMode]
    assert all(line.display or line.mode is LineMode.BLANK for line in frame(replace(board, lines=(*modes,))).lines)
    assert frame(board, late=MINUTE).message.split(" / ")[0] == words.expired


def test_only_translations_into_languages_of_the_board_are_shown(frame, sign):
    line = replace(sign.board.lines[0], labels={"cy": "Gogledd", "fr": "Nord"})
    board = replace(sign.board, languages=("en", "cy"), lines=(line,), titles={"cy": "Heol", "de": "Hafen"})
    shown = frame(board)
    assert (dict(shown.lines[0].labels), dict(shown.titles)) == ({"cy": "Gogledd"}, {"cy": "Heol"})


# --- messages ---


def test_messages_stand_by_priority_in_every_language_of_the_board(frame, sign, now):
    board = replace(sign.board, languages=("en", "cy"))
    texts = {"cy": "Marchnad heddiw", "fr": "Marché"}
    shown = frame(
        board,
        messages=[message(now, texts=texts), message(now, message_id="n", text="Ice", priority=9)],
    )
    assert [one.message_id for one in shown.messages] == ["n", "m"]
    assert shown.message == "Ice · Market today / Marchnad heddiw"
    assert len(shown.lines) == 3


def test_a_message_alone_needs_no_sensor_and_ends_when_it_ends(frame, now):
    alone = message(now, replaces_lines=True, ends_at=now + timedelta(minutes=10, seconds=20))
    for late, valid_for_s in ((0, 60), (600, 20)):  # nothing was heard for ten minutes
        shown = frame(late=timedelta(seconds=late), messages=[alone, message(now, message_id="other")])
        assert (shown.lines, shown.message, shown.valid_for_s) == ((), "Market today", valid_for_s)


def test_a_message_with_lines_goes_when_the_lines_expire(frame, now):
    shown = frame(late=MINUTE, messages=[message(now)])
    assert (shown.message, shown.messages) == ("No current information", ())


# --- what is usual ---


class Usual:
    """A history that says the same share of everything, and notes what it was asked."""

    def __init__(self, share) -> None:
        self.share = share
        self.asked = []

    def at(self, *place):
        self.asked.append(place)
        return None if self.share is None else UsualHour(share_free=self.share, weeks=3)


@pytest.mark.parametrize(
    ("share", "display"),
    [(0.0, "usually full"), (0.05, "usually almost full"), (0.5, "usually spaces"), (None, "--")],
)
def test_what_is_usual_is_said_in_words(frame, sign, share, display):
    usual = Usual(share)
    board = replace(sign.board, fallback=Fallback(kind=FallbackKind.USUAL))
    summer = datetime(2026, 7, 1, 13, 32, tzinfo=UTC)
    shown = frame(board, at=summer, usual=usual, north="uuuuu", blue="uu").lines[0]
    assert (shown.display, shown.count, shown.state) == (display, None, "unknown")
    assert shown.basis is (Basis.NOTHING if share is None else Basis.USUAL)
    assert usual.asked[0] == ("north", None, summer)


@given(st.floats(0, 1))
def test_what_is_usual_is_never_a_number(share):
    from signage.fallback import _word

    assert all(not re.search(r"\d", words.usual[_word(share)]) for words in WORDS.values())


# --- conditions for previews ---


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("north", ["fffoo", "uuuuu", "ccccc", "ffuoc", "f"])
def test_what_is_supposed_still_adds_up(borough, sign, now, condition, north):
    snapshot = borough(north)
    imagined = supposed(snapshot, sign.board, condition, now=now, validity=MINUTE)
    for site_id, status in imagined.sites.items():
        assert status.bays.capacity == snapshot.sites[site_id].bays.capacity
        assert sum(status.categories.values(), Counts()).capacity == status.bays.capacity
    states = {line.state.value for line in render(sign.board, imagined, now=now, validity=MINUTE).lines}
    if condition is Condition.CLOSED:
        assert states == {"closed"}
    if condition in {Condition.UNKNOWN_30, Condition.STALE}:
        assert not states & {"spaces", "almost_full", "full"}
    if condition is Condition.FULL:
        assert states <= {"full", "closed"}
