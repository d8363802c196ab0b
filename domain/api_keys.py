"""Keys with which programs come in: what one looks like, what it may do, and what is kept of it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

_KEY = re.compile(r"sp_(?P<key_id>[a-z0-9]{8})_(?P<secret>[A-Za-z0-9_-]{43})")


class Scope(StrEnum):
    """What a key may do. The values are stored: never reuse one."""

    INGEST = "ingest"
    CODECS = "codecs"
    REGISTRY = "registry"
    COMMAND = "command"
    ALARMS = "alarms"
    SIGNS = "signs"
    MESSAGES = "messages"
    QUALITY = "quality"
    HISTORY = "history"


ScopesOf = Callable[[str], Awaitable[frozenset[str] | None]]
"""What a presented key may do; None if it is unknown, wrong, expired or revoked. May raise StoreUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key; its secret is not."""

    key_id: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def written(key_id: str, secret: str) -> str:
    """A key as people copy it: `sp_<id>_<secret>`, with 8 lower-case letters or digits and 43 of base64url."""
    return f"sp_{key_id}_{secret}"


def read(key: str) -> tuple[str, str] | None:
    """The id and the secret in a key, or None for a text that cannot be one."""
    match = _KEY.fullmatch(key)
    return (match["key_id"], match["secret"]) if match else None


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret. With 256 random bits it needs neither salt nor a slow hash."""
    return sha256(secret.encode()).digest()
