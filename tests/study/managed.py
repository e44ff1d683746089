"""A study that has everything a change can hit, and what a reader has to see of it at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from interp.data.canonical import canonical_hash
from interp.study import RunSpec, Study, load_study
from interp.study.tables import read_table, table_bytes
from tests.study import samples

FACTS_HASH = "sha256:f"


def write(study: Study, spec: RunSpec, value: float, overwrite: bool = False) -> str:
    """Write a run with a table and arrays."""
    with study.run(spec, overwrite=overwrite) as run:
        run.write_table("neurons", samples.neurons(value))
        run.write_tensors("counts", samples.counts(), {"axes": ["a", "b"]})
    return run.run_id


def ablation_spec(label: str, source: str, source_label: str) -> RunSpec:
    """The request that ``interp.causal.run`` would make, as far as names go."""
    whose = "own" if label == source_label else source_label
    return samples.spec(
        analysis="ablation",
        label=label,
        stage=label,
        arguments={"part": "neurons", "source": source, "source_label": source_label},
        data_hash=canonical_hash(["texthash", "neurons", whose]),
        model={"model": "/w", "weights_hash": f"sha256:{label}"},
    )


def spec(label: str = "base", **changes: Any) -> RunSpec:
    """A LAPE request of a label with weights of its own."""
    model = {"model": "/w", "weights_hash": f"sha256:{label}", "device": "cpu"}
    return samples.spec(**{"label": label, "stage": label, "model": model, **changes})


def make(folder: Path, *, small: bool = False) -> Study:
    """Fill a study: base and grpo, a superseded run, ablations, option scores, comparisons."""
    study = Study.open(folder)
    study.add_facts(samples.fact_rows(), FACTS_HASH)
    first = write(study, spec(), 0.25)
    if small:
        return study
    newest = write(study, spec(), 0.5, overwrite=True)
    other = write(study, spec("grpo"), 0.75)
    for label, source in (("base", newest), ("grpo", newest), ("grpo", other)):
        asked = ablation_spec(label, source, source.split("-")[0])
        with study.run(asked) as run:
            run.record("text", {"text_hash": "texthash"})
            run.record("notices", [f"run {source} has no neurons for sw, unlike {source}-9."])
            run.write_table("ablations", ablations())
    with study.run(spec(analysis="mcq", data_hash=FACTS_HASH)) as run:
        run.record("options_aligned", True)
        run.write_table("predictions", predictions())
    rows = [
        samples.comparison_rows(
            study=study.name, base="base", label="grpo", statistic=name, base_run=run,
            label_run=other, verdict="within noise",
        )
        for name, run in (("neurons", newest), ("earlier", first), ("(all)", ""))
    ]  # fmt: skip
    study.write_comparisons(pd.concat(rows))
    return study


def ablations() -> pd.DataFrame:
    """Two rows of ``ablations``."""
    return pd.DataFrame(
        {
            "source_lang": "en",
            "lang": ["en", "sw"],
            "kind": "neurons",
            "delta_nll": [0.5, 0.25],
            "ci_low": [0.0, None],
            "ci_high": [1.0, None],
            "n_tokens": 9,
        }
    )


def predictions() -> pd.DataFrame:
    """Two rows of ``predictions``, with lists and empty cells."""
    return pd.DataFrame(
        {
            "benchmark": "polyfact",
            "fact_id": "f1",
            "lang": ["en", "ar"],
            "scores": [[-1.0, -2.5], None],
            "n_tokens": [[1, 2], None],
            "n_bytes": [[3, 4], [5, 6]],
            "n_characters": [[3, 4], [3, 3]],
            "generated": None,
            "correct": [True, False],
            "failure_mode": None,
        }
    )


def older(folder: Path) -> None:
    """Rewrite a study down to schema 1, as the code of then would have left it."""
    from interp.study.manage.rewrite import plain

    def down(path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = plain(pq.read_table(path))
        fields = [
            f.with_nullable(False) if f.name in ("entropy", "n_active") else f for f in table.schema
        ]
        meta = {**table.schema.metadata, b"schema_version": b"1"}
        path.write_bytes(table_bytes(table.cast(pa.schema(fields, metadata=meta))))

    for record in sorted(folder.glob("runs/*/run.json")):
        data = json.loads(record.read_text())
        for name in data["files"]:
            if name.endswith(".parquet"):
                down(record.parent / name)
                content = (record.parent / name).read_bytes()
                data["files"][name].update(
                    sha256=hashlib.sha256(content).hexdigest(), bytes=len(content)
                )
        data["schema_version"] = 1
        data["notes"].pop("options_aligned", None)
        record.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n")
    for path in [*folder.glob("facts/*.parquet"), *folder.glob("comparisons.parquet")]:
        down(path)
    manifest = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps({**manifest, "schema_version": 1}))


def seen(folder: Path) -> Counter[str]:
    """Count the results that a reader sees, whatever they are called, and check their names."""
    study = load_study(folder)
    found: Counter[str] = Counter()
    for record in study.records():
        if not record.finished:
            continue
        parts = [record.spec["analysis"], str(record.data["started_at"])]
        assert record.data["run_id"] == record.run_id
        for name in sorted(record.data["files"]):
            run_ids, content = _content(name, record.read_file(name))
            assert run_ids <= {record.run_id}
            parts.append(content)
        found["|".join(parts)] += 1
    return found


@cache
def _content(name: str, data: bytes) -> tuple[frozenset[str], str]:
    """The run_ids that a file names, and a hash of everything else in it."""
    if not name.endswith(".parquet"):
        return frozenset(), hashlib.sha256(data).hexdigest()
    frame = read_table(data)
    rest = frame.drop(columns="run_id").to_json()
    return frozenset(frame["run_id"]), hashlib.sha256(rest.encode()).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    """Hash every file; of ``run.json`` and ``study.json`` all but trails and times of changes."""
    hashes = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".lock"):
            data = path.read_bytes()
            if path.name == "run.json":
                content = json.loads(data)
                for key in ("renamed_from", "merged_from"):
                    content.pop(key, None)
                data = json.dumps(content, sort_keys=True).encode()
            relative = path.relative_to(folder)
            if relative.parts[0] == "trash":  # the second part is the time
                relative = Path("trash", *relative.parts[2:])
            hashes[str(relative)] = hashlib.sha256(data).hexdigest()
    return hashes


_STEPS = ("replace", "rename", "link", "unlink", "mkdir", "rmdir")


@contextmanager
def before_every_step(act: Callable[[int], None]) -> Iterator[None]:
    """Call ``act(number)`` before each thing that the process does to the file system."""
    originals = {name: getattr(os, name) for name in _STEPS}
    state = {"n": 0, "inside": False}

    def wrap(name: str) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if not state["inside"]:
                state["n"] += 1
                state["inside"] = True
                try:
                    act(state["n"])
                finally:
                    state["inside"] = False
            return originals[name](*arguments, **options)

        return step

    for name in _STEPS:
        setattr(os, name, wrap(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def count_steps(work: Callable[[], object]) -> int:
    """How many things some work does to the file system."""
    counted = 0

    def count(number: int) -> None:
        nonlocal counted
        counted = number

    with before_every_step(count):
        work()
    return counted


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do some work in a child that dies by SIGKILL before its n-th step; whether it died."""
    child = os.fork()
    if child == 0:
        try:
            with before_every_step(
                lambda n: os.kill(os.getpid(), signal.SIGKILL) if n == step else None
            ):
                work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "the work itself failed"
    return os.WIFSIGNALED(status)
