"""The words, and when a run certainly does not fit."""

from __future__ import annotations

import pytest
import torch

from interp.errors import InterpError
from interp.estimates.disk import check_writable
from interp.estimates.dry_run import estimate, say
from interp.estimates.memory import Memory
from interp.estimates.report import Estimate, doubts, duration, impossible, lines, size
from interp.estimates.seconds import Seconds
from interp.estimates.sketch import Sketch
from interp.estimates.work import Pass, Work
from tests.tiny import byte_tokenizer, tiny_config

GIB = 2**30
WORK = Work(
    "interp lape",
    (Pass("counts", ((2, 8), (1, 4)), 18),),
    {"en": 10, "de": 8},
    files={"counts": 5_000_000},
    where="here",
)
TOOK = Seconds({"counts": 60.0, "reading": 40.0}, 70.0, 160.0, 2.0)


def memory(total: int, free: int, needed: int = 1000) -> Memory:
    return Memory({}, {"weights": needed}, None, None, total, free)


def found(held: Memory, disk: int = 100 * GIB, work: Work = WORK) -> Estimate:
    return Estimate(work, TOOK, held, disk, 2)


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    ((1, "1 kB"), (3_456, "3 kB"), (4_560_000, "4.6 MB"), (12e6, "12 MB"), (1.5e9, "1.5 GB"),
     (2.04e12, "2.0 TB")),
)  # fmt: skip
def test_sizes(n_bytes, words):
    assert size(n_bytes) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    ((0.2, "1 s"), (99, "99 s"), (720, "12 min"), (9000, "2.5 h"), (60 * 3600, "2.5 days")),
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_everything_is_said(sketch):
    said = "\n".join(lines(sketch, found(memory(8 * GIB, 4 * GIB)), ("held already",)))
    for words in (
        "interp lape: dry run, nothing is computed or written",
        f"{sketch.n_parameters:,} parameters, float32 on cpu",
        "18: en 10, de 8",
        "counts: 2 batches of up to 2 x 8 tokens; 18 tokens, 20 padded",
        "about 2 min (70 s to 3 min): counts 60 s, reading 40 s",
        "with 2 threads",
        "4.3 GB of 8.6 GB free",
        "about 5.0 MB in here (counts 5.0 MB)",
        "note       held already",
    ):
        assert words in said, said


def test_certain_is_what_the_weights_alone_exceed(sketch):
    weights = sketch.weight_bytes
    assert impossible(sketch, found(memory(weights, 0))) == ""
    assert "expected a smaller --dtype" in impossible(sketch, found(memory(weights - 1, 0)))
    on_gpu = Memory({"weights": weights}, {}, weights - 1, 0, 100 * GIB, 100 * GIB)
    assert "cpu has" in impossible(sketch, found(on_gpu))
    unknown = Memory({"weights": weights}, {}, None, None, 1, 1)  # a GPU that is not here
    assert impossible(sketch, found(unknown)) == ""


def test_certain_is_what_the_results_exceed(sketch):
    held = memory(8 * GIB, 8 * GIB)
    assert impossible(sketch, found(held, 5_000_000)) == ""
    assert "the results are 5.0 MB" in impossible(sketch, found(held, 4_999_999))


def test_doubts(sketch):
    assert doubts(sketch, found(memory(8 * GIB, 8 * GIB))) == []
    [one] = doubts(sketch, found(memory(8 * GIB, 1000)))
    assert "main memory may not suffice" in one
    assert "--batch-size" in one
    training = Work(**{**vars(WORK), "command": "interp train sft"})
    [one] = doubts(sketch, found(memory(8 * GIB, 1000), work=training))
    assert "micro_facts" in one
    assert "--batch-size" not in one
    [one] = doubts(sketch, found(memory(8 * GIB, 8 * GIB), 5_000_001))
    assert "the disk may not suffice" in one
    part = Work(**{**vars(WORK), "sampled": 0.25})
    assert "25 % of the data" in doubts(sketch, found(memory(8 * GIB, 8 * GIB), work=part))[0]


def test_a_checkpoint_beyond_every_machine_is_refused_and_not_measured(capsys):
    config = tiny_config(
        "llama", hidden_size=2**18, intermediate_size=2**20, num_attention_heads=2**11,
        num_key_value_heads=2**11, num_hidden_layers=24,
    )  # fmt: skip
    sketch = Sketch.of_config(config, byte_tokenizer())
    work = Work("interp lape", (Pass("counts", ((2, 8),), 16),), {"en": 16}, where=".")
    assert estimate(sketch, work).seconds is None
    with pytest.raises(InterpError, match="does not fit: the weights"):
        say(sketch, work)
    assert "time       unknown" in capsys.readouterr().out


def test_targets_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    check_writable(tmp_path / "new" / "deeper", "--study")
    with pytest.raises(InterpError, match=r"--study .*file"):
        check_writable(tmp_path / "file" / "study", "--study")
    assert not (tmp_path / "new").exists()


def test_the_process_keeps_its_random_numbers(sketch):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    estimate(sketch, Work("x", (Pass("x", ((1, 8),), 8),), {}, where="."))
    assert torch.equal(torch.rand(2), expected)
