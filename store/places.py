"""Places in the database: importing them, reading them, and finding the device behind a frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from domain.categories import Category
from domain.errors import BoardRefusedError, RegisterRefusedError, StoreRefusedError
from domain.ids import AssetId, DeviceId, SiteId, ZoneId
from domain.places import (
    Asset,
    AssetKind,
    Direction,
    Places,
    Sign,
    Site,
    SiteKind,
)
from domain.register_places import plan_of
from store.pool import Connection, Pool, translated
from store.queries import query
from store.register import ChangeOf, change_register, publish
from store.signs.boards import file_signs, read_signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A time that a device spent at an asset, and how it was calibrated there; `ends_at` None: it is there still.

    What is nearer than `distance_threshold_mm` is there; None where the sensor tells by itself. `capacity` is that of
    an area.
    """

    asset_key: int
    kind: AssetKind
    capacity: int | None
    begins_at: datetime
    ends_at: datetime | None
    distance_threshold_mm: int | None = None
    debounce: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device by its key in the database, with every place where it was installed, oldest first."""

    device_key: int
    model: str
    silent_after: timedelta
    stays: tuple[Stay, ...]

    def stay_at(self, moment: datetime) -> Stay | None:
        """Where the device was at that moment."""
        for stay in reversed(self.stays):
            if stay.begins_at <= moment and (stay.ends_at is None or moment < stay.ends_at):
                return stay
        return None


async def import_places(pool: Pool, places: Places, *, at: datetime, actor: str = "places file") -> None:
    """Add or change these places in one transaction; what the file does not name stays as it is.

    A device that is now elsewhere ends its installation at `at`, and so does one whose asset has another now; closures
    of the named assets that the file had before, and has no more, go.

    Raises:
        StoreUnavailableError: the database does not answer; nothing was changed.
        StoreRefusedError: the places contradict what is there; nothing was changed.
    """
    change_of = ChangeOf(at=at, actor=actor, what="places file")
    with translated():
        async with pool.connection() as connection, connection.transaction():
            try:
                await change_register(connection, lambda now: plan_of(places, now, at=at), change_of)
                await file_signs(connection, places.signs, at=at, actor=actor)
            except (RegisterRefusedError, BoardRefusedError) as error:
                raise StoreRefusedError(str(error)) from error
            await publish(connection, at=at)


async def read_places(connection: Connection) -> tuple[list[Site], dict[str, Asset], list[Sign]]:
    """Every site, every asset by id, every sign."""
    sites = [_site(row) for row in await _rows(connection, "select_sites")]
    assets = [_asset(row) for row in await _rows(connection, "select_assets")]
    signs = await read_signs(connection)
    return sites, {asset.asset_id: asset for asset in assets}, [*signs.values()]


async def read_devices(connection: Connection) -> dict[DeviceId, KnownDevice]:
    """Every device by id."""
    rows = await _rows(connection, "select_installed_devices")
    return {
        DeviceId(device_id): _known_device(list(group))
        for device_id, group in groupby(rows, key=lambda row: str(row["device_id"]))
    }


async def _rows(connection: Connection, name: str) -> list[Mapping[str, object]]:
    return [*await (await connection.execute(query(name))).fetchall()]


def _site(row: Mapping[str, object]) -> Site:
    values = {**row, "kind": SiteKind(str(row["kind"])), "site_id": SiteId(str(row["site_id"]))}
    return Site(**values)  # type: ignore[arg-type]


def _asset(row: Mapping[str, object]) -> Asset:
    values = {
        **row,
        "asset_id": AssetId(str(row["asset_id"])),
        "kind": AssetKind(str(row["kind"])),
        "category": Category(str(row["category"])) if row["category"] else None,
        "zone_id": ZoneId(str(row["zone_id"])) if row["zone_id"] else None,
        "area": AssetId(str(row["area"])) if row["area"] else None,
        "direction": Direction(str(row["direction"])) if row["direction"] else None,
    }
    return Asset(**values)  # type: ignore[arg-type]


def _known_device(rows: list[Mapping[str, object]]) -> KnownDevice:
    first = rows[0]
    stays = [_stay(row) for row in rows if row["asset_key"] is not None]
    return KnownDevice(
        device_key=int(str(first["device_key"])),
        model=str(first["model"]),
        silent_after=timedelta(seconds=int(str(first["silent_after_s"]))),
        stays=tuple(stays),
    )


def _stay(row: Mapping[str, object]) -> Stay:
    return Stay(
        asset_key=row["asset_key"],  # type: ignore[arg-type]
        kind=AssetKind(str(row["kind"])),
        capacity=int(str(row["capacity"])) if row["kind"] == AssetKind.AREA else None,
        begins_at=row["begins_at"],  # type: ignore[arg-type]
        ends_at=row["ends_at"],  # type: ignore[arg-type]
        distance_threshold_mm=row["distance_threshold_mm"],  # type: ignore[arg-type]
        debounce=timedelta(seconds=int(str(row["debounce_s"] or 0))),
    )
