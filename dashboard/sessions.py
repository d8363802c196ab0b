"""Log-in of asset managers: one account from the settings, signed cookies, and a brake on guessing."""

import hmac
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from itsdangerous import BadSignature, TimestampSigner

from domain.live import Clock

SESSION_LENGTH = timedelta(hours=8)
MIN_PASSWORD, MIN_SESSION_KEY = 12, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who may log in, and how their sessions are signed. Closed to everyone until both secrets are long enough."""

    username: str
    password: str = field(repr=False)
    session_key: str = field(repr=False)
    secure_cookies: bool
    now: Clock

    @property
    def is_set_up(self) -> bool:
        """Whether anybody can log in at all."""
        return len(self.password) >= MIN_PASSWORD and len(self.session_key) >= MIN_SESSION_KEY

    def accepts(self, username: str, password: str) -> bool:
        """Whether these are the account's, in a time that tells nothing about how close they are."""
        right_name = hmac.compare_digest(_digest(username), _digest(self.username))
        right_password = hmac.compare_digest(_digest(password), _digest(self.password))
        return self.is_set_up and right_name and right_password

    def new_session(self) -> str:
        """The value of a session cookie."""
        return self._signer().sign(self.username).decode()

    def is_session(self, cookie: str | None) -> bool:
        """Whether a cookie is a session of ours that has not run out. A new password ends them all."""
        if not cookie or not self.is_set_up:
            return False
        try:
            self._signer().unsign(cookie, max_age=int(SESSION_LENGTH.total_seconds()))
        except BadSignature:
            return False
        return True

    def _signer(self) -> "_ClockedSigner":
        salt = _digest(f"manage-session\0{self.username}\0{self.password}")
        return _ClockedSigner(self.session_key, salt=salt, now=self.now)


class _ClockedSigner(TimestampSigner):
    """Takes the time from the platform's clock."""

    def __init__(self, key: str, *, salt: bytes, now: Clock) -> None:
        super().__init__(key, salt=salt, digest_method=sha256)
        self._now = now

    def get_timestamp(self) -> int:
        return int(self._now().timestamp())


class Throttle:
    """Counts failed log-ins by client address; remembers a bounded number of addresses."""

    def __init__(self, *, limit: int = 5, window: timedelta = timedelta(seconds=60), addresses: int = 1000) -> None:
        self._limit = limit
        self._window = window
        self._addresses = addresses
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait_s(self, address: str, now: datetime) -> int:
        """Seconds until this address may try again; 0 if it may now."""
        failures = self._failures.get(address)
        if failures is None or len(failures) < self._limit:
            return 0
        return max(0, ceil((failures[0] + self._window - now).total_seconds()))

    def failed(self, address: str, now: datetime) -> None:
        """Remember a failure."""
        self._failures.setdefault(address, deque(maxlen=self._limit)).append(now)
        self._failures.move_to_end(address)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
