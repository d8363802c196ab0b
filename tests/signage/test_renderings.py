"""Each form of a frame, as the players that take it read it."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as Xml

import feedparser
import pytest
from PIL import Image

from domain.boards import Arrow, Board, Layout
from domain.messages import Message, MessageKind
from signage.forms import FORMS, Wanted
from signage.frame import render
from signage.renderings.multi import Matrix, render_multi
from signage.renderings.picture import render_bmp, render_png

WANTED = Wanted(address="https://signs.example/signs/harbour-road", publisher="Port Council")
SHARED = Path(__file__).parents[2].parent / "shared"
DATEX2_XSD = SHARED / "data" / "standards" / "datex2-v3-xsd" / "DATEXII_3_D2Payload.xsd"


@pytest.fixture
def frame(borough, sign, now):
    """The frame of the port's sign; `frame(north="oooo", late=60, messages=[...])`."""

    def build(*, late=0, messages=(), board: Board = sign.board, **bays):
        snapshot = borough(**bays)
        return render(
            board,
            snapshot,
            now=now + timedelta(seconds=late),
            validity=timedelta(seconds=60),
            messages=messages,
        )

    return build


@pytest.fixture
def market(now) -> Message:
    return Message(
        message_id="m1",
        text="Market today [until 4pm]",
        kind=MessageKind.PLANNED,
        begins_at=now,
        ends_at=now + timedelta(hours=2),
    )


def form(name: str, frame) -> str:
    return FORMS[name].render(frame, WANTED).decode()


# --- text and speech ---


def test_plain_text_is_a_row_for_each_line(frame):
    assert form("txt", frame()).splitlines() == [
        "Harbour Road",
        "< North car park  4 spaces",
        "  Blue badge      1 space, almost full",
        "^ Old Quay        full",
        "as at 14:32",
    ]


def test_speech_is_one_sentence(frame, market):
    assert form("say", frame(messages=[market])) == (
        "Harbour Road: North car park, to the left, 4 spaces; Blue badge, 1 space, almost full;"
        " Old Quay, straight ahead, full; Market today [until 4pm]."
    )
    assert form("say", frame(late=60)) == "Harbour Road: No current information."


def test_text_and_speech_come_in_the_first_language_of_the_board(frame, sign):
    board = replace(sign.board, languages=("cy", "en"), title="Heol yr Harbwr", titles={"en": "Harbour Road"})
    said = frame(board=board, quay="cccc")
    assert form("txt", said).splitlines()[:4] == [
        "Heol yr Harbwr",
        "Harbour Road",
        "< North car park  4 lle",
        "  Blue badge      1 lle, bron yn llawn",
    ]
    assert "Old Quay, yn syth ymlaen, ar gau" in form("say", said)


# --- feeds ---


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_feed_is_read_without_complaint_and_has_an_entry_for_each_line(frame, name, market):
    feed = feedparser.parse(FORMS[name].render(frame(messages=[market]), WANTED))
    assert (feed.bozo, feed.version) == (False, {"rss": "rss20", "atom": "atom10"}[name])
    assert feed.feed.title == "Harbour Road"
    assert [entry.title for entry in feed.entries] == [
        "Market today [until 4pm]",
        "North car park: 4 spaces",
        "Blue badge: 1 space, almost full",
        "Old Quay: full",
    ]
    assert len({entry.id for entry in feed.entries}) == 4
    assert {entry.link for entry in feed.entries} == {WANTED.address}
    stamp = "published_parsed" if name == "rss" else "updated_parsed"
    assert all(tuple(entry[stamp])[:6] == (2026, 3, 2, 14, 32, 10) for entry in feed.entries)
    [own] = [link.href for link in feed.feed.links if link.rel == "self"]
    assert own == f"https://signs.example/v1/signs/harbour-road/frame.{name}"


@pytest.mark.parametrize("name", ["rss", "atom"])
def test_a_feed_names_an_entry_anew_when_it_says_something_new(frame, name):
    first, same, other = (
        [entry.id for entry in feedparser.parse(FORMS[name].render(one, WANTED)).entries]
        for one in (frame(), frame(late=5), frame(north="fffff"))
    )
    assert first == same
    assert not {*first} & {*other}


def test_rss_has_what_rss_must_have(frame):
    channel = Xml.fromstring(form("rss", frame())).find("channel")
    assert {"title", "link", "description", "ttl", "lastBuildDate"} <= {child.tag for child in channel}
    assert channel.find("item/guid").get("isPermaLink") == "false"


def test_atom_has_what_rfc_4287_asks_for(frame):
    atom = {"a": "http://www.w3.org/2005/Atom"}
    feed = Xml.fromstring(form("atom", frame()))
    for name in ("id", "title", "updated", "author/a:name"):
        assert feed.findtext(f"a:{name}", namespaces=atom)
    for entry in feed.findall("a:entry", atom):
        for name in ("id", "title", "updated", "content"):
            assert entry.findtext(f"a:{name}", namespaces=atom)
    assert re.fullmatch(r"2026-03-02T14:32:10\.000Z", feed.findtext("a:updated", namespaces=atom))


# --- NTCIP 1203 ---


def read_multi(text: str) -> list[list[dict[str, str]]]:
    """A parser of MULTI: pages of rows, each with the texts that stand left, in the middle and right."""
    pages, place = [[{}]], "left"
    for tag, word in re.findall(r"\[([a-z]+[0-9o]*)\]|((?:[^\[\]]|\[\[|\]\])+)", text):
        if word:
            row = pages[-1][-1]
            row[place] = row.get(place, "") + word.replace("[[", "[").replace("]]", "]")
        elif tag == "np":
            pages.append([{}])
            place = "left"
        elif tag == "nl":
            pages[-1].append({})
        elif tag in {"jl2", "jl3", "jl4"}:
            place = {"2": "left", "3": "middle", "4": "right"}[tag[2]]
        else:
            assert re.fullmatch(r"jp3|pt\d+o\d+", tag), tag
    # Nothing of the text may be left over: every bracket is part of a tag, or written twice.
    rest = re.sub(r"\[([a-z]+[0-9o]*)\]|((?:[^\[\]]|\[\[|\]\])+)", "", text)
    assert rest == ""
    return pages


def test_a_led_sign_has_a_row_for_each_line(frame):
    assert render_multi(frame()) == (
        "[jp3][jl2]< NORTH CAR PARK[jl4]4[nl][jl2]BLUE BADGE[jl4]1[nl][jl2]^ OLD QUAY[jl4]FULL"
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize("columns", [8, 12, 18])
def test_no_page_has_more_rows_and_no_row_more_characters_than_the_sign(frame, market, rows, columns):
    text = render_multi(frame(messages=[market], north="f" * 140), Matrix(rows=rows, columns=columns))
    pages = read_multi(text)
    assert all(len(page) <= rows for page in pages)
    assert all(len(" ".join(row.values())) <= columns for page in pages for row in page)
    shown = " ".join(word for page in pages for row in page for word in row.values())
    for expected in ("141", "FULL", "OLD QUAY", "[UNTIL"):
        assert expected in shown
    assert ("[pt30o0]" in text) == (len(pages) > 1)


def test_an_expired_or_unlit_led_sign_is_blank(frame):
    assert render_multi(frame(late=60)) == ""
    assert render_multi(replace(frame(), lit=False)) == ""


def test_letters_that_no_led_font_has_lose_their_accents(frame, sign):
    lines = (replace(sign.board.lines[0], label="Tŷ Newydd – É", arrow=Arrow.RIGHT),)
    text = render_multi(frame(board=replace(sign.board, lines=lines)))
    assert text == "[jp3][jl2]TY NEWYDD - É >[jl4]4"
    text.encode("latin-1")


# --- Xibo ---


def walk(document, data_root: str, column_path: str):
    """How a CMS fills a column: it goes down the data root, then down the path in every row that it finds there."""
    rows = document
    for step in data_root.split("."):
        rows = rows[step]
    values = []
    for row in rows:
        found = row
        for step in column_path.split("."):
            found = found[step]
        values.append(found)
    return values


def test_a_cms_finds_every_column_in_every_row(frame):
    document = json.loads(form("xibo", frame()))
    assert [*document] == ["lines"]
    columns = {
        path: walk(document, "lines", path) for path in ("label", "display", "word", "phrase", "as_at", "colour")
    }
    assert columns["label"] == ["North car park", "Blue badge", "Old Quay"]
    assert columns["display"] == ["4", "1", "FULL"]
    assert columns["word"] == ["Spaces", "Almost full", "Full"]
    assert columns["phrase"] == ["4 spaces", "1 space, almost full", "full"]
    assert columns["as_at"] == ["14:32"] * 3
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in columns["colour"])
    for row in document["lines"]:
        assert all(isinstance(value, str | int | float) for value in row.values())
        assert row.keys() == document["lines"][0].keys()


def test_an_expired_frame_is_one_row_that_says_nothing(frame):
    [row] = json.loads(form("xibo", frame(late=60)))["lines"]
    assert row["message"] == "No current information"
    assert (row["display"], row["label"], row["phrase"], row["valid_for_s"]) == ("", "", "", 0)
    assert row.keys() == json.loads(form("xibo", frame()))["lines"][0].keys()


# --- DATEX II ---


@pytest.fixture(scope="module")
def datex2_schema():
    if not DATEX2_XSD.exists():
        pytest.skip(f"{DATEX2_XSD} is not there")
    import xmlschema

    return xmlschema.XMLSchema(DATEX2_XSD)


@pytest.mark.parametrize("late", [0, 60])
def test_the_publication_validates(frame, market, datex2_schema, late):
    document = FORMS["datex2"].render(frame(messages=[market], late=late), WANTED)
    assert [error.reason for error in datex2_schema.iter_errors(BytesIO(document))] == []
    # The schema does look: without a required element it complains.
    faulty = document.replace(b"timeLastSet", b"timeLastSeen")
    assert [error.reason for error in datex2_schema.iter_errors(BytesIO(faulty))]


def datex2(frame):
    vms = "{http://datex2.eu/schema/3/vms}"
    document = Xml.fromstring(form("datex2", frame))
    rows = [line.text for line in document.iter(f"{vms}textLine") if not len(line)]
    return document.find(f".//{vms}workingStatus").text, document.find(f".//{vms}isBlank").text, rows


def test_the_publication_says_what_the_sign_is_set_to(frame):
    assert datex2(frame()) == (
        "working",
        "false",
        ["Harbour Road", "North car park 4", "Blue badge 1", "Old Quay FULL"],
    )
    assert datex2(frame(late=60)) == ("blank", "true", [])


# --- pictures ---


def picture(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


@pytest.mark.parametrize("size", [(800, 480), (480, 800), (296, 128), (1200, 825), (960, 160), (2048, 2048)])
def test_a_picture_has_the_size_one_bit_and_less_than_90_kb(frame, size):
    found = picture(data := render_png(frame(north="f" * 140), size))
    assert (found.format, found.size, found.mode) == ("PNG", size, "1")
    assert data[24] == 1  # the bit depth as it stands in the file
    assert len(data) < 90_000


def test_a_bitmap_is_of_one_bit_and_uncompressed(frame):
    data = render_bmp(frame(), (800, 480))
    assert int.from_bytes(data[28:30], "little") == 1
    assert int.from_bytes(data[30:34], "little") == 0
    assert len(data) == 62 + 800 * 480 // 8
    assert picture(data).size == (800, 480)


def ink(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    return sum(1 for pixel in image.crop(box).get_flattened_data() if not pixel)


def test_a_picture_says_for_when_it_holds(frame, borough, sign, now):
    later = render(
        sign.board,
        borough(as_of=now + timedelta(minutes=7)),
        now=now + timedelta(minutes=7),
        validity=timedelta(seconds=60),
    )
    one, other = picture(render_png(frame(), (800, 480))), picture(render_png(later, (800, 480)))
    differing = [(x, y) for y in range(480) for x in range(800) if one.getpixel((x, y)) != other.getpixel((x, y))]
    # The same frame seven minutes later differs in two digits at the lower right, and nowhere else.
    assert differing
    assert min(y for _, y in differing) > 430
    assert min(x for x, _ in differing) > 600


def test_everything_of_a_picture_lies_within_its_edges(frame, sign):
    lines = tuple(replace(line, label=f"{line.label} with a very long name indeed") for line in sign.board.lines)
    for size in ((800, 480), (480, 800), (296, 128), (960, 160)):
        found = picture(render_png(frame(board=replace(sign.board, lines=lines), north="f" * 140), size))
        width, height = size
        assert ink(found, (0, 0, 2, height * 3 // 4)) == 0
        assert ink(found, (width - 2, 0, width, height * 3 // 4)) == 0
        assert ink(found, (0, 0, width, height)) > 200


def test_an_unlit_picture_is_white(frame):
    assert picture(render_png(replace(frame(), lit=False), (800, 480))).getextrema() == (255, 255)


def test_a_message_that_replaces_the_lines_stands_alone(frame, market):
    alone = frame(messages=[replace(market, replaces_lines=True, kind=MessageKind.EMERGENCY)])
    assert form("say", alone) == "Harbour Road: Market today [until 4pm]."
    assert len(feedparser.parse(form("rss", alone)).entries) == 1
    assert read_multi(form("multi", alone)) == [[{"middle": "MARKET TODAY"}, {"middle": "[UNTIL 4PM]"}]]
    assert render_png(alone, (800, 480)) != render_png(frame(), (800, 480))


def test_a_board_for_e_paper_knows_its_size(frame, sign):
    board = replace(sign.board, layout=Layout.EPAPER, width_px=400, height_px=300)
    assert (frame(board=board).width_px, frame(board=board).height_px) == (400, 300)
