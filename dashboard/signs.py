"""Pages for those who keep signs: what each says now, and its board with what it would say if things were otherwise."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import sign_wording
from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.sign_form import HOURS_ROWS, MOST_LINES, SignForm, empty_form, form_of, form_sent, places
from dashboard.templating import Templates
from domain.board_document import DAYS, Offered, offers, parse_board
from domain.boards import Arrow, FallbackKind, Layout, LineMode
from domain.errors import BoardChangedError, BoardRefusedError, InvalidIdError, UnknownPlaceError
from domain.ids import SignId, parse_sign_id, parse_site_id
from domain.live import Clock, Live
from domain.places import Sign
from domain.sign_look import Condition, Look, SignLooks
from domain.sign_reports import SignReports
from domain.signs import Signs
from domain.snapshot import Snapshot

LIST, NEW = "/manage/signs", "/manage/sign-new"
VERSIONS = 50
DAYS_OF_PLAY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SignPages:
    """Renders signs and lets those who have logged in set them up. Complete without JavaScript."""

    live: Live
    signs: Signs
    looks: SignLooks
    reports: SignReports
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route(LIST, self.every, methods=["GET"])
        router.add_api_route(NEW, self.new, methods=["GET"])
        router.add_api_route(NEW, self.make, methods=["POST"], response_model=None)
        router.add_api_route(f"{LIST}/{{sign_id}}", self.one, methods=["GET"])
        router.add_api_route(f"{LIST}/{{sign_id}}", self.change, methods=["POST"], response_model=None)
        router.add_api_route(f"{LIST}/{{sign_id}}/restore", self.restore, methods=["POST"], response_model=None)
        return router

    async def every(self) -> HTMLResponse:
        """What each sign says now."""
        signs = self.live.snapshot.signs.values()
        looks = [(sign, self.looks.now(sign.sign_id)) for sign in sorted(signs, key=lambda sign: sign.name)]
        return self._page("signs.html", looks=looks)

    async def new(self) -> HTMLResponse:
        """The form of a sign that is not there yet."""
        return await self._form(None, empty_form())

    async def make(self, request: Request) -> Response:
        """Make a sign; show the form again where that cannot be."""
        sent = await request.form()
        return await self._sent(None, form_sent(sent), str(sent.get("action")))

    async def one(self, sign_id: str) -> HTMLResponse:
        """A sign: what it says now, what it would say, its board, and who made it so."""
        sign = self.live.snapshot.signs.get(sign_id)
        if sign is None:
            return self._not_there(sign_id)
        return await self._form(sign, form_of(sign))

    async def change(self, sign_id: str, request: Request) -> Response:
        """Look at another board, or keep it."""
        sign = self.live.snapshot.signs.get(sign_id)
        if sign is None:
            return self._not_there(sign_id)
        sent = await request.form()
        return await self._sent(sign, form_sent(sent), str(sent.get("action")))

    async def restore(self, sign_id: str, request: Request) -> Response:
        """Go back to an older version."""
        version = str((await request.form()).get("version", ""))
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            return self._not_there(sign_id)
        try:
            await self.signs.restore(SignId(sign_id), int(version), actor=self.login.username)
        except UnknownPlaceError:
            return self._not_there(sign_id)
        except BoardRefusedError as error:
            sign = self.live.snapshot.signs.get(sign_id)
            return await self._form(sign, form_of(sign) if sign else empty_form(), problems=error.problems)
        return RedirectResponse(f"{LIST}/{sign_id}", status_code=303)

    async def _sent(self, sign: Sign | None, form: SignForm, action: str) -> Response:
        if action == "line":
            return await self._form(sign, form.with_another_line())
        try:
            wanted = _wanted(sign, form, self.live.snapshot)
            if action != "save":
                return await self._form(sign, form, wanted=wanted)
            made = await self.signs.write(wanted, actor=self.login.username, based_on=form.version)
        except BoardRefusedError as error:
            return await self._form(sign, form, problems=error.problems)
        except BoardChangedError as error:
            sentence = (
                f"Somebody else changed this sign meanwhile: it is at version {error.version}. Load the page anew."
            )
            return await self._form(sign, form, problems=[sentence])
        return RedirectResponse(f"{LIST}/{made.sign_id}", status_code=303)

    async def _form(
        self, sign: Sign | None, form: SignForm, *, wanted: Sign | None = None, problems: Sequence[str] = ()
    ) -> HTMLResponse:
        shown = wanted or sign
        # What it says now stands above, unless this is another board.
        conditions = [one for one in Condition if one is not Condition.NOW or wanted]
        previews = [] if shown is None else [(one, self.looks.preview(shown.board, one)) for one in conditions]
        snapshot = self.live.snapshot
        return self._page(
            "sign.html",
            status_code=422 if problems else 200,
            sign=sign,
            form=form,
            problems=problems,
            changed=wanted is not None,
            now_look=self.looks.now(sign.sign_id) if sign else None,
            previews=previews,
            versions=await self.signs.versions(sign.sign_id, limit=VERSIONS) if sign else [],
            report=(await self.reports.latest()).get(sign.sign_id) if sign else None,
            plays=await self.reports.days(sign.sign_id, last=DAYS_OF_PLAY) if sign else [],
            places=places(_offered(snapshot)),
            sites={site_id: status.site.name for site_id, status in snapshot.sites.items()},
        )

    def _page(self, template: str, *, status_code: int = 200, **values: object) -> HTMLResponse:
        choices = {"modes": LineMode, "arrows": Arrow, "layouts": Layout, "fallbacks": FallbackKind, "days": DAYS}
        return self.templates.page(
            template,
            status_code=status_code,
            now=self.now(),
            words=sign_wording,
            data_address=data_address,
            hours_rows=HOURS_ROWS,
            most_lines=MOST_LINES,
            **choices,
            **values,
        )

    def _not_there(self, sign_id: str) -> HTMLResponse:
        return self.templates.problem(404, "There is no such sign", f"No sign goes by the id {sign_id[:80]!r}.")


def data_address(look: Look) -> str:
    """The picture of a look within the page."""
    return f"data:image/png;base64,{b64encode(look.picture or b'').decode()}"


def _wanted(sign: Sign | None, form: SignForm, snapshot: Snapshot) -> Sign:
    """The sign that a form describes; raises BoardRefusedError with every fault."""
    problems: list[str] = []
    sign_id = sign.sign_id if sign else _read(parse_sign_id, form["id"].strip(), problems)
    if sign is None and sign_id in snapshot.signs:
        problems.append(f"there is a sign {sign_id!r} already")
    name = form["name"].strip()
    if not name:
        problems.append("the sign has no name")
    site_id = _read(parse_site_id, form["site"], problems)
    if site_id and site_id not in snapshot.sites:
        problems.append(f"there is no site {site_id!r}")
    lon, lat = (_degrees(form[what], what, limit, problems) for what, limit in (("lon", 180), ("lat", 90)))
    try:
        board = parse_board(form.document(), sign_id=SignId(sign_id), name=name)
    except BoardRefusedError as error:
        raise BoardRefusedError(sign_id, [*problems, *error.problems]) from error
    if problems:
        raise BoardRefusedError(sign_id, problems)
    return Sign(sign_id=SignId(sign_id), name=name, site_id=parse_site_id(site_id), lon=lon, lat=lat, board=board)


def _read(parse: Callable[[str], str], text: str, problems: list[str]) -> str:
    try:
        return parse(text)
    except InvalidIdError as error:
        problems.append(str(error))
        return ""


def _degrees(text: str, what: str, limit: int, problems: list[str]) -> float:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not -limit <= found <= limit:
        problems.append(f"{what} must be degrees from {-limit} to {limit}, got {text[:40]!r}")
        return 0.0
    return found


def _offered(snapshot: Snapshot) -> Offered:
    bays = (status.asset for status in snapshot.assets.values())
    return offers((bay.site_id, bay.zone_id, bay.category) for bay in bays if bay.category is not None)
