"""The stream that keeps open pages right: display-ready strings for each new snapshot."""

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, HTTPException
from fastapi.sse import EventSourceResponse, ServerSentEvent

from dashboard.live_fields import place_fields, site_page_fields
from domain.live import Clock, Live
from domain.snapshot import Snapshot
from domain.times import rfc3339

MOST_STREAMS = 500
RETRY_MS = 5_000


class LiveStream:
    """Sends each snapshot to every open page; what many pages show is rendered once."""

    def __init__(self, *, live: Live, now: Clock, most_streams: int = MOST_STREAMS) -> None:
        self._live = live
        self._now = now
        self._most_streams = most_streams
        self._open_streams = 0
        self._snapshot: Snapshot | None = None
        self._rendered: dict[str, str] = {}

    def router(self) -> APIRouter:
        """Its route."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(
            "/live",
            self.stream,
            response_class=EventSourceResponse,
            dependencies=[Depends(self.known_site), Depends(self.seat)],
        )
        return router

    async def known_site(self, site: str = "") -> None:
        """Refuse a stream of a place that does not exist."""
        if site and site not in self._live.snapshot.sites:
            raise HTTPException(404, "There is no such place.")

    async def seat(self) -> AsyncIterator[None]:
        """Count the open streams, and refuse those that the process cannot carry."""
        if self._open_streams >= self._most_streams:
            raise HTTPException(503, "Too many pages are open.", headers={"Retry-After": "30"})
        self._open_streams += 1
        try:
            yield
        finally:
            self._open_streams -= 1

    async def stream(self, site: str = "") -> AsyncIterator[ServerSentEvent]:
        """The fields of the list of places, or those of one place's page."""
        async for snapshot in self._live.follow():
            if site and site not in snapshot.sites:
                return
            yield ServerSentEvent(
                event="places", id=str(snapshot.revision), retry=RETRY_MS, raw_data=self._data(snapshot, site)
            )

    def _data(self, snapshot: Snapshot, site: str) -> str:
        moments = f'"as_of":"{rfc3339(snapshot.as_of)}","now":"{rfc3339(self._now())}"'
        return f'{{"revision":{snapshot.revision},{moments},"fields":{self._fields(snapshot, site)}}}'

    def _fields(self, snapshot: Snapshot, site: str) -> str:
        if snapshot is not self._snapshot:
            self._snapshot, self._rendered = snapshot, {}
        if site not in self._rendered:
            fields = site_page_fields(snapshot, site) if site else place_fields(snapshot)
            self._rendered[site] = json.dumps(fields, separators=(",", ":"))
        return self._rendered[site]
