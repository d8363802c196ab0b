"""Keys of programs in the database: made, listed, revoked, and asked what they may do."""

import hmac
import secrets
from collections.abc import Collection
from datetime import timedelta

from domain import api_keys
from domain.api_keys import ApiKey, Scope
from domain.live import Clock
from store.pool import Connection, Pool, connected
from store.queries import query

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_NO_SECRET = bytes(32)
# To know whether a key is still in use, a minute is exact enough; a write for each request is not needed.
_NOTED_EVERY = timedelta(minutes=1)


async def create_key(
    connection: Connection, *, label: str, scopes: Collection[str], lifetime: timedelta, now: Clock
) -> tuple[str, ApiKey]:
    """A new key and what is kept of it, in the caller's transaction."""
    secret = secrets.token_urlsafe(32)
    created_at = now()
    made = ApiKey(
        key_id="".join(secrets.choice(_ALPHABET) for _ in range(8)),
        label=label,
        scopes=tuple(sorted(scopes)),
        created_at=created_at,
        expires_at=created_at + lifetime,
    )
    parameters = {
        "key_id": made.key_id,
        "secret_hash": api_keys.secret_hash(secret),
        "scopes": list(made.scopes),
        "label": made.label,
        "created_at": made.created_at,
        "expires_at": made.expires_at,
    }
    await connection.execute(query("insert_api_key"), parameters)
    return api_keys.written(made.key_id, secret), made


class ApiKeys:
    """Every method may raise StoreUnavailableError."""

    def __init__(self, pool: Pool, *, now: Clock) -> None:
        self._pool = pool
        self._now = now

    async def create(self, *, label: str, scopes: frozenset[Scope], lifetime: timedelta) -> tuple[str, ApiKey]:
        """A new key and what is kept of it: the key itself is nowhere but in this answer."""
        async with connected(self._pool) as connection:
            return await create_key(connection, label=label, scopes=scopes, lifetime=lifetime, now=self._now)

    async def all(self) -> list[ApiKey]:
        """Every key that ever was, newest first."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(query("select_api_keys"))).fetchall()
        return [ApiKey(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]

    async def revoke(self, key_id: str) -> bool:
        """End a key now; False where no such key is alive."""
        async with connected(self._pool) as connection:
            cursor = await connection.execute(query("revoke_api_key"), {"key_id": key_id, "at": self._now()})
            return cursor.rowcount == 1

    async def scopes_of(self, key: str) -> frozenset[str] | None:
        """What a presented key may do; None where it is unknown, wrong, expired or revoked: nobody learns which."""
        parts = api_keys.read(key)
        if parts is None:
            return None
        key_id, secret = parts
        now = self._now()
        async with connected(self._pool) as connection:
            cursor = await connection.execute(query("select_api_key"), {"key_id": key_id, "now": now})
            row = await cursor.fetchone()
            # Compared also where there is nothing to compare with: both cases take the same time.
            expected = bytes(row["secret_hash"]) if row else _NO_SECRET
            if not hmac.compare_digest(api_keys.secret_hash(secret), expected) or row is None:
                return None
            if row["last_used_at"] is None or now - row["last_used_at"] >= _NOTED_EVERY:
                await connection.execute(query("touch_api_key"), {"key_id": key_id, "now": now})
        return frozenset(row["scopes"])
