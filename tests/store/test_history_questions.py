"""Every question about the past is answered as second by second, on both engines, also on days of 23 and 25 hours."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from domain.disclosure import PrivacyRules
from domain.errors import InvalidQuestionError, UnknownPlaceError
from domain.history import Audience, By, Question, Selection
from domain.periods import Period, Step
from domain.places import AssetKind, Category
from domain.places_file import parse_places
from domain.stuck import StuckRules
from domain.uplinks import Kind
from store.history.questions import StoreHistory
from store.history.telling import History
from store.history.watch import make_due
from store.migrations import migrate
from store.places import import_places
from store.pool import open_pool
from tests.brute_history import BruteAsset, BruteHistory, K
from tests.domain import history_oracle

pytestmark = pytest.mark.db

SILENT_AFTER = timedelta(hours=3)
HORIZON = 30 * 3600
ORIGINS = {
    # Four hours before the local day on which the clocks change, and on after it.
    "forward": datetime(2026, 3, 28, 20, tzinfo=UTC),
    "back": datetime(2026, 10, 24, 19, tzinfo=UTC),
}
PLACES = """
name = "Three places"
simulated = true

[[site]]
id = "mill-yard"
name = "Mill Yard"
kind = "car_park"
locality = "Grays"
ward = "Riverside"
lon = 0.325
lat = 51.475

[[site.bays]]
category = "general"
model = "bosch-tps110"
max_stay_minutes = 40
bay = [
  { id = "yard-1", lon = 0.3251, lat = 51.4751, device = "70b3d50000000001" },
  { id = "yard-2", lon = 0.3252, lat = 51.4751, device = "70b3d50000000002" },
]

[[site.bays]]
category = "disabled"
model = "bosch-tps110"
bay = [{ id = "yard-3", lon = 0.3254, lat = 51.4751, device = "70b3d50000000003" }]

[[site]]
id = "the-green"
name = "The Green"
kind = "park"
locality = "Tilbury"
lon = 0.36
lat = 51.463

[[site.bays]]
category = "general"
model = "bosch-tps110"
bay = [
  { id = "green-1", lon = 0.3601, lat = 51.4631, device = "70b3d50000000004" },
  { id = "green-home", lon = 0.3601, lat = 51.4631, device = "70b3d50000000005", home_linked = true },
]

[[site.benches]]
model = "smartplace-bench"
seats = 3
bench = [{ id = "green-bench", lon = 0.3601, lat = 51.4631, device = "bench-green" }]
"""
PLACES = parse_places(PLACES, source="three places", silent_after=lambda _model: SILENT_AFTER)
DEVICES = {device.device_id: device.asset_id for device in PLACES.devices}
ZONES = {"yard-1": "row-a", "yard-2": "row-a", "yard-3": "row-b"}
TABLES = (
    "TRUNCATE seen_frame, uplink, event, measurement, device_state, session_block, security_event, span, fact_15m,"
    " history_due, history_due_batch, closure"
)


@st.composite
def streams(draw):
    """Words of each device, closures, and in which batches the words arrive."""
    sent = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(DEVICES)),
                st.integers(0, 40),
                # Near the edges of quarters as well.
                st.one_of(
                    st.integers(0, HORIZON - 1),
                    st.integers(0, HORIZON // 900 - 1).map(lambda quarter: quarter * 900),
                    st.integers(4 * 3600, 8 * 3600),
                ),
                st.integers(0, 4),
                st.sampled_from([Kind.EVENT, Kind.EVENT, Kind.HEARTBEAT]),
                st.sampled_from([None, None, 7, 40]),
            ),
            min_size=4,
            max_size=40,
            unique_by=lambda one: (one[0], one[1]),
        )
    )
    closures = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(set(DEVICES.values()))), st.integers(0, HORIZON), st.integers(1, 40_000)),
            max_size=3,
            unique_by=lambda one: one[0],
        )
    )
    cuts = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=3)))
    order = draw(st.permutations(sent))
    told_until = draw(st.one_of(st.integers(HORIZON // 2, HORIZON - 1), st.just(HORIZON - 3600)))
    return order, closures, cuts, told_until


def accepted(frame, origin, noon, one):
    device_id, f_cnt, second, number, kind, before = one
    said = {"occupants": number} if device_id.startswith("bench") else {"occupied": number % 2 > 0}
    if before is not None and not device_id.startswith("bench"):
        said["previous_state_minutes"] = before
    minute = (origin - noon) / timedelta(minutes=1) + second / 60
    return frame(device_id, f_cnt, minute=minute, kind=kind, received_minute=0, **said)


def brute(sent, closures, origin, told_until) -> BruteHistory:
    """The same, second by second."""
    words = defaultdict(list)
    for device_id, f_cnt, second, number, kind, before in sent:
        bench = device_id.startswith("bench")
        words[DEVICES[device_id]].append(
            {
                "at": second,
                "f_cnt": f_cnt,
                "device": device_id,
                "kind": kind,
                "taken": number if bench else number % 2,
                "until": second + SILENT_AFTER.total_seconds(),
                "counted": bench,
                "previous": None if bench or before is None else before * 60,
                "debounce": 0,
            }
        )
    closed = defaultdict(list)
    for asset_id, begins, length in closures:
        closed[asset_id].append((begins, begins + length))
    moments = {
        asset.asset_id: history_oracle.moments(words[asset.asset_id], closed[asset.asset_id], HORIZON)
        for asset in PLACES.assets
    }
    sites = {site.site_id: site for site in PLACES.sites}
    assets = [
        BruteAsset(
            asset_id=asset.asset_id,
            name=asset.name,
            site=asset.site_id,
            kind=asset.kind,
            zone=ZONES.get(asset.asset_id),
            category=asset.category,
            ward=sites[asset.site_id].ward,
            capacity=asset.seats or 1,
            limit_s=asset.max_stay_minutes and asset.max_stay_minutes * 60,
            home_linked=asset.home_linked,
            moments=moments[asset.asset_id],
            changes=history_oracle.arrivals(
                words[asset.asset_id], closed[asset.asset_id], HORIZON, moments[asset.asset_id]
            ),
        )
        for asset in PLACES.assets
    ]
    names = {site.site_id: site.name for site in PLACES.sites}
    return BruteHistory(origin, assets, origin + timedelta(seconds=told_until), site_names=names)


async def play(conninfo, frame, noon, origin, stream, *, size=2, prepare=True):
    """Put it all in, batch by batch, and answer; gives `ask(method, ...)`."""
    from store.frames import FrameStore

    order, closures, cuts, told_until = stream
    at = origin + timedelta(seconds=told_until)
    async with open_pool(conninfo, size=size, prepare=prepare) as pool:
        await import_places(pool, PLACES, at=noon)
        store = FrameStore(pool)
        await store.refresh()
        async with pool.connection() as connection:
            await connection.execute(TABLES)
            if prepare:  # plain tables there, continuous aggregates here: those follow their facts
                await connection.execute("TRUNCATE fact_hour, fact_day")
            await connection.execute("UPDATE history SET facts_until = DEFAULT")
            await connection.execute("UPDATE platform SET as_of = '2000-01-01Z'")
            await connection.execute(
                "INSERT INTO zone (zone_id, site_key, name) SELECT z, site_key, z"
                " FROM site, unnest(ARRAY['row-a', 'row-b']) z WHERE site_id = 'mill-yard' ON CONFLICT DO NOTHING"
            )
            for asset_id, zone in ZONES.items():
                await connection.execute(
                    "UPDATE asset SET zone_key = (SELECT zone_key FROM zone WHERE zone_id = %s) WHERE asset_id = %s",
                    [zone, asset_id],
                )
            for asset_id, begins, length in closures:
                begins_at = origin + timedelta(seconds=begins)
                await connection.execute(
                    "WITH c AS (INSERT INTO closure (asset_key, begins_at, ends_at, reason)"
                    " SELECT asset_key, %s, %s, 'Works' FROM asset WHERE asset_id = %s RETURNING *)"
                    " INSERT INTO history_due SELECT asset_key, begins_at, ends_at FROM c",
                    [begins_at, begins_at + timedelta(seconds=length), asset_id],
                )
        history = History(pool, now=lambda: noon)
        parts = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]
        for number, part in enumerate(parts, 1):
            await store.write([accepted(frame, origin, noon, one) for one in part], [])
            async with pool.connection() as connection:
                moment = at if number == len(parts) else origin + (at - origin) * number / len(parts) / 2
                await connection.execute("UPDATE platform SET as_of = %s", [moment])
            await history.catch_up()
        asked = StoreHistory(pool, rules=PrivacyRules(k=K))
        return [await ask(asked) for ask in questions(origin, at)]


def questions(origin, at):
    """One of each kind, over periods that begin and end anywhere among quarters."""
    whole = Period(since=origin, until=origin + timedelta(seconds=HORIZON))
    inner = Period(since=origin + timedelta(minutes=4 * 60 + 15), until=origin + timedelta(hours=29, minutes=45))
    managers, public = Audience.MANAGERS, Audience.PUBLIC
    yard, green = Selection(site="mill-yard"), Selection(site="the-green")
    benches = Selection(kinds=frozenset({AssetKind.BENCH}))

    def ask(method, selection, period, audience, *more, by=By.BOROUGH):
        question = Question(selection=selection, period=period, audience=audience, by=by)
        return lambda asked: getattr(asked, method)(question, *more)

    return [
        *(ask("series", yard, whole.widened(step), public, step) for step in Step),
        *(ask("series", Selection(), inner.widened(step), managers, step) for step in (Step.QUARTER, Step.DAY)),
        ask("series", benches, inner.widened(Step.HOUR), managers, Step.HOUR),
        ask("series", Selection(asset="yard-1"), whole.widened(Step.DAY), public, Step.DAY),
        *(ask("summary", Selection(), inner, who, by=by) for by in By for who in Audience),
        ask("summary", replace(green, category=Category.GENERAL), whole, public, by=By.SITE),
        ask("grid", yard, whole.widened(Step.HOUR), public),
        ask("grid", Selection(ward="Riverside", category=Category.DISABLED), inner.widened(Step.HOUR), public),
        ask("peaks", Selection(), inner.widened(Step.HOUR), managers, by=By.BAY),
        ask("stays", Selection(), whole, managers, by=By.BAY),
        ask("stays", Selection(), inner, public, by=By.CATEGORY),
        ask("stays", green, inner, managers, by=By.SITE),
        lambda asked: asked.stuck(Selection(), StuckRules(days=1, expected=5.0)),
    ]


def comparable(answer):
    """Answers without what only one side has, and figures as plain values."""
    return repr(answer)


@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS)
# An example takes a second: what fails is not made smaller.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
# A stay that ends in the very second in which a period begins.
@example(
    stream=(
        [
            ("70b3d50000000004", 1, 4500, 1, Kind.EVENT, None),
            ("70b3d50000000004", 2, 18900, 0, Kind.HEARTBEAT, None),
        ],
        [],
        [],
        HORIZON - 3600,
    )
)
# A bay of which the first that is known is a closure that begins in the quarter that is told, but later.
@example(stream=([("70b3d50000000003", 6, 16879, 0, Kind.EVENT, None)], [("yard-2", 54871, 5301)], [], 54383))
@given(stream=streams())
def test_every_answer_is_as_counted_second_by_second(database, frame, noon, origin, stream):
    answers = asyncio.run(play(database, frame, noon, origin, stream))

    order, closures, _, told_until = stream
    counted = brute(order, closures, origin, told_until)
    for number, (answer, ask) in enumerate(zip(answers, questions(origin, counted.until), strict=True)):
        assert answer == asyncio.run(ask(counted)), number


def a_day(origin):
    """One stream that has a bit of everything."""
    words = [
        (device_id, n, 1800 + n * 5431 + 613 * number, (n + number) % 4, Kind.EVENT, 40 if n == 7 else None)
        for number, device_id in enumerate(sorted(DEVICES))
        for n in range(18)
        if (n + number) % 5
    ]
    late = words[::7]
    order = [word for word in words if word not in late] + late
    return order, [("yard-2", 30_000, 9_000), ("green-1", 70_000, 40_000)], [20, len(words) - len(late)], HORIZON - 1237


@pytest.mark.timescale
def test_timescale_gives_the_same_answers(database, timescale, frame, noon):
    list(migrate(timescale, prepare=False))
    stream, origin = a_day(ORIGINS["back"]), ORIGINS["back"]
    plain = asyncio.run(play(database, frame, noon, origin, stream))
    other = asyncio.run(play(timescale, frame, noon, origin, stream, size=1, prepare=False))

    assert other == plain
    assert plain[0].total.sums.arrivals > 5


@pytest.mark.anyio
async def test_a_question_that_is_too_large_or_names_nothing_is_refused(database, frame, noon):
    origin = ORIGINS["back"]
    await play(database, frame, noon, origin, a_day(origin))
    ten_years = Period(since=datetime(2016, 1, 1, tzinfo=UTC), until=datetime(2026, 11, 1, tzinfo=UTC))
    async with open_pool(database, size=2) as pool:
        asked = StoreHistory(pool, rules=PrivacyRules())

        def question(**selection):
            return Question(selection=Selection(**selection), period=ten_years)

        with pytest.raises(InvalidQuestionError, match="more than 10,000 rows"):
            await asked.series(question(), Step.HOUR)
        assert len((await asked.series(question(), Step.MONTH)).rows) == 130
        with pytest.raises(InvalidQuestionError, match="more than 20,000 rows"):
            await asked.grid(question())
        for wrong in ({"site": "atlantis"}, {"zone": "row-z"}, {"ward": "Nowhere"}, {"asset": "green-home"}):
            with pytest.raises(UnknownPlaceError):
                await asked.summary(question(**wrong))
        # What is there and has nothing of the kind is no error.
        nothing = await asked.summary(question(site="the-green", category=Category.EV))
        assert (nothing.total.capacity, nothing.groups) == (0, {})
        home = replace(question(asset="green-home"), audience=Audience.MANAGERS)
        assert (await asked.summary(home)).total.capacity == 1


@pytest.mark.anyio
async def test_what_waits_to_be_told_is_said_with_every_answer(database, frame, noon):
    from store.frames import FrameStore

    async with open_pool(database, size=2) as pool:
        await import_places(pool, PLACES, at=noon - timedelta(days=2))
        store, history = FrameStore(pool), History(pool, now=lambda: noon)
        await store.refresh()
        await history.catch_up()
        asked = StoreHistory(pool, rules=PrivacyRules(k=K))

        async def waiting(*, hours=24, until=noon, who=Audience.MANAGERS, method="summary", **selection):
            period = Period(since=until - timedelta(hours=hours), until=until)
            question = Question(selection=Selection(**selection), period=period, audience=who)
            told = (await getattr(asked, method)(question)).told
            minutes = told.untold_from and (noon - told.untold_from) / timedelta(minutes=1)
            return told.untold_bays, minutes, told.is_behind

        async def hear(device_id, *minutes, **said):
            frames = [frame(device_id, -minute, minute=minute, **said) for minute in minutes]
            await store.write(frames, [])

        await hear("70b3d50000000001", -600, -300, occupied=True)
        await hear("70b3d50000000002", -90, occupied=True)
        await hear("70b3d50000000005", -700, occupied=True)
        await hear("bench-green", -800, occupants=1)
        async with pool.connection() as connection:
            await connection.execute("UPDATE platform SET as_of = %s", [noon])

        nothing = (0, None, False)
        assert await waiting(site="mill-yard") == (2, 600, True)
        # Of what lies outside of a period nothing is said, and before it nothing begins.
        assert await waiting(site="mill-yard", hours=8) == (2, 480, True)
        assert await waiting(site="mill-yard", hours=3) == (1, 90, True)
        assert await waiting(site="mill-yard", hours=2, until=noon - timedelta(hours=12)) == nothing
        # Nobody learns in public that something was heard just now of a bay that belongs to one household.
        assert await waiting(site="the-green") == (1, 700, True)
        assert await waiting(site="the-green", who=Audience.PUBLIC) == nothing
        assert await waiting(who=Audience.PUBLIC, method="stays") == await waiting(site="mill-yard")
        assert await waiting(kinds=frozenset({AssetKind.BENCH})) == (3, 800, True)

        async def unheard(who, hours=24):
            period = Period(since=noon - timedelta(hours=hours), until=noon)
            question = Question(selection=Selection(), period=period, audience=who)
            return (await asked.summary(question)).told.unheard_bays

        # Who was heard and waits to be told is not among those of whom nothing is known.
        silent = await unheard(Audience.MANAGERS)
        await history.catch_up()
        assert await unheard(Audience.MANAGERS) == await unheard(Audience.PUBLIC) == silent == 2
        assert await waiting() == nothing
        # What was only just heard waits everywhere, always.
        await hear("70b3d50000000003", -2, occupied=True)
        assert await waiting() == (1, 2, False)
        # All of it is told anew.
        await make_due(pool, None)
        assert await waiting() == (5, 24 * 60, True)
