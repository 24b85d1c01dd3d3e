# SPDX-License-Identifier: GPL-2.0-only
"""What the lab needs of the machine: commands, patience, namespaces, processes."""
import contextlib
import ctypes
import os
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


class Failed(Exception):
    pass


def output(*command, **options):
    """What a command says; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def wait_for(what, seconds, ask):
    """Until ask() is true, and gives that. Raises what was the matter if it never is."""
    limit = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > limit:
            raise Failed(f"after {seconds} s still not: {what}")
        time.sleep(0.05)


def patient(ask, seconds=5):
    """As wait_for, where a check of its own tells what came of it."""
    with contextlib.suppress(Failed):
        wait_for("", seconds, ask)


class Inside:
    """The calling thread is in a namespace for as long as this lasts."""

    def __init__(self, space):
        self.space = space

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.enter(f"/run/netns/{self.space}")

    def __exit__(self, *_):
        self.enter(f"/proc/self/fd/{self.home}")
        os.close(self.home)

    @staticmethod
    def enter(path):
        fd = os.open(path, os.O_RDONLY)
        try:
            if LIBC.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {path}")
        finally:
            os.close(fd)


def started(pid):
    """When a process began, in ticks, so that whoever has its number later is not taken for it; 0
    when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            words = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(words[19]) if words[0] != "Z" else 0


def end_processes(processes):
    """processes: [pid, when it started] each. Those that have ended meanwhile are left alone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid, since in processes:
            if since and started(pid) == since:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        limit = time.monotonic() + 5
        while processes and time.monotonic() < limit:
            processes = [[p, since] for p, since in processes if since and started(p) == since]
            time.sleep(0.01)
