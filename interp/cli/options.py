"""The options that the analyses share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interp.errors import InterpError

DEFAULT_STUDY = Path("artifacts/study")

_CHECKPOINT = "Checkpoint"
_DATA = "Data"
_RUN = "Run"

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="Checkpoint spec: hub id, folder, or LoRA adapter (id or folder), with optional "
        "@revision.",
        rich_help_panel=_CHECKPOINT,
    ),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        help="Base of a LoRA adapter, instead of the one its config names.",
        rich_help_panel=_CHECKPOINT,
    ),
]
DtypeOption = Annotated[
    str,
    typer.Option(
        help="auto (as stored), float32, bfloat16 or float16.", rich_help_panel=_CHECKPOINT
    ),
]
DeviceOption = Annotated[
    str, typer.Option(help="auto, cpu, cuda, cuda:1, mps …", rich_help_panel=_CHECKPOINT)
]
DeviceMapOption = Annotated[
    str | None,
    typer.Option(
        help="Spread the layers over several devices, e.g. auto.", rich_help_panel=_CHECKPOINT
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(help="native, transformer_lens or nnsight.", rich_help_panel=_CHECKPOINT),
]
AttentionOption = Annotated[
    str | None,
    typer.Option(
        "--attn-implementation",
        metavar="NAME",
        help="How attention is computed: sdpa, eager, flex_attention, flash_attention_2, _3 or _4; "
        "transformers' own choice by default (sdpa where the family has it).",
        rich_help_panel=_CHECKPOINT,
    ),
]
CompileOption = Annotated[
    bool,
    typer.Option(
        "--compile",
        help="Run the model through torch.compile: minutes to compile, for long runs on a GPU.",
        rich_help_panel=_CHECKPOINT,
    ),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-remote-code",
        help="Run the code that a checkpoint brings.",
        rich_help_panel=_CHECKPOINT,
    ),
]
ArchitecturesOption = Annotated[
    Path | None,
    typer.Option(
        "--architectures",
        help="YAML file with rows for further model types.",
        rich_help_panel=_CHECKPOINT,
    ),
]
StudyOption = Annotated[
    Path, typer.Option(help="Folder of the study, made when absent.", rich_help_panel=_RUN)
]
ReadStudyOption = Annotated[Path, typer.Option(help="Folder of the study.", rich_help_panel=_RUN)]
LabelOption = Annotated[
    str | None,
    typer.Option(
        help="Short name of the checkpoint in the study; its folder's name by default.",
        rich_help_panel=_RUN,
    ),
]
StageOption = Annotated[
    str | None,
    typer.Option(
        help="base, cpt, sft, grpo or free text; read from the checkpoint's manifest, "
        "else the label.",
        rich_help_panel=_RUN,
    ),
]
PresetOption = Annotated[
    str, typer.Option(help="Named method options; see `interp presets`.", rich_help_panel=_RUN)
]
FactsOption = Annotated[
    str,
    typer.Option(help="cldr, polyfact:PATH|ID, klar:FOLDER or jsonl:FILE.", rich_help_panel=_DATA),
]
CorpusOption = Annotated[
    str,
    typer.Option(
        help="cldr, a folder of <lang>.jsonl, ted:FILE, flores:FOLDER or hub:ID[:CONFIG].",
        rich_help_panel=_DATA,
    ),
]
LanguagesOption = Annotated[
    str | None,
    typer.Option(
        help="Codes separated by commas; every language of the data by default.",
        rich_help_panel=_DATA,
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=1, help="Use only this many facts or units (for trying out).", rich_help_panel=_DATA
    ),
]
SplitOption = Annotated[
    str | None,
    typer.Option(help="train, validation or test; all by default.", rich_help_panel=_DATA),
]
AgainstOption = Annotated[
    str | None,
    typer.Option(
        help="Label to compare with, fact by fact; the study's base by default, where it answered "
        "the same facts.",
        rich_help_panel=_RUN,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="Also write every table as CSV into this folder.", rich_help_panel=_RUN),
]
LanguageSetsOption = Annotated[
    Path | None,
    typer.Option(
        help="YAML file {split: {group: [code, …]}} with further groups of languages to average "
        "over.",
        rich_help_panel=_DATA,
    ),
]
BatchSizeOption = Annotated[
    str, typer.Option(help="auto, or a number of sequences.", rich_help_panel=_RUN)
]
SeedOption = Annotated[int, typer.Option(help="Seed of every random choice.", rich_help_panel=_RUN)]
OverwriteOption = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Run again although this run is in the study; the old run "
        "stays and is marked superseded.",
        rich_help_panel=_RUN,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Say what the run would take (tokens, time, memory, disk) without reading the "
        "weights; nothing is computed or written.",
        rich_help_panel=_RUN,
    ),
]


def parse_languages(text: str | None) -> tuple[str, ...] | None:
    """Split ``en,de`` into codes; ``None`` means every language of the data."""
    if text is None:
        return None
    codes = tuple(code.strip() for code in text.split(",") if code.strip())
    if not codes:
        raise InterpError("--languages is empty: expected codes separated by commas, e.g. en,de,zh")
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise InterpError(f"--languages names {', '.join(repeated)} twice: expected each code once")
    return codes


def number_or_word(text: str | None) -> str | int | None:
    """Read a whole number, and leave anything else as it is."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 19 else text


def parse_batch_size(text: str) -> str | int:
    """Read ``auto`` or a positive number of sequences."""
    if text == "auto":
        return text
    if not text.isdecimal() or len(text) > 9 or int(text) < 1:  # thousands of digits are no number
        raise InterpError(
            f"--batch-size {text!r:.40}: expected auto or a whole number of at least 1"
        )
    return int(text)
