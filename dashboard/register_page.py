"""The page of the register: a file in, a file out, who changed what, and undo."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.responses import HTMLResponse, Response

from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.errors import RegisterProblem, RegisterRefusedError, UnknownPlaceError
from domain.live import Clock
from domain.register import Made, RecordKind, Registry
from domain.register_csv import SilentAfter, read_register, write_register

CHANGE_SETS, MOST_PROBLEMS, LONGEST_NAME = 50, 500, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPages:
    """Lets those who have logged in change the register."""

    registry: Registry
    silent_after: SilentAfter
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/registry", self.show, methods=["GET"])
        router.add_api_route("/manage/registry", self.import_csv, methods=["POST"])
        router.add_api_route("/manage/registry/undo", self.undo, methods=["POST"])
        router.add_api_route("/manage/registry/export", self.export, methods=["GET"], response_class=Response)
        return router

    async def show(self) -> HTMLResponse:
        """What there is, and who changed it."""
        return await self._page()

    async def import_csv(
        self, file: Annotated[UploadFile, File()], action: Annotated[str, Form()] = "try"
    ) -> HTMLResponse:
        """Make the register what the file says, or tell what that would change."""
        name, dry_run = (file.filename or "CSV")[:LONGEST_NAME], action != "make"
        try:
            found = read_register(await file.read(), silent_after=self.silent_after)
            made = await self.registry.write(
                found.entries, actor=self.login.username, what=name, dry_run=dry_run, faulty=found.faulty
            )
        except RegisterRefusedError as error:
            return await self._page(refused=f"{name} is refused, nothing was changed", problems=error.problems)
        return await self._page(made=made, what=name, dry_run=dry_run)

    async def undo(self, change_set: Annotated[int, Form(ge=1, lt=2**31)]) -> HTMLResponse:
        """Take a change set back."""
        try:
            made = await self.registry.undo(change_set, actor=self.login.username)
        except RegisterRefusedError as error:
            refused = f"Change set {change_set} cannot be undone, nothing was changed"
            return await self._page(refused=refused, problems=error.problems)
        except UnknownPlaceError:
            return self.templates.problem(404, "There is no such change set", "It may be one of another database.")
        return await self._page(made=made, what=f"Undo of {change_set}")

    async def export(self) -> Response:
        """The register as CSV."""
        text = write_register(await self.registry.records())
        headers = {"Content-Disposition": 'attachment; filename="register.csv"'}
        return Response(text, media_type="text/csv", headers=headers)

    async def _page(
        self,
        *,
        made: Made | None = None,
        what: str = "",
        dry_run: bool = False,
        refused: str = "",
        problems: tuple[RegisterProblem, ...] = (),
    ) -> HTMLResponse:
        register = await self.registry.records()
        return self.templates.page(
            "register.html",
            status_code=422 if refused else 200,
            now=self.now(),
            counts=[(kind, len(register[kind])) for kind in RecordKind],
            change_sets=await self.registry.change_sets(limit=CHANGE_SETS),
            made=made,
            what=what,
            dry_run=dry_run,
            refused=refused,
            problems=problems[:MOST_PROBLEMS],
            more=len(problems) - MOST_PROBLEMS,
        )
