"""A benchmark's record and the README's table: what is said is what was measured."""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
sys.path.insert(0, str(FOLDER))

import _record  # noqa: E402
import growth  # noqa: E402
import processes  # noqa: E402
import table  # noqa: E402
from _record import Claim  # noqa: E402


def test_the_readme_shows_what_is_recorded() -> None:
    _, between, _ = table.block(table.README.read_text(encoding="utf-8"))
    assert between == table.table(table.benchmarks(), table.records()), (
        "benchmarks/table.py --write"
    )


def test_every_benchmark_has_a_line_and_every_record_a_benchmark() -> None:
    names = table.benchmarks()
    made = table.table(names, table.records())
    assert names and all(f"`{name}.py`" in made for name in names)
    assert set(table.records()) <= set(names)
    assert set(names) == {file.stem for file in FOLDER.glob("[a-z]*.py")} - {"table"}


@pytest.mark.parametrize("file", sorted(_record.RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_records_say_where_and_with_what(file: Path) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["benchmark"] == file.stem and found["date"] and "arguments" in found
    for one, claim in zip(found["claims"], _record.claims_of(found), strict=True):
        assert one["held"] == claim.held
        assert claim.ratio is None or math.isfinite(claim.ratio)
    if found["machine"] is not None:  # of one older record it is not known
        assert found["machine"]["cores"] and "torch" in found["versions"] and found["code_version"]


@pytest.mark.parametrize(
    ("ratio", "limit", "at_least", "held"),
    [(1.03, 1.03, False, True), (1.031, 1.03, False, False), (2.5, 2.5, True, True),
     (2.49, 2.5, True, False), (None, 1.0, False, None), (3.0, None, False, None)],
)  # fmt: skip
def test_a_claim_knows_whether_it_is_held(ratio, limit, at_least, held) -> None:
    assert Claim("a / b", "tiny", ratio, limit=limit, at_least=at_least).held is held


def test_what_is_missed_or_not_measured_stands_in_the_table() -> None:
    claims = [
        Claim("a / b", "tiny", 1.2345, 1.1, 1.3, 11, limit=1.1),
        Claim("c / d", "tiny", None, limit=2, note="no GPU"),
    ]
    found = {"x": _record.record("x", claims, {}), "z": {**_record.record("z", claims[:1], {})}}
    found["z"]["machine"] = {**found["z"]["machine"], "cpu": "another"}
    made = table.table({"x": "About x", "y": "About y", "z": "About z"}, found)
    assert "| `x.py` (1) | a / b | 1.234 [1.100, 1.300] | ≤ 1.1, **missed** | tiny |" in made
    assert "| `x.py` (1) | c / d | not measured: no GPU | ≤ 2 | tiny |" in made
    assert "| `y.py` | About y | not measured | – | – |" in made
    assert "`z.py` (2)" in made and "(2) Measured on" in made and "of another," in made


def finish(tmp_path: Path, *options: str, ratio: float = 2.0) -> int:
    arguments = argparse.Namespace(
        record=False, out=tmp_path / "x.json", strict="--strict" in options
    )
    try:
        _record.finish(arguments, "x.py", [Claim("a / b", "", ratio, limit=1)], {"more": 1})
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_a_missed_limit_fails_under_strict_only_and_is_recorded(tmp_path: Path) -> None:
    assert finish(tmp_path) == 0
    assert finish(tmp_path, "--strict") == 1
    assert finish(tmp_path, "--strict", ratio=1.0) == 0
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["claims"][0]["held"] is True and found["details"] == {"more": 1}


@pytest.mark.parametrize("option", ["--quick", "--part"])
def test_a_part_or_a_small_shape_is_no_record(option: str, monkeypatch, capsys) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--part", action="store_true")
    monkeypatch.setattr(sys, "argv", ["x.py", "--record", option])
    with pytest.raises(SystemExit) as stop:
        _record.parse(parser, "part")
    assert stop.value.code == 2 and option in capsys.readouterr().err


def test_exponent_of_a_power_and_its_error() -> None:
    x = [1.0, 2, 4, 8]
    slope, error = growth.exponent(x, [3 * value**1.5 for value in x])
    assert slope == pytest.approx(1.5) and error == pytest.approx(0, abs=1e-9)
    # by hand: log2 y = 0, 1, 2, 4 over 0, 1, 2, 3: slope 1.3, residuals 0.2, -0.1, -0.4, 0.3
    slope, error = growth.exponent(x, [1, 2, 4, 16])
    assert slope == pytest.approx(1.3) and error == pytest.approx(math.sqrt(0.30 / 2 / 5))


def test_studies_that_differ_in_more_than_times_are_told_apart(tmp_path: Path) -> None:
    for name, n, when in (("1", 1, "x"), ("2", 1, "y"), ("3", 2, "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps({"n": n, "started_at": when}))
        (tmp_path / name / "a.bin").write_bytes(b"same")
    (tmp_path / "3" / "more.bin").write_bytes(b"")
    assert processes.differing(tmp_path / "1", tmp_path / "2") == ([], 2)
    assert processes.differing(tmp_path / "1", tmp_path / "3") == (["more.bin", "run.json"], 3)


def run(name: str, *options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / f"{name}.py"), *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_seven_billion_parameters_are_refused_without_a_gpu() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    done = run("gpu", "--part", "lens")
    assert done.returncode == 2 and done.stdout.count("\n") == 1 and "not measured" in done.stdout


@pytest.mark.slow
def test_gpu_rehearsal_measures_every_part(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    done = run("gpu", "--tiny", "--out", tmp_path / "gpu.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert set(found["details"]) == {"OLMo-2-7B", "Qwen-2.5-7B"}
    for parts in found["details"].values():
        assert set(parts) == {"lape", "lahis", "lens", "mcq", "grpo"}
        rates = [value for part in parts.values() for name, value in part.items() if "per" in name]
        assert len(rates) == 5 and all(rate > 0 for rate in rates)
    assert found["arguments"]["quick"] is True


@pytest.mark.slow
def test_a_process_of_its_own_knows_its_peak(tmp_path: Path) -> None:
    from _child import alone

    size = {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 2, "n_heads": 4,
            "vocab_size": 100_000}  # fmt: skip
    imports, saved = alone("imports"), alone("save", tmp_path / "m", json.dumps(size))
    weights = sum(file.stat().st_size for file in (tmp_path / "m").glob("*.safetensors"))
    assert weights > 400e6
    assert saved["peak"] - imports["peak"] > 0.8 * weights
    assert imports["peak"] < 1e9
