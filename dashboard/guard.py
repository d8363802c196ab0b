"""What stands before every page under /manage: no caching, same-site forms, a log-in, a database that answers."""

import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.errors import StoreUnavailableError

COOKIE = "smartplace_session"
HOME = "/manage"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Check = Callable[[Request], Response | None]


def guarded_route(login: Login, templates: Templates, *, public: bool) -> type[APIRoute]:
    """A route class whose pages nobody reaches unchecked; `public` ones need no session."""

    def check(request: Request) -> Response | None:
        return (
            _refuse_while_closed(login, templates)
            or _refuse_other_sites(request, templates)
            or (None if public else _ask_to_log_in(request, login))
        )

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            return _guarded(super().get_route_handler(), check, templates)

    return GuardedRoute


def local_target(target: str) -> str:
    """Where to go after log-in: a page under /manage, whatever the link said."""
    path, _, query = target.partition("?")
    is_page = _PAGE.fullmatch(path) and path not in {"/manage/login", "/manage/logout"}
    return target if is_page and _QUERY.fullmatch(query) else HOME


_PAGE = re.compile(r"/manage(?:/[a-z0-9-]+)*")
_QUERY = re.compile(r"[A-Za-z0-9&=%+._~-]*")


def _guarded(handler: Handler, check: Check, templates: Templates) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            response = check(request) or await handler(request)
        except StoreUnavailableError:
            response = templates.problem(503, "The database does not answer", "Nothing is lost. Try again in a minute.")
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _refuse_while_closed(login: Login, templates: Templates) -> Response | None:
    return None if login.is_set_up else templates.page("not_set_up.html", status_code=503)


def _refuse_other_sites(request: Request, templates: Templates) -> Response | None:
    if request.method == "GET" or _is_same_site(request):
        return None
    return templates.problem(
        403, "Form refused", "This form was sent from another website. Open the page and try again."
    )


def _is_same_site(request: Request) -> bool:
    host = request.headers.get("host", "")
    same_origin = request.headers.get("origin") in {None, f"https://{host}", f"http://{host}"}
    return same_origin and request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


def _ask_to_log_in(request: Request, login: Login) -> Response | None:
    if login.is_session(request.cookies.get(COOKIE)):
        return None
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = urlencode({"next": local_target(wanted)})
    return RedirectResponse(f"/manage/login?{query}", status_code=303)
