"""A process of ours from its beginning to a clean end."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine


def until_told_to_stop(main: Coroutine[object, object, None]) -> None:
    """Run a process until it ends by itself or SIGINT or SIGTERM asks it to: then it is cancelled and cleans up."""
    with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_event_loop) as runner:
        runner.run(_cancelled_by_signals(main))


def _event_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _cancelled_by_signals(main: Coroutine[object, object, None]) -> None:
    task = asyncio.ensure_future(main)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await task
