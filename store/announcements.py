"""Messages in the database. Whatever changes one makes a revision, so that every sign hears of it as of a car."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from uuid import UUID, uuid4

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from domain.announcements import Announcement, Audience, Condition, Draft, Policy, Standing
from domain.availability import Availability
from domain.categories import Category
from domain.errors import MessageRefusedError, UnknownMessageError
from domain.ids import SignId, SiteId
from domain.live import Clock
from domain.message_plan import planned
from domain.messages import MessageKind
from domain.snapshot import Snapshot
from store.audit import Note, put_on_record
from store.pool import Connection, Pool, connected
from store.queries import one, query


class StoreAnnouncements:
    """Satisfies domain.announcements.Announcements. `snapshot` gives the places that messages may name.

    Every method may raise StoreUnavailableError.
    """

    def __init__(self, pool: Pool, *, now: Clock, policy: Policy, snapshot: Callable[[], Snapshot]) -> None:
        self._pool = pool
        self._now = now
        self._policy = policy
        self._snapshot = snapshot

    async def listed(self, *, over: int) -> list[Announcement]:
        """Those that are not over, and so many of those that are: the newest first."""
        async with connected(self._pool) as connection:
            rows = await connection.execute(query("select_messages"), {"now": self._now(), "over": over})
            return [_announcement(row) for row in await rows.fetchall()]

    async def make(self, draft: Draft, *, by: str) -> Announcement:
        """Raises MessageRefusedError with every reason."""
        made = planned(draft, self._snapshot(), self._policy, message_id=uuid4(), by=by, now=self._now())
        async with connected(self._pool) as connection, connection.transaction():
            await connection.execute(query("insert_message"), _row(made))
            await self._tell(connection, None, made, by)
        return made

    async def approve(self, message_id: UUID, *, by: str) -> Announcement:
        """Agree to one as a second person; raises UnknownMessageError, MessageRefusedError."""
        async with connected(self._pool) as connection, connection.transaction():
            before = await _locked(connection, message_id)
            if before.standing(self._now()) is not Standing.WAITING:
                raise MessageRefusedError(["it does not wait for anybody"])
            if before.made_by == by:
                raise MessageRefusedError(["whoever made it cannot be the second person"])
            return await self._approved(connection, before, by)

    async def withdraw(self, message_id: UUID, *, by: str) -> Announcement:
        """Take one back now; one that is over stays as it is. Raises UnknownMessageError."""
        async with connected(self._pool) as connection, connection.transaction():
            before = await _locked(connection, message_id)
            if before.standing(self._now()) in {Standing.OVER, Standing.WITHDRAWN}:
                return before
            return await self._withdrawn(connection, before, by)

    async def _approved(self, connection: Connection, before: Announcement, by: str) -> Announcement:
        after = replace(before, approved_by=by, approved_at=self._now())
        parameters = {"message_id": before.message_id, "by": by, "at": after.approved_at}
        await connection.execute(query("approve_message"), parameters)
        await self._tell(connection, before, after, by)
        return after

    async def _withdrawn(self, connection: Connection, before: Announcement, by: str) -> Announcement:
        after = replace(before, withdrawn_by=by, withdrawn_at=self._now())
        parameters = {"message_id": before.message_id, "by": by, "at": after.withdrawn_at}
        await connection.execute(query("withdraw_message"), parameters)
        await self._tell(connection, before, after, by)
        return after

    async def _tell(self, connection: Connection, before: Announcement | None, after: Announcement, by: str) -> None:
        """Put it on record, and tell everyone: nothing was heard of sensors, so `as_of` stays."""
        note = Note(
            at=self._now(),
            actor=by,
            record="message",
            record_id=str(after.message_id),
            before=None if before is None else _record(before),
            after=_record(after),
        )
        await put_on_record(connection, note)
        await connection.execute(query("next_messages_version"))
        await one(connection, "next_revision", {})


async def read_announcements(connection: Connection) -> tuple[Announcement, ...]:
    """Those that may be shown now or later; those that ended long before the platform last vouched are left out."""
    rows = await connection.execute(query("select_live_messages"))
    return tuple(_announcement(row) for row in await rows.fetchall())


async def _locked(connection: Connection, message_id: UUID) -> Announcement:
    row = await (await connection.execute(query("lock_message"), {"message_id": message_id})).fetchone()
    if row is None:
        raise UnknownMessageError(str(message_id))
    return _announcement(row)


def _row(made: Announcement) -> dict[str, object]:
    values = {key: value for key, value in asdict(made).items() if key not in {"audience", "texts", "conditions"}}
    return {
        **values,
        "texts": Jsonb(dict(made.texts), dumps=json.dumps),
        "everywhere": made.audience.everywhere,
        "site_ids": list(made.audience.site_ids),
        "sign_ids": list(made.audience.sign_ids),
        "conditions": Jsonb([_condition(condition) for condition in made.conditions], dumps=json.dumps),
    }


def _record(made: Announcement) -> Mapping[str, object]:
    return {**asdict(made), "conditions": [_condition(condition) for condition in made.conditions]}


def _condition(condition: Condition) -> dict[str, object]:
    return {"site_id": condition.site_id, "category": condition.category, "states": sorted(condition.states)}


def _announcement(row: DictRow) -> Announcement:
    values = {key: value for key, value in row.items() if key not in {"everywhere", "site_ids", "sign_ids"}}
    return Announcement(
        **{
            **values,
            "kind": MessageKind(row["kind"]),
            "audience": Audience(
                everywhere=row["everywhere"],
                site_ids=tuple(map(SiteId, row["site_ids"])),
                sign_ids=tuple(map(SignId, row["sign_ids"])),
            ),
            "conditions": tuple(
                Condition(
                    site_id=SiteId(one["site_id"]),
                    category=Category(one["category"]) if one["category"] else None,
                    states=frozenset(map(Availability, one["states"])),
                )
                for one in row["conditions"]
            ),
        }
    )
