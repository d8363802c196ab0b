"""Pages to log in and out of /manage."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.guard import COOKIE, HOME, guarded_route, local_target
from dashboard.sessions import SESSION_LENGTH, Login, Throttle
from dashboard.templating import Templates
from dashboard.wording import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPages:
    """Opens and ends sessions."""

    login: Login
    templates: Templates
    throttle: Throttle = field(default_factory=Throttle)

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=True)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/login", self.ask, methods=["GET"])
        router.add_api_route("/manage/login", self.enter, methods=["POST"], response_model=None)
        router.add_api_route("/manage/logout", self.leave, methods=["POST"], response_model=None)
        return router

    async def ask(self, target: Annotated[str, Query(alias="next")] = "") -> HTMLResponse:
        """The form."""
        return self._form(target)

    async def enter(
        self,
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        target: Annotated[str, Form(alias="next")] = "",
    ) -> Response:
        """Check the form, and open a session."""
        address = request.client.host if request.client else ""
        now = self.login.now()
        if wait_s := self.throttle.wait_s(address, now):
            return self._too_many(wait_s)
        if not self.login.accepts(username, password):
            self.throttle.failed(address, now)
            return self._form(target, username=username, failed=True)
        response = RedirectResponse(local_target(target), status_code=303)
        response.set_cookie(
            COOKIE,
            self.login.new_session(),
            max_age=int(SESSION_LENGTH.total_seconds()),
            path=HOME,
            secure=self.login.secure_cookies,
            httponly=True,
            samesite="strict",
        )
        return response

    async def leave(self) -> Response:
        """End the session of this browser."""
        response = RedirectResponse("/manage/login", status_code=303)
        response.delete_cookie(COOKIE, path=HOME, secure=self.login.secure_cookies, httponly=True, samesite="strict")
        return response

    def _form(self, target: str, *, username: str = "", failed: bool = False) -> HTMLResponse:
        return self.templates.page(
            "login.html",
            status_code=401 if failed else 200,
            target=local_target(target),
            username=username,
            failed=failed,
        )

    def _too_many(self, wait_s: int) -> HTMLResponse:
        message = f"There were too many failed attempts. Try again in {counted(wait_s, 'second')}."
        page = self.templates.problem(429, "Wait before you try again", message)
        page.headers["Retry-After"] = str(wait_s)
        return page
