"""`smartplace import bays`: an inventory of bays and the files beside it, read and put into the register."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from domain.bay_inventory import BayMapping, Inventory, read_bay_mapping, read_inventory
from domain.errors import CommandError, MappingError, RegisterProblem, RegisterRefusedError
from domain.register import Entry, Made, Register
from smartplace.clock import utc_now
from smartplace.series_import import MAPPINGS
from smartplace.settings import Settings
from store.pool import open_pool
from store.register import StoreRegister

Tell = Callable[[Iterable[RegisterProblem]], None]


def import_bays(
    settings: Settings, file: Path, mapping: str, *, skip_faulty: bool, dry_run: bool, actor: str, tell: Tell
) -> tuple[Inventory, Made]:
    """All rows or none, but for those that are to be left out; every fault is told with its line.

    Raises:
        CommandError: the mapping or a file cannot be read, or rows or the register speak against it.
        StoreUnavailableError: nothing was changed.
    """
    inventory = _read(file, _mapping_at(mapping))
    tell(inventory.problems)
    if inventory.problems and not skip_faulty:
        count = len(inventory.problems)
        raise CommandError(
            f"{file.name} has faults ({count}), nothing was changed; --skip-faulty leaves those rows out"
        )
    try:
        made = asyncio.run(_write(settings, inventory, actor=actor, what=file.name, dry_run=dry_run))
    except RegisterRefusedError as error:
        tell(error.problems)
        raise CommandError(f"{file.name} is refused ({len(error.problems)} problems), nothing was changed") from error
    return inventory, made


def _mapping_at(name: str) -> BayMapping:
    path = Path(name)
    if not path.exists() and path.suffix == "":
        path = MAPPINGS / f"{name}.toml"
    try:
        return read_bay_mapping(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error
    except MappingError as error:
        raise CommandError(f"{path}: {error}") from error


def _read(file: Path, mapping: BayMapping) -> Inventory:
    def lines_of(name: str) -> Iterable[str]:
        return (file.parent / name).read_text(encoding="utf-8-sig").splitlines(keepends=True)

    try:
        return read_inventory(lines_of(file.name), mapping, lines_of)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} or a file beside it cannot be read: {error}") from error


async def _write(settings: Settings, inventory: Inventory, *, actor: str, what: str, dry_run: bool) -> Made:
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool:
        register = StoreRegister(pool, now=utc_now)
        entries = _kept(inventory.entries, await register.records())
        return await register.write(entries, actor=actor, what=what, dry_run=dry_run)


def _kept(entries: Iterable[Entry], register: Register) -> list[Entry]:
    """What the inventory does not say of a record that is there stays as it is."""
    found = []
    for entry in entries:
        now = register[entry.kind].get(entry.record_id, {})
        values = {name: now.get(name) if value is None else value for name, value in entry.values.items()}
        found.append(replace(entry, values=values))
    return found
