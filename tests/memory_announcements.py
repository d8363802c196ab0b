"""Messages in memory, for those who only see their window."""

from dataclasses import replace
from uuid import UUID

from domain.announcements import Standing
from domain.errors import MessageRefusedError, UnknownMessageError
from domain.message_plan import planned


class MemoryAnnouncements:
    """What `domain.announcements.Announcements` promises, by the rules of the domain."""

    def __init__(self, now, snapshot, policy):
        self.now = now
        self.snapshot = snapshot
        self.policy = policy
        self.kept = {}

    async def listed(self, *, over):
        final = {Standing.OVER, Standing.WITHDRAWN}
        newest = sorted(self.kept.values(), key=lambda one: -one.message_id.int)
        ended = [one for one in newest if one.standing(self.now()) in final]
        return [one for one in newest if one not in ended] + ended[:over]

    async def make(self, draft, *, by):
        message_id = UUID(int=len(self.kept) + 1)
        made = planned(draft, self.snapshot(), self.policy, message_id=message_id, by=by, now=self.now())
        self.kept[message_id] = made
        return made

    async def approve(self, message_id, *, by):
        found = self._found(message_id)
        if found.standing(self.now()) is not Standing.WAITING or found.made_by == by:
            raise MessageRefusedError(["it does not wait for you"])
        return self._keep(replace(found, approved_by=by, approved_at=self.now()))

    async def withdraw(self, message_id, *, by):
        return self._keep(replace(self._found(message_id), withdrawn_by=by, withdrawn_at=self.now()))

    def _found(self, message_id):
        if message_id not in self.kept:
            raise UnknownMessageError(str(message_id))
        return self.kept[message_id]

    def _keep(self, made):
        self.kept[made.message_id] = made
        return made
