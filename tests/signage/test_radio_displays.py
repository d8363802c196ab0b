"""Displays over LoRaWAN: what they are told, in how many commands, and how often."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.catalogue import BY_KEY
from devices.downlinks import RefreshDisplay, ShowText, encode_downlink
from domain.boards import RadioDisplay
from domain.errors import StoreUnavailableError, UnknownPlaceError
from signage.frame import render
from signage.frames import Frames
from signage.radio_displays import BLOCKS, MOST_OCTETS, RadioDisplays, blocks

pytestmark = pytest.mark.anyio

DEVICE = "24e1240000000001"
MINUTE = timedelta(seconds=60)
DS3604 = BY_KEY["milesight-ds3604"]


class Book:
    """A book of commands that keeps what was asked for, and may be closed."""

    def __init__(self) -> None:
        self.asked = []
        self.error = None

    async def request(self, device_id, name, parameters, *, by, lifetime):
        if self.error:
            raise self.error
        assert (device_id, by) == (DEVICE, "signs")
        self.asked.append((name, parameters.get("block"), parameters.get("text"), lifetime))

    def taken(self):
        """The texts by block since last asked, and what else there was."""
        asked, self.asked = self.asked, []
        return {block: text for name, block, text, _ in asked if name == "show-text"}, [a[0] for a in asked if not a[1]]


@pytest.fixture
def time(now):
    return [now]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def displays(book, time) -> RadioDisplays:
    frames = Frames(now=lambda: time[0], validity=MINUTE)
    return RadioDisplays(frames, book, lambda: time[0])


@pytest.fixture
def port(borough, sign, time):
    """The borough whose sign is a display, at the time that it is."""
    board = replace(sign.board, radio_display=RadioDisplay(device_id=DEVICE, every_s=1800))

    def build(**bays):
        return borough(signs=(replace(sign, board=board),), as_of=time[0], **bays)

    return build


async def test_a_display_is_told_everything_once_and_then_only_what_changed(displays, book, port, time):
    await displays.tell(port())
    texts, others = book.taken()
    assert len(texts) == BLOCKS
    assert [texts[str(number)] for number in (1, 2, 3, 4, 5, 10)] == [
        "Harbour Road",
        "North car park: 4",
        "Blue badge: 1",
        "Old Quay: FULL",
        "",
        "as at 14:32",
    ]
    assert others == ["refresh-display"]

    time[0] += timedelta(minutes=31)
    await displays.tell(port(north="ffooo"))
    assert book.taken() == ({"2": "North car park: 3", "10": "as at 15:03"}, ["refresh-display"])


async def test_it_is_not_told_more_often_than_its_board_says(displays, book, port, time):
    await displays.tell(port())
    book.taken()
    time[0] += timedelta(minutes=29)
    await displays.tell(port(north="ooooo"))
    assert book.taken() == ({}, [])
    time[0] += timedelta(minutes=1)
    await displays.tell(port(north="ooooo"))
    assert "2" in book.taken()[0]


async def test_the_time_alone_is_told_now_and_then(displays, book, port, time):
    await displays.tell(port())
    book.taken()
    told = []
    for _ in range(8):
        time[0] += timedelta(minutes=30)
        await displays.tell(port())
        told.append(book.taken()[0])
    assert [*map(len, told)] == [0, 0, 0, 1, 0, 0, 0, 1]


async def test_commands_expire_when_the_next_ones_are_due(displays, book, port):
    await displays.tell(port())
    assert {lifetime for *_, lifetime in book.asked} == {timedelta(seconds=1800)}


async def test_expired_numbers_are_taken_off(displays, book, port, time):
    stale = port()
    await displays.tell(stale)
    book.taken()
    time[0] += timedelta(minutes=31)
    await displays.tell(stale)
    texts, _ = book.taken()
    assert (texts["2"], texts["3"], texts["4"]) == ("No current information", "", "")


@pytest.mark.parametrize("error", [UnknownPlaceError("device", DEVICE), StoreUnavailableError("away")])
async def test_a_display_that_cannot_be_told_is_told_later(displays, book, port, error):
    book.error = error
    await displays.tell(port())
    book.error = None
    await displays.tell(port())
    assert len(book.taken()[0]) == BLOCKS


async def test_a_board_without_a_display_costs_no_command(displays, book, borough):
    await displays.tell(borough())
    assert book.asked == []


def test_every_text_fits_into_a_downlink_of_the_ds3604(borough, sign, now):
    long = replace(sign.board.lines[0], label="Maes parcio ŵŷ " * 4)
    board = replace(sign.board, lines=(long,), title="Ŵ" * 60)
    frame = render(board, borough("f" * 143), now=now, validity=MINUTE)
    assert blocks(frame)[1].endswith(": 144")
    for number, text in enumerate(blocks(frame), 1):
        assert len(text.encode()) <= MOST_OCTETS
        command = ShowText(template=1, block=number, text=text)
        encoded = encode_downlink(DS3604.key, DS3604.commands, command)
        assert len(encoded.payload) <= 51
    assert encode_downlink(DS3604.key, DS3604.commands, RefreshDisplay())
