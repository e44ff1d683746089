"""Kill a command at random moments, run it to its end, and hold everything against a run left alone.

Commands are forked from a server that has imported everything, so a moment drawn over a command's
duration is a moment of its work. The killed process is the command: it parsed its arguments, holds
the lock and dies by SIGKILL.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interp.study.locking import check_free
from tests.crash.commands import Command, write_inputs
from tests.crash.contents import (
    contents,
    differences,
    leftovers,
    read_everything,
    step_on_disk,
)
from tests.crash.process import Running, Server

_TRIES = 40


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        command: its name.
        moment: seconds after the start of the command's own work.
        duration: seconds of a whole run.
        hit: what was going on, as the files tell.
        step: of the progress that was on disk; None where there was none.
    """

    command: str
    moment: float
    duration: float
    hit: str
    step: int | None


@dataclass
class Outcome:
    """What became of one command.

    Attributes:
        command: its name.
        duration: seconds of a whole run.
        kills: in order.
        problems: what was wrong, in words; none where every killed run ended as the whole one.
        identical: kills whose command, run again, ended with the same files.
    """

    command: str
    duration: float = 0.0
    kills: list[Kill] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    identical: int = 0


class Harness:
    """Runs commands in folders of their own."""

    def __init__(self, folder: Path) -> None:
        """Write the inputs.

        Args:
            folder: new or empty.
        """
        self.folder = folder
        self.inputs = write_inputs(folder / "inputs")
        self._server = Server()

    def attack(self, command: Command, kills: int, seed: int) -> Outcome:
        """Kill one command a number of times.

        Args:
            command: which.
            kills: how many.
            seed: of the moments; the same for the same command.

        Returns:
            What was hit and what became of it.
        """
        chance = random.Random(f"{seed} {command.name}")
        outcome = Outcome(command.name)
        home = self.folder / command.name.replace(" ", "_")
        fresh, whole, work = home / "fresh", home / "whole", home / "work"
        self.prepare(command, fresh)
        shutil.copytree(fresh, whole)
        outcome.duration = self.finish(command, whole)
        expected = contents(whole)
        if left := leftovers(whole):
            outcome.problems.append(f"a run left alone leaves {', '.join(left)}")
        tries = 0
        while len(outcome.kills) < kills and tries < _TRIES + kills:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(fresh, work)
            here: list[Kill] = []
            ended = False
            while len(outcome.kills) < kills and tries < _TRIES + kills and not ended:
                tries += 1
                moment = chance.uniform(0, outcome.duration)
                if ended := not self.start(command, work).kill_after(moment):
                    break  # it had finished: does not count, and another moment is drawn
                kill = self._describe(command, fresh, work, expected, moment, outcome.duration)
                here.append(kill)
                outcome.kills.append(kill)
                try:
                    read_everything(work)
                except Exception as error:
                    outcome.problems.append(f"not readable after {kill}: {error}")
                if chance.random() < 0.5:
                    break  # else another one on the same target
            if not here:
                continue
            if self._ends_alike(command, work, expected, outcome, here):
                outcome.identical += len(here)
        if len(outcome.kills) < kills:
            outcome.problems.append(f"only {len(outcome.kills)} kills found it at work")
        return outcome

    def prepare(self, command: Command, folder: Path) -> None:
        """Put into a new folder what a command finds there."""
        folder.mkdir(parents=True)
        command.prepare(folder)
        for number, arguments in enumerate(command.before):
            self.finish(Command(f"{command.name} {number}", arguments), folder)

    def _ends_alike(
        self,
        command: Command,
        work: Path,
        expected: dict[str, str],
        outcome: Outcome,
        here: list[Kill],
    ) -> bool:
        """Run a killed command to its end and hold its files against those of a whole run."""
        try:
            self.finish(command, work)
            read_everything(work)
            for manifest in work.glob("*/study.json"):
                check_free(manifest.parent)
        except Exception as error:
            outcome.problems.append(f"after {here}: {error}")
            return False
        found = []
        if different := differences(expected, contents(work)):
            found.append(f"differ after {here}: {', '.join(different)}")
        if left := leftovers(work):
            found.append(f"left after {here}: {', '.join(left)}")
        outcome.problems += found
        return not found

    def _describe(
        self,
        command: Command,
        fresh: Path,
        work: Path,
        expected: dict[str, str],
        moment: float,
        duration: float,
    ) -> Kill:
        step, now = step_on_disk(work), contents(work)
        if any(path.suffix == ".part" for path in work.rglob("*")):
            hit = "while writing"
        elif not differences(now, expected):
            hit = "after the last write"
        elif step is not None:
            hit = f"midway at step {step}"
        elif any(
            not name.endswith((".json", ".holder")) for name in differences(now, contents(fresh))
        ):
            hit = "between two writes"
        else:
            hit = "before the first progress" if command.steps else "before the first result"
        return Kill(command.name, round(moment, 3), round(duration, 3), hit, step)

    def start(self, command: Command, folder: Path, **options: Any) -> Running:
        """Start a command in a folder; see `Server.start`."""
        arguments = [
            part.replace("{inputs}", str(self.inputs)) for part in command.arguments.split()
        ]
        return self._server.start(folder, arguments, **options)

    def finish(self, command: Command, folder: Path) -> float:
        """Run a command to its end; return its seconds.

        Raises:
            RuntimeError: it failed, or began a run again that it could have gone on with.
        """
        running = self.start(command, folder)
        code, seconds = running.end()
        if code != 0 or "starting over" in running.said:
            raise RuntimeError(f"{command.name} ended with {code}: {running.said[-2000:]}")
        return seconds


def shares(commands: tuple[Command, ...], kills: int, seed: int) -> dict[str, int]:
    """Share kills among commands: one each, the rest among those that can be killed midway.

    Args:
        commands: all of them.
        kills: in all; fewer than commands hit some of them only.
        seed: decides which then.

    Returns:
        Name to number; their sum is ``kills``.
    """
    names = [command.name for command in commands]
    if kills < len(names):
        chosen = set(random.Random(seed).sample(names, kills))
        return {name: int(name in chosen) for name in names}
    found = dict.fromkeys(names, 1)
    favoured = [command.name for command in commands if command.steps] or names
    for place in range(kills - len(names)):
        found[favoured[place % len(favoured)]] += 1
    return found
