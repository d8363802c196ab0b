"""Is it alive, and does it hear? For supervisors, proxies and people on call."""

from datetime import timedelta

from fastapi import APIRouter, Response

from api.problems import DOCUMENTED, problem
from api.schemas import Health, Readiness
from domain.live import Clock, Live


def create_router(live: Live, now: Clock, *, stale_after: timedelta) -> APIRouter:
    """/healthz and /readyz."""
    router = APIRouter(tags=["Health"])

    @router.get("/healthz", summary="Is the process alive?")
    async def healthz() -> Health:
        return Health()

    stale = {"description": "It is not.", "content": DOCUMENTED["4XX"]["content"]}

    @router.get("/readyz", summary="Is what it says fresh?", responses={200: {"model": Readiness}, 503: stale})
    async def readyz() -> Response:
        """Red when ingest has not confirmed for a while that it receives: then no number here can be vouched for."""
        snapshot = live.snapshot
        age = now() - snapshot.as_of
        headers = {"Cache-Control": "no-store"}
        if age > stale_after:
            detail = f"Ingest last confirmed that it receives {age.total_seconds():.0f} s ago."
            return problem(503, detail, headers=headers, revision=snapshot.revision)
        readiness = Readiness(revision=snapshot.revision, as_of=snapshot.as_of, age_s=round(age.total_seconds(), 3))
        return Response(readiness.model_dump_json(), headers=headers, media_type="application/json")

    return router
