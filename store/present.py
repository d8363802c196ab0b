"""The present in the database: what a batch of new frames changes of it. One worker at a time."""

from collections import Counter
from collections.abc import Iterator

from domain.security import RESET_BY, SecurityCode, SecurityEvent
from domain.uplinks import Uplink
from store.folds import Event, condition_by_device, latest_by_asset
from store.pool import Connection
from store.queries import one, query
from store.rows import CONDITION_COLUMNS, SESSION_COLUMNS, STATE_COLUMNS, Keyed, columns, session_row, state_row
from store.security import record_security_events


async def apply_batch(connection: Connection, keyed: Keyed, events: list[Event]) -> None:
    """Move the present by these frames, which nobody has seen before, as one revision."""
    as_of = max(frame.uplink.received_at for _, frame in keyed)
    stamp = await one(connection, "next_revision", {"as_of": as_of})
    states = columns(STATE_COLUMNS, map(state_row, latest_by_asset(events)))
    conditions = condition_by_device((device.device_key, frame) for device, frame in keyed)
    sessions = columns(SESSION_COLUMNS, (session_row(*pair) for pair in keyed))
    await connection.execute(query("apply_states"), {**states, **stamp})
    falls = await connection.execute(
        query("apply_conditions"), {**columns(CONDITION_COLUMNS, conditions), "reset_by": RESET_BY}
    )
    fallen = {(row["device_key"], row["session"]): row for row in await falls.fetchall()}
    known = await connection.execute(query("apply_sessions"), sessions)
    before = {(row["device_key"], row["session"], row["f_cnt"]) for row in await known.fetchall()}
    await record_security_events(connection, _suspicions(keyed, fallen, before))


def _suspicions(
    keyed: Keyed, fallen: dict[tuple[object, object], dict[str, object]], before: set[tuple[object, object, object]]
) -> Iterator[SecurityEvent]:
    """Counters that fell, and counters that came again with other content."""
    times = Counter((device.device_key, frame.uplink.session, frame.uplink.f_cnt) for device, frame in keyed)
    for device, frame in keyed:
        uplink = frame.uplink
        link = (device.device_key, uplink.session)
        if fall := fallen.get(link):
            if uplink.f_cnt == fall["f_cnt"]:
                yield _event(SecurityCode.COUNTER_RESET, uplink, f"from {fall['old_f_cnt']} to {uplink.f_cnt}")
        elif (*link, uplink.f_cnt) in before or times[(*link, uplink.f_cnt)] > 1:
            yield _event(SecurityCode.COUNTER_REUSED, uplink, f"{uplink.f_cnt} came again with other content")


def _event(code: SecurityCode, uplink: Uplink, detail: str) -> SecurityEvent:
    return SecurityEvent(
        code=code, device_id=uplink.device_id, session=uplink.session, detail=detail, observed_at=uplink.observed_at
    )
