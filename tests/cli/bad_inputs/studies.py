"""Studies that are not there, of another schema, damaged, or that lack what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.bad_inputs.case import Case, file_in_folder, text
from tests.cli.bad_inputs.world import Place

_READERS = (
    "show", "compare", "claims", "transition", "report", "figures", "study rename base b",
    "study remove --label base", "study restore", "study migrate",
)  # fmt: skip


def manifest(**changes: object) -> Callable[[Place], None]:
    """The study's own file with other fields."""

    def make(where: Place) -> None:
        path = where.copy / "study.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return make


def in_run(analysis: str, change: Callable[[Path], Any]) -> Callable[[Place], None]:
    """Something else in the folder of the run of label base."""

    def make(where: Place) -> None:
        (run,) = (where.copy / "runs").glob(f"base-{analysis}-*")
        change(run)

    return make


def _cut(name: str) -> Callable[[Path], Any]:
    def change(run: Path) -> None:
        path = run / name
        path.write_bytes(path.read_bytes()[:100])

    return change


def _without(name: str) -> Callable[[Path], Any]:
    return lambda run: (run / name).unlink()


CASES = (
    *(Case(f"{reader}: no such study", f"{reader} --study ./nowhere", ("nowhere", "study"))
      for reader in _READERS),
    Case("study check: no such study", "study check --study ./nowhere", ("nowhere", "study")),
    *(Case(f"{reader}: newer schema", f"{reader} --study {{copy}}", ("schema 99", "update interp"),
           manifest(schema_version=99))
      for reader in ("show", "lape --model {checkpoint} --corpus {corpus}", "compare", "report", "figures",
                     "study migrate", "study merge {study}")),
    Case("show: an ordinary folder", "show --study {corpus}", ("{corpus}", "study")),
    Case("show: a file", "show --study {facts}", ("{facts}",)),
    Case("show: manifest is not JSON", "show --study {bad}", ("study.json",),
         file_in_folder("study.json", "{")),
    Case("show: manifest is not UTF-8", "show --study {bad}", ("study.json",),
         file_in_folder("study.json", b"\xff\xfe")),
    Case("show: manifest is a list", "show --study {bad}", ("study.json",),
         file_in_folder("study.json", "[]")),
    Case("show: unknown run", "show --study {study} --run nope", ("nope", "base-lape")),
    Case("show: run with a path", "show --study {study} --run ../study", ("../study",)),
    Case("transition: table is cut", "transition --study {copy} --draws 100", ("lens_ranks.parquet",),
         in_run("lens", _cut("lens_ranks.parquet"))),
    Case("ablate: scores are gone", "ablate --model {checkpoint} --corpus {corpus} --study {copy} "
         "--heads-from base", ("head_scores.parquet",),
         in_run("lahis", _without("head_scores.parquet"))),
    Case("compare: unknown base", "compare --study {study} --base nope", ("nope", "base")),
    Case("compare: unknown label", "compare --study {study} --label nope", ("nope", "sft")),
    Case("compare: base beside itself", "compare --study {study} --base base --label base", ("base",)),
    Case("compare: unknown analysis", "compare --study {study} --analysis tarot", ("tarot", "lape")),
    Case("compare --draws 5", "compare --study {study} --draws 5", ("--draws", "100")),
    Case("compare: trajectory unknown", "compare --study {study} --trajectory ppo", ("ppo",)),
    Case("compare: trajectory and label", "compare --study {study} --trajectory x --label sft",
         ("--trajectory", "--label")),
    Case("claims: no claims at all", "claims --study {study} --no-paper", ("--no-paper", "--claims")),
    Case("claims: no such file", "claims --study {study} --claims ./no.yaml", ("no.yaml",)),
    Case("claims: broken YAML", "claims --study {study} --claims {bad}", ("{bad}",), text("a: [")),
    Case("claims: not UTF-8", "claims --study {study} --claims {bad}", ("{bad}",), text(b"\xff\xfe: 1")),
    Case("claims: another YAML", "claims --study {study} --claims {bad}", ("{bad}",), text("a: 1\n")),
    Case("claims: role unknown", "claims --study {study} --set king=base", ("king", "grpo")),
    Case("claims: role without label", "claims --study {study} --set grpo", ("grpo", "ROLE=LABEL")),
    Case("claims: label unknown", "claims --study {study} --set grpo=nope", ("nope", "sft")),
    Case("claims: nothing of that name", "claims --study {study} --only zebra", ("zebra", "--list")),
    Case("transition: grouping unknown", "transition --study {study} --by colour", ("colour", "relation")),
    Case("transition: label unknown", "transition --study {study} --label nope", ("nope", "base")),
    Case("transition: label without lens", "transition --study {study} --label sft", ("sft",)),
    Case("transition: fact unknown", "transition --study {study} --fact f99", ("f99",)),
    Case("transition: no English to compare with", "transition --study {study} --languages xx", ("English answer",)),
    Case("transition: preset unknown", "transition --study {study} --preset wang", ("wang",)),
    Case("transition: facts unknown", "transition --study {study} --data zzz", ("zzz",)),
    Case("report: base unknown", "report --study {study} --base nope", ("nope", "base")),
    Case("report: labels unknown", "report --study {study} --labels nope", ("nope", "sft")),
    Case("report: labels empty", "report --study {study} --labels ,", ("--labels",)),
    Case("report: language unknown", "report --study {study} --languages xx", ("xx", "en")),
    Case("report: file of the user", "report --study {study} --out {facts}", ("{facts}",)),
    Case("report: a folder", "report --study {study} --out {corpus}", ("{corpus}",)),
    Case("report: below a file", "report --study {study} --out {facts}/r.html", ("{facts}",)),
    Case("report: study without runs", "report --study {bad}", ("{bad}",),
         file_in_folder("study.json", '{"schema_version": 2, "name": "x"}')),
    Case("figures: format unknown", "figures --study {study} --format jpeg", ("jpeg", "svg")),
    Case("figures: name unknown", "figures --study {study} --only zebra", ("zebra",)),
    Case("figures: name with a path", "figures --study {study} --only ../../x", ("../../x",)),
    Case("figures: width unknown", "figures --study {study} --width wide", ("wide", "single")),
    Case("figures: width of nothing", "figures --study {study} --width nan", ("nan",)),
    Case("figures: height below nothing", "figures --study {study} --height -5", ("--height", "-5")),
    Case("figures: dpi too small", "figures --study {study} --dpi 1", ("--dpi", "72")),
    Case("figures: fonts unknown", "figures --study {study} --fonts some", ("some", "embed")),
    Case("figures: folder is a file", "figures --study {study} --only head-scores --out {facts}", ("{facts}",)),
    Case("figures: label unknown", "figures --study {study} --labels nope", ("nope", "sft")),
    Case("rename: no such label", "study rename --study {copy} nope b", ("nope", "base")),
    Case("rename: only one name", "study rename --study {copy} base", ("--study-name",)),
    Case("rename: name is taken", "study rename --study {copy} base sft", ("sft",)),
    Case("rename: name with a path", "study rename --study {copy} base ../b", ("../b",)),
    Case("rename: study with a control character", "study rename --study {copy} --study-name 'a\x1b[2Jb'",
         ("name",)),
    Case("rename: study with an empty name", "study rename --study {copy} --study-name ''", ("name",)),
    Case("rename: study with a long name", f"study rename --study {{copy}} --study-name {'x' * 3000}",
         ("name",)),
    Case("remove: nothing named", "study remove --study {copy}", ("--run", "--label")),
    Case("remove: unknown run", "study remove --study {copy} --run nope --yes", ("nope",)),
    Case("remove: run with a path", "study remove --study {copy} --run ../../here --yes --purge",
         ("../../here",)),
    Case("restore: unknown run", "study restore --study {copy} nope", ("nope",)),
    Case("restore: run with a path", "study restore --study {copy} ../../here", ("../../here",)),
    Case("merge: with itself", "study merge --study {copy} {copy}", ("itself",)),
    Case("merge: other is no study", "study merge --study {copy} {corpus}", ("{corpus}",)),
    Case("merge: rename is no pair", "study merge --study {copy} {study} --rename base", ("base", "old=new")),
    Case("merge: rename to a path", "study merge --study {copy} {study} --rename base=../b", ("../b",)),
    Case("merge: rename of nobody", "study merge --study {copy} {study} --rename nope=b", ("nope",)),
)  # fmt: skip
