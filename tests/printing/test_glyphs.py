"""Which fonts a figure asks for, and what is said of characters that none has."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.printing import faces as reading
from interp.printing.faces import Face, installed, read_faces
from interp.printing.glyphs import (
    families,
    first_face,
    font_lines,
    needed_families,
    needs_glyph,
    uncovered,
)  # fmt: skip
from tests.printing.fonts import Machine, write_font


def face(family: str, characters: str, weight: int = 400, *, italic: bool = False) -> Face:
    """A font of which only the coverage matters."""
    return Face(
        f"{family}-{weight}", 0, family, weight, italic, False, frozenset(map(ord, characters))
    )


SANS = face("Noto Sans", "abc 1")
ARABIC = face("Noto Sans Arabic", "عرب1")
CHINESE = face("Noto Sans CJK SC", "直中かな")
JAPANESE = face("Noto Sans CJK JP", "直中かな")


def test_only_what_is_needed_is_named_in_order(machine: Machine) -> None:
    machine(JAPANESE, CHINESE, ARABIC, SANS)
    assert needed_families("ab1") == ("Noto Sans",)
    assert needed_families("ب1") == ("Noto Sans", "Noto Sans Arabic")
    assert needed_families("直a") == ("Noto Sans", "Noto Sans CJK SC")


def test_han_is_chinese_unless_the_figure_has_no_chinese(machine: Machine) -> None:
    machine(JAPANESE, CHINESE, SANS)
    assert needed_families("直", japanese_first=True) == ("Noto Sans CJK JP",)
    # with kana both are there: strings with kana take the Japanese one
    assert needed_families("直か") == ("Noto Sans CJK SC", "Noto Sans CJK JP")
    order = families()
    assert order.index("Noto Sans CJK SC") < order.index("Noto Sans CJK JP")
    order = families(japanese_first=True)
    assert order.index("Noto Sans CJK JP") < order.index("Noto Sans CJK SC")


def test_a_machine_without_noto_is_led_by_what_it_has(machine: Machine) -> None:
    machine(face("Arial", "abcع"), ARABIC)
    assert needed_families("aب")[0] == "Arial"


def test_a_latin_font_that_also_has_arabic_does_not_go_before_the_arabic_one(
    machine: Machine,
) -> None:
    machine(SANS, ARABIC, face("DejaVu Sans", "abcعرب1"))
    assert needed_families("ab ب") == ("Noto Sans", "Noto Sans Arabic")


def test_other_fonts_stand_in_those_that_draw_most_first(machine: Machine) -> None:
    machine(SANS, face("Aaa", "க"), face("Zzz", "கங"), face("Zzz", "கங", italic=True))
    assert needed_families("aகங") == ("Noto Sans", "Zzz")
    assert uncovered("aகங") == []


def test_the_nearest_weight_and_slant_are_taken(machine: Machine) -> None:
    light, bold = face("F", "a", 300), face("F", "a", 700)
    slanted = face("F", "a", 400, italic=True)
    machine(light, bold, slanted)
    assert first_face("a", ["F"], weight=700) is bold
    assert first_face("a", ["F"], weight=400) is light
    assert first_face("a", ["F"], italic=True) is slanted
    assert first_face("b", ["F"]) is None and first_face("a", ["G"]) is None


def test_joiners_breaks_and_spaces_need_no_font(machine: Machine) -> None:
    machine(SANS)
    assert uncovered("a\u200d\u200f\u00a0\n\ufe0f\u3000") == []
    assert not needs_glyph("\u200c") and needs_glyph("\u09cd")
    assert uncovered("ab২ক") == ["ক", "২"]


def test_lines_name_script_font_and_package(machine: Machine) -> None:
    lines = font_lines(list("কখ") + list("直か") + ["ب", "✓"])
    assert len(lines) == 4
    bengali = next(line for line in lines if "Bengali" in line)
    assert "2 characters of Bengali script" in bengali and "ক খ" in bengali
    assert "install Noto Sans Bengali" in bengali and "fonts-noto-core" in bengali
    cjk = next(line for line in lines if "CJK" in line)
    assert "2 characters of Chinese, Japanese or Korean" in cjk and "fonts-noto-cjk" in cjk
    assert any("1 character of Arabic" in line and "Noto Sans Arabic" in line for line in lines)
    signs = next(line for line in lines if "✓" in line)
    assert "1 character that" in signs and "Symbols" in signs
    assert font_lines([]) == []
    many = font_lines([chr(code) for code in range(0x0995, 0x0995 + 12)])
    assert len(many) == 1 and "12 characters" in many[0] and "…" in many[0]


def test_fontconfig_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "/f/A-Bold.ttf\t0\tA,A Bold\t200\t0\t100\tFalse\t41-43 61",
        "/f/A-It.otf\t0\tA\t80\t100\t100\tFalse\t41",
        "/f/B.ttc\t2\tB\t80\t0\t100\tFalse\t4e00-4e02",
        "/f/V.ttf\t0\tV\t[40 210]\t0\t100\tTrue\t41",
        "/f/V.ttf\t65536\tV\t80\t0\t100\tFalse\t41",  # a named instance of it
        "/f/C.ttf\t0\tA,A Condensed\t80\t0\t75\tFalse\t41",
        "/f/old.pcf.gz\t0\tOld\t80\t0\t100\tFalse\t41",
        "broken",
    ]
    said = "\n".join(lines).encode()
    monkeypatch.setattr(
        reading.subprocess, "run", lambda *_, **__: type("Done", (), {"stdout": said})
    )
    found = {one.path: one for one in reading._fontconfig()}
    assert set(found) == {"/f/A-Bold.ttf", "/f/A-It.otf", "/f/B.ttc", "/f/V.ttf"}
    bold = found["/f/A-Bold.ttf"]
    assert (bold.family, bold.weight, bold.italic) == ("A", 700, False)
    assert bold.characters == {0x41, 0x42, 0x43, 0x61}
    assert found["/f/A-It.otf"].italic and found["/f/B.ttc"].number == 2
    assert found["/f/V.ttf"].variable and not bold.variable


def test_folders_are_read_where_fontconfig_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    write_font(tmp_path / "below" / "a.ttf", "Mine", "abক", weight=700)
    (tmp_path / "b.ttf").write_bytes(b"no font")
    (tmp_path / "c.txt").write_text("no font")
    monkeypatch.setattr(reading.shutil, "which", lambda _: None)
    monkeypatch.setattr(reading, "font_folders", lambda: (tmp_path, tmp_path / "absent"))
    reading._listed.cache_clear()
    try:
        (only,) = installed()
    finally:
        reading._listed.cache_clear()
    assert (only.family, only.weight, only.italic) == ("Mine", 700, False)
    assert only.characters == frozenset(map(ord, "abক"))
    assert list(read_faces(tmp_path / "b.ttf")) == []


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_system_has_folders(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.sys, "platform", system)
    assert len(reading.font_folders()) >= 2
