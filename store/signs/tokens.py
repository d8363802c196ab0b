"""Tokens of signs in the database, and those that are good in memory: a sign that asks often costs it nothing."""

import asyncio
import contextlib
import hmac
from collections.abc import Mapping
from datetime import timedelta

from psycopg.rows import DictRow

from domain import api_keys
from domain.api_keys import ScopesOf
from domain.errors import StoreUnavailableError, UnknownPlaceError
from domain.ids import SignId
from domain.live import Clock
from domain.sign_tokens import LIFETIME, OVERLAP, SignToken, scope_of, sign_of
from store.api_keys import create_key
from store.audit import Note, put_on_record
from store.pool import Connection, Pool, connected
from store.queries import one, query

_NOTE_USE_EVERY_S = 60.0


class StoreSignTokens:
    """Satisfies domain.sign_tokens.SignTokens: API keys whose only scope is one sign. Whatever is done is on record.

    Every method may raise StoreUnavailableError.
    """

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def of_sign(self, sign_id: SignId) -> list[SignToken]:
        """All that the sign ever had, newest first; raises UnknownPlaceError."""
        async with connected(self._pool) as connection:
            await _require(connection, sign_id)
            return [_token(row) for row in await _rows(connection, self._now, sign_id)]

    async def issue(self, sign_id: SignId, *, by: str, lifetime: timedelta = LIFETIME) -> tuple[str, SignToken]:
        """One more, beside those that are good; raises UnknownPlaceError."""
        async with connected(self._pool) as connection, connection.transaction():
            await _require(connection, sign_id)
            return await self._create(connection, sign_id, by=by, lifetime=lifetime)

    async def rotate(
        self, sign_id: SignId, *, by: str, overlap: timedelta = OVERLAP, lifetime: timedelta = LIFETIME
    ) -> tuple[str, SignToken]:
        """A new one; those that are good end after the overlap at the latest. Raises UnknownPlaceError."""
        async with connected(self._pool) as connection, connection.transaction():
            await _require(connection, sign_id)
            now = self._now()
            parameters = {"sign_scope": scope_of(sign_id), "now": now, "until": now + overlap}
            rows = await (await connection.execute(query("shorten_sign_tokens"), parameters)).fetchall()
            for row in rows:
                await self._note(connection, sign_id, row["key_id"], by, {"expires_at": row["expires_at"]})
            return await self._create(connection, sign_id, by=by, lifetime=lifetime)

    async def revoke(self, sign_id: SignId, *, by: str, key_id: str | None = None) -> int:
        """End one of them now, or all; how many were good."""
        parameters = {"sign_scope": scope_of(sign_id), "now": self._now(), "key_id": key_id}
        async with connected(self._pool) as connection, connection.transaction():
            rows = await (await connection.execute(query("revoke_sign_tokens"), parameters)).fetchall()
            for row in rows:
                await self._note(connection, sign_id, row["key_id"], by, {"revoked_at": parameters["now"]})
        return len(rows)

    async def _create(
        self, connection: Connection, sign_id: SignId, *, by: str, lifetime: timedelta
    ) -> tuple[str, SignToken]:
        token, made = await create_key(
            connection, label=f"sign {sign_id}", scopes=[scope_of(sign_id)], lifetime=lifetime, now=self._now
        )
        await self._note(connection, sign_id, made.key_id, by, {"expires_at": made.expires_at}, is_new=True)
        return token, SignToken(
            key_id=made.key_id, sign_id=sign_id, created_at=made.created_at, expires_at=made.expires_at
        )

    async def _note(
        self,
        connection: Connection,
        sign_id: SignId,
        key_id: str,
        by: str,
        after: Mapping[str, object],
        *,
        is_new: bool = False,
    ) -> None:
        before = None if is_new else {"sign_id": sign_id}
        note = Note(
            at=self._now(),
            actor=by,
            record="sign_token",
            record_id=key_id,
            before=before,
            after={"sign_id": sign_id, **after},
        )
        await put_on_record(connection, note)


class KnownSignTokens:
    """Answers for tokens of signs from memory, and asks for all other keys.

    While the database is away, what was known of a token stays so: a sign does not go dark for it, nor does it show
    anything longer, for then nobody vouches for the numbers either.
    """

    def __init__(self, pool: Pool, ask: ScopesOf, *, now: Clock) -> None:
        self._pool = pool
        self._ask = ask
        self._now = now
        self._known: Mapping[str, tuple[bytes, SignToken]] = {}
        self._used: set[str] = set()

    async def scopes_of(self, key: str) -> frozenset[str] | None:
        """What a presented key may do; satisfies domain.api_keys.ScopesOf."""
        parts = api_keys.read(key)
        if parts is not None and (found := self._known.get(parts[0])) is not None:
            kept, token = found
            is_right = hmac.compare_digest(api_keys.secret_hash(parts[1]), kept)
            if not is_right or not token.is_good(self._now()):
                return None
            self._used.add(token.key_id)
            return frozenset({scope_of(token.sign_id)})
        # Not ours, or so new that it is not known yet.
        return await self._ask(key)

    async def refresh(self) -> None:
        """Read those that are good; raises StoreUnavailableError."""
        async with connected(self._pool) as connection:
            rows = await _rows(connection, self._now, None)
        self._known = {row["key_id"]: (bytes(row["secret_hash"]), _token(row)) for row in rows}

    async def follow(self, *, every_s: float) -> None:
        """Until cancelled: read them again and again, so that one that was revoked opens nothing soon after."""
        note_at = 0.0
        loop = asyncio.get_running_loop()
        while True:
            # The live snapshot has the same trouble, and logs it.
            with contextlib.suppress(StoreUnavailableError):
                await self.refresh()
                if loop.time() >= note_at:
                    await self._note_use()
                    note_at = loop.time() + _NOTE_USE_EVERY_S
            await asyncio.sleep(every_s)

    async def _note_use(self) -> None:
        used, self._used = self._used, set()
        if used:
            async with connected(self._pool) as connection:
                await connection.execute(query("touch_api_keys"), {"key_ids": sorted(used), "now": self._now()})


async def _require(connection: Connection, sign_id: SignId) -> None:
    if not (await one(connection, "has_sign", {"sign_id": sign_id}))["found"]:
        raise UnknownPlaceError("sign", sign_id)


async def _rows(connection: Connection, now: Clock, sign_id: SignId | None) -> list[DictRow]:
    parameters = {"sign_scope": scope_of(sign_id) if sign_id is not None else None, "now": now()}
    return await (await connection.execute(query("select_sign_tokens"), parameters)).fetchall()


def _token(row: DictRow) -> SignToken:
    sign_id = sign_of(row["scopes"])
    assert sign_id is not None
    names = ("key_id", "created_at", "expires_at", "last_used_at", "revoked_at")
    return SignToken(sign_id=sign_id, **{name: row[name] for name in names})
