"""Tokens in memory, for those who only see their window."""

from dataclasses import replace

from domain.errors import UnknownPlaceError
from domain.sign_tokens import LIFETIME, OVERLAP, SignToken


class MemorySignTokens:
    """What `domain.sign_tokens.SignTokens` promises, for the sign harbour-road."""

    def __init__(self, now):
        self.now = now
        self.kept: list[SignToken] = []
        self.asked: list[tuple] = []

    async def of_sign(self, sign_id):
        if sign_id != "harbour-road":
            raise UnknownPlaceError("sign", sign_id)
        return self.kept

    async def issue(self, sign_id, *, by, lifetime=LIFETIME):
        await self.of_sign(sign_id)
        self.asked.append(("issue", by, lifetime))
        return self._made(sign_id, lifetime)

    async def rotate(self, sign_id, *, by, overlap=OVERLAP, lifetime=LIFETIME):
        await self.of_sign(sign_id)
        self.asked.append(("rotate", by, overlap))
        self.kept = [replace(token, expires_at=self.now() + overlap) for token in self.kept]
        return self._made(sign_id, lifetime)

    async def revoke(self, sign_id, *, by, key_id=None):
        ended = [token for token in self.kept if token.is_good(self.now()) and key_id in (None, token.key_id)]
        self.kept = [replace(token, revoked_at=self.now()) if token in ended else token for token in self.kept]
        self.asked.append(("revoke", by, key_id))
        return len(ended)

    def _made(self, sign_id, lifetime):
        key_id = f"token{len(self.kept):03}"
        made = SignToken(key_id=key_id, sign_id=sign_id, created_at=self.now(), expires_at=self.now() + lifetime)
        self.kept.insert(0, made)
        return f"sp_{key_id}_" + "s" * 43, made
