"""What Prometheus reads of the web server. Requests are counted by the template of their route, never by their path."""

import hmac
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.alarms import KINDS, AlarmCode
from domain.histogram import Histogram
from domain.live import Clock, Live

Scrape = Callable[[str], tuple[bytes, str]]
"""The metrics and their media type, as an `Accept` header wants them."""

LEAST_TOKEN = 16
_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True, eq=False)
class HttpMeter(Collector):
    """Requests that were answered, how long that took, and streams that are open."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    seconds: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(lambda: Histogram(_BOUNDS_S)))
    streams: Counter[str] = field(default_factory=Counter)

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        requests = CounterMetricFamily(
            "smartplace_http_requests", "Requests that were answered.", labels=["route", "method", "status"]
        )
        for labels, count in self.requests.items():
            requests.add_metric(labels, count)
        yield requests
        seconds = HistogramMetricFamily(
            "smartplace_http_request_seconds", "Time to the end of an answer that is no stream.", labels=["route"]
        )
        for route, histogram in self.seconds.items():
            seconds.add_metric([route], histogram.buckets, histogram.sum)
        yield seconds
        streams = GaugeMetricFamily("smartplace_http_streams_open", "Event streams that are open.", labels=["route"])
        for route, count in self.streams.items():
            streams.add_metric([route], count)
        yield streams


@dataclass(frozen=True, slots=True, eq=False)
class LiveMetrics(Collector):
    """What the web server says is true, and how old that is."""

    live: Live
    now: Clock

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        snapshot = self.live.snapshot
        yield GaugeMetricFamily("smartplace_revision", "Revision of the snapshot.", value=snapshot.revision)
        age_s = (self.now() - snapshot.as_of).total_seconds()
        yield GaugeMetricFamily("smartplace_as_of_age_seconds", "Since the platform last vouched for it.", value=age_s)


@dataclass(frozen=True, slots=True, eq=False)
class AlarmMetrics(Collector):
    """How many alarms are open, as they were counted lately."""

    counts: Callable[[], Mapping[AlarmCode, int]]

    def collect(self) -> Iterator[Metric]:
        """One family."""
        family = GaugeMetricFamily("smartplace_alarms_open", "Alarms that are open.", labels=["code", "severity"])
        for code, count in self.counts().items():
            family.add_metric([code, KINDS[code].severity], count)
        yield family


class CountRequests:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, meter: HttpMeter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        answer = _Answer(self._meter, scope, send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            answer.end(perf_counter() - began)


class _Answer:
    """One answer on its way. What never began is an error, which somebody outside turns into a 500."""

    def __init__(self, meter: HttpMeter, scope: Scope, send: Send) -> None:
        self._meter = meter
        self._scope = scope
        self._send = send
        self._status = 500
        self._is_stream = False

    async def send(self, message: Message) -> None:
        """Pass a message on; look at the first."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
            if self._is_stream:
                self._meter.streams[self._route] += 1
        await self._send(message)

    def end(self, seconds: float) -> None:
        """It is over, in whatever way."""
        method = self._scope["method"]
        labels = (self._route, method if method in _METHODS else "other", f"{self._status // 100}xx")
        self._meter.requests[labels] += 1
        if self._is_stream:
            self._meter.streams[self._route] -= 1
        else:
            self._meter.seconds[self._route].observe([seconds])

    @property
    def _route(self) -> str:
        """The template that matched; the folder of static files; else `none`."""
        route = getattr(self._scope.get("route"), "path", None)
        return str(route or self._scope.get("root_path") or "none")


def create_router(scrape: Scrape, token: str) -> APIRouter:
    """/metrics, for whoever has the token; for nobody while it is shorter than LEAST_TOKEN characters."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        if len(token) < LEAST_TOKEN:
            raise HTTPException(404)
        presented = request.headers.get("authorization", "")
        if not hmac.compare_digest(presented.encode(), f"Bearer {token}".encode()):
            raise HTTPException(401, "The token for metrics is needed.", {"WWW-Authenticate": "Bearer"})
        body, media_type = scrape(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

    return router
