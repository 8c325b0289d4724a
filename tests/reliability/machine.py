"""Measures what else loads the machine, so that a row can tell a slow daemon from a busy machine."""

import os
import time

TICKS = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()
# A machine on which other programs take more than this share of all CPU time is too busy to judge speed.
BUSY_SHARE = 0.1


def parse_stat(text):
    """Reads /proc/PID/stat; returns the parent's PID, and the CPU time in ticks of the process and of the children that it
    has waited for."""
    fields = text.rsplit(")", 1)[1].split()
    return int(fields[1]), sum(int(fields[i]) for i in range(11, 15))


def own_ticks():
    """Returns the CPU time of this process and of all that it started, in ticks."""
    parents, ticks = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                parents[int(pid)], ticks[int(pid)] = parse_stat(file.read())
        except OSError:
            continue  # it has ended meanwhile
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(ticks.get(pid, 0) for pid in ours)


def all_ticks():
    """Returns the CPU time of all processes, and what the hypervisor has taken, in ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:]]
    user, nice, system, steal = (fields[i] for i in (0, 1, 2, 7))
    return user + nice + system + steal


class OtherLoad:
    """OtherLoad measures, from its construction on, how many CPUs other programs use on average."""

    def __init__(self):
        self._start, self._ticks = time.monotonic(), all_ticks() - own_ticks()

    def cpus(self):
        seconds = time.monotonic() - self._start
        return max(0, all_ticks() - own_ticks() - self._ticks) / TICKS / max(seconds, 0.01)


def is_busy(cpus):
    """Returns whether a machine on which others use `cpus` is too busy to judge speed."""
    return cpus > BUSY_SHARE * CPUS
