"""The dashboard on a study of a 7B model's size: seconds per page and per change, and memory.

Run ``python benchmarks/dashboard.py`` (three checkpoints of 32 layers, 11,008 neurons and 32 heads a
layer, 12 languages, 2,500 facts: minutes to write, 0.4 GB), or with ``--quick`` (a tiny study, seconds).
The study is written to a temporary folder by the code that writes real ones, without LAHIS' gradients and
LAPE's blocks of counts (``_study7b.py``); the real server shows it to Chromium. Where there is no Chromium
the pages' scripts are run without a browser instead.

Prints per page, each as a ratio to its limit, the median over rounds, and in brackets the server's seconds of
computing, which do not depend on what else the machine does:

* ``cold``: its address opened for the first time, nothing read yet (no limit);
* ``warm``: its link in the sidebar followed from another page, everything read;
* ``again``: its address opened anew, with the interface itself to be started in the browser (no limit);
* ``rerun``: something else chosen, in every visible control of the page; the slowest control is named.

At the end the server's memory, and the claims: its highest memory, the slowest page and the slowest control, each
against its limit.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _record import Claim, finish, parse
from _study7b import QUICK, Size, write_study

LIMIT_WARM = 2.0
LIMIT_RERUN = 1.0
LIMIT_GIB = 1.5
PAGES = ("", "lens", "heads", "neurons", "statistics", "training", "facts")
"""Addresses; the first page's is empty."""


@dataclass
class Taken:
    """Seconds of one thing, of the clock and of the server's computing."""

    clock: list[float] = field(default_factory=list)
    computing: list[float] = field(default_factory=list)

    def limited(self, limit: float) -> str:
        """Say the median as a ratio to a limit."""
        middle = statistics.median(self.clock)
        return f"{middle:5.2f} s / {limit:.0f} s: {middle / limit:5.2f} [{self.cost:.2f}]"

    @property
    def cost(self) -> float:
        """Median seconds of computing."""
        return statistics.median(self.computing)


class Meter:
    """Runs things and keeps what they took."""

    def __init__(self, cpu: Callable[[], float]) -> None:
        """Read computing time from a function."""
        self._cpu = cpu

    def take(self, into: Taken, work: Callable[[], float | None]) -> bool:
        """Do something that says how long it took; whether it did anything."""
        before = self._cpu()
        seconds = work()
        if seconds is None:
            return False
        into.clock.append(seconds)
        into.computing.append(self._cpu() - before)
        return True


@dataclass
class Found:
    """What the claims are made of.

    Attributes:
        warm: page to the median seconds in which its link is followed.
        reruns: page and control to the median seconds of a change.
        gib: the server's highest memory.
    """

    warm: dict[str, float] = field(default_factory=dict)
    reruns: dict[str, float] = field(default_factory=dict)
    gib: float = 0.0

    def keep(self, page: str, warm: Taken, reruns: dict[str, Taken]) -> None:
        """Add the medians of a page."""
        self.warm[page or "overview"] = statistics.median(warm.clock)
        for key, taken in reruns.items():
            self.reruns[f"{page or 'overview'}: {key}"] = statistics.median(taken.clock)

    def claims(self, shape: str) -> list[Claim]:
        """The slowest of each kind against its limit, and how many are above it."""
        claims = [
            Claim(
                f"server's highest memory / {LIMIT_GIB} GiB", shape, self.gib / LIMIT_GIB, limit=1
            )
        ]
        for what, limit, found in (
            ("the slowest page opened again", LIMIT_WARM, self.warm),
            ("the slowest change of a control", LIMIT_RERUN, self.reruns),
        ):
            if not found:
                continue
            name = max(found, key=lambda one: found[one])
            above = sum(seconds > limit for seconds in found.values())
            note = f"{name}; {above} of {len(found)} are above"
            ratio = found[name] / limit
            claims.append(Claim(f"{what} / {limit:.0f} s", shape, ratio, limit=1, note=note))
        return claims


def report(
    page: str, cold: Taken, warm: Taken, again: Taken | None, reruns: dict[str, Taken]
) -> None:
    """Print the lines of one page."""
    name = page or "overview"
    first = f"cold {cold.clock[0]:5.2f} s [{cold.cost:.2f}]"
    anew = "" if again is None else f"   again {statistics.median(again.clock):5.2f} s"
    print(f"{name:<11} {first}   warm {warm.limited(LIMIT_WARM)}{anew}", flush=True)
    if not reruns:
        print(f"{'':<11} nothing to choose on it")
        return
    order = sorted(reruns, key=lambda key: -statistics.median(reruns[key].clock))
    for key in order:
        print(f"{'':<11} rerun {key:<14} {reruns[key].limited(LIMIT_RERUN)}", flush=True)


def measure(study: Path, rounds: int, most: int | None, pages: tuple[str, ...]) -> Found:
    """Measure in a browser.

    Args:
        study: its folder.
        rounds: of everything but ``cold``.
        most: controls of a page that are changed; all where omitted.
        pages: which.
    """
    from _browser import ARGUMENTS, CHROMIUM, Reader, serving
    from playwright.sync_api import Error, sync_playwright

    rng = random.Random(0)
    result = Found()
    with serving(study) as server, sync_playwright() as driver:
        meter = Meter(server.cpu)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        reader = Reader(browser.new_context(viewport={"width": 1400, "height": 1000}).new_page())
        colds, works = {}, []
        for page in pages:  # all of them before any is visited on the way to another
            colds[page] = Taken()
            meter.take(colds[page], lambda page=page: reader.load(f"{server.address}/{page}"))
            if failed := reader.failed():
                print(f"{page or 'overview'}: fails: {failed}")
            else:
                works.append(page)
        for page in works:
            cold, warm, again = colds[page], Taken(), Taken()
            address = f"{server.address}/{page}"
            other = PAGES[1] if page != PAGES[1] else PAGES[-1]
            if other not in pages:
                other = PAGES[0] if page != PAGES[0] else PAGES[1]
            reader.load(address)
            for _ in range(rounds):
                reader.switch(other)
                meter.take(warm, lambda page=page: reader.switch(page))
            for _ in range(rounds):
                meter.take(again, lambda address=address: reader.load(address))
            reruns: dict[str, Taken] = {}
            for key in reader.controls()[:most]:
                taken = Taken()
                for _ in range(rounds):
                    if key not in reader.controls():
                        break  # another choice took it away
                    try:
                        if not meter.take(taken, lambda key=key: reader.change(key, rng)):
                            break
                    except Error as error:
                        print(f"{'':<11} {key} cannot be changed: {str(error).splitlines()[0]}")
                        break
                if taken.clock:
                    reruns[key] = taken
            if failed := reader.failed():
                print(f"{page or 'overview'}: fails after a choice: {failed}")
            report(page, cold, warm, again, reruns)
            result.keep(page, warm, reruns)
            print(
                f"{'':<11} memory {server.memory('VmRSS'):.2f} GiB, load {os.getloadavg()[0]:.1f}"
            )
        result.gib = server.memory("VmHWM")
        print(f"server's memory now: {server.memory('VmRSS'):.2f} GiB")
        browser.close()
    return result


def measure_scripts(study: Path, rounds: int, most: int | None, pages: tuple[str, ...]) -> Found:
    """Measure the pages' scripts alone, in this process: nothing is sent or drawn."""
    os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")
    from streamlit.testing.v1 import AppTest

    root = Path(__file__).resolve().parent.parent
    sys.path.insert(0, str(root))
    sys.argv = ["app.py"]
    meter = Meter(time.process_time)
    result = Found()
    app = AppTest.from_file(str(root / "dashboards" / "app.py"), default_timeout=300)
    app.query_params["study"] = str(study)

    def timed(work: Callable[[], Any]) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    for page in pages:
        file = f"views/{page or 'overview'}.py"
        cold, warm = Taken(), Taken()
        if page == PAGES[0]:
            meter.take(cold, lambda: timed(app.run))
        else:
            app.run()
            meter.take(cold, lambda file=file: timed(app.switch_page(file).run))
        for _ in range(rounds):
            meter.take(warm, lambda: timed(app.run))
        reruns: dict[str, Taken] = {}
        keys = [box.key for box in app.main.selectbox if len(box.options) > 1]
        for key in keys[:most]:
            taken = Taken()
            for _ in range(rounds):
                box = next((one for one in app.main.selectbox if one.key == key), None)
                if box is None:
                    break
                other = box.select_index(((box.index or 0) + 1) % len(box.options))
                meter.take(taken, lambda other=other: timed(other.run))
            reruns[key] = taken
        if app.exception:
            print(f"{page or 'overview'}: fails: {app.exception[0].message}")
        report(page, cold, warm, None, reruns)
        result.keep(page, warm, reruns)
    result.gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return result


@contextmanager
def written(size: Size) -> Iterator[Path]:
    """A study of a size in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="interp-dashboard-") as folder:
        start = time.perf_counter()
        write_study(Path(folder) / "study7b", size)
        path = Path(folder) / "study7b"
        megabytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
        print(f"written in {time.perf_counter() - start:.0f} s, {megabytes:.0f} MB", flush=True)
        yield path


def main() -> None:
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny study, for a smoke test")
    parser.add_argument("--rounds", type=int, default=3, help="of everything that is repeated")
    parser.add_argument("--study", type=Path, help="measure this study instead of writing one")
    parser.add_argument("--page", action="append", help="only this page (its address)")
    parser.add_argument("--no-browser", action="store_true", help="the pages' scripts alone")
    arguments = parse(parser, "study", "page", "no_browser")
    size = QUICK if arguments.quick else Size()
    rounds, most = (1, 1) if arguments.quick else (arguments.rounds, None)
    pages = tuple(arguments.page or (("", "heads") if arguments.quick else PAGES))
    shape = (
        f"3 checkpoints of {size.layers} layers, {size.neurons:,} neurons and {size.heads} heads a "
        f"layer, 12 languages, {size.facts:,} facts"
    )
    print(
        f"{shape}; without gradients and blocks of counts; {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    with nullcontext(arguments.study) if arguments.study else written(size) as study:
        if arguments.no_browser or not browser_there():
            print("pages' scripts without a browser: nothing is drawn")
            found, how = measure_scripts(study, rounds, most, pages), "; the pages' scripts alone"
        else:
            found, how = measure(study, rounds, most, pages), "; in Chromium on the same cores"
    finish(arguments, __file__, found.claims(shape + how))


def browser_there() -> bool:
    """Whether there is a Chromium that can be driven; say so where there is none."""
    try:
        from _browser import CHROMIUM
    except ImportError:
        print("Playwright is not installed: pip install playwright")
        return False
    if CHROMIUM is None:
        print("Chromium is not installed: apt-get install chromium")
    return CHROMIUM is not None


if __name__ == "__main__":
    main()
