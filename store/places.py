"""Places in the database: importing them, reading them, and finding the device behind a frame."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby

from psycopg.types.json import Jsonb

from domain.ids import AssetId, DeviceId, SignId, SiteId
from domain.places import (
    Arrow,
    Asset,
    AssetKind,
    BoardLine,
    Category,
    Closure,
    Device,
    Places,
    Sign,
    Site,
    SiteKind,
)
from store.pool import Connection, Pool, translated
from store.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A time that a device spent at an asset; `ends_at` None means it is there still."""

    asset_key: int
    begins_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device by its key in the database, with every place where it was installed, oldest first."""

    device_key: int
    model: str
    silent_after: timedelta
    stays: tuple[Stay, ...]

    def asset_key_at(self, moment: datetime) -> int | None:
        """The asset that the device watched at that moment."""
        for stay in reversed(self.stays):
            if stay.begins_at <= moment and (stay.ends_at is None or moment < stay.ends_at):
                return stay.asset_key
        return None


async def import_places(pool: Pool, places: Places, *, at: datetime) -> None:
    """Add or change these places in one transaction; what the file does not name stays as it is.

    A device that is now elsewhere ends its installation at `at`; closures of the named assets are replaced.

    Raises:
        StoreUnavailableError: the database does not answer; nothing was changed.
        StoreRefusedError: the database refuses the places; nothing was changed.
    """
    with translated():
        async with pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(query("upsert_site"), [asdict(site) for site in places.sites])
            await cursor.executemany(query("upsert_asset"), [asdict(asset) for asset in places.assets])
            await cursor.executemany(query("upsert_sign"), [_sign_row(sign) for sign in places.signs])
            await cursor.executemany(query("upsert_device"), [_device_row(device) for device in places.devices])
            moves = [
                {"device_id": device.device_id, "asset_id": device.asset_id, "at": at} for device in places.devices
            ]
            await cursor.executemany(query("end_moved_installations"), moves)
            await cursor.executemany(query("insert_installation"), moves)
            await _replace_closures(connection, places)
            await _publish(connection, at=at)


async def read_places(connection: Connection) -> tuple[list[Site], dict[str, Asset], list[Sign]]:
    """Every site, every asset by id, every sign."""
    sites = [_site(row) for row in await _rows(connection, "select_sites")]
    assets = [_asset(row) for row in await _rows(connection, "select_assets")]
    signs = [_sign(row) for row in await _rows(connection, "select_signs")]
    return sites, {asset.asset_id: asset for asset in assets}, signs


async def read_devices(connection: Connection) -> dict[DeviceId, KnownDevice]:
    """Every device by id."""
    rows = await _rows(connection, "select_installed_devices")
    return {
        DeviceId(device_id): _known_device(list(group))
        for device_id, group in groupby(rows, key=lambda row: str(row["device_id"]))
    }


async def _rows(connection: Connection, name: str) -> list[Mapping[str, object]]:
    return [*await (await connection.execute(query(name))).fetchall()]


async def _replace_closures(connection: Connection, places: Places) -> None:
    named = [asset.asset_id for asset in places.assets]
    await connection.execute(query("delete_closures"), {"asset_ids": named})
    async with connection.cursor() as cursor:
        await cursor.executemany(query("insert_closure"), [_closure_row(closure) for closure in places.closures])


async def _publish(connection: Connection, *, at: datetime) -> None:
    await connection.execute(query("next_places_version"))
    # Nothing was heard: places are news, but `as_of` stays what ingest last vouched for.
    row = await (await connection.execute(query("next_revision"), {"as_of": None})).fetchone()
    assert row is not None
    stamp = {**row, "as_of": at}
    await connection.execute(query("insert_asset_states"), stamp)
    await connection.execute(query("tick_asset_states"), stamp)


def _sign_row(sign: Sign) -> dict[str, object]:
    return {**asdict(sign), "lines": Jsonb([asdict(line) for line in sign.lines], dumps=json.dumps)}


def _device_row(device: Device) -> dict[str, object]:
    return {
        "device_id": device.device_id,
        "model": device.model,
        "silent_after_s": int(device.silent_after.total_seconds()),
    }


def _closure_row(closure: Closure) -> dict[str, object]:
    return asdict(closure)


def _site(row: Mapping[str, object]) -> Site:
    values = {**row, "kind": SiteKind(str(row["kind"])), "site_id": SiteId(str(row["site_id"]))}
    return Site(**values)  # type: ignore[arg-type]


def _asset(row: Mapping[str, object]) -> Asset:
    values = {
        **row,
        "asset_id": AssetId(str(row["asset_id"])),
        "kind": AssetKind(str(row["kind"])),
        "category": Category(str(row["category"])) if row["category"] else None,
    }
    return Asset(**values)  # type: ignore[arg-type]


def _sign(row: Mapping[str, object]) -> Sign:
    lines = row["lines"]
    assert isinstance(lines, list)
    values = {**row, "sign_id": SignId(str(row["sign_id"])), "lines": tuple(_line(line) for line in lines)}
    return Sign(**values)  # type: ignore[arg-type]


def _line(line: Mapping[str, str | None]) -> BoardLine:
    return BoardLine(
        key=str(line["key"]),
        label=str(line["label"]),
        site_id=SiteId(str(line["site_id"])),
        category=Category(line["category"]) if line["category"] else None,
        arrow=Arrow(line["arrow"]) if line["arrow"] else None,
    )


def _known_device(rows: list[Mapping[str, object]]) -> KnownDevice:
    first = rows[0]
    stays = [
        Stay(asset_key=row["asset_key"], begins_at=row["begins_at"], ends_at=row["ends_at"])  # type: ignore[arg-type]
        for row in rows
        if row["asset_key"] is not None
    ]
    return KnownDevice(
        device_key=int(str(first["device_key"])),
        model=str(first["model"]),
        silent_after=timedelta(seconds=int(str(first["silent_after_s"]))),
        stays=tuple(stays),
    )
