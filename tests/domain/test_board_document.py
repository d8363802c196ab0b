"""Boards as documents: read without loss, and refused with a sentence for each fault."""

import contextlib
import json
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.availability import Thresholds
from domain.board_document import offers, parse_board, unknown_places
from domain.board_writing import write_board
from domain.boards import (
    Arrow,
    Board,
    BoardLine,
    Brightness,
    EPaper,
    Fallback,
    FallbackKind,
    Hours,
    Layout,
    LineMode,
    RadioDisplay,
)
from domain.categories import Category
from domain.errors import BoardRefusedError

LINE = {"key": "a", "label": "Market", "site": "market"}

words = st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=12)
slugs = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z]", fullmatch=True)
welsh = st.one_of(st.just({}), st.fixed_dictionaries({"cy": words}))
ordered = st.lists(st.integers(0, 900), min_size=4, max_size=4).map(sorted)
fallbacks = st.one_of(
    st.builds(Fallback, kind=st.sampled_from([FallbackKind.DASHES, FallbackKind.USUAL])),
    st.builds(
        Fallback,
        kind=st.just(FallbackKind.TEXT),
        text=st.text("abc DEF", min_size=1, max_size=12).filter(str.strip).map(str.strip),
    ),
)


@st.composite
def lines(draw, key: str):
    minimum = draw(st.integers(1, 40))
    return BoardLine(
        key=key,
        label=f"{key} {draw(words)}",
        labels=draw(welsh),
        site_id=draw(slugs),
        zone_id=draw(st.none() | slugs),
        category=draw(st.none() | st.sampled_from(Category)),
        arrow=draw(st.none() | st.sampled_from(Arrow)),
        mode=draw(st.sampled_from(LineMode)),
        minimum=minimum,
        maximum=draw(st.none() | st.integers(minimum, 9999)),
        offset=draw(st.integers(-50, 50)),
        step=draw(st.integers(1, 20)),
        thresholds=draw(ordered.map(lambda four: Thresholds(**dict(zip(ORDER, four, strict=True))))),
        min_coverage=draw(st.floats(0.5, 1)),
        max_age=draw(st.none() | st.integers(60, 86_400).map(lambda s: timedelta(seconds=s))),
        fallback=draw(st.none() | fallbacks),
    )


ORDER = ("full_enter", "full_leave", "almost_full_enter", "almost_full_leave")


@st.composite
def boards(draw):
    count = draw(st.integers(1, 2))
    times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
    return Board(
        sign_id="north",
        title=draw(words),
        titles=draw(welsh),
        lines=tuple(draw(lines(f"k{number}")) for number in range(count)),
        layout_version=draw(st.integers(1, 99)),
        layout=draw(st.sampled_from(Layout)),
        width_px=draw(st.none() | st.integers(16, 4096)),
        height_px=draw(st.none() | st.integers(16, 4096)),
        languages=("en", "cy"),
        brightness=draw(
            st.none() | st.builds(Brightness, day_percent=st.integers(1, 100), night_percent=st.integers(1, 100))
        ),
        schedule=tuple(
            draw(
                st.lists(
                    st.builds(Hours, weekdays=st.frozensets(st.integers(0, 6), min_size=1), begins=times, ends=times),
                    max_size=3,
                )
            )
        ),
        fallback=draw(fallbacks),
        epaper=draw(
            st.none() | st.builds(EPaper, macs=st.just(("A0:B1:C2:D3:E4:F5",)), refresh_s=st.integers(60, 900))
        ),
        radio_display=draw(
            st.none()
            | st.builds(
                RadioDisplay,
                device_id=st.just("24e1240000000001"),
                template=st.integers(1, 2),
                every_s=st.integers(600, 9000),
            )
        ),
    )


@settings(suppress_health_check=[HealthCheck.too_slow])  # boards have many parts
@given(boards())
def test_a_board_is_read_as_it_was_written(board):
    document = json.loads(json.dumps(write_board(board, name="North")))
    read = parse_board(document, sign_id="north", name="North", layout_version=board.layout_version)
    assert read == board


def test_what_goes_without_saying_is_not_written():
    board = parse_board({"lines": [LINE]}, sign_id="north", name="North")
    assert board.title == "North"
    assert write_board(board, name="North") == {"lines": [LINE]}


def problems(**changes) -> list[str]:
    line = {**LINE, **changes.pop("line", {})}
    with pytest.raises(BoardRefusedError) as caught:
        parse_board({"lines": [line], **changes}, sign_id="north", name="North")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lines": []}, "the board: lines is missing; a sign needs at least one line"),
        ({"lines": [LINE] * 13}, "the board: 13 lines are more than 12: nobody reads them"),
        ({"lines": [LINE, {**LINE, "key": "b"}]}, "the board: line label 'Market' is used 2 times"),
        ({"lines": 5}, "the board: lines must be [[lines]] tables, got 5"),
        ({"colour": "red"}, "the board: 'colour' is not a key here; known are"),
        ({"languages": ["en", "tlh"]}, "the board: languages: 'tlh' is none of en, cy, fr, de"),
        ({"languages": []}, "the board: languages is empty"),
        ({"titles": {"cy": "Gogledd"}}, "the board: titles: 'cy' is no further language of this board"),
        ({"brightness": 0}, "the board: brightness must be from 1 to 100, got 0"),
        ({"brightness": {"day": 100}}, "brightness: night is missing; it must be a whole number"),
        (
            {"layout": "round"},
            "the board: layout must be one of landscape, portrait, totem, strip, epaper, got 'round'",
        ),
        ({"width_px": 5}, "the board: width_px must be from 16 to 4096, got 5"),
        ({"hours": [{"days": ["mon"], "from": "25:00", "to": "08:00"}]}, "hours 1: from must be a time of day such as"),
        (
            {"hours": [{"days": ["holiday"], "from": "07:00", "to": "8"}]},
            "hours 1: days: 'holiday' is none of mon, tue",
        ),
        ({"epaper": {"macs": ["A0:B1"]}}, "epaper: macs: 'A0:B1' is no MAC address"),
        ({"epaper": {"macs": []}}, "epaper: macs is empty"),
        ({"radio_display": {"device": "x"}}, "radio_display: device 'x' is not a valid dev_eui"),
        ({"radio_display": {"device": "24e1240000000001", "every_s": 5}}, "every_s must be from 600 to 86400, got 5"),
        ({"fallback": {"kind": "text", "text": "about 20"}}, "fallback: 'about 20' has digits"),
        ({"fallback": {"kind": "text", "text": "½ free"}}, "fallback: '½ free' has digits"),
        ({"fallback": {"kind": "text"}}, "fallback: text is missing"),
        ({"fallback": {"kind": "guess"}}, "fallback: kind must be one of dashes, usual, text, got 'guess'"),
        ({"line": {"label": "two\nlines"}}, "line 1: label has characters that cannot be shown"),
        ({"line": {"label": "x" * 61}}, "line 1: label is longer than 60 characters"),
        ({"line": {"minimum": 9, "maximum": 3}}, "line 1: maximum 3 is less than minimum 9"),
        ({"line": {"min_coverage": 0.3}}, "line 1: min_coverage must be from 0.5 to 1, got 0.3"),
        ({"line": {"max_age_s": 1}}, "line 1: max_age_s must be from 60 to 1209600, got 1"),
        (
            {"line": {"mode": "party"}},
            "line 1: mode must be one of auto, blank, full, closed, staff, test, got 'party'",
        ),
        ({"line": {"thresholds": {"full_enter": 5, "full_leave": 2}}}, "thresholds: must be full_enter <= full_leave"),
        ({"line": {"thresholds": {"full_leave": 9, "almost_full_enter": 5}}}, "thresholds: must be full_enter <="),
        ({"line": {"thresholds": {"almost_full_leave": 9}}}, "almost_full_leave needs almost_full_enter"),
        ({"line": {"labels": {"cy": "Marchnad"}}}, "labels: 'cy' is no further language of this board"),
        ({"line": {"zone": "Roof!"}}, "line 1: zone 'Roof!' is not a valid zone id"),
    ],
)
def test_each_fault_gets_its_sentence(given, sentence):
    found = problems(**given)
    assert any(sentence in problem for problem in found), found


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["title", "titles", "layout", "width_px", "languages", "brightness", "hours", "fallback", "lines"]
LINE_KEYS = [
    "key",
    "label",
    "labels",
    "site",
    "zone",
    "category",
    "arrow",
    "mode",
    "minimum",
    "maximum",
    "offset",
    "step",
    "thresholds",
    "max_age_s",
]


@given(st.dictionaries(st.sampled_from(KEYS), anything), st.dictionaries(st.sampled_from(LINE_KEYS), anything))
def test_no_value_of_any_type_crashes_the_reader(board, line):
    with contextlib.suppress(BoardRefusedError):
        parse_board({"lines": [line], **board}, sign_id="north", name="North")


def test_a_line_may_point_to_a_site_a_zone_a_category_or_a_category_of_a_zone():
    offered = offers([("market", "roof", Category.EV), ("market", None, Category.GENERAL)])
    for target in ((None, None), ("roof", None), (None, Category.EV), ("roof", Category.EV), (None, Category.GENERAL)):
        zone_id, category = target
        line = BoardLine(key="a", label="A", site_id="market", zone_id=zone_id, category=category)
        assert unknown_places(Board(sign_id="s", title="S", lines=(line,)), offered) == []
    wrong = BoardLine(key="a", label="A", site_id="market", zone_id="roof", category=Category.GENERAL)
    assert unknown_places(Board(sign_id="s", title="S", lines=(wrong,)), offered) == [
        "line 'a': site 'market', zone 'roof', has no general bay"
    ]


def test_hours_may_end_on_the_next_day():
    document = {"lines": [LINE], "hours": [{"days": ["fri", "sat"], "from": "18:00", "to": "02:00"}]}
    [hours] = parse_board(document, sign_id="north", name="North").schedule
    assert hours == Hours(weekdays=frozenset({4, 5}), begins=time(18), ends=time(2))
