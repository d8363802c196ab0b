from datetime import UTC, datetime, timedelta

import pytest

from dashboard import dead_letter_wording, device_list, frame_wording, times, wording
from domain.errors import Reason
from domain.health import Attention
from domain.places import Category, SiteKind
from domain.states import Counts, State
from tests.dashboard.conftest import kept_frame

NOW = datetime(2026, 7, 1, 13, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counts", "free", "unknown"),
    [
        (Counts(free=12, occupied=28), "12 of 40", ""),
        (Counts(free=12, occupied=23, unknown=5), "12 of 40", "5 not known"),
        (Counts(occupied=2), "0 of 2", ""),
        (Counts(unknown=3), "Not known", ""),
        (Counts(unknown=3, closed=1), "Not known", ""),
        (Counts(closed=3), "Closed", ""),
        (Counts(), "None", ""),
    ],
)
def test_free_is_said_with_what_is_not_known(counts, free, unknown):
    assert wording.free_text(counts) == free
    assert wording.unknown_text(counts) == unknown


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(milliseconds=999), "just now"),
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(seconds=12), "12 seconds ago"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "at 1:30pm"),
        (timedelta(hours=14, minutes=25), "at 12:05am"),
        (timedelta(hours=15), "yesterday at 11:30pm"),
        (timedelta(days=28), "on 3 June at 2:30pm"),
        (timedelta(days=200), "on 13 December 2025 at 1:30pm"),
    ],
)
def test_ages_are_counted_for_an_hour_and_then_told_by_the_uk_clock(ago, words):
    assert times.age_text(NOW - ago, NOW) == words


def test_a_device_that_never_spoke_has_no_age():
    assert times.age_text(None, NOW) == "never"


def test_figures_that_nobody_vouches_for_are_not_called_up_to_date():
    assert times.freshness_text(NOW - timedelta(seconds=20), NOW) == "Up to date at 2:29pm"
    assert times.freshness_text(NOW - timedelta(minutes=5), NOW) == "Not live: last updated 5 minutes ago"


def test_people_sit_on_benches_and_cars_take_bays(make_bay):
    assert wording.state_text(make_bay(1, State.OCCUPIED).asset, State.OCCUPIED) == "Taken"
    assert wording.state_text(make_bay(1, State.OCCUPIED, None).asset, State.OCCUPIED) == "In use"


def test_every_word_of_the_domain_has_a_word_for_people():
    assert set(wording.CATEGORIES) == set(wording.CATEGORY_LETTERS) == set(Category)
    assert set(wording.SITE_KINDS) == set(SiteKind)
    assert set(dead_letter_wording.REASONS) == set(Reason)
    assert set(device_list.NEEDS) == set(Attention)


def test_letters_on_the_map_are_told_apart():
    letters = [letter for letter in wording.CATEGORY_LETTERS.values() if letter]
    assert len({*letters, wording.BENCH_LETTER}) == len(letters) + 1


def test_a_reason_newer_than_this_page_is_shown_as_stored():
    assert dead_letter_wording.reason_text("eaten_by_gulls") == "eaten_by_gulls"


def test_bytes_are_shown_as_offset_hex_and_text_up_to_256():
    assert dead_letter_wording.hex_dump(b"A<\x00") == f"0000  {'41 3c 00':<47}  A<."
    assert len(dead_letter_wording.hex_dump(bytes(5000)).splitlines()) == 16


@pytest.mark.parametrize(
    ("count", "noun", "words"), [(1, "place", "1 place"), (0, "bench", "0 benches"), (1200, "byte", "1,200 bytes")]
)
def test_nouns_follow_their_number(count, noun, words):
    assert wording.counted(count, noun) == words


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("0175490382c409", [("Battery percent", "73"), ("Distance mm", "2500")]),
        ("ff090110ff0a0123", [("Hardware version", "0110"), ("Firmware version", "0123")]),
        ("fe99" + "58" * 40, [("Undecoded", "fe99" + "58" * 28 + "\N{HORIZONTAL ELLIPSIS}")]),
    ],
)
def test_a_frame_says_what_it_measured_or_else_what_it_tells(payload, said):
    frame = kept_frame(NOW, 1, codec="milesight-em310-udl", f_port=85, payload=bytes.fromhex(payload))
    assert frame_wording.sayings(frame) == said
