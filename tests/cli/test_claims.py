"""``interp claims`` as a user calls it: tables, own files, other models, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.claims.cases import HandStudy, row
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp

MINE: dict[str, Any] = {
    "id": "mine", "text": "English [neurons] rise", "source": "my notes", "model": "OLMo-2-1124-7B",
    "role": "grpo", "analysis": "lape", "statistic": "neurons_change", "lang": "en",
    "quantity": "value", "reported": 38.2, "unit": "%", "direction": "up", "note": "so I heard",
}  # fmt: skip


@pytest.fixture
def hand(tmp_path: Path) -> HandStudy:
    made = HandStudy(tmp_path / "made")
    for label in ("base", "grpo"):
        made.run(label)
    change = row("neurons_change", lang="en", value=38.24, ci_low=30.0, ci_high=45.0)
    made.compared("base", "grpo", [change])
    return made


def write(tmp_path: Path, *claims: dict[str, Any]) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"claims": list(claims)}), encoding="utf-8")
    return path


def flat(text: str) -> str:
    """What was printed, without the breaks of lines and the borders of tables."""
    return " ".join(text.replace("│", " ").split())


def test_a_claim_of_ones_own(interp: Interp, hand: HandStudy, tmp_path: Path) -> None:
    path = write(tmp_path, MINE)
    said = interp("claims", "--study", hand.study.path, "--claims", path, "--no-paper", "--out",
                  tmp_path / "out")  # fmt: skip
    assert said.code == 0, said.err
    for word in ("base: allenai/OLMo-2-1124-7B", "grpo: me/grpo", "+38.2 %",
                 "+38.24 [+30.00,", "reproduced", "equal as printed", "beyond",
                 "so I heard", "[neurons]", "1 claim: 1 reproduced"):  # fmt: skip
        assert word in flat(said.out), said.out
    table = pd.read_csv(tmp_path / "out" / "claims.csv")
    assert list(table["verdict"]) == ["reproduced"] and list(table["value"]) == [38.24]


def test_beside_the_papers(interp: Interp, hand: HandStudy, tmp_path: Path) -> None:
    said = interp("claims", "--study", hand.study.path, "--claims", write(tmp_path, MINE))
    assert said.code == 0, said.err
    out = flat(said.out)
    # one word of the paper's own claim can be had here: measured over three languages, not twelve
    assert "other data" in out and "over en sw zh;" in out
    assert "claims cannot be computed" in out and "no label is called sft" in out


def test_claims_about_another_model_are_counted_or_shown_but_not_judged(
    interp: Interp, hand: HandStudy, tmp_path: Path
) -> None:
    other = {**MINE, "id": "other", "model": "Qwen2.5-7B"}
    both = write(tmp_path, MINE, other)
    said = interp("claims", "--study", hand.study.path, "--claims", both, "--no-paper")
    assert "1 claim about Qwen2.5-7B not judged: base is allenai/OLMo-2" in flat(said.out)
    said = interp("claims", "--study", hand.study.path, "--claims", both, "--no-paper", "--only",
                  "qwen")  # fmt: skip
    out = flat(said.out)
    assert "no verdict" in out and "+38.24" in out and "neither support nor refute" in out
    assert "reproduced" not in out
    said = interp("claims", "--study", hand.study.path, "--claims", both, "--no-paper", "--only",
                  "qwen", "--model", "Qwen2.5-7B")  # fmt: skip
    refused(said, "--model 'Qwen2.5-7B'", "'allenai/OLMo-2-1124-7B'", "expected that one")


def test_a_base_that_is_a_folder_is_named_by_the_user(interp: Interp, tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "made")
    hand.run("base", model={"model": "ckpt/base"})
    hand.run("grpo")
    hand.compared("base", "grpo", [row("neurons_change", lang="en", value=38.24)])
    path = write(tmp_path, MINE)
    call = ("claims", "--study", hand.study.path, "--claims", path, "--no-paper")
    assert "1 claim: 1 other model" in flat(interp(*call).out)
    assert "1 claim: 1 reproduced" in flat(interp(*call, "--model", "OLMo-2-1124-7B").out)


def test_rows_of_several_data_sets_stand_in_tables_of_their_own(
    interp: Interp, hand: HandStudy, tmp_path: Path
) -> None:
    call = ("claims", "--study", hand.study.path, "--claims", write(tmp_path, MINE), "--no-paper")
    assert "lape (default): claims about" in flat(interp(*call).out)
    for label in ("base", "grpo"):
        hand.run(label, data_hash="sha256:4567")
    hand.compared("base", "grpo", [row("neurons_change", lang="en", value=1.0)])
    out = flat(interp(*call).out)
    for data in ("sha256:0123", "sha256:4567"):
        assert f"lape (default) on {data}: claims about" in out, out
    assert "2 claims: 1 reproduced, 1 not reproduced" in out


def test_a_role_that_several_labels_may_play(
    interp: Interp, hand: HandStudy, tmp_path: Path
) -> None:
    for label in ("g1", "g2"):
        hand.run(label, stage="dpo")
    path = tmp_path / "dpo.yaml"
    path.write_text(
        yaml.safe_dump({"roles": ["dpo"], "claims": [{**MINE, "role": "dpo"}]}), encoding="utf-8"
    )
    call = ("claims", "--study", hand.study.path, "--claims", path, "--no-paper", "--stored")
    assert "2 labels may be dpo (g1, g2): choose with --set dpo=LABEL" in flat(interp(*call).out)
    hand.compared("base", "g2", [row("neurons_change", lang="en", value=1.0)])
    assert "1 claim: 1 not reproduced" in flat(interp(*call, "--set", "dpo=g2").out)


def test_stored_computes_nothing(interp: Interp, tmp_path: Path) -> None:
    hand = HandStudy(tmp_path / "made")
    for label in ("base", "grpo"):
        hand.run(label)
    before = fingerprint(hand.study.path)
    said = interp("claims", "--study", hand.study.path, "--claims", write(tmp_path, MINE),
                  "--no-paper", "--stored")  # fmt: skip
    assert "not compared yet: interp compare --study" in flat(said.out)
    assert fingerprint(hand.study.path) == before


def test_a_study_that_cannot_be_written_is_read(
    interp: Interp, hand: HandStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.errors import InterpError
    from interp.study import Study

    def refuse(*_: object) -> Study:
        raise InterpError("no room")

    path = write(tmp_path, MINE)
    monkeypatch.setattr(Study, "open", refuse)
    monkeypatch.setattr("interp.study.load_study", lambda _: hand.study)
    said = interp("claims", "--study", hand.study.path, "--claims", path, "--no-paper")
    assert said.code == 0 and "comparisons are not kept: no room" in flat(said.out)
    assert "1 claim: 1 reproduced" in flat(said.out)


def test_the_list_needs_no_study(interp: Interp, tmp_path: Path) -> None:
    said = interp("claims", "--list", "--study", tmp_path / "none", "--only", "neurons-en")
    assert said.code == 0, said.err
    for word in ("neurons-en-base", "1671", "Fig 5", "lape neurons_change", "3 claims"):
        assert word in flat(said.out), said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--study", "none"), ("no study at none",)),
        (("--claims", "none.yaml"), ("none.yaml", "cannot be read")),
        (("--no-paper",), ("--claims", "expected a file")),
        (("--only", "nothing"), ("--only nothing", "--list")),
        (("--set", "base"), ("--set 'base'", "ROLE=LABEL")),
        (("--set", "dpo=grpo"), ("unknown role 'dpo'", "base, grpo, sft")),
        (("--set", "sft=none"), ("unknown label in this study 'none'", "base, grpo")),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], words: tuple[str, ...], interp: Interp, hand: HandStudy,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = fingerprint(hand.study.path)
    study = () if "--study" in arguments else ("--study", hand.study.path)
    refused(interp("claims", *study, *arguments), *words)
    assert fingerprint(hand.study.path) == before and not (tmp_path / "none").exists()


def test_a_slip_in_a_file_is_one_line(interp: Interp, hand: HandStudy, tmp_path: Path) -> None:
    path = write(tmp_path, {**MINE, "unit": "points"})
    said = interp("claims", "--study", hand.study.path, "--claims", path)
    refused(said, str(path), "claim 'mine'", "unit is 'points'", "expected")


def test_the_id_of_a_paper_claim_is_taken(interp: Interp, hand: HandStudy, tmp_path: Path) -> None:
    path = write(tmp_path, {**MINE, "id": "neurons-en"})
    refused(interp("claims", "--study", hand.study.path, "--claims", path), "'neurons-en'", "also")
