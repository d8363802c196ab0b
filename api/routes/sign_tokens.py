"""Tokens of signs for programs: issued, rotated, revoked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import BaseModel, Field

from api.keys import holder_of
from api.schemas import Time
from domain.api_keys import Scope, ScopesOf
from domain.ids import parse_sign_id
from domain.sign_tokens import LIFETIME, LONGEST_LIFETIME, LONGEST_OVERLAP, OVERLAP, SignToken, SignTokens

_DAY_S = 86_400


class TokenOut(BaseModel):
    """What is known of a token."""

    id: str = Field(description="The 8 characters after `sp_`.", examples=["k3x9m2ap"])
    sign: str
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None

    @classmethod
    def of(cls, token: SignToken) -> "TokenOut":
        """The wire form."""
        return cls(
            id=token.key_id,
            sign=token.sign_id,
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )


class TokenList(BaseModel):
    """All tokens that a sign ever had, newest first."""

    tokens: list[TokenOut]


class TokenIn(BaseModel):
    """How long the new token is good, and how long those before it still are."""

    days: int = Field(default=LIFETIME.days, ge=1, le=LONGEST_LIFETIME.days)
    overlap_s: int | None = Field(
        default=None,
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description=f"Those before it end after this many seconds; null: they stay. A week is {OVERLAP.days * _DAY_S}.",
    )


class NewToken(BaseModel):
    """A token, which is told this once, and what is known of it."""

    token: str = Field(examples=["sp_k3x9m2ap_..."])
    page: str = Field(description="What to open on the screen, once: it keeps it.", examples=["/signs/a#token=..."])
    known: TokenOut


class Revoked(BaseModel):
    """How many tokens were good, and are not any more."""

    revoked: int


SignIdText = Annotated[str, Path(description="A sign's id.", examples=["harbour-road"])]


def create_router(tokens: SignTokens, scopes_of: ScopesOf) -> APIRouter:
    """Routes under /v1/signs/{sign_id}/tokens, for keys with the scope `signs`."""
    holder: Callable[..., object] = holder_of(Scope.SIGNS, scopes_of)
    router = APIRouter(prefix="/v1/signs/{sign_id}/tokens", tags=["Signs"])

    @router.get("", summary="The tokens of a sign", dependencies=[Depends(holder)])
    async def listed(sign_id: SignIdText) -> TokenList:
        return TokenList(tokens=[TokenOut.of(token) for token in await tokens.of_sign(parse_sign_id(sign_id))])

    @router.post("", summary="Issue a token, or rotate it", status_code=201)
    async def issue(sign_id: SignIdText, wanted: TokenIn, by: Annotated[str, Depends(holder)]) -> NewToken:
        sign, lifetime = parse_sign_id(sign_id), timedelta(days=wanted.days)
        if wanted.overlap_s is None:
            token, known = await tokens.issue(sign, by=by, lifetime=lifetime)
        else:
            overlap = timedelta(seconds=wanted.overlap_s)
            token, known = await tokens.rotate(sign, by=by, overlap=overlap, lifetime=lifetime)
        return NewToken(token=token, page=f"/signs/{sign}#token={token}", known=TokenOut.of(known))

    @router.delete("", summary="Revoke every token of a sign")
    async def revoke_all(sign_id: SignIdText, by: Annotated[str, Depends(holder)]) -> Revoked:
        return Revoked(revoked=await tokens.revoke(parse_sign_id(sign_id), by=by))

    @router.delete("/{key_id}", summary="Revoke one token")
    async def revoke(sign_id: SignIdText, key_id: str, by: Annotated[str, Depends(holder)]) -> Revoked:
        revoked = await tokens.revoke(parse_sign_id(sign_id), by=by, key_id=key_id[:8])
        if not revoked:
            raise HTTPException(404, "The sign has no such token that is good.")
        return Revoked(revoked=revoked)

    return router
