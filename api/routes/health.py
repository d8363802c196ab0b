"""Is it alive, and does it hear? For supervisors, proxies and people on call."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from fastapi import APIRouter, Response

from api.problems import DOCUMENTED, problem
from api.schemas import Health, Readiness, ReadinessCheck
from domain.live import Clock, Live
from domain.readiness import Check, Finding, Look, Memory, red

# The clocks of two hosts differ a little; as in `tick_revision`.
_TOLERATED_AHEAD = timedelta(minutes=2)

Findings = Callable[[], Iterable[Finding]]
"""What is known of other processes."""


def looker(live: Live, now: Clock, *, stale_after: timedelta, others: Findings) -> Look:
    """The checks of the web server: whether what it says is fresh, and what the others say."""
    memory = Memory()

    def findings(at: datetime) -> Iterator[Finding]:
        age = at - live.snapshot.as_of
        detail = f"Ingest last confirmed that it receives {age.total_seconds():.0f} s ago."
        if age < -_TOLERATED_AHEAD:
            detail = f"Ingest confirmed a moment that is {-age.total_seconds():.0f} s ahead: a clock is wrong."
        yield Finding(name="fresh", ok=-_TOLERATED_AHEAD <= age <= stale_after, detail=detail)
        yield from others()

    def look() -> list[Check]:
        at = now()
        return memory.checks(findings(at), now=at)

    return look


def create_router(live: Live, now: Clock, look: Look) -> APIRouter:
    """/healthz and /readyz."""
    router = APIRouter(tags=["Health"])

    @router.get("/healthz", summary="Is the process alive?")
    async def healthz() -> Health:
        return Health()

    stale = {"description": "It is not.", "content": DOCUMENTED["4XX"]["content"]}

    @router.get("/readyz", summary="Is what it says fresh?", responses={200: {"model": Readiness}, 503: stale})
    async def readyz() -> Response:
        """Red when no number here can be vouched for, or soon none could.

        That is: ingest has not confirmed for a while that it receives (`fresh`), the database does not answer, or an
        ingest process is not `subscribed`, has a `spool` more than half full or does not hear its `canary`.
        """
        snapshot = live.snapshot
        age_s = round((now() - snapshot.as_of).total_seconds(), 3)
        headers = {"Cache-Control": "no-store"}
        checks = look()
        said = [ReadinessCheck.of(check) for check in checks]
        if bad := red(checks):
            detail = " ".join(check.detail for check in bad)
            documents = [check.model_dump(mode="json") for check in said]
            return problem(503, detail, headers=headers, revision=snapshot.revision, checks=documents)
        readiness = Readiness(revision=snapshot.revision, as_of=snapshot.as_of, age_s=age_s, checks=said)
        return Response(readiness.model_dump_json(), headers=headers, media_type="application/json")

    return router
