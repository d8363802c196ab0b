"""Changes as they happen: server-sent events, one for each revision that a reader can keep up with."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.problems import DOCUMENTED, problem
from api.schemas import AssetChange, Change, SiteState
from domain.live import Live
from domain.snapshot import Snapshot

_RETRY_MS = 5000
_MOST_STREAMS = 500
_EXAMPLE = 'event: change\nid: 4711\ndata: {"revision":4711,"as_of":"...","sites":[...],"assets":[...]}\n\n'


def create_router(live: Live) -> APIRouter:
    """The stream /v1/events."""
    router = APIRouter(prefix="/v1", tags=["Events"])
    streams = Streams(live)

    @router.get(
        "/events",
        summary="Follow every change",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}},
            503: {"description": f"{_MOST_STREAMS} streams are open.", "content": DOCUMENTED["4XX"]["content"]},
        },
    )
    async def events() -> Response:
        """First an event `snapshot` with every site, then an event `change` for each newer revision.

        Each carries `revision` (also as the event's id), `as_of`, the sites that changed and the bays and benches
        that changed. A slow reader is not sent every revision, only the newest: nothing is lost, the numbers are
        absolute. At least every ten seconds something arrives; if nothing does, what you have is no longer live.
        """
        if streams.open >= _MOST_STREAMS:
            return problem(503, "Too many streams are open. Please try again later.", headers={"Retry-After": "30"})
        return StreamingResponse(
            streams.follow(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    return router


class Streams:
    """Counts the open streams and writes each one."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self.open = 0

    async def follow(self) -> AsyncIterator[bytes]:
        """One stream until its reader leaves."""
        self.open += 1
        try:
            yield f"retry: {_RETRY_MS}\n\n".encode()
            before: Snapshot | None = None
            async with aclosing(self._live.follow()) as snapshots:
                async for snapshot in snapshots:
                    yield _event(before, snapshot)
                    before = snapshot
        finally:
            self.open -= 1


def _event(before: Snapshot | None, snapshot: Snapshot) -> bytes:
    name = "snapshot" if before is None else "change"
    body = change(before, snapshot).model_dump_json()
    return f"event: {name}\nid: {snapshot.revision}\ndata: {body}\n\n".encode()


def change(before: Snapshot | None, after: Snapshot) -> Change:
    """What differs; everything but the single assets where there is no `before`."""
    known_sites = before.sites if before else {}
    known_assets = before.assets if before else after.assets
    return Change(
        revision=after.revision,
        as_of=after.as_of,
        sites=[SiteState.of(site) for key, site in after.sites.items() if known_sites.get(key) is not site],
        assets=[AssetChange.of(asset) for key, asset in after.assets.items() if known_assets.get(key) is not asset],
    )
