"""How long 10,000 lines of CSV take, from file to commit: `python -m benchmarks.registry [LINES]`.

Needs the packages of `make setup`: starts PostgreSQL by itself. A line is a bay, its sensor, or which sensor is where.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from benchmarks.servers import postgres
from domain.register import Made
from domain.register_csv import read_register, write_register
from store.migrations import migrate
from store.pool import open_pool
from store.register import StoreRegister

T = TypeVar("T")

LINES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
HEADER = "record,id,site,name,kind,category,locality,lon,lat,model,device,asset\n"


def file() -> bytes:
    rows = ["site,site-0,,Site,car_park,,Grays,0.3,51.5,,,"]
    for n in range((LINES - 1) // 3):
        rows.append(f"asset,bay-{n},site-0,Bay {n},bay,general,,{0.3 + n * 1e-6:.6f},51.5,,,")
        rows.append(f"device,{0x70B3D50000000000 + n:016x},,,,,,,,bosch-tps110,,")
        rows.append(f"installation,,,,,,,,,,{0x70B3D50000000000 + n:016x},bay-{n}")
    return (HEADER + "\n".join(rows)).encode()


async def timed(what: str, coroutine: Awaitable[T]) -> T:
    began = time.perf_counter()
    result = await coroutine
    print(f"{what:28} {time.perf_counter() - began:6.2f} s")
    return result


async def main(conninfo: str) -> None:
    content = file()

    async def write(register: StoreRegister, *, dry_run: bool = False) -> Made:
        entries = read_register(content, silent_after=lambda _: timedelta(hours=60)).entries
        return await register.write(entries, actor="benchmark", what="benchmark", dry_run=dry_run)

    async with open_pool(conninfo, size=2) as pool:
        register = StoreRegister(pool, now=lambda: datetime.now(UTC))
        print(f"{len(content.splitlines()) - 1} lines")
        await timed("dry run", write(register, dry_run=True))
        made = await timed("import", write(register))
        again = await timed("import again, no change", write(register))
        assert again.change_set_id is None
        text = write_register(await timed("export", register.records()))
        assert len(text.splitlines()) == len(content.splitlines())
        await timed("undo", register.undo(made.change_set_id, actor="benchmark"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, postgres(Path(folder)) as (db, _pid):
        list(migrate(db.conninfo()))
        asyncio.run(main(db.conninfo()))
