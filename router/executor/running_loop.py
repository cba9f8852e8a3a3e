"""The running event loop, without a system call."""

import asyncio
import sys
import threading

__all__ = ["running_loop"]


class _Last(threading.local):
    """The loop that was running when this thread asked last."""

    loop: asyncio.AbstractEventLoop | None = None


_last = _Last()


def _remembered_loop() -> asyncio.AbstractEventLoop:
    loop = _last.loop
    if loop is None or not loop.is_running():  # a thread runs one loop at a time: if that one runs, no other does
        loop = _last.loop = asyncio.get_running_loop()
    return loop


running_loop = asyncio.get_running_loop if sys.version_info >= (3, 12) else _remembered_loop
"""Return the event loop that runs in this thread, as `asyncio.get_running_loop` does.

Before Python 3.12 that function asks the system for the process's id each time, which takes up to two microseconds on a
virtual machine: as long as the whole rest of sending a request.
"""
