"""A register in memory that plans as the store does. Satisfies domain.register.Registry."""

from domain.errors import RegisterRefusedError, UnknownPlaceError
from domain.register import NOTHING_FAULTY, Change, ChangeSet, Made, changed, nothing
from domain.register_plan import plan, undo_plan


class MemoryRegistry:
    def __init__(self, now):
        self.now = now
        self.register = nothing()
        self.sets = []
        # Whose history is told anew whatever is changed.
        self.retold = ()

    async def records(self):
        return self.register

    def make(self, found, actor, what, *, dry_run=False, undoes=None):
        if found.problems:
            raise RegisterRefusedError(found.problems)
        if dry_run or not found.changes:
            return Made(plan=found, change_set_id=None)
        self.register = changed(self.register, found.changes)
        self.sets.append((actor, what, found.changes, undoes))
        return Made(plan=found, change_set_id=len(self.sets), retold=self.retold)

    async def write(self, entries, *, actor, what, dry_run=False, faulty=NOTHING_FAULTY):
        return self.make(plan(self.register, entries, at=self.now(), faulty=faulty), actor, what, dry_run=dry_run)

    async def remove(self, kind, record_id, *, actor):
        if record_id not in self.register[kind]:
            raise UnknownPlaceError(kind, record_id)
        gone = Change(kind=kind, record_id=record_id, before=None, after=self.register[kind][record_id])
        return self.make(undo_plan(self.register, [gone]), actor, "remove")

    async def undo(self, change_set_id, *, actor):
        back = undo_plan(self.register, self.sets[change_set_id - 1][2])
        return self.make(back, actor, "undo", undoes=change_set_id)

    async def change_sets(self, *, limit):
        made = [
            ChangeSet(
                change_set_id=number, made_at=self.now(), actor=actor, what=what, changes=len(changes), undoes=undoes
            )
            for number, (actor, what, changes, undoes) in enumerate(self.sets, 1)
        ]
        return made[::-1][:limit]

    async def changes_of(self, change_set_id):
        return list(self.sets[change_set_id - 1][2])
