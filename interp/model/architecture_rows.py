"""Rows of the architecture table that a user gives in a YAML file.

Example, where ``like`` starts from a row that is known::

    cohere:
      like: llama
      resid_mid: null
      logit_scale: logit_scale
    my_family:
      like: gpt_neox
      variants:
        - {attribute: use_parallel_residual, equals: false, set: {resid_mid: ln_2}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interp.errors import InterpError, unknown
from interp.model.architectures import ARCHITECTURES, Architecture, Variant
from interp.plain_yaml import read_yaml
from interp.printable import brief

_OPTIONAL = {
    "mlp_up",
    "fused",
    "resid_mid",
    "final_norm",
    "project_out",
    "soft_cap",
    "logit_scale",
    "logit_divisor",
}
_FIELDS = tuple(f.name for f in fields(Architecture) if f.name != "model_type")
_PATHS = tuple(name for name in _FIELDS if name not in ("flattened", "fused", "variants"))


def load_architectures(file: str | Path | None) -> Mapping[str, Architecture]:
    """The table with a user's rows added; a row for a known family replaces it.

    Args:
        file: YAML file of ``model_type: {field: value}``, or ``None``.

    Returns:
        ``model_type`` to row, read-only.

    Raises:
        InterpError: for a file that cannot be read, or a row with an unknown field or bad value.
    """
    if file is None:
        return ARCHITECTURES
    content = read_yaml(Path(file), "architectures file")
    if not isinstance(content, dict) or not content:
        raise InterpError(
            f"architectures file {str(file)!r}: expected rows 'model_type: {{field: value}}'"
        )
    table = dict(ARCHITECTURES)
    for model_type, given in content.items():
        table[str(model_type)] = _row(str(file), str(model_type), given, table)
    return MappingProxyType(table)


def _row(file: str, model_type: str, given: Any, known: Mapping[str, Architecture]) -> Architecture:
    where = f"architectures file {file!r}, row {model_type!r}"
    if not isinstance(given, dict):
        raise InterpError(f"{where}: expected 'field: value' pairs, got {type(given).__name__}")
    values = dict(given)
    like = values.pop("like", "llama")
    if like not in known:
        raise unknown(f"architecture in {where}: like", like, sorted(known))
    variants = values.pop("variants", None)
    _check_values(where, values)
    row = replace(known[like], model_type=model_type, **values)
    if variants is None:
        return row
    if not isinstance(variants, list):
        raise InterpError(f"{where}: variants must be a list of {{attribute, equals, set}}")
    return replace(row, variants=tuple(_variant(where, variant) for variant in variants))


def _variant(where: str, given: Any) -> Variant:
    keys = {"attribute", "equals", "set"}
    if not isinstance(given, dict) or set(given) != keys or not isinstance(given["set"], dict):
        raise InterpError(
            f"{where}: a variant has exactly attribute, equals and set, got {brief(given)}"
        )
    _check_values(f"{where}, variant {given['attribute']!r}", given["set"])
    return Variant(str(given["attribute"]), given["equals"], MappingProxyType(dict(given["set"])))


def _check_values(where: str, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in _FIELDS:
            raise unknown(f"field in {where}:", name, ("like", *_FIELDS))
        if value is None and name in _OPTIONAL:
            continue
        if name == "flattened" and not isinstance(value, bool):
            raise InterpError(f"{where}: flattened is true or false, got {brief(value)}")
        if name == "fused" and value != "gate_first":
            raise unknown(f"value of fused in {where}:", value, ("gate_first", "null"))
        if name in _PATHS and (not isinstance(value, str) or not value):
            raise InterpError(f"{where}: {name} is a dotted module path, got {brief(value)}")
