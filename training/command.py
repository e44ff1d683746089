"""What ``interp train cpt|sft|grpo`` does: cheap checks first, then the run, then what to do next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interp.cli.options import parse_languages
from interp.cli.session import open_study
from interp.errors import InterpError
from interp.study.spec import check_name
from interp.train_log import log_to_study
from training.configs import CptConfig, FactConfig, StageConfig, make_config
from training.run_folder import refuse_other_folder


def run_command(
    stage: str,
    model: str,
    out: Path,
    *,
    data: str,
    languages: str | None,
    preset: str,
    config: Path | None,
    settings: Sequence[str] | None,
    steps: int | None,
    seed: int | None,
    study: Path | None,
    label: str | None,
    threads: int | None,
    overwrite: bool,
    spec: dict[str, Any],
    skip_incomplete: bool = False,
    check_facts: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train one stage as the command line asks, or say what that would take.

    Raises:
        InterpError: anything wrong with options, data, checkpoint or folder.
    """
    if threads is not None and threads < 1:
        raise InterpError(f"--threads is {threads}: expected a number of at least 1")
    changes = parse_settings(settings or ())
    changes |= {} if steps is None else {"steps": steps}
    changes |= {} if seed is None else {"seed": seed}
    chosen = preset_for(model) if preset == "auto" else preset
    made = make_config(stage, chosen, file=config, changes=changes)
    codes = parse_languages(languages)
    _refuse_same_folder(model, out)
    refuse_other_folder(out)
    if label is not None:
        check_name("label", label)
    _check_model(made, model, spec)
    target = None
    if study is not None and not dry_run:
        target = open_study(study)  # refused now if at all
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    if dry_run:
        from training.dry_run import dry_run as estimate

        estimate(
            made, model, data, out, languages=codes, skip_incomplete=skip_incomplete,
            check_facts=check_facts, **spec,
        )  # fmt: skip
        return
    outcome = _train(made, model, data, out, codes, overwrite, skip_incomplete, check_facts, spec)
    from accelerate import PartialState

    if not PartialState().is_main_process:
        return
    if target is not None:
        log_to_study(out, target, label=label)
    print(_in_words(out, outcome.manifest, outcome.fresh))


def _train(
    config: StageConfig, model: str, data: str, out: Path, codes: tuple[str, ...] | None,
    overwrite: bool, skip_incomplete: bool, check_facts: str | None, spec: dict[str, Any],
) -> Any:  # fmt: skip
    if isinstance(config, CptConfig):
        from training.cpt import train_on_text

        return train_on_text(
            config, model, data, out, languages=codes, check_facts=check_facts,
            overwrite=overwrite, **spec,
        )  # fmt: skip
    from training.fact_stages import train_on_facts

    assert isinstance(config, FactConfig)
    return train_on_facts(
        config, model, data, out, languages=codes, skip_incomplete=skip_incomplete,
        overwrite=overwrite, **spec,
    )  # fmt: skip


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``field=value`` pairs.

    Raises:
        InterpError: one without an equals sign, or a field given twice.
    """
    read: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise InterpError(f"--set {text!r}: expected field=value, e.g. learning_rate=1e-4")
        if name in read:
            raise InterpError(f"--set names {name} twice: expected each field once")
        read[name] = value.strip()
    return read


def preset_for(model: str) -> str:
    """Choose ``organism`` for a base that ``interp train base`` made, else ``default``."""
    try:
        manifest = json.loads((Path(model) / "manifest.json").read_text(encoding="utf-8"))
        made_by = str(manifest["made_by"])
    except (OSError, ValueError, KeyError, TypeError):
        return "default"
    small = int(manifest.get("parameters", 0)) if made_by == "interp train base" else 0
    preset = manifest.get("config", {}).get("preset")
    return "organism" if small or preset == "organism" else "default"


def _refuse_same_folder(model: str, out: Path) -> None:
    if Path(model).exists() and Path(model).resolve() == out.resolve():
        raise InterpError(
            f"--out {out} is the checkpoint that is to be trained: expected another folder"
        )


def _check_model(config: StageConfig, model: str, spec: dict[str, Any]) -> None:
    """Refuse a wrong checkpoint or device before data are read, and long before weights are."""
    from interp.model.loading import check_checkpoint
    from training.stage import policy_spec

    check_checkpoint(policy_spec(model, config, **spec))


def _in_words(out: Path, manifest: dict[str, Any], fresh: bool) -> str:
    if not fresh:
        return f"{out}: this run was finished before; nothing was done"
    minutes = manifest["training_seconds"] / 60
    return (
        f"{out}: {manifest['updates']} updates, {manifest['tokens']:,} tokens, {minutes:.1f} min "
        f"({manifest['device_hours']:.2f} device-hours)\n"
        f"next: interp lape --model {out} (also lahis, lens); the log is {out}/train_log.jsonl"
    )
