"""The groups of options that analyses share: one field here is one option of every one of them.

A command names a group as the type of a parameter, and gets it filled::

    @with_choices
    def command(*, weights: EngineChoice, run: RunChoice, top: Annotated[int, typer.Option()] = 3):
        spec = checkpoint(weights, run)

``with_choices`` shows typer the fields of the groups as if they were parameters of the command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

from interp.cli import options as o


@dataclass(frozen=True, kw_only=True)
class OneDeviceChoice:
    """Which weights, and how they are held in memory."""

    model: o.ModelOption
    base: o.BaseOption = None
    dtype: o.DtypeOption = "auto"
    device: o.DeviceOption = "auto"
    attn_implementation: o.AttentionOption = None
    trust_remote_code: o.TrustOption = False
    architectures: o.ArchitecturesOption = None


@dataclass(frozen=True, kw_only=True)
class ModelChoice(OneDeviceChoice):
    """The same, for analyses that can work on a model spread over several devices."""

    device_map: o.DeviceMapOption = None


@dataclass(frozen=True, kw_only=True)
class EngineChoice(ModelChoice):
    """The same, for analyses that several engines can do."""

    engine: o.EngineOption = "native"


@dataclass(frozen=True, kw_only=True)
class LookingChoice(EngineChoice):
    """The same, for analyses that only look: they edit nothing and need no gradient."""

    compiled: o.CompileOption = False


@dataclass(frozen=True, kw_only=True)
class RecordChoice:
    """Where a run is kept, and under which name."""

    study: o.StudyOption = o.DEFAULT_STUDY
    label: o.LabelOption = None
    stage: o.StageOption = None
    overwrite: o.OverwriteOption = False
    dry_run: o.DryRunOption = False


@dataclass(frozen=True, kw_only=True)
class RunChoice(RecordChoice):
    """The same, and what every analysis of ours asks beside its own options."""

    preset: o.PresetOption = "default"
    languages: o.LanguagesOption = None
    limit: o.LimitOption = None
    batch_size: o.BatchSizeOption = "auto"
    seed: o.SeedOption = 0

    def rows(self) -> str | int:
        """The batch size: ``auto`` or a number of sequences."""
        return o.parse_batch_size(self.batch_size)

    def codes(self) -> tuple[str, ...] | None:
        """The languages; None means every language of the data."""
        return o.parse_languages(self.languages)


def with_choices(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the groups among a command's parameters into options.

    Args:
        command: a function whose parameters are keyword-only; those annotated with a dataclass
            are groups.

    Returns:
        A function with an option in place of every field, which calls the command with the groups
        put together again.

    Raises:
        TypeError: two groups, or a group and the command, have an option of the same name.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    options: list[Parameter] = []
    for name, own in signature(command).parameters.items():
        options += _options(groups[name]) if name in groups else [own]

    @wraps(command)
    def filled(**given: Any) -> None:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(**given)

    names = [option.name for option in options]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TypeError(f"one name for several options: {', '.join(sorted(twice))}")
    for kind in groups.values():
        hints |= get_type_hints(kind, include_extras=True)
    shown = [option.replace(annotation=hints[option.name]) for option in options]
    vars(filled)["__signature__"] = Signature(shown)  # what typer reads
    filled.__annotations__ = {option.name: option.annotation for option in shown}
    return filled


def _options(kind: Any) -> list[Parameter]:
    """One keyword-only parameter per field of a group."""
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field))
        for field in fields(kind)
    ]


def _default(field: Field[Any]) -> Any:
    return Parameter.empty if field.default is MISSING else field.default
