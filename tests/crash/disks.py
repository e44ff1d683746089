"""Disks that fill up, disks that cannot be written, files that may not grow: the command says so in
one line, loses nothing, and goes on once there is room.

Full and read-only disks are real file systems (tmpfs) and need the right to mount; the limit of a
file's size (``ulimit -f``) needs nothing.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.commands import Command
from tests.crash.contents import contents, differences, leftovers, read_everything
from tests.crash.harness import Harness

_PAGE = 4096
_ROOM = 32 << 20


@dataclass
class Met:
    """What a command met on its way.

    Attributes:
        refusals: the one line of every refusal, in order.
        problems: what was wrong, in words.
    """

    refusals: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def may_mount(folder: Path) -> bool:
    """Whether this user may mount a file system."""
    try:
        with _disk(folder, 1 << 20):
            return True
    except subprocess.CalledProcessError:
        return False


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of its own for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _pages(folder: Path) -> int:
    """Bytes that the files below a folder take on a disk."""
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(-(-size // _PAGE) * _PAGE for size in sizes)


def meets_full_disk(harness: Harness, command: Command, home: Path, *, save: float) -> Met:
    """Run a command on a disk that is full ever later, giving it more room after every refusal.

    Args:
        harness: runs it.
        command: which.
        home: a folder of its own.
        save: seconds between two saves of progress; 0 makes progress the first large write, a large
            number the result.
    """
    fresh, whole = _whole(harness, command, home)
    taken, needed = _pages(fresh), _pages(whole)
    grown = max(needed - taken, 4 * _PAGE)
    met = Met()
    with _disk(home / "disk", _ROOM) as disk:
        work = disk / "work"
        shutil.copytree(fresh, work)
        for share in (0.02, 0.3, 0.6, 0.9):
            room = int(share * grown) // _PAGE * _PAGE
            _leave(disk, room)
            if _refused(harness, command, work, met, ("no space left",), save=save):
                continue
            break  # it fits: what it needs on the way is less than what it ends with
        (disk / "ballast").unlink()
        _goes_on(harness, command, work, contents(whole), met)
    return met


def _leave(disk: Path, room: int) -> None:
    """Fill a disk up to so many free bytes; files that are there already stay."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    with ballast.open("wb") as file:
        file.write(b"\0" * max(0, shutil.disk_usage(disk).free - room))


def meets_read_only_disk(harness: Harness, command: Command, home: Path) -> Met:
    """Run a command on a disk that cannot be written, then on the same one that can."""
    fresh, whole = _whole(harness, command, home)
    met = Met()
    with _disk(home / "disk", _ROOM) as disk:
        work = disk / "work"
        shutil.copytree(fresh, work)
        _mount("-o", "remount,ro", str(disk))
        _refused(harness, command, work, met, ("Read-only file system", "cannot be written"))
        if changed := differences(contents(fresh), contents(work)):
            met.problems.append(f"changed on a read-only disk: {changed}")
        _mount("-o", "remount,rw", str(disk))
        _goes_on(harness, command, work, contents(whole), met)
    return met


def meets_file_limit(harness: Harness, command: Command, home: Path) -> Met:
    """Run a command that may not write files beyond a size, which is raised after every refusal."""
    fresh, whole = _whole(harness, command, home)
    sizes = sorted(
        path.stat().st_size
        for path in whole.rglob("*")
        if path.is_file() and not (fresh / path.relative_to(whole)).exists()
    )
    largest = sizes[-1] if sizes else 2 * _PAGE
    work = home / "work"
    shutil.copytree(fresh, work)
    met = Met()
    for limit in sorted({largest // 8, largest // 2, largest - 1}):
        if not _refused(harness, command, work, met, ("File too large",), file_limit=limit):
            break
    _goes_on(harness, command, work, contents(whole), met)
    return met


MEETINGS: dict[str, Callable[[Harness, Command, Path], Met]] = {
    "full, progress first": lambda h, c, home: meets_full_disk(h, c, home, save=0.0),
    "full, result first": lambda h, c, home: meets_full_disk(h, c, home, save=1e6),
    "read-only": meets_read_only_disk,
    "file too large": meets_file_limit,
}


def _whole(harness: Harness, command: Command, home: Path) -> tuple[Path, Path]:
    """What a command finds and what it leaves, made once."""
    fresh, whole = home.parent / "fresh", home.parent / "whole"
    if not whole.exists():
        harness.prepare(command, fresh)
        shutil.copytree(fresh, whole)
        harness.finish(command, whole)
    home.mkdir(parents=True)
    return fresh, whole


def _refused(
    harness: Harness,
    command: Command,
    work: Path,
    met: Met,
    words: tuple[str, ...],
    *,
    save: float = 0.0,
    file_limit: int | None = None,
) -> bool:
    """Run a command that cannot write everything; whether it was refused, as it should be."""
    running = harness.start(command, work, save_seconds=save, file_limit=file_limit)
    code, _ = running.end()
    if code == 0:
        return False
    said = running.said.strip()
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    last = said.splitlines()[-1] if said else ""
    met.refusals.append(last)
    if code != 2 or len(errors) != 1 or last != errors[0] or "Traceback" in said:
        met.problems.append(f"exit {code}, expected 2 and one line: {said[-1500:]}")
    elif not any(word.lower() in last.lower() for word in words):
        met.problems.append(f"expected one of {words}: {last}")
    if left := [name for name in leftovers(work) if name.endswith(".part")]:
        met.problems.append(f"left: {left}")
    try:
        read_everything(work)
    except Exception as error:
        met.problems.append(f"not readable after a refusal: {error}")
    return True


def _goes_on(
    harness: Harness, command: Command, work: Path, expected: dict[str, str], met: Met
) -> None:
    """The same command, with room again, ends as one that never met an obstacle."""
    try:
        harness.finish(command, work)
    except RuntimeError as error:
        met.problems.append(f"does not go on: {error}")
        return
    if different := differences(expected, contents(work)):
        met.problems.append(f"differs afterwards: {different}")
    if left := leftovers(work):
        met.problems.append(f"left at the end: {left}")
