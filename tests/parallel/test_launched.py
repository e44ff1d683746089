"""What the launcher says is read, and nonsense is refused."""

from __future__ import annotations

import numpy as np
import pytest

from interp.errors import InterpError
from interp.lape.examples import AFTER, BEFORE, TopExamples
from interp.parallel import Team, is_first, local_index, n_processes, rank, team


def test_without_a_launcher_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert (n_processes(), rank(), local_index(), is_first()) == (1, 0, 0, True)
    one = team()
    counts = np.array([3, 4], np.uint16)
    one.add_up(counts)
    assert (one.share(5), one.gather(6), one.from_first(lambda: 7)) == (5, [6], 7)
    assert counts.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("name", "value"), [("WORLD_SIZE", "0"), ("WORLD_SIZE", "two"), ("RANK", "-1"), ("RANK", "2")]
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv(name, value)
    with pytest.raises(InterpError, match=rf"{name} is '?{value}'?"):
        rank()


class Together(Team):
    """A team whose processes are played by one: gathers what it was given."""

    def gather(self, value):  # type: ignore[no-untyped-def]
        return [*vars(self)["others"], value] if self.is_first else []


def test_top_examples_of_several_are_those_of_one() -> None:
    rng = np.random.default_rng(0)
    whole, parts = TopExamples(3, 2, 2), [TopExamples(3, 2, 2) for _ in range(3)]
    for sequence in range(30):
        peak = rng.integers(0, 4, 3).astype(np.float32)  # many ties, some never positive
        window = rng.random((3, BEFORE + 1 + AFTER)).astype(np.float32)
        given = (sequence, sequence % 2, peak, rng.integers(0, 9, 3), window)
        whole.offer(*given)
        parts[sequence % 3].offer(*given)
    first = Together(0, 3)
    vars(first)["others"] = [parts[1].state(), parts[2].state()]
    parts[0].gather(first)
    for neuron in range(3):
        for language in range(2):
            ours, theirs = parts[0].ranked(neuron, language), whole.ranked(neuron, language)
            assert [one[:2] for one in ours] == [one[:2] for one in theirs]
            for (*_, left), (*_, right) in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(left, right)
    parts[1].gather(Together(1, 3))
    assert not parts[1].ranked(0, 0)
