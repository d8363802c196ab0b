"""What people see on a terminal: a step list with times, a progress bar, a welcome, findings. Plain text elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from simulators.transmission import Transmission
from smartplace import demo
from smartplace.doctor import Finding, Verdict
from store.replay.journal import Report

_MARKS = {Verdict.FINE: ("✓", "green"), Verdict.DOUBTFUL: ("!", "yellow"), Verdict.WRONG: ("✗", "red")}


class StepList:
    """Steps, one line each: what is done, and how long it took."""

    def __init__(self, out: TextIO) -> None:
        self.console = Console(file=out, highlight=False, soft_wrap=True)
        self._bar: Progress | None = None

    def progress(self) -> demo.Progress:
        """What the demo tells its progress to."""
        return demo.Progress(step=self._step, history=self._history)

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        mark, style = "✗", "red"
        try:
            if self.console.is_terminal:
                with self.console.status(what):
                    yield
            else:
                yield
            mark, style = "✓", "green"
        finally:
            self._close_bar()
            line = Text.assemble((f"{mark} ", style), f"{what:<48}", (f"{time.monotonic() - began:6.1f} s", "dim"))
            self.console.print(line)

    def _history(self, share: float) -> None:
        if not self.console.is_terminal:
            return
        if self._bar is None:
            self.console.clear_live()
            columns = (TextColumn("  the past"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.add_task("history", total=1.0)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=share)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def welcome(running: demo.Running, steps: StepList) -> None:
    """The last screen of the start: where everything is, what to try, how to stop."""
    url = running.url
    say = steps.console.print
    say("\nEverything runs. All places and sensors are simulated.\n")
    say(f"  Places              {url}/")
    for sign_id in running.sign_ids[:2]:
        say(f"  A sign              {url}/signs/{sign_id}")
    say(f"  For asset managers  {url}/manage")
    say(f"                      log in as {running.username} with {running.password}")
    say(f"  API reference       {url}/docs")
    say(f"  Metrics of ingest   {running.ingest_url}/metrics")
    say(f"  MQTT                127.0.0.1:{running.mqtt_port}, {running.mqtt_username} with {running.mqtt_password}")
    say(f"  Kept in             {running.data_dir}")
    say("\n  Try:")
    say(f"    curl {url}/v1/sites")
    say(f"    curl -H 'Accept: application/geo+json' '{url}/v1/bays?state=free&limit=5'")
    say(f"    curl -N {url}/v1/events")
    say("\n  Stop with Ctrl-C.\n")


class Tally:
    """A line that counts what the simulator sent; only on a terminal, otherwise silent."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4) if self._console.is_terminal else None
        self._count = 0
        self._began = time.monotonic()

    def __enter__(self) -> "Tally":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._live:
            self._live.stop()

    def add(self, transmission: Transmission) -> None:
        """One more."""
        self._count += 1
        if self._live:
            rate = self._count / max(time.monotonic() - self._began, 0.001)
            moment = f"{transmission.at:%Y-%m-%d %H:%M:%S}Z"
            self._live.update(Text(f"{self._count:,} frames sent, {rate:,.0f}/s, now telling {moment}"))


def print_findings(findings: Sequence[Finding], out: TextIO, *, quiet: bool) -> None:
    """One line for each finding, and under it what to do."""
    console = Console(file=out, highlight=False, soft_wrap=True)
    for finding in findings:
        if quiet and finding.verdict is Verdict.FINE:
            continue
        mark, style = _MARKS[finding.verdict]
        console.print(Text.assemble((f"{mark} ", style), f"{finding.what:<18} {finding.found}"))
        if finding.advice:
            console.print(Text(f"  → {finding.advice}", style="bold"))


class Bar:
    """How far a long task is; only on a terminal, otherwise silent."""

    def __init__(self, out: TextIO, what: str) -> None:
        console = Console(file=out, highlight=False)
        columns = (TextColumn("  " + what), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None

    def __enter__(self) -> "Bar":
        if self._bar:
            self._bar.add_task("task", total=None)
            self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, done: int, total: int) -> None:
        """So much of it is done."""
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total)


def replay_lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """What a replay found, for people."""
    yield f"{report.frames:,} frames read, {report.unchanged:,} unchanged, {report.changed:,} changed"
    yield f"{report.undecodable:,} of the changed mean nothing any more and are dead letters too"
    yield f"{report.recovered:,} dead letters can be read now and are in the journal"
    if report.deadly:
        yield f"{report.deadly:,} still end every process that reads them, and stay dead letters"
    if report.unread:
        yield f"{report.unread:,} were left as they are: their codec took too long or could not run"
    for example in report.examples:
        yield f"  {example.device_id}  {example.observed_at}  {example.payload}"
        yield f"    was {example.before}, is {example.after}"
    if dry_run:
        yield "nothing was changed (--dry-run)"
