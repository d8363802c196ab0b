"""Reading the journal anew, against keeping the same frames in the first place: same database, same frames, one run.

- keep: frames into the store in batches of 1,000, without a broker;
- unchanged: a replay that finds everything as it should be;
- rebuild: a replay after every derived table was emptied;
- history: spans, facts and their sums of all that, told after it;
- everything: both, as `smartplace replay` does it, after every derived table was emptied.

Medians of the rounds. The last line is JSON.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

# This file's folder is named like a package of ours, which must be found before it.
sys.path[0] = str(Path(__file__).parents[1])

from benchmarks.servers import postgres
from benchmarks.uplinks import DEVICES, PLACES, event
from domain.places_file import parse_places
from domain.uplinks import Accepted
from ingest.reading import read_deliveries
from ingest.source import Delivery, Token
from smartplace.garbage import collect_seldom
from smartplace.places import load_places
from smartplace.replay import replay_and_tell, replay_with
from smartplace.settings import Settings
from store.frames import FrameStore
from store.history.telling import History
from store.migrations import migrate
from store.pool import Pool, open_pool
from store.replay.journal import Scope

BATCH = 1000
DERIVED = ("event", "measurement", "device_state", "session_block", "span", "fact_15m", "fact_hour", "fact_day")


async def frames(
    store: FrameStore,
    dev_euis: list[str],
    count: int,
    *,
    began: datetime | None = None,
    lasts_s: float = 86_000,
    first: int = 0,
) -> list[Accepted]:
    """Frames in order, of a day if nothing else is said: each device about every 10 minutes; counters from `first`."""
    began = began or datetime.now(UTC) - timedelta(days=1)
    deliveries = []
    for number in range(count):
        received_at = began + timedelta(seconds=lasts_s * number / count)
        topic, payload = event(dev_euis[number % DEVICES], first + number // DEVICES, received_at.isoformat())
        deliveries.append(
            Delivery(topic=topic, payload=payload, retained=False, received_at=received_at, token=Token())
        )
    kept = [frame for frame in await read_deliveries(deliveries, store.model_of, None) if isinstance(frame, Accepted)]
    assert len(kept) == count
    return kept


async def rate(work: object, count: int) -> float:
    """Frames a second of some work."""
    began = time.perf_counter()
    await work  # type: ignore[misc]
    return count / (time.perf_counter() - began)


async def keep(store: FrameStore, kept: list[Accepted]) -> None:
    """Everything into the store."""
    for at in range(0, len(kept), BATCH):
        await store.write(kept[at : at + BATCH], [])


async def forget(pool: Pool) -> None:
    """Empty every derived table."""
    async with pool.connection() as connection:
        await connection.execute(f"TRUNCATE {', '.join(DERIVED)}".encode())
        await connection.execute("UPDATE asset_state SET reported = NULL, observed_at = NULL, state = 'unknown'")


async def run(conninfo: str, dev_euis: list[str], rounds: int, count: int, *, quiet: bool) -> dict[str, float]:
    """Fill once, then replay each way `rounds` times."""
    async with open_pool(conninfo, size=4) as pool:
        store = FrameStore(pool)
        await store.refresh()
        kept = await frames(store, dev_euis, count)
        history = History(pool, now=lambda: datetime.now(UTC))
        found: dict[str, list[float]] = {"keep": [await rate(keep(store, kept), count)]}
        del kept
        found |= {name: [] for name in ("unchanged", "rebuild", "history", "everything")}
        await history.catch_up()
        for number in range(rounds):
            found["unchanged"].append(await rate(replay_with(pool, Scope(), lambda *_: None), count))
            await forget(pool)
            found["rebuild"].append(await rate(replay_with(pool, Scope(), lambda *_: None), count))
            found["history"].append(await rate(history.catch_up(), count))
            await forget(pool)
            found["everything"].append(await rate(replay_and_tell(pool, Scope(), lambda *_: None), count))
            if not quiet:
                told = "  ".join(f"{name} {figures[-1]:9,.0f} /s" for name, figures in found.items())
                print(f"round {number + 1}  {told}", flush=True)
    medians = {name: statistics.median(figures) for name, figures in found.items()}
    return {
        **{f"{name}_per_s": round(figure) for name, figure in medians.items()},
        "ratio_rebuild_to_keep": round(medians["rebuild"] / medians["keep"], 2),
    }


def main() -> None:
    """Run the rounds, end with one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer frames, one round: for a look")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    options = parser.parse_args()
    collect_seldom()
    rounds, count = (1, 20_000) if options.quick else (3, 200_000)
    with tempfile.TemporaryDirectory(prefix="smartplace-benchmark-") as folder, postgres(Path(folder)) as (server, _):
        list(migrate(server.conninfo()))
        places = parse_places(PLACES, source="benchmark", silent_after=lambda _: timedelta(days=30))
        asyncio.run(load_places(Settings.model_validate({"database_url": server.conninfo()}), places))
        dev_euis = [str(device.device_id) for device in places.devices]
        print(json.dumps(asyncio.run(run(server.conninfo(), dev_euis, rounds, count, quiet=options.json))))


if __name__ == "__main__":
    main()
