"""Threads that a command knows of at its end."""

from __future__ import annotations

import threading

from playhead.agent.threads import at_work, begin


def test_what_began_is_at_work_until_it_ends() -> None:
    gone = threading.Event()
    before = {*at_work()}  # steps that other tests gave up

    def work() -> None:
        gone.wait(5)

    begin(work, "of a test")
    [thread] = {*at_work()} - before
    gone.set()
    thread.join(5)
    assert thread not in at_work()
