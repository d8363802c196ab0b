"""Pages on which asset managers see what is closed now and what comes next, and close things."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Query, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import closure_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.closures import AHEAD, WEEKDAYS
from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.local_time import LONDON, in_utc, local_day
from domain.places import AssetKind
from domain.register import Entry, RecordKind, Register, Registry, Values
from domain.register_closures import KeptClosure, closures_of, ended, kept_closure, new_id, read_closure
from domain.spans import FOREVER, Closed

_NEXT, _OVER = 100, 30
_LIST = "/manage/closures"
_PLAIN = ("reason", "from_time", "to_time", "except_days")


class _Coming(NamedTuple):
    time: Closed
    kept: KeptClosure


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosurePages:
    """Closures for those who have logged in; every page is complete without JavaScript."""

    registry: Registry
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route(_LIST, self.listed, methods=["GET"])
        router.add_api_route(f"{_LIST}/new", self.ask, methods=["GET"])
        router.add_api_route(f"{_LIST}/new", self.make, methods=["POST"])
        router.add_api_route(f"{_LIST}/change", self.ask_to_change, methods=["GET"])
        router.add_api_route(f"{_LIST}/change", self.change, methods=["POST"])
        router.add_api_route(f"{_LIST}/end", self.end, methods=["POST"])
        router.add_api_route(f"{_LIST}/remove", self.remove, methods=["POST"])
        return router

    async def listed(self, done: Annotated[int, Query(ge=0, lt=2**31)] = 0) -> HTMLResponse:
        """What is closed now, what comes next, and every closure; `done` is the change set that was just made."""
        return await self._list(done=done)

    async def ask(self, site: str = "") -> HTMLResponse:
        """The form: first at which place, then what and when."""
        register = await self.registry.records()
        now = self.now()
        return self._form(register, site=site, given={"begins_at": _local(now)})

    async def make(self, request: Request) -> Response:
        """Close something, or say with every reason why not, with what was typed."""
        form = await request.form()
        register = await self.registry.records()
        target, _, target_id = str(form.get("what", "")).partition(" ")
        try:
            cells = _cells(form) | {target: target_id}
            closure_id = new_id(register, target_id, datetime.fromisoformat(cells["begins_at"] or f"{self.now()}"))
            entry = read_closure(closure_id, cells)
            made = await self.registry.write([entry], actor=self.login.username, what=f"close {target_id}")
        except RegisterRefusedError as error:
            return self._form(register, site=str(form.get("site", "")), given=_given(form), problems=error.problems)
        return _done(made.change_set_id)

    async def ask_to_change(self, closure: Annotated[str, Query(alias="id")] = "") -> HTMLResponse:
        """The form with what it says now."""
        register = await self.registry.records()
        values = register[RecordKind.CLOSURE].get(closure)
        if values is None:
            return self._unknown()
        given = {name: str(values[name] or "") for name in _PLAIN}
        given |= {name: _local(values[name]) for name in ("begins_at", "ends_at")}
        given |= dict.fromkeys(str(values["weekdays"] or "").split(), "yes")
        return self._form(register, kept=kept_closure(closure, values), given=given)

    async def change(self, request: Request) -> Response:
        """Make it what was typed, or say with every reason why not."""
        form = await request.form()
        closure_id = str(form.get("id", ""))
        register = await self.registry.records()
        values = register[RecordKind.CLOSURE].get(closure_id)
        if values is None:
            return self._unknown()
        try:
            target = {name: str(values[name] or "") for name in ("site", "zone", "asset")}
            entry = read_closure(closure_id, _cells(form, values) | target)
            return await self._write(entry, f"change closure {closure_id}")
        except RegisterRefusedError as error:
            kept = kept_closure(closure_id, values)
            return self._form(register, kept=kept, given=_given(form), problems=error.problems)

    async def end(self, closure: Annotated[str, Form(alias="id")]) -> Response:
        """End it now."""
        values = (await self.registry.records())[RecordKind.CLOSURE].get(closure)
        if values is None:
            return self._unknown()
        try:
            return await self._write(ended(closure, values, at=self.now()), f"end closure {closure}")
        except RegisterRefusedError as error:
            return await self._list(problems=error.problems)

    async def remove(self, closure: Annotated[str, Form(alias="id")]) -> Response:
        """Take it out, as if it had never been."""
        try:
            made = await self.registry.remove(RecordKind.CLOSURE, closure, actor=self.login.username)
        except UnknownPlaceError:
            return self._unknown()
        return _done(made.change_set_id)

    async def _write(self, entry: Entry, what: str) -> Response:
        made = await self.registry.write([entry], actor=self.login.username, what=what)
        return _done(made.change_set_id)

    async def _list(self, *, done: int = 0, problems: tuple[RegisterProblem, ...] = ()) -> HTMLResponse:
        now, register = self.now(), await self.registry.records()
        kept = closures_of(register)
        found = [_Coming(time, one) for one in kept if (time := one.planned.next_time(now))]
        over = [one for one in kept if one.planned.ends_at is not None and one.planned.ends_at <= now]
        return self.templates.page(
            "closures.html",
            status_code=422 if problems else 200,
            now=now,
            register=register,
            closed=sorted((one for one in found if one.time.begins_at <= now), key=lambda one: one.time),
            days=_by_day(_coming(kept, now)),
            kept=[one for one in kept if one not in over],
            over=sorted(over, key=lambda one: one.planned.ends_at or FOREVER, reverse=True)[:_OVER],
            ahead=AHEAD.days,
            done=done,
            problems=problems,
            words=closure_wording,
        )

    def _form(
        self,
        register: Register,
        *,
        given: Mapping[str, str],
        site: str = "",
        kept: KeptClosure | None = None,
        problems: tuple[RegisterProblem, ...] = (),
    ) -> HTMLResponse:
        sites = register[RecordKind.SITE]
        return self.templates.page(
            "closure_form.html",
            status_code=422 if problems else 200,
            register=register,
            sites=sorted(sites.items(), key=lambda one: str(one[1]["name"])),
            site=site if site in sites else "",
            zones=_of_site(register, RecordKind.ZONE, site),
            assets=_of_site(register, RecordKind.ASSET, site),
            kept=kept,
            given=given,
            weekdays=WEEKDAYS,
            problems=problems,
            words=closure_wording,
        )

    def _unknown(self) -> HTMLResponse:
        return self.templates.problem(404, "There is no such closure", "It may have been taken out meanwhile.")


def _done(change_set_id: int | None) -> Response:
    return RedirectResponse(_LIST if change_set_id is None else f"{_LIST}?done={change_set_id}", status_code=303)


def _coming(kept: list[KeptClosure], now: datetime) -> list[_Coming]:
    found = [
        _Coming(time, one) for one in kept for time in one.planned.times(now + AHEAD, since=now) if time.begins_at > now
    ]
    return sorted(found, key=lambda one: (one.time, one.kept.closure_id))[:_NEXT]


def _by_day(coming: list[_Coming]) -> dict[date, list[_Coming]]:
    days: dict[date, list[_Coming]] = {}
    for one in coming:
        days.setdefault(local_day(one.time.begins_at), []).append(one)
    return days


def _of_site(register: Register, kind: RecordKind, site: str) -> list[tuple[str, Values]]:
    found = [(key, one) for key, one in register[kind].items() if one["site"] == site]
    return [(key, one) for key, one in sorted(found) if one.get("kind") != AssetKind.GATE]


def _cells(form: FormData, before: Values | None = None) -> dict[str, str]:
    """What the form says, by the columns of the register; raises RegisterRefusedError where it cannot be read.

    A time that stands in the form as it did before stays what it was, to the second.
    """
    cells = {name: str(form.get(name, "")).strip() for name in _PLAIN}
    problems = []
    for name in ("begins_at", "ends_at"):
        text = str(form.get(name, "")).strip()
        if before is not None and text == _local(before[name]):
            moment = before[name]
            cells[name] = moment.isoformat() if isinstance(moment, datetime) else ""
            continue
        try:
            cells[name] = in_utc(datetime.fromisoformat(text[:16]), LONDON).isoformat() if text else ""
        except ValueError as error:
            reason = str(error) if "clocks" in str(error) else "such as 2026-06-03T18:00"
            problems.append(RegisterProblem(column=name, message=reason))
    if problems:
        raise RegisterRefusedError(problems)
    cells["weekdays"] = " ".join(day for day in WEEKDAYS if form.get(day))
    return cells


def _given(form: FormData) -> dict[str, str]:
    return {name: str(value) for name, value in form.items()}


def _local(moment: object) -> str:
    return f"{moment.astimezone(LONDON):%Y-%m-%dT%H:%M}" if isinstance(moment, datetime) else ""
