"""What is installed, which device would be used, what is missing and how to get it.

Looks and reports; installs, downloads and changes nothing. Every row says ``ok``, ``missing``
(needed and absent, or the wrong version), ``absent`` (optional) or ``note`` (works, but read it).
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from packaging.requirements import InvalidRequirement, Requirement

COLUMNS = ("component", "status", "version", "how to get it")

_ROOT = Path(__file__).resolve().parents[1]
_GIB = 1024**3


class Row(NamedTuple):
    """One line of the report.

    Attributes:
        component: what was looked for.
        status: ``ok``, ``missing``, ``absent`` or ``note``.
        version: what was found.
        remedy: how to get it; empty where nothing is to be done.
    """

    component: str
    status: str
    version: str
    remedy: str = ""


# Optional parts: package, what it is for, how to get it.
OPTIONAL: tuple[tuple[str, str, str], ...] = (
    ("transformer-lens", "engine transformer_lens", "pip install -e '.[engines]'"),
    ("nnsight", "engine nnsight", "pip install -e '.[engines]'"),
    ("plotly", "figures", "pip install -e '.[dashboard]'"),
    ("streamlit", "dashboard", "pip install -e '.[dashboard]'"),
    ("kaleido", "PNG and SVG figures, with Chromium", "pip install kaleido"),
    ("trl", "GRPO training", "pip install -e '.[train]'"),
    ("vllm", "fast rollouts, CUDA only", "pip install -e '.[vllm]'"),
    ("lm-eval", "lm-evaluation-harness", "pip install -e '.[lm-eval]'"),
    ("bitsandbytes", "checkpoints quantised to 4 or 8 bits", "pip install bitsandbytes"),
)

# Script of the interface's languages, and a language code by which fontconfig knows its fonts.
FONTS: Mapping[str, str] = {
    "Arabic": "ar",
    "Bengali": "bn",
    "Chinese": "zh-cn",
    "Cyrillic": "ru",
    "Hebrew": "he",
    "Japanese": "ja",
    "Korean": "ko",
}


def examine() -> pd.DataFrame:
    """Look at the installation.

    Returns:
        One row per component; columns ``component``, ``status``, ``version``, ``how to get it``.
    """
    rows = [
        python_row(sys.version_info[:3]),
        *torch_rows(),
        *requirement_rows(requirements()),
        *(optional_row(*entry) for entry in OPTIONAL),
        *program_rows(),
        *font_rows(installed_font_languages()),
        *machine_rows(Path.cwd()),
        checkpoint_row(Path.cwd(), _ROOT),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def python_row(version: tuple[int, ...]) -> Row:
    """Judge the interpreter's version."""
    text = ".".join(map(str, version))
    if tuple(version[:2]) < (3, 11):
        return Row("python", "missing", f"{text}, needs >=3.11", "install Python 3.11 or newer")
    return Row("python", "ok", text)


def requirements() -> list[Requirement]:
    """Return what the package declares it needs, without its extras."""
    try:
        declared = metadata.requires("interp") or []
    except metadata.PackageNotFoundError:
        file = _ROOT / "pyproject.toml"  # run from a clone that is not installed
        if not file.is_file():
            return []
        declared = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["dependencies"]
    parsed = []
    for text in declared:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # another distribution that happens to be called interp
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            parsed.append(requirement)
    return parsed


def requirement_rows(needed: Iterable[Requirement]) -> Iterator[Row]:
    """Hold what is installed against what is needed.

    A torch that fits is left to :func:`torch_rows`, which says more about it.
    """
    for requirement in needed:
        found = installed(requirement.name)
        remedy = f"pip install '{requirement.name}{requirement.specifier}'"
        is_torch = requirement.name == "torch"
        if is_torch and (found is None or requirement.specifier.contains(found, prereleases=True)):
            continue
        if found is None:
            yield Row(requirement.name, "missing", "", remedy)
        elif not requirement.specifier.contains(found, prereleases=True):
            yield Row(
                requirement.name, "missing", f"{found}, needs {requirement.specifier}", remedy
            )
        else:
            yield Row(requirement.name, "ok", found)


def optional_row(name: str, purpose: str, remedy: str) -> Row:
    """Report a package that only one feature needs."""
    found = installed(name)
    component = f"{name} ({purpose})"
    return Row(component, "ok", found) if found else Row(component, "absent", "", remedy)


def installed(name: str) -> str | None:
    """Return the installed version of a package, without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def torch_rows() -> Iterator[Row]:
    """Report PyTorch, its build, and the device that ``--device auto`` takes."""
    remedy = "see the README, section Install, for CPU-only and CUDA builds"
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Row("torch", "missing", str(error).splitlines()[0], remedy)
        return
    has_gpu = Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    if torch.version.hip:
        build = f"ROCm {torch.version.hip}"
    unused = has_gpu and not torch.cuda.is_available()
    version = f"{torch.__version__}, {build}"
    yield Row("torch", "note" if unused else "ok", version, f"a GPU is unused: {remedy}" * unused)
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties = torch.cuda.get_device_properties(index)
        memory = f"{properties.total_memory / _GIB:.0f} GiB"
        yield Row(f"device cuda:{index}", "ok", f"{properties.name}, {memory}")
    if torch.backends.mps.is_available():
        yield Row("device mps", "ok", platform.machine())
    threads = torch.get_num_threads()
    yield Row("device cpu", "ok", f"{threads} thread{'s' if threads > 1 else ''}")
    taken = "cpu"
    if torch.cuda.is_available():
        taken = "cuda"
    elif torch.backends.mps.is_available():
        taken = "mps"
    yield Row("device taken by --device auto", "ok", taken)


def program_rows() -> Iterator[Row]:
    """Report the programs that some features call."""
    compiler = next((p for p in ("c++", "g++", "clang++", "cl") if shutil.which(p)), None)
    yield _found(
        "C++ compiler (torch.compile in training)",
        compiler,
        "apt-get install g++, or the platform's build tools",
    )
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    yield _found(
        "Chromium (PNG and SVG figures, browser tests)",
        next((p for p in names if shutil.which(p)), None),
        "apt-get install chromium",
    )


def _found(component: str, program: str | None, remedy: str) -> Row:
    if program is None:
        return Row(component, "absent", "", remedy)
    return Row(component, "ok", str(shutil.which(program)))


def installed_font_languages() -> set[str] | None:
    """Return which of ``FONTS``' codes some installed font covers; ``None`` if nobody can tell."""
    if shutil.which("fc-list") is None:
        return None
    covered = set()
    for code in FONTS.values():
        try:
            done = subprocess.run(
                ["fc-list", f":lang={code}", "family"], capture_output=True, text=True, timeout=20
            )
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode == 0 and done.stdout.strip():
            covered.add(code)
    return covered


def font_rows(covered: set[str] | None) -> Iterator[Row]:
    """Report the scripts that static figures could not draw.

    Args:
        covered: codes with a font, from :func:`installed_font_languages`.
    """
    name = "fonts (static figures)"
    if covered is None:
        yield Row(name, "note", "unknown: no fc-list", "apt-get install fontconfig to find out")
        return
    lacking = [script for script, code in FONTS.items() if code not in covered]
    if lacking:
        yield Row(
            name,
            "absent",
            f"none for {', '.join(lacking)}",
            "apt-get install fonts-noto-core fonts-noto-cjk",
        )
    else:
        yield Row(name, "ok", f"{len(FONTS)} scripts")


def machine_rows(folder: Path) -> Iterator[Row]:
    """Report cores, memory, and the disk that ``folder`` is on."""
    affinity = getattr(os, "sched_getaffinity", None)  # the cores this process may use (Linux)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    yield Row("cores", "ok", str(cores))
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
        yield Row(
            "memory",
            "note" if memory < 4 else "ok",
            f"{memory:.1f} GiB",
            "4 GiB are needed for the demo" if memory < 4 else "",
        )
    except (AttributeError, ValueError, OSError):
        yield Row("memory", "note", "unknown on this platform")
    free = shutil.disk_usage(folder).free / _GIB
    yield Row(
        "free disk here",
        "note" if free < 2 else "ok",
        f"{free:.1f} GiB",
        "2 GiB are needed for the demo" if free < 2 else "",
    )


def checkpoint_row(*places: Path) -> Row:
    """Report the shipped checkpoint that ``interp demo`` analyses.

    Args:
        places: folders that may hold ``artifacts/base``, e.g. the clone.
    """
    for place in places:
        if (place / "artifacts" / "base" / "config.json").is_file():
            return Row("demo checkpoint", "ok", str(place / "artifacts" / "base"))
    return Row(
        "demo checkpoint",
        "absent",
        "",
        "it comes with a clone of the repository; or interp train base --out ckpt/base",
    )
