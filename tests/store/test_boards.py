"""Boards kept: every version, who made it, and what a places file may change of them."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from domain.boards import BoardLine, LineMode, Thresholds
from domain.categories import Category
from domain.errors import BoardChangedError, BoardRefusedError, StoreRefusedError, UnknownPlaceError
from store import migrations
from store.live import open_live
from store.migrations import migrate
from store.places import import_places
from store.pool import open_pool
from store.register import StoreRegister
from store.signs.boards import StoreBoards

pytestmark = [pytest.mark.anyio, pytest.mark.db]


@pytest.fixture
async def kept(database, small_borough, noon):
    """The small borough with its boards: `(pool, boards, sign)`."""
    async with open_pool(database, size=3) as pool:
        await import_places(pool, small_borough, at=noon)
        yield pool, StoreBoards(pool, now=lambda: noon + timedelta(hours=1)), small_borough.signs[0]


def changed(sign, **changes):
    return replace(sign, board=replace(sign.board, lines=(replace(sign.board.lines[0], **changes),)))


async def live_sign(pool):
    async with open_live(pool) as live:
        return live.snapshot.sign("north")


async def test_a_board_is_read_as_it_was_written_and_every_version_stays(kept, noon):
    pool, boards, sign = kept
    wanted = changed(
        sign,
        mode=LineMode.STAFF,
        labels={"cy": "Iard y Felin"},
        thresholds=Thresholds(full_enter=1, full_leave=2),
        max_age=timedelta(minutes=5),
        maximum=99,
    )
    wanted = replace(wanted, board=replace(wanted.board, languages=("en", "cy")))

    made = await boards.write(wanted, actor="Ada", based_on=1)

    assert made == replace(wanted, board=replace(wanted.board, layout_version=2))
    assert await live_sign(pool) == made
    newest, first = await boards.versions("north", limit=9)
    assert (newest.version, newest.actor, newest.what) == (2, "Ada", "board: languages, lines")
    assert newest.made_at == noon + timedelta(hours=1)
    assert (first.version, first.actor, first.board) == (1, "places file", sign.board)


async def test_what_is_as_it_was_makes_no_version(kept):
    pool, boards, sign = kept
    before = await live_sign(pool)
    assert await boards.write(sign, actor="Ada") == before
    assert len(await boards.versions("north", limit=9)) == 1


async def test_two_people_cannot_overwrite_one_another_unseen(kept):
    _pool, boards, sign = kept
    await boards.write(changed(sign, label="Ada's"), actor="Ada", based_on=1)
    with pytest.raises(BoardChangedError, match="at version 2"):
        await boards.write(changed(sign, label="Ben's"), actor="Ben", based_on=1)
    assert [one.actor for one in await boards.versions("north", limit=9)] == ["Ada", "places file"]


async def test_an_older_version_comes_back_as_a_new_one(kept):
    pool, boards, sign = kept
    await boards.write(changed(sign, mode=LineMode.CLOSED), actor="Ada")
    made = await boards.restore("north", 1, actor="Ben")
    assert made.board == replace(sign.board, layout_version=3)
    assert await live_sign(pool) == made
    newest = (await boards.versions("north", limit=1))[0]
    assert (newest.actor, newest.what) == ("Ben", "back to version 1; board: lines")
    for sign_id, version in (("north", 9), ("nowhere", 1)):
        with pytest.raises(UnknownPlaceError):
            await boards.restore(sign_id, version, actor="Ben")


async def test_a_new_sign_is_made_once(kept):
    pool, boards, sign = kept
    new = replace(sign, sign_id="south", name="South", board=replace(sign.board, sign_id="south", title="South"))
    made = await boards.write(new, actor="Ada", based_on=0)
    assert made.board.layout_version == 1
    with pytest.raises(BoardChangedError):
        await boards.write(new, actor="Ben", based_on=0)
    async with open_live(pool) as live:
        assert live.snapshot.sign("south") == made


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"site_id": "nowhere"}, "line 'all': there is no site 'nowhere'"),
        ({"site_id": "the-green"}, "line 'all': there is no site 'the-green'"),  # it has benches only
        ({"category": "ev"}, "line 'all': site 'mill-yard' has no ev bay"),
        ({"zone_id": "roof"}, "line 'all': site 'mill-yard', zone 'roof', has no bay"),
    ],
)
async def test_a_line_that_points_to_nothing_is_refused_and_nothing_changes(kept, changes, problem):
    pool, boards, sign = kept
    before = await live_sign(pool)
    with pytest.raises(BoardRefusedError) as caught:
        await boards.write(changed(sign, **changes), actor="Ada")
    assert caught.value.problems == (problem,)
    assert await live_sign(pool) == before


async def test_a_line_counts_an_area(kept, noon):
    from domain.register import Entry, RecordKind
    from domain.register_fields import unsaid

    pool, boards, sign = kept
    deck = {
        "site": "the-green",
        "name": "Deck",
        "kind": "area",
        "category": "ev",
        "capacity": 9,
        "lon": 0.3,
        "lat": 51.4,
    }
    area = Entry(kind=RecordKind.ASSET, record_id="deck", values=unsaid(RecordKind.ASSET) | deck)
    await StoreRegister(pool, now=lambda: noon).write([area], actor="Ada", what="an area")

    await boards.write(changed(sign, site_id="the-green", category=Category.EV), actor="Ada")
    assert (await live_sign(pool)).board.lines[0].site_id == "the-green"


async def test_a_line_counts_a_zone(kept, noon):
    from domain.register import Entry, RecordKind

    pool, boards, sign = kept
    registry = StoreRegister(pool, now=lambda: noon)
    bay = (await registry.records())[RecordKind.ASSET]["mill-yard-1"]
    zone = Entry(kind=RecordKind.ZONE, record_id="roof", values={"site": "mill-yard", "name": "Roof"})
    moved = Entry(kind=RecordKind.ASSET, record_id="mill-yard-1", values={**bay, "zone": "roof"})
    await registry.write([zone, moved], actor="Ada", what="a zone")

    await boards.write(changed(sign, zone_id="roof"), actor="Ada")

    async with open_live(pool) as live:
        assert live.snapshot.bays("mill-yard", "roof")[0].capacity == 1
        assert live.snapshot.assets["mill-yard-1"].asset.zone_id == "roof"


async def test_a_places_file_that_says_nothing_new_leaves_what_people_made(kept, small_borough, noon):
    pool, boards, sign = kept
    made = await boards.write(changed(sign, mode=LineMode.CLOSED), actor="Ada")
    await import_places(pool, small_borough, at=noon)
    assert await live_sign(pool) == made


async def test_a_places_file_that_says_something_new_is_a_version_of_its_own(kept, small_borough, noon):
    pool, boards, sign = kept
    await boards.write(changed(sign, mode=LineMode.CLOSED), actor="Ada")
    said = changed(sign, label="Yard")
    await import_places(pool, replace(small_borough, signs=(said,)), at=noon)
    assert await live_sign(pool) == replace(said, board=replace(said.board, layout_version=3))
    # What people do from there on stays again.
    made = await boards.write(changed(sign, label="Ada's"), actor="Ada")
    await import_places(pool, replace(small_borough, signs=(said,)), at=noon)
    assert await live_sign(pool) == made


async def test_a_places_file_with_a_zone_that_is_not_there_changes_nothing(kept, small_borough, noon):
    pool, _boards, sign = kept
    before = await live_sign(pool)
    line = BoardLine(key="roof", label="Roof", site_id="mill-yard", zone_id="roof")
    said = replace(sign, board=replace(sign.board, lines=(line,)))
    with pytest.raises(StoreRefusedError, match="zone 'roof'"):
        await import_places(pool, replace(small_borough, signs=(said,)), at=noon)
    assert await live_sign(pool) == before


async def test_a_board_of_a_later_version_of_the_platform_stops_nobody(kept, database):
    pool, _boards, sign = kept
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE board_version DISABLE TRIGGER ALL")
        connection.execute("UPDATE board_version SET board = %s", [Jsonb({"lines": [{"hologram": True}]})])
    found = await live_sign(pool)
    assert (found.name, found.board.lines) == (sign.name, ())


async def test_history_cannot_be_rewritten(kept, database):
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.IntegrityError):
        connection.execute("UPDATE board_version SET actor = 'nobody'")


def test_signs_of_an_older_schema_keep_their_lines(empty_database, monkeypatch):
    every = migrations.migrations
    monkeypatch.setattr(migrations, "migrations", lambda engine: [one for one in every(engine) if one.number < 22])
    list(migrate(empty_database))
    lines = [
        {"key": key, "label": key.upper(), "site_id": "yard", "category": category, "arrow": arrow}
        for key, category, arrow in (("b", None, None), ("a", "disabled", "left"))
    ]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO site (site_id, name, kind, locality, lon, lat, simulated)"
            " VALUES ('yard', 'Yard', 'street', 'Grays', 0, 51, true)"
        )
        connection.execute(
            "INSERT INTO sign (sign_id, site_key, name, lon, lat, lines) SELECT 'old', site_key, 'Old', 0, 51, %s"
            " FROM site",
            [Jsonb(lines)],
        )
    monkeypatch.undo()
    list(migrate(empty_database))
    with psycopg.connect(empty_database) as connection:
        row = connection.execute("SELECT version, board FROM board_version JOIN sign USING (sign_id)").fetchone()
    assert row == (
        1,
        {
            "lines": [
                {"key": "b", "label": "B", "site": "yard"},
                {"key": "a", "label": "A", "site": "yard", "category": "disabled", "arrow": "left"},
            ]
        },
    )
