"""How wrong history is when the radio loses frames: 300 bays for 14 days through the real pipeline, against the truth.

Cars stay 75 minutes in the mean and bays stay empty for 55 (lognormal, sigma 1; 22 changes a bay and day). Sensors
speak in their own bytes through ChirpStack's JSON: `bosch-tps110` says its state, `nwave-nps405` also how long the
state before lasted; heartbeats carry the state, never, every 24, 4 or 1 hours. Frames are opened, decoded, kept in
batches of 2,000 and told by the historian, day by day. What the radio does to them:

- table: frames are lost at random, nothing else: the cells of the table of a naive decoder (state = last event
  received);
- street: also 1% come twice, 3% late and out of order by up to ten minutes, the gateway is out for an hour a day, and
  2% of the sensors are stuck: from some moment on they say the state they had.

Told against true, second by second: share of bay-time wrong, and unknown; how long a wrong state lasts; minutes of free
that were taken for each bay and day; every five minutes: occupancy of the whole area and of blocks of 20 bays in
percentage points, and how often a block is off by two bays or more. For comparison a naive decoder reads the same
frames, and the historian's rule without its inferences.

The last line is JSON.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

# This folder has files that are named like packages of ours, which must be found before them.
sys.path[0] = str(Path(__file__).parents[1])

import psycopg

from benchmarks import accuracy_page
from benchmarks.accuracy_score import DAY_S, Line, Told, World, score
from benchmarks.servers import process, until
from benchmarks.uplinks import places_of
from devices.catalogue import model as find
from domain.observations import Observation
from domain.places import Asset, Device
from domain.places_file import parse_places
from domain.spans import spans_of
from domain.states import State
from domain.uplinks import Accepted, Kind
from ingest.reading import read_deliveries
from ingest.source import Delivery, Token
from simulators.behaviour import reports
from simulators.chirpstack import LoraDevice
from simulators.readings import BatterySensor
from simulators.spells import Spell
from simulators.voices import BuiltIn
from smartplace.embedded.ports import free_port
from smartplace.embedded.postgres import EmbeddedPostgres, wheel_binaries
from store.frames import FrameStore
from store.history.telling import History
from store.migrations import migrate
from store.places import import_places
from store.pool import open_pool

PLAIN, TELLING = "bosch-tps110", "nwave-nps405"
NEVER = timedelta(days=1000)
BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
BATCH = 2000
STAY_MINUTES, EMPTY_MINUTES, SIGMA = 75, 55, 1.0
OUTAGE = timedelta(hours=1)
STUCK, TWICE, LATE = 0.02, 0.01, 0.03
TABLE = [
    *((loss, "none") for loss in (1, 2, 5, 10, 20)),
    *((loss, beat) for loss in (5, 10) for beat in ("24 h", "4 h", "1 h")),
    (20, "1 h"),
]
LOSSES = (0, 2, 5, 10)
BEATS = {"none": NEVER, "24 h": timedelta(hours=24), "4 h": timedelta(hours=4), "1 h": timedelta(hours=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One experiment. `loss` in percent; `outage`: the gateway is out for an hour a day."""

    name: str
    model: str
    beat: str
    loss: int
    outage: bool
    street: bool


# The truth, and what is sent of it


def life(random: Random) -> Iterator[Spell]:
    """A bay from a day before the beginning on, without end."""
    at, occupied = BEGINS - timedelta(days=1), random.random() < STAY_MINUTES / (STAY_MINUTES + EMPTY_MINUTES)
    while True:
        mean = STAY_MINUTES if occupied else EMPTY_MINUTES
        minutes = random.lognormvariate(math.log(mean) - SIGMA**2 / 2, SIGMA)
        ends_at = at + timedelta(seconds=max(1, round(minutes * 60)))
        yield Spell(at, ends_at, occupied)
        at, occupied = ends_at, not occupied


def until_stuck(spells: Iterator[Spell], stuck_at: datetime | None) -> Iterator[Spell]:
    """What its sensor sees: from that moment on nothing new."""
    for spell in spells:
        if stuck_at is not None and spell.ends_at > stuck_at:
            yield replace(spell, ends_at=BEGINS + NEVER)
            return
        yield spell


def truth(world: World) -> list[Line]:
    ends_at = BEGINS + timedelta(days=world.days)
    return [_line(_spells(world, number), ends_at) for number in range(world.bays)]


def _spells(world: World, number: int) -> Iterator[Spell]:
    return life(Random(f"{world.seed}/life/{number}"))


def _line(spells: Iterator[Spell], ends_at: datetime) -> Line:
    found: Line = []
    for spell in spells:
        if spell.begins_at >= ends_at:
            return found
        if spell.ends_at > BEGINS:
            found.append(
                Told(_second(max(spell.begins_at, BEGINS)), _second(min(spell.ends_at, ends_at)), spell.occupied)
            )
    return found


def _second(moment: datetime) -> float:
    return (moment - BEGINS).total_seconds()


def sent(world: World, cell: Cell, assets: Sequence[Asset], devices: Mapping[str, Device]) -> list[Delivery]:
    """Every message of every bay, in order of time."""
    ends_at = BEGINS + timedelta(days=world.days)
    found = []
    for number, asset in enumerate(assets):
        dice = Random(f"{world.seed}/stuck/{number}")
        stuck_at = (
            BEGINS + timedelta(seconds=dice.uniform(0, world.seconds / 2)) if number < _stuck(world, cell) else None
        )
        seen = until_stuck(_spells(world, number), stuck_at)
        sensor = BatterySensor(asset, seed=world.seed, begins_at=BEGINS)
        radio = LoraDevice(devices[asset.asset_id], BuiltIn(find(cell.model)), seed=world.seed, begins_at=BEGINS)
        beats = reports(asset, seen, sensor, heartbeat=BEATS[cell.beat], seed=world.seed, begins_at=BEGINS)
        for report in beats:
            if report.at >= ends_at:
                break
            transmission = radio.transmit(report, report.at)
            found.append(
                Delivery(
                    topic=transmission.topic,
                    payload=transmission.payload,
                    retained=False,
                    received_at=transmission.at,
                    token=Token(),
                )
            )
    return sorted(found, key=lambda delivery: delivery.received_at)


def _stuck(world: World, cell: Cell) -> int:
    return round(world.bays * STUCK) if cell.street else 0


async def read(deliveries: Sequence[Delivery], key: str) -> list[Accepted]:
    """Opened and decoded, as ingest does it."""
    found = []
    for first in range(0, len(deliveries), BATCH):
        outcomes = await read_deliveries(deliveries[first : first + BATCH], lambda _: key, None)
        found += [one for one in outcomes if isinstance(one, Accepted)]
    assert len(found) == len(deliveries)
    return found


def arrived(world: World, cell: Cell, frames: Sequence[Accepted]) -> list[Accepted]:
    """What the radio lets through, in the order in which it comes."""
    random = Random(f"{world.seed}/radio/{cell}")
    outages = [
        BEGINS + timedelta(days=day, seconds=random.uniform(0, DAY_S - 3600))
        for day in range(world.days)
        if cell.outage
    ]
    found = []
    for frame in frames:
        at = frame.uplink.observed_at
        out = bisect_right(outages, at) - 1
        if random.random() * 100 < cell.loss or (out >= 0 and at < outages[out] + OUTAGE):
            continue
        delay_s = random.uniform(30, 600) if cell.street and random.random() < LATE else 0.0
        found.append(_received(frame, frame.uplink.received_at + timedelta(seconds=delay_s)))
        if cell.street and random.random() < TWICE:
            found.append(
                _received(frame, frame.uplink.received_at + timedelta(seconds=delay_s + random.uniform(1, 300)))
            )
    return sorted(found, key=lambda frame: frame.uplink.received_at)


def _received(frame: Accepted, at: datetime) -> Accepted:
    return frame if at == frame.uplink.received_at else replace(frame, uplink=replace(frame.uplink, received_at=at))


# What is made of it


async def told_by_pipeline(
    conninfo: str, frames: Sequence[Accepted], world: World
) -> tuple[list[Line], dict[str, float]]:
    """Kept in batches, told day by day; the lines that are in the database then, by bay."""
    async with open_pool(conninfo, size=2) as pool:
        store, history = (
            FrameStore(pool),
            History(pool, now=lambda: BEGINS + timedelta(days=world.days)),
        )
        await store.refresh()
        day, began, telling = 0, time.monotonic(), 0.0
        for first in range(0, len(frames), BATCH):
            batch = frames[first : first + BATCH]
            await store.write(batch, [])
            if (today := (batch[-1].uplink.received_at - BEGINS).days) > day:
                day, mark = today, time.monotonic()
                await history.catch_up()
                telling += time.monotonic() - mark
        mark = time.monotonic()
        await history.catch_up()
        telling += time.monotonic() - mark
    cost = {"store_s": round(time.monotonic() - began - telling, 1), "history_s": round(telling, 1)}
    with psycopg.connect(conninfo, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "SELECT asset_id, begins_at, least(ends_at, %s), state, quality FROM span JOIN asset USING (asset_key)"
            " WHERE begins_at < %s ORDER BY asset_id, begins_at",
            [BEGINS + timedelta(days=world.days)] * 2,
        ).fetchall()
    lines: dict[str, Line] = defaultdict(list)
    states = {"free": False, "occupied": True, "unknown": None}
    for asset_id, begins_at, ends_at, state, quality in rows:
        lines[asset_id].append(Told(_second(begins_at), _second(ends_at), states[state], quality))
    return [lines[asset_id] for asset_id in sorted(lines)], cost


def words_of(
    frames: Sequence[Accepted], assets: Sequence[Asset], devices: Mapping[str, Device]
) -> list[list[Accepted]]:
    """State-bearing frames by bay, in order of event time, each once."""
    number_of = {devices[asset.asset_id].device_id: number for number, asset in enumerate(assets)}
    found: list[dict[int, Accepted]] = [{} for _ in assets]
    for frame in frames:
        if "occupied" in frame.decoded.measurements:
            found[number_of[frame.uplink.device_id]][frame.uplink.f_cnt] = frame
    return [sorted(one.values(), key=lambda frame: frame.uplink.observed_at) for one in found]


def naive(words: Sequence[Accepted], world: World) -> Line:
    """State = last event received."""
    changes = [(_second(word.uplink.observed_at), bool(word.decoded.measurements["occupied"])) for word in words]
    return [Told(at, ends, state) for (at, state), (ends, _) in pairwise([*changes, (float(world.seconds), False)])]


def without_inference(words: Sequence[Accepted], silent_after: timedelta, world: World) -> Line:
    """The historian's rule for words that prove nothing of the time before them."""
    end = BEGINS + timedelta(days=world.days)
    told = [
        Observation(
            at=word.uplink.observed_at,
            f_cnt=0,
            device_key=1,
            kind=Kind.STARTUP,
            taken=int(word.decoded.measurements["occupied"]),
            counts_until=word.uplink.observed_at + silent_after,
        )
        for word in words
    ]
    states = {State.FREE: False, State.OCCUPIED: True, State.UNKNOWN: None}
    return [
        Told(_second(span.begins_at), _second(min(span.ends_at, end)), states[span.state])
        for span in spans_of(told, [])
        if span.begins_at < end
    ]


# All of it


def cells(*, quick: bool) -> list[Cell]:
    """The cells of the table, one more for its outage, and those of the street."""
    table = [Cell(name="table", model=PLAIN, beat=beat, loss=loss, outage=False, street=False) for loss, beat in TABLE]
    table += [Cell(name="table", model=PLAIN, beat=beat, loss=2, outage=True, street=False) for beat in ("none", "1 h")]
    street = [
        Cell(name="street", model=model, beat=beat, loss=loss, outage=True, street=True)
        for model in (PLAIN, TELLING)
        for beat in BEATS
        for loss in LOSSES
    ]
    if quick:
        table = [one for one in table if (one.loss, one.beat) in {(5, "none"), (5, "1 h")}]
        street = [one for one in street if one.loss == 5 and one.beat in {"none", "1 h"}]
    return [*table, *street]


def silent_after(cell: Cell) -> timedelta:
    """2.5 heartbeats; of a sensor without them a day, in which a bay that is alive changes 22 times."""
    return timedelta(days=1) if BEATS[cell.beat] is NEVER else 2.5 * BEATS[cell.beat]


def run(server: EmbeddedPostgres, world: World, wanted: Sequence[Cell], *, quiet: bool) -> list[dict[str, object]]:
    """Cells that hear the same sensors share what these send."""
    true = truth(world)
    streams: dict[tuple[str, str, bool], list[Cell]] = defaultdict(list)
    for cell in wanted:
        streams[cell.model, cell.beat, cell.street].append(cell)
    found = []
    for (key, _beat, _), group in streams.items():
        places = parse_places(
            places_of(world.bays, model=key),
            source="accuracy",
            silent_after=lambda _, first=group[0]: silent_after(first),
        )
        template = f"of_{len(found)}"
        server.create_database(template, template="empty")
        conninfo = server.conninfo(template)
        asyncio.run(_import(conninfo, places))
        devices = {device.asset_id: device for device in places.devices if device.asset_id}
        frames = asyncio.run(read(sent(world, group[0], places.assets, devices), key))
        for cell in group:
            came = arrived(world, cell, frames)
            server.create_database(f"{template}_{cell.loss}_{cell.outage}", template=template)
            copy = server.conninfo(f"{template}_{cell.loss}_{cell.outage}")
            lines, cost = asyncio.run(told_by_pipeline(copy, came, world))
            words = words_of(came, places.assets, devices)
            result = {
                **asdict(cell),
                "frames": len(came),
                **cost,
                "ours": asdict(score(lines, true, world)),
                "naive": asdict(score([naive(one, world) for one in words], true, world)),
                "without_inference": asdict(
                    score([without_inference(one, silent_after(cell), world) for one in words], true, world)
                ),
            }
            found.append(result)
            _drop(server, copy)
            if not quiet:
                print(accuracy_page.line_of(result), flush=True)
        _drop(server, conninfo)
    return found


async def _import(conninfo: str, places: object) -> None:
    async with open_pool(conninfo, size=1) as pool:
        await import_places(pool, places, at=BEGINS)  # type: ignore[arg-type]
        async with pool.connection() as connection:
            await connection.execute("UPDATE platform SET as_of = %s", [BEGINS])


def _drop(server: EmbeddedPostgres, conninfo: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> None:
    """Every cell, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few cells for three days: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", help="cells of one part: table or street")
    parser.add_argument("--markdown", action="store_true", help="the tables of docs/accuracy.md, before the JSON line")
    options = parser.parse_args()
    world = World(bays=300, days=3 if options.quick else 14, seed=options.seed)
    wanted = [cell for cell in cells(quick=options.quick) if options.only in (None, cell.name)]
    with tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as folder:
        # Nothing is measured that hangs on a disk.
        server = EmbeddedPostgres(
            binaries=wheel_binaries(), data_dir=Path(folder) / "data", port=free_port(), password="-", durable=False
        )
        server.initialise()
        with process(server.command(), Path(folder) / "log"):
            until(server.answers, what="PostgreSQL")
            server.create_database("empty")
            list(migrate(server.conninfo("empty")))
            results = run(server, world, wanted, quiet=options.json)
    if options.markdown:
        print(accuracy_page.markdown(results))
    print(json.dumps({"world": asdict(world), "cells": results}))


if __name__ == "__main__":
    main()
