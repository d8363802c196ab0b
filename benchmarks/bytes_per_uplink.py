"""Bytes kept for each uplink on TimescaleDB: journal and facts, with their indexes, compressed; and by column.

Bays whose sensors speak four times an hour (`--every` says otherwise), for 28 days: four chunks of the journal, one of
the quarters of an hour, a quarter of one of hours and days. Each frame is a ChirpStack event of its own and takes the
real way: read, kept (`FrameStore`), told (`History`, four times a day, with the vacuuming that a day leaves time for).
Seeded, and made as a town is:

- a frame comes up to a minute early or late, is heard at some microsecond, is received 210 to 390 ms later (whole ms);
- six gateways at different distances, of which a frame reaches one to four, mostly two: RSSI in whole dB, which fades
  by 4 dB from frame to frame and 6 dB below a vehicle; SNR in steps of 0.25 dB (`--snr tenths`: as older forwarders
  say it);
- every tenth frame is a change, in between a bay stays as it is: five stays a day.

Then everything is compressed, as the policies do in the end. The last line is JSON.
"""

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

# This file's folder is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

import psycopg

from benchmarks.history import Server
from benchmarks.uplinks import event, places_of
from domain.places_file import parse_places
from domain.uplinks import Accepted
from ingest.reading import read_deliveries
from ingest.source import Delivery, Token
from smartplace.places import load_places
from smartplace.settings import Settings
from store.frames import FrameStore
from store.history.telling import History
from store.migrations import status
from store.pool import Pool, open_pool

FACTS = ("fact_15m", "fact_hour", "fact_day")
RELATIONS = ("uplink", *FACTS, "measurement", "event")
GATEWAYS = tuple(f"0016c001f153a1{number:02x}" for number in (0x4C, 0x51, 0x7A, 0x90, 0xC3, 0xE8))
MOST_GATEWAYS = 4
STRETCH = timedelta(days=28)
TOLD_EVERY = timedelta(hours=6)
COLUMNS = """
    SELECT a.attname::text, format('%%I.%%I', packed.schema_name, packed.table_name)
    FROM _timescaledb_catalog.hypertable AS h
    JOIN _timescaledb_catalog.chunk AS c ON c.hypertable_id = h.id
    JOIN _timescaledb_catalog.chunk AS packed ON packed.id = c.compressed_chunk_id
    JOIN pg_attribute AS a ON a.attrelid = format('%%I.%%I', packed.schema_name, packed.table_name)::regclass
    WHERE h.table_name = %s AND a.attnum > 0 AND NOT a.attisdropped
"""


class Air:
    """What gateways make of one device's frames."""

    def __init__(self, random: Random, *, tenths: bool) -> None:
        self._random = random
        self._tenths = tenths
        by_distance = enumerate(random.sample(GATEWAYS, len(GATEWAYS)))
        near_dbm = random.uniform(-110, -90)
        self._mean_dbm = {gateway: near_dbm - 12 * rank + random.uniform(-6, 6) for rank, gateway in by_distance}

    def heard(self, *, taken: bool) -> list[tuple[str, int, float]]:
        """Gateway, RSSI, SNR: the nearest if nobody else, in no order."""
        found = []
        for gateway, mean_dbm in self._mean_dbm.items():
            rssi = round(self._random.gauss(mean_dbm - 6 * taken, 4))
            snr = round(4 * min(13.5, rssi + 115 + self._random.gauss(0, 1.2))) / 4
            found.append((gateway, rssi, round(snr, 1) if self._tenths else snr))
        found.sort(key=lambda one: -one[1])
        found = [found[0], *(one for one in found[1:MOST_GATEWAYS] if one[2] >= -7.5)]
        self._random.shuffle(found)
        return found


def messages(dev_euis: list[str], every: timedelta, begins: datetime, *, tenths: bool) -> Iterator[Delivery]:
    """What the broker delivers, in order."""
    random = Random(20_260_101)
    airs = {dev_eui: Air(random, tenths=tenths) for dev_eui in dev_euis}
    taken = {dev_eui: random.random() < 0.5 for dev_eui in dev_euis}
    phase = {dev_eui: every * random.random() for dev_eui in dev_euis}
    for f_cnt in range(STRETCH // every):
        times = {
            dev_eui: begins + f_cnt * every + phase[dev_eui] + timedelta(seconds=random.uniform(0, 60))
            for dev_eui in dev_euis
        }
        for dev_eui in sorted(dev_euis, key=times.__getitem__):
            changes = random.random() < 0.1
            taken[dev_eui] ^= changes
            at, heard = times[dev_eui], airs[dev_eui].heard(taken=taken[dev_eui])
            topic, body = event(dev_eui, f_cnt, at.isoformat())
            said = json.loads(body) | {
                "fPort": 1 if changes else 2,
                "data": base64.b64encode(bytes([taken[dev_eui]])).decode(),
                "rxInfo": [{"gatewayId": gateway, "gwTime": at.isoformat(), "rssi": rssi, "snr": snr}
                           for gateway, rssi, snr in heard],
            }  # fmt: skip
            received_at = at.replace(microsecond=at.microsecond // 1000 * 1000) + timedelta(
                milliseconds=random.randint(210, 390)
            )
            payload = json.dumps(said).encode()
            yield Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=Token())


async def keep(pool: Pool, deliveries: Iterator[Delivery]) -> int:
    """Keep all of them, and tell history now and then; how many there were."""
    store = FrameStore(pool)
    await store.refresh()
    count, due = 0, datetime.min.replace(tzinfo=UTC)
    while batch := list(islice(deliveries, 1000)):
        kept = [frame for frame in await read_deliveries(batch, store.model_of, None) if isinstance(frame, Accepted)]
        assert len(kept) == len(batch)
        await store.write(kept, [])
        count, now = count + len(batch), batch[-1].received_at
        if now >= due or len(batch) < 1000:
            await History(pool, now=lambda now=now: now).catch_up()
            due = now + TOLD_EVERY
            async with pool.connection() as connection:
                await connection.execute("VACUUM fact_day")
    return count


def sizes(connection: psycopg.Connection, count: int) -> dict[str, float]:
    """Bytes of each relation for each uplink, with indexes and TOAST."""
    found = {}
    for relation in RELATIONS:
        row = connection.execute("SELECT hypertable_size(%s::regclass)", [relation]).fetchone()
        found[relation] = round(row[0] / count, 2) if row else 0.0
    found["journal_and_facts"] = round(sum(found[relation] for relation in ("uplink", *FACTS)), 2)
    return found


def by_column(connection: psycopg.Connection, relation: str, count: int) -> dict[str, float]:
    """Bytes of each compressed column for each uplink; without the pages' own."""
    found: dict[str, float] = {}
    for column, chunk in connection.execute(COLUMNS, [relation]).fetchall():
        row = connection.execute(f'SELECT sum(pg_column_size("{column}")) FROM {chunk}'.encode()).fetchone()
        found[column] = found.get(column, 0.0) + int(row[0] or 0 if row else 0) / count
    return {column: round(size, 2) for column, size in found.items() if round(size, 2)}


async def measure(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Bytes before and after compression, and by column."""
    places = parse_places(places_of(options.devices), source="benchmark", silent_after=lambda _: timedelta(hours=60))
    await load_places(Settings.model_validate({"database_url": url}), places)
    days = (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // STRETCH - 1
    begins = datetime(1970, 1, 1, tzinfo=UTC) + days * STRETCH
    dev_euis = [str(device.device_id) for device in places.devices]
    deliveries = messages(dev_euis, timedelta(minutes=options.every), begins, tenths=options.snr == "tenths")
    async with open_pool(url, size=2) as pool:
        count = await keep(pool, deliveries)
    found: dict[str, Any] = {"uplinks": count}
    with psycopg.connect(url, autocommit=True) as connection:
        found["plain"] = sizes(connection, count)
        for relation in RELATIONS:
            connection.execute(f"SELECT compress_chunk(show_chunks('{relation}'))".encode())
        found["compressed"] = sizes(connection, count)
        found["by_column"] = {relation: by_column(connection, relation, count) for relation in RELATIONS}
        row = connection.execute("SELECT avg(gateway_count)::float8 FROM journal").fetchone()
        found["gateways"] = round(row[0], 2) if row else 0.0
    return found


def main() -> None:
    """Run, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="a TimescaleDB whose databases may be made and dropped")
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--every", type=float, default=15, help="minutes between two frames of a device")
    parser.add_argument("--snr", choices=("quarters", "tenths"), default="quarters")
    options = parser.parse_args()
    server = Server(options.url, None)
    with server.database() as url:
        if status(url).engine != "timescale":
            raise SystemExit("not a TimescaleDB")
        print(json.dumps(asyncio.run(measure(url, options))))


if __name__ == "__main__":
    main()
