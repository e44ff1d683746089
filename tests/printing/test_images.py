"""Pictures from a real Chrome: true size, one browser, text and glyphs inside."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from pypdf import PdfReader

from interp.errors import InterpError
from interp.figures.layout import finish
from interp.printing import browser as running
from interp.printing.browser import BROWSER, why_no_browser
from interp.printing.check import UNKNOWN, embedded_fonts, missing_glyphs
from interp.printing.glyphs import first_face, font_lines, uncovered
from interp.printing.images import image_bytes, pictures
from interp.printing.sheet import Sheet
from tests.printing.scripts import SCRIPTS, five_scripts

pytestmark = pytest.mark.skipif(why_no_browser() is not None, reason=str(why_no_browser()))


@dataclass(frozen=True)
class Bare:
    """Files, characters and pictures of a machine with few fonts; pictures by drawing and by whether it is bare."""

    folder: Path
    missing: list[str]
    seen: dict[tuple[str, bool], bytes]


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    BROWSER.close()


@pytest.fixture(scope="module")
def scripts() -> go.Figure:
    for name, (family, text) in SCRIPTS.items():
        if any(first_face(character, [family]) is None for character in text.replace(" ", "")):
            pytest.skip(f"{family} is not installed, which draws {name}")
    return five_scripts()


@pytest.fixture(scope="module")
def printed(scripts: go.Figure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("printed")
    made = pictures(scripts, ["svg", "pdf", "png"], sheet=Sheet(width=85, dpi=200))
    for form, content in made.items():
        (folder / f"a.{form}").write_bytes(content)
    return folder


def test_sizes_are_true(printed: Path) -> None:
    svg = (printed / "a.svg").read_text("utf-8")
    found = re.search(r'width="([\d.]+)mm" height="([\d.]+)mm"', svg)
    assert found is not None and float(found.group(1)) == 85
    high = float(found.group(2))
    reader = PdfReader(printed / "a.pdf")
    assert len(reader.pages) == 1
    box = reader.pages[0].mediabox
    assert float(box.width) == pytest.approx(85 / 25.4 * 72, abs=0.8)
    assert float(box.height) == pytest.approx(high / 25.4 * 72, abs=0.8)
    picture = Image.open(printed / "a.png")
    assert picture.width == pytest.approx(85 / 25.4 * 200, abs=3)
    assert picture.height == pytest.approx(high / 25.4 * 200, abs=3)
    assert picture.info["dpi"] == pytest.approx((200, 200), abs=0.1)
    assert picture.getpixel((0, 0))[:3] == picture.getpixel((picture.width - 1, picture.height - 1))[:3] == (255, 255, 255)  # fmt: skip


def test_letters_are_as_large_as_asked(printed: Path) -> None:
    """In the PDF, by its own numbers: size of the font times the scale in force."""
    sizes: dict[str, float] = {}

    def visit(text: str, matrix: list[float], at: list[float], font: object, size: float) -> None:
        if text.strip():
            sizes[text.strip()] = size * abs(matrix[3] * at[3])

    PdfReader(printed / "a.pdf").pages[0].extract_text(visitor_text=visit)
    for tick in ("0", "1", "2"):
        assert sizes[tick] == pytest.approx(7.0, abs=0.05)


def test_svg_holds_every_glyph(printed: Path) -> None:
    assert missing_glyphs(printed / "a.svg") == []
    svg = (printed / "a.svg").read_text("utf-8")
    for family, _ in SCRIPTS.values():
        assert f"@font-face {{ font-family: '{family}'" in svg
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg)


def test_pdf_holds_every_font_and_the_text(printed: Path) -> None:
    assert missing_glyphs(printed / "a.pdf") == []
    assert embedded_fonts(printed / "a.pdf") == [
        "NotoSans-Regular", "NotoSansArabic-Regular", "NotoSansBengali-Regular",
        "NotoSansCJKjp-Regular", "NotoSansCJKsc-Regular",
    ]  # fmt: skip
    assert b"/Type3" not in (printed / "a.pdf").read_bytes()  # which journals refuse
    text = PdfReader(printed / "a.pdf").pages[0].extract_text()
    for word in ("中文", "かな", "English"):
        assert word in text.replace(" ", "")


def test_the_same_figure_gives_the_same_files(scripts: go.Figure, printed: Path) -> None:
    again = pictures(scripts, ["svg", "pdf", "png"], sheet=Sheet(width=85, dpi=200))
    for form, content in again.items():
        assert (printed / f"a.{form}").read_bytes() == content, form


def test_unknown_forms_are_refused() -> None:
    with pytest.raises(InterpError, match="'gif': expected one of svg, pdf, png"):
        image_bytes(go.Figure(), "gif")
    assert pictures(go.Figure(), []) == {}


def test_a_screen_picture_is_1000_wide() -> None:
    picture = Image.open(io.BytesIO(image_bytes(finish(go.Figure(), title="t", height=333), "png")))
    assert picture.size == (2000, 666)


def test_one_chrome_serves_all_and_one_that_died_is_started_again_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import kaleido

    figure = finish(go.Figure(go.Bar(y=[1])), title="one")
    before = image_bytes(figure, "svg")
    opened = []
    start = kaleido.Kaleido.open

    async def counted(self: object) -> None:
        opened.append(1)
        await start(self)

    monkeypatch.setattr(kaleido.Kaleido, "open", counted)
    assert image_bytes(figure, "png").startswith(b"\x89PNG") and opened == []
    BROWSER._kaleido.subprocess.kill()
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(image_bytes(figure, "svg"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1 and found == [before] * 3


@pytest.fixture(scope="module")
def bare(scripts: go.Figure, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """What a Chrome draws that has fonts of the Latin script only, beside what this machine's draws."""
    fonts = Path("/usr/share/fonts/truetype/liberation")
    if not fonts.is_dir():
        pytest.skip("no Liberation fonts, with which a Chrome would run that has no others")
    folder = tmp_path_factory.mktemp("bare")
    config = folder / "fonts.conf"
    config.write_text(
        "<fontconfig><match target='pattern'><edit name='hintstyle' mode='append'><const>hintslight"
        f"</const></edit></match><dir>{fonts}</dir><cachedir>{folder / 'cache'}</cachedir>"
        "</fontconfig>"
    )
    drawn = {
        "embedded": image_bytes(scripts, "svg").decode(),
        "named": image_bytes(scripts, "svg", embed=False).decode(),
    }
    seen = {(name, False): BROWSER.png(one, 1000, 300, 1) for name, one in drawn.items()}
    BROWSER.close()
    word = SCRIPTS["Bengali"][1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FONTCONFIG_FILE", str(config))
        missing = uncovered(word)
        if not missing:
            pytest.skip("fontconfig does not read FONTCONFIG_FILE here")
        made = pictures(go.Figure(go.Bar(x=[word, "abc"], y=[1, 2])), ["svg", "pdf"])
        seen |= {(name, True): BROWSER.png(one, 1000, 300, 1) for name, one in drawn.items()}
        BROWSER.close()
    for form, content in made.items():
        (folder / f"a.{form}").write_bytes(content)
    return Bare(folder, missing, seen)


def test_a_script_without_font_is_named_and_found(bare: Bare) -> None:
    """On a machine without Bengali fonts: before by the fonts, afterwards by the files."""
    (line,) = font_lines(bare.missing)
    assert "Bengali" in line and "fonts-noto-core" in line
    assert missing_glyphs(bare.folder / "a.svg") == bare.missing
    assert set(missing_glyphs(bare.folder / "a.pdf")) == {UNKNOWN}


def test_glyphs_are_inside_an_svg(bare: Bare) -> None:
    """A Chrome that has no font of these scripts draws the same picture, but only from embedded fonts."""
    grey = {
        way: np.asarray(Image.open(io.BytesIO(png)).convert("L"), dtype=float)
        for way, png in bare.seen.items()
    }

    def apart(one: tuple[str, bool], other: tuple[str, bool]) -> int:
        return int((np.abs(grey[one] - grey[other]) > 128).sum())

    inked = int((grey["embedded", False] < 128).sum())
    assert apart(("embedded", True), ("embedded", False)) < 0.01 * inked
    assert apart(("named", False), ("embedded", False)) < 0.05 * inked  # edges: no hinting
    assert apart(("named", True), ("named", False)) > 1500  # boxes


def test_it_closes_when_nobody_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    image_bytes(go.Figure(), "svg")
    process = BROWSER._kaleido.subprocess  # known before it may go
    monkeypatch.setattr(running, "_IDLE_SECONDS", 0.5)
    image_bytes(go.Figure(), "svg")
    process.wait(20)


def test_a_program_that_ends_leaves_no_chrome() -> None:
    code = (
        "import plotly.graph_objects as go\n"
        "from interp.printing.images import image_bytes\n"
        "from interp.printing.browser import BROWSER\n"
        "image_bytes(go.Figure(), 'svg')\n"
        "print(BROWSER._kaleido.subprocess.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""
    status = Path(f"/proc/{int(done.stdout)}/status")
    if not Path("/proc").is_dir():
        pytest.skip("no /proc to look into")
    assert not status.exists() or "State:\tZ" in status.read_text()
