"""JavaScript codecs in the database: added, activated, read; never changed and never deleted."""

import json
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256

from psycopg.types.json import Json

from domain.codec_scripts import CodecActivation, CodecDraft, CodecVersion
from domain.errors import UnknownCodecError
from domain.live import Clock
from domain.places import AssetKind
from store.pool import Connection, Pool, translated
from store.queries import one, query


class CodecScripts:
    """Every method may raise StoreUnavailableError."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def newest_activation(self) -> int:
        """Changes whenever another version becomes active."""
        with translated():
            async with self._pool.connection() as connection:
                return int(str((await one(connection, "select_newest_activation", {}))["activation_id"]))

    async def active(self) -> list[CodecVersion]:
        """The active version of each model."""
        return await self._read(only_active=True)

    async def all(self) -> list[CodecVersion]:
        """Every version, by model, newest first."""
        return await self._read()

    async def version(self, model: str, version: int | None) -> CodecVersion:
        """One version, the active one for None; raises UnknownCodecError."""
        found = await self._read(model=model, version=version, only_active=version is None)
        if not found:
            raise UnknownCodecError(model, version)
        return found[0]

    async def activations(self, model: str) -> list[CodecActivation]:
        """Who made which version active, newest first."""
        with translated():
            async with self._pool.connection() as connection:
                rows = await (await connection.execute(query("select_codec_activations"), {"model": model})).fetchall()
        return [CodecActivation(**row) for row in rows]

    async def add(self, draft: CodecDraft, *, module: bool, fresh: bool, engine: str, by: str) -> int:
        """Keep a codec and make it the active one; returns its version. What is there already keeps its number.

        Raises:
            StoreRefusedError: the database refuses it.
        """
        row = {**_row(draft), "is_module": module, "is_fresh": fresh}
        stamp = {"engine": engine, "by": by, "at": self._now()}
        with translated():
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(query("lock_codec_scripts"))
                parameters = {**row, **stamp, "digest": _digest(row)}
                for key in ("mapping", "examples"):
                    parameters[key] = Json(row[key])
                version = int(str((await one(connection, "insert_codec_script", parameters))["version"]))
                await self._activate(connection, draft.model, version, by)
        return version

    async def activate(self, model: str, version: int, *, by: str) -> None:
        """Make a version the active one; raises UnknownCodecError."""
        with translated():
            async with self._pool.connection() as connection:
                await self._activate(connection, model, version, by)

    async def _activate(self, connection: Connection, model: str, version: int, by: str) -> None:
        parameters = {"model": model, "version": version, "at": self._now(), "by": by}
        cursor = await connection.execute(query("insert_codec_activation"), parameters)
        if cursor.rowcount != 1:
            raise UnknownCodecError(model, version)

    async def _read(
        self, *, model: str | None = None, version: int | None = None, only_active: bool = False
    ) -> list[CodecVersion]:
        parameters = {"model": model, "version": version, "only_active": only_active}
        with translated():
            async with self._pool.connection() as connection:
                rows = await (await connection.execute(query("select_codec_scripts"), parameters)).fetchall()
        return [_version(row) for row in rows]


def _row(draft: CodecDraft) -> dict[str, object]:
    return {
        "model": draft.model,
        "vendor": draft.vendor,
        "name": draft.name,
        "senses": draft.senses.value,
        "heartbeat_s": int(draft.heartbeat.total_seconds()),
        "source": draft.source,
        "mapping": draft.mapping,
        "examples": draft.examples,
    }


def _digest(row: Mapping[str, object]) -> bytes:
    return sha256(json.dumps(row, sort_keys=True).encode()).digest()


def _version(row: Mapping[str, object]) -> CodecVersion:
    draft = CodecDraft(
        model=str(row["model"]),
        vendor=str(row["vendor"]),
        name=str(row["name"]),
        senses=AssetKind(str(row["senses"])),
        heartbeat=timedelta(seconds=int(str(row["heartbeat_s"]))),
        source=str(row["source"]),
        mapping=row["mapping"],
        examples=row["examples"],
    )
    return CodecVersion(
        draft=draft,
        version=int(str(row["version"])),
        module=bool(row["is_module"]),
        fresh=bool(row["is_fresh"]),
        engine=str(row["engine"]),
        created_at=row["created_at"],  # type: ignore[arg-type]
        created_by=str(row["created_by"]),
        is_active=bool(row["is_active"]),
    )
