"""Signs in memory, for those who only see their window. Satisfies domain.signs.Signs."""

from dataclasses import replace

from domain.boards import BoardVersion
from domain.errors import BoardChangedError, UnknownPlaceError
from domain.snapshot import build_snapshot


class MemorySigns:
    """Keeps every version; `live` gets a new snapshot with each."""

    def __init__(self, live, now):
        self.live = live
        self.now = now
        self.kept = {
            sign_id: [self._version(sign, 1, "places file", "places file")]
            for sign_id, sign in live.snapshot.signs.items()
        }

    def _version(self, sign, number, actor, what):
        board = replace(sign.board, layout_version=number)
        return BoardVersion(version=number, made_at=self.now(), actor=actor, what=what, board=board)

    async def versions(self, sign_id, *, limit):
        if sign_id not in self.kept:
            raise UnknownPlaceError("sign", sign_id)
        return self.kept[sign_id][::-1][:limit]

    async def write(self, sign, *, actor, what="", based_on=None):
        kept = self.kept.setdefault(sign.sign_id, [])
        at = kept[-1].version if kept else 0
        if based_on is not None and based_on != at:
            raise BoardChangedError(sign.sign_id, at)
        if sign.site_id not in self.live.snapshot.sites:
            raise UnknownPlaceError("site", sign.site_id)
        known = self.live.snapshot.signs.get(sign.sign_id)
        wanted = replace(sign, board=replace(sign.board, layout_version=at))
        if known == wanted:
            return known
        kept.append(self._version(sign, at + 1, actor, what or "board"))
        made = replace(sign, board=kept[-1].board)
        snapshot = self.live.snapshot
        self.live.snapshot = build_snapshot(
            revision=snapshot.revision + 1,
            as_of=snapshot.as_of,
            sites=[status.site for status in snapshot.sites.values()],
            statuses=snapshot.assets.values(),
            signs={**snapshot.signs, sign.sign_id: made}.values(),
        )
        return made

    async def restore(self, sign_id, version, *, actor):
        found = next((one for one in await self.versions(sign_id, limit=999) if one.version == version), None)
        if found is None:
            raise UnknownPlaceError("board version", f"{sign_id} {version}")
        sign = replace(self.live.snapshot.sign(sign_id), board=found.board)
        return await self.write(sign, actor=actor, what=f"back to version {version}")
