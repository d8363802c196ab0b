"""Alarms in words."""

from domain.alarms import PLATFORM, AlarmCode, Severity, Subject, SubjectKind

SEVERITIES = {Severity.CRITICAL: ("Act now", "red"), Severity.WARNING: ("Act soon", "yellow")}

_CODES = {
    AlarmCode.INGEST_STOPPED: "Nothing is received: signs are blank",
    AlarmCode.SIGN_SILENT: "The sign says nothing of itself",
    AlarmCode.SIGN_DIFFERS: "The sign shows something else than it is told",
    AlarmCode.SIGN_REFUSED: "The sign refused what it was sent",
    AlarmCode.HISTORY_LAGS: "History is more than 10 minutes behind",
    AlarmCode.HISTORY_DIFFERS: "Reports were not what the sensors said; they are being put right",
}
_SUBJECTS = {
    SubjectKind.GATEWAY: "Gateway",
    SubjectKind.SITE: "Place",
    SubjectKind.ASSET: "Bay or bench",
    SubjectKind.DEVICE: "Device",
    SubjectKind.SIGN: "Sign",
}


def code_text(code: AlarmCode) -> str:
    """What is wrong; the bare code where nobody found words yet."""
    return _CODES.get(code, code.value.replace("_", " ").capitalize())


def subject_text(subject: Subject) -> str:
    """What it is about."""
    return "The platform" if subject == PLATFORM else f"{_SUBJECTS[subject.kind]} {subject.subject_id}"


def subject_href(subject: Subject) -> str | None:
    """The page of what it is about, where there is one."""
    return f"/manage/devices/{subject.subject_id}" if subject.kind is SubjectKind.DEVICE else None
