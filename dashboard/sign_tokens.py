"""The page on which asset managers give a screen its token, renew it, and take it back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard.guard import guarded_route
from dashboard.sessions import Login
from dashboard.templating import Templates
from domain.errors import InvalidIdError, UnknownPlaceError
from domain.ids import SignId, parse_sign_id
from domain.live import Clock
from domain.sign_tokens import OVERLAP, SignTokens

_OVERLAPS = {"0": "At once", "1": "In a day", "7": "In a week", "31": "In a month"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignTokenPages:
    """Tokens for those who have logged in. A new one is on one answer, which nobody keeps, and nowhere else."""

    tokens: SignTokens
    now: Clock
    login: Login
    templates: Templates

    def router(self) -> APIRouter:
        """Their routes."""
        route_class = guarded_route(self.login, self.templates, public=False)
        router = APIRouter(include_in_schema=False, route_class=route_class, default_response_class=HTMLResponse)
        router.add_api_route("/manage/signs/{sign_id}/tokens", self.listed, methods=["GET"])
        router.add_api_route("/manage/signs/{sign_id}/tokens", self.make, methods=["POST"])
        router.add_api_route("/manage/signs/{sign_id}/tokens/revoke", self.revoke, methods=["POST"])
        return router

    async def listed(self, sign_id: str) -> HTMLResponse:
        """The tokens of a sign."""
        try:
            return await self._page(parse_sign_id(sign_id))
        except (InvalidIdError, UnknownPlaceError):
            return self._unknown()

    async def make(self, sign_id: str, overlap: Annotated[str, Form()] = "") -> HTMLResponse:
        """A new token, shown this once; an `overlap` in days ends those before it."""
        try:
            sign = parse_sign_id(sign_id)
            if overlap in _OVERLAPS:
                days = timedelta(days=int(overlap))
                token, _ = await self.tokens.rotate(sign, by=self.login.username, overlap=days)
            else:
                token, _ = await self.tokens.issue(sign, by=self.login.username)
            return await self._page(sign, new=token)
        except (InvalidIdError, UnknownPlaceError):
            return self._unknown()

    async def revoke(self, sign_id: str, key_id: Annotated[str, Form()]) -> Response:
        """End a token now; one that is over already is over."""
        try:
            sign = parse_sign_id(sign_id)
        except InvalidIdError:
            return self._unknown()
        await self.tokens.revoke(sign, by=self.login.username, key_id=key_id[:8])
        return RedirectResponse(f"/manage/signs/{sign}/tokens", status_code=303)

    async def _page(self, sign_id: SignId, *, new: str = "") -> HTMLResponse:
        now = self.now()
        tokens = await self.tokens.of_sign(sign_id)
        return self.templates.page(
            "sign_tokens.html",
            now=now,
            sign_id=sign_id,
            tokens=tokens,
            any_good=any(token.is_good(now) for token in tokens if not new.startswith(f"sp_{token.key_id}_")),
            new=new,
            overlaps=_OVERLAPS,
            overlap=str(OVERLAP.days),
        )

    def _unknown(self) -> HTMLResponse:
        return self.templates.problem(404, "There is no such sign", "It may have been renamed.")
