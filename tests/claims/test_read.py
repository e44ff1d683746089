"""Files of claims: what is read, and every slip of the pen as one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from interp.claims import packaged_claims, read_claims
from interp.errors import InterpError

GOOD = {
    "id": "en", "text": "English neurons rise", "source": "Fig 5", "model": "OLMo-2-1124-7B",
    "role": "grpo", "analysis": "lape", "statistic": "neurons_change", "lang": "en",
    "quantity": "value", "reported": 38.2, "unit": "%", "direction": "up",
}  # fmt: skip


def write(tmp_path: Path, *claims: object, **top: object) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"claims": list(claims), **top}), encoding="utf-8")
    return path


def test_a_claim_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    (found,) = read_claims([path])
    assert found.id == "en" and found.reported == (38.2,) and found.digits == 1
    assert found.base == "base" and found.file == str(path)
    assert found.reported_text == "+38.2 %"


def test_defaults_are_overruled_and_documents_of_one_file_keep_their_own(tmp_path: Path) -> None:
    shared = {key: GOOD[key] for key in GOOD if key not in ("id", "lang", "role")}
    texts = [
        yaml.safe_dump(
            {"defaults": {**shared, "role": role}, "claims": [{"id": role, "lang": "en"}]}
        )
        for role in ("sft", "grpo")
    ]
    path = tmp_path / "two.yaml"
    path.write_text("---\n".join(texts), encoding="utf-8")
    assert [(one.id, one.role) for one in read_claims([path])] == [("sft", "sft"), ("grpo", "grpo")]


def test_a_number_for_each_language_makes_a_claim_for_each(tmp_path: Path) -> None:
    given = {**GOOD, "reported": {"en": 38.2, "sw": -31}}
    del given["lang"], given["direction"]
    found = read_claims([write(tmp_path, given)])
    assert [(one.id, one.lang, one.reported, one.digits) for one in found] == [
        ("en-en", "en", (38.2,), 1),
        ("en-sw", "sw", (-31.0,), 1),
    ]


def test_a_file_may_name_roles_of_its_own(tmp_path: Path) -> None:
    (found,) = read_claims([write(tmp_path, {**GOOD, "role": "dpo"}, roles=["dpo"])])
    assert found.role == "dpo"


@pytest.mark.parametrize(
    ("text", "digits"), [("50", 0), ("62.9", 1), ("0.089", 3), ("38.0", 1), ("-31.2", 1)]
)
def test_digits_are_those_that_were_written(tmp_path: Path, text: str, digits: int) -> None:
    path = tmp_path / "mine.yaml"
    lines = yaml.safe_dump({"claims": [GOOD]}).replace("38.2", text).replace("up", "none")
    path.write_text(lines, encoding="utf-8")
    assert read_claims([path])[0].digits == digits


def change(**keys: object) -> dict[str, object]:
    return {key: value for key, value in {**GOOD, **keys}.items() if value != "gone"}


LEVEL = {"statistic": "neurons", "quantity": "level", "unit": "count", "direction": "gone"}
DISTANCE = {"statistic": "layer_distance", "unit": "number", "lang": None}
EACH = {"lang": "each", "take": "every", "reported": None}
SLIPS: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "unknown key": (change(langs="en"), ("'langs'", "lang, other_lang")),
    "key that is no text": (change(**{"1": 2}), ("the key", "'1'")),
    "no text": (change(text="gone"), ("text is None", "to be given")),
    "empty text": (change(text=" "), ("text is ' '", "expected text")),
    "text that is a number": (change(source=5), ("source is 5", "expected text")),
    "note that is a list": (change(note=["a"]), ("note is ['a']",)),
    "unknown role": (change(role="gropo"), ("role is 'gropo'", "cpt-grpo")),
    "unknown base": (change(base="bse"), ("base is 'bse'", "base, cpt")),
    "compared with itself": (change(role="base"), ("role is 'base'", "another checkpoint")),
    "unknown analysis": (change(analysis="lap"), ("analysis is 'lap'", "lape, lahis")),
    "unknown statistic": (change(statistic="neuron"), ("'neuron'", "neurons, neurons_change")),
    "statistic of another analysis": (change(statistic="overlap"), ("'overlap'", "late_share")),
    "group without meaning": (change(statistic="neurons_stated"), ("'neurons_stated'",)),
    "unknown set": (
        change(analysis="klar", statistic="accuracy (seen: sen)", unit="points", lang=None),
        ("'accuracy (seen: sen)'", "one of accuracy"),
    ),
    "unknown quantity": (change(quantity="delta"), ("'delta'", "value, signed")),
    "level of what has none": (change(quantity="level"), ("'level'", "one of value")),
    "sign of what has none": (change(quantity="signed"), ("'signed'", "one of value")),
    "complement of a difference": (change(quantity="complement"), ("'complement'",)),
    "unknown unit": (change(unit="percent"), ("'percent'", "count, %, points")),
    "wrong unit": (change(unit="points"), ("'points'", "expected of value of neurons_change %")),
    "percent of a difference of shares": (
        change(statistic="late_share"), ("unit is '%'", "late_share points"),
    ),
    "language that YAML took for false": (change(lang=False), ("lang is False", "as text")),
    "no language": (change(lang=None), ("is 'none'", "of neurons_change lang")),
    "language too many": (change(other_lang="sw"), ("lang, other_lang", "neurons_change lang")),
    "layer that is not one": (change(layer=-1), ("layer is -1", "whole number")),
    "layer that does not belong": (change(layer=3), ("lang, layer", "neurons_change lang")),
    "each without take": (change(lang="each"), ("take is None", "range, min, max, every")),
    "take without each": (change(take="max"), ("take is 'max'", "where lang is each")),
    "unknown take": (change(lang="each", take="mean"), ("'mean'", "range, min, max, every")),
    "every with a number": (change(lang="each", take="every"), ("take is 'every'", "no number")),
    "every without direction": (change(**EACH, direction="gone"), ("reported is None",)),
    "without beside one": (change(without=["sw"]), ("without is ['sw']", "beside lang: each")),
    "without that is text": (change(**EACH, without="sw"), ("without is 'sw'", "a list")),
    "nothing claimed": (change(reported="gone", direction="gone"), ("reported is None",)),
    "number that is text": (change(reported="38.2"), ("reported is '38.2'", "a number")),
    "number that is none": (change(reported=float("nan")), ("reported is nan",)),
    "number beyond all": (change(reported=10**400), ("reported is 1000", "a number")),
    "number for each beyond all": (
        change(reported={"en": 10**400}, lang=None), ("reported is {'en'", "a number"),
    ),
    "layer beyond all": (change(layer=10**400), ("layer is 1000", "whole number from 0 to 9999")),
    "digits beyond all": (change(digits=10**400), ("digits is 1000", "whole number from 0 to 12")),
    "number that is true": (change(reported=True), ("reported is True",)),
    "range for one": (change(reported=[1, 2]), ("reported is [1, 2]", "take: range")),
    "one for a range": (change(lang="each", take="range"), ("38.2", "[low, high]")),
    "range from above": (
        change(lang="each", take="range", reported=[75, 45]), ("[75, 45]", "lower end first"),
    ),
    "range without numbers": (
        change(lang="each", take="range", reported=None), ("reported is None", "take: range"),
    ),
    "number for each and a language": (
        change(reported={"en": 1}), ("lang is 'en'", "a number for each language"),
    ),
    "number for each that is none": (
        change(reported={"en": "1"}, lang=None), ("reported", "a number"),
    ),
    "digits that are none": (change(digits="two"), ("digits is 'two'", "whole number")),
    "too few digits": (change(digits=0), ("digits is 0", "enough for")),
    "unknown direction": (change(direction="more"), ("direction is 'more'", "up, down, none")),
    "direction of a level": (change(**LEVEL | {"direction": "up"}), ("direction is 'up'", "change")),
    "no change of a level": (
        change(**LEVEL | {"direction": "none"}), ("direction is 'none'", "not for a level"),
    ),
    "direction of a distance": (change(**DISTANCE), ("direction is 'up'", "of a distance none")),
    "unknown set of languages": (change(languages="all"), ("'all'", "trained, klar")),
    "languages that are none": (change(languages=[]), ("languages is []", "list of codes")),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_one_line_that_names_file_claim_key_and_what_was_expected(
    name: str, tmp_path: Path
) -> None:
    given, words = SLIPS[name]
    path = write(tmp_path, given)
    with pytest.raises(InterpError) as error:
        read_claims([path])
    said = str(error.value)
    assert said.startswith(f"{path}: claim 'en': ") and "\n" not in said
    for word in (*words, "expected"):
        assert word in said, said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("no claim", "claims")),
        ("[]", ("a list", "mapping")),
        ("claim: []", ("'claim'", "about, roles, defaults, claims")),
        ("claims: []", ("claims is []", "at least one")),
        ("claims: {a: 1}", ("claims is {'a': 1}",)),
        ("claims: [5]", ("claim 1 is 5", "mapping")),
        ("claims: [{id: 7}]", ("claim 1", "expected")),
        ("roles: dpo\nclaims: [{}]", ("roles is 'dpo'",)),
        ("defaults: 3\nclaims: [{}]", ("defaults is 3",)),
        ("claims: [", ("expected YAML",)),
        ("claims:\n- {id: a, id: b}", ("line 2", "'id' twice")),
        (
            "claims: [{note: 2024-13-45}]",
            ("expected YAML", "'2024-13-45'", "no timestamp", "line 1"),
        ),
        ("claims: [{digits: !!int foo}]", ("expected YAML", "'foo', which is no int")),
        ("claims: [{reported: !!float foo}]", ("'foo', which is no float",)),
        ("claims: [{note: !!bool foo}]", ("'foo', which is no bool",)),
        ("claims: [{note: !!timestamp foo}]", ("'foo', which is no timestamp",)),
        ("claims: !!map [1, 2]", ("expected YAML", "mapping", "line 1")),
        ("claims: !!set [1]", ("expected YAML", "mapping")),
        ("[" * 5000, ("expected YAML", "nested too deeply")),
        (
            "claims: [{reported: " + "1" * 5000 + "}]",
            ("expected YAML", "no int", "5002 characters"),
        ),
        ("claims: 0x" + "f" * 5000, ("claims is a number that is too long to print",)),
        ("claims: " + "1" * 401, ("claims is 111", "401 characters")),
        ("claims: !!python/object/apply:os.system [ls]", ("expected YAML",)),
    ],
)
def test_a_file_that_is_none(text: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InterpError) as error:
        read_claims([path])
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    for word in (str(path), *words):
        assert word in str(error.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(InterpError, match="cannot be read"):
        read_claims([tmp_path / "none.yaml"])
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InterpError, match="expected YAML"):
        read_claims([tmp_path / "b.yaml"])


def test_an_id_stands_once_over_all_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    paths = [write(one, GOOD), write(two, GOOD)]
    with pytest.raises(InterpError, match=f"{paths[1]}: claim 'en': .*{paths[0]}"):
        read_claims(paths)


def test_the_papers_claims_are_what_the_paper_prints() -> None:
    found = {one.id: one for one in packaged_claims()}
    assert found["neurons-en"].reported_text == "+38.2 %"
    assert found["layers-grpo"].reported == (0.089,)
    assert found["changed-grpo"].reported == (70, 85)
    assert found["klar-grpo-vi"].reported == (27.2,)
    assert found["klar-trained-cpt"].reported_text == "17.0 %"
    assert found["polyfact-grpo-en"].reported_text == "76.50 %"
    # what Table 1 averages is what Table 10 prints, over the languages that the claim names
    for role in ("base", "cpt", "sft", "cpt-sft", "grpo", "cpt-grpo"):
        for part, name in (("seen", "trained"), ("held_out", "ood")):
            mean = found[f"klar-{name}-{role}"]
            codes = found_set(part)
            numbers = [found[f"klar-{role}-{code}"].reported[0] for code in codes]  # type: ignore[index]
            assert abs(sum(numbers) / len(codes) - mean.reported[0]) < 0.1, mean  # type: ignore[index]


def test_a_claim_over_languages_names_them() -> None:
    """A mean or "every language" over others is another number; the lens shows examples only."""
    over = [
        one for one in packaged_claims() if one.lang in (None, "each") and one.analysis != "lens"
    ]
    assert {one.analysis for one in over} == {"lape", "lahis", "klar", "mcq"}
    assert [one.id for one in over if not one.languages] == []
    klar = {one.id: one for one in over}["klar-sft-regresses"]
    assert len(klar.languages) == 17 and "ar" in klar.languages


def found_set(part: str) -> tuple[str, ...]:
    from interp.data.language_sets import LANGUAGE_SETS

    return LANGUAGE_SETS["paper_klar"][part]
