"""The page on which asset managers command a device, and see what became of it."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import command_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.commands import CommandKind, Commands, settings_of
from domain.errors import CommandRefusedError, InvalidIdError
from domain.ids import DeviceId, parse_device_id
from domain.live import Clock

_LISTED = 50
_LIFETIMES = {"1": "1 hour", "24": "1 day", "168": "1 week"}
_LIFETIME = "24"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPages:
    """One form for each command that the model takes: what needs no JavaScript needs no explanation."""

    commands: Commands
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/devices/{device_id}/commands", self.listed)
        router.add_api_route("/manage/devices/{device_id}/commands", self.ask, methods=["POST"])
        return router

    async def listed(self, device_id: str) -> HTMLResponse:
        """The commands of a device, and what it can be told."""
        found = await self._found(device_id)
        return await self._page(*found) if found else self._unknown(device_id)

    async def ask(self, device_id: str, request: Request) -> Response:
        """Queue a command, and show the list again: a page that is loaded anew asks for nothing twice."""
        found = await self._found(device_id)
        if found is None:
            return self._unknown(device_id)
        known, kinds = found
        form = {name: str(value) for name, value in (await request.form()).items()}
        kind = next((kind for kind in kinds if kind.name == form.get("command")), None)
        if kind is None or not self.commands.can_send:
            return await self._page(known, kinds, error="This device cannot be told that.")
        parameters = {parameter.name: form.get(parameter.name, "").strip() for parameter in kind.parameters}
        hours = form.get("hours", _LIFETIME)
        lifetime = timedelta(hours=int(hours if hours in _LIFETIMES else _LIFETIME))
        try:
            await self.commands.request(known, kind.name, parameters, by=self.login.username, lifetime=lifetime)
        except CommandRefusedError as error:
            return await self._page(known, kinds, error=error.reason, kind=kind, given=parameters)
        return RedirectResponse(f"/manage/devices/{known}/commands", status_code=303)

    async def _found(self, device_id: str) -> tuple[DeviceId, tuple[CommandKind, ...]] | None:
        try:
            known = parse_device_id(device_id)
        except InvalidIdError:
            return None
        kinds = await self.commands.known(known)
        return None if kinds is None else (known, kinds)

    async def _page(
        self,
        device_id: DeviceId,
        kinds: tuple[CommandKind, ...],
        *,
        error: str = "",
        kind: CommandKind | None = None,
        given: dict[str, str] | None = None,
    ) -> HTMLResponse:
        listed = await self.commands.of_device(device_id, limit=_LISTED)
        return self.templates.page(
            "commands.html",
            status_code=422 if error else 200,
            now=self.now(),
            device_id=device_id,
            kinds=kinds,
            can_send=self.commands.can_send,
            commands=listed,
            settings=settings_of(listed, await self.commands.telling(device_id)),
            error=error,
            refused=kind,
            given=given or {},
            lifetimes=_LIFETIMES,
            lifetime=_LIFETIME,
            words=command_wording,
        )

    def _unknown(self, device_id: str) -> HTMLResponse:
        return self.templates.problem(404, "No such device", f"There is no device {device_id[:80]!r} in the register.")
