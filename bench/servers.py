"""What a process costs: its CPU seconds and its memory, its children included, as the kernel counts them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Cost(NamedTuple):
    """CPU seconds so far, and memory in MB at this moment; what processes share is counted in parts (PSS)."""

    cpu_seconds: float
    memory_mb: float


def cost_of(pid: int) -> Cost:
    """What the process, its descendants, and those of them that have ended cost so far."""
    cpu, memory = 0.0, 0.0
    for each in tree(pid):
        cpu += _cpu_seconds(each)
        memory += _memory_mb(each)
    return Cost(cpu, memory)


def tree(pid: int) -> Iterator[int]:
    """The process and its descendants that live."""
    parents: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(folder.name))
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(parents.get(each, ()))


def _stat(pid: int) -> list[str]:
    """The fields after the name: state, parent, and on; none for a process that has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(int(each) for each in fields[11:15]) / _TICKS if fields else 0.0


def _memory_mb(pid: int) -> float:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
