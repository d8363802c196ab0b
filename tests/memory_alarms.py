"""Alarms in memory, for those who only see their window."""

from dataclasses import replace

from domain.alarms import KINDS, Alarm, AlarmCode, Subject, SubjectKind
from domain.errors import UnknownAlarmError


class MemoryAlarms:
    """What `domain.alarms.Alarms` promises; tests put alarms in with `made`."""

    def __init__(self, now):
        self.now = now
        self.kept: dict[int, Alarm] = {}

    async def open(self):
        return [alarm for alarm in self.kept.values() if alarm.is_open]

    async def recent(self, *, limit):
        return [alarm for alarm in self.kept.values() if not alarm.is_open][:limit]

    async def acknowledge(self, alarm_id, *, by):
        if alarm_id not in self.kept:
            raise UnknownAlarmError(alarm_id)
        alarm = self.kept[alarm_id]
        if alarm.acknowledged_at is None:
            self.kept[alarm_id] = replace(alarm, acknowledged_by=by, acknowledged_at=self.now())
        return self.kept[alarm_id]

    def made(self, code=AlarmCode.SIGN_SILENT, subject=None, **more):
        given = {
            "alarm_id": len(self.kept) + 1,
            "code": code,
            "subject": subject or Subject(SubjectKind.SIGN, "harbour-road"),
            "severity": KINDS[code].severity,
            "detail": "It was last heard <b>yesterday</b>.",
            "within": (),
            "raised_at": self.now(),
            "last_at": self.now(),
            "times": 1,
        }
        alarm = Alarm(**(given | more))
        self.kept[alarm.alarm_id] = alarm
        return alarm
