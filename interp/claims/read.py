"""Files of claims: strictly read, so that a slip of the pen is no silent absence of a claim."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from interp.claims.check import check_claim, shown
from interp.claims.claim import ROLES, Claim
from interp.errors import InterpError, unknown

_TOP = ("about", "roles", "defaults", "claims")


PACKAGED = Path(__file__).with_name("claims.yaml")
"""The paper's claims."""


def packaged_claims() -> list[Claim]:
    """Read the paper's claims, which come with the package."""
    return read_claims([PACKAGED])


def read_claims(paths: Iterable[Path]) -> list[Claim]:
    """Read files of claims.

    Args:
        paths: YAML files of one or several documents (parted by ``---``): ``claims``, a list of
            mappings whose keys are the attributes of `Claim`; optionally ``about`` (text),
            ``roles`` (further roles) and ``defaults`` (keys for every claim that does not give
            them).

    Returns:
        The claims in the files' order. One whose ``reported`` gives a number per language becomes
        one claim per language.

    Raises:
        InterpError: one line that names file, claim and key, what is there and what was expected.
    """
    found: list[Claim] = []
    for path in paths:
        found.extend(_read_file(Path(path)))
    where: dict[str, str] = {}
    for claim in found:
        if claim.id in where:
            raise InterpError(
                f"{claim.file}: claim {claim.id!r}: the id is also one of {where[claim.id]}; "
                "expected an id of its own"
            )
        where[claim.id] = claim.file
    return found


def _read_file(path: Path) -> list[Claim]:
    documents = _load(path)
    found: list[Claim] = []
    for content in documents:
        found.extend(_read_document(path, content, len(found)))
    if not found:
        raise InterpError(f"{path}: no claim, expected a mapping with the key claims")
    return found


def _read_document(path: Path, content: Any, before: int) -> list[Claim]:
    if not isinstance(content, dict):
        raise InterpError(
            f"{path}: a {type(content).__name__}, expected a mapping with the key claims"
        )
    for key in content:
        if key not in _TOP:
            raise unknown(f"key in {path}", key, _TOP)
    claims = content.get("claims")
    if not isinstance(claims, list) or not claims:
        raise InterpError(
            f"{path}: claims is {shown(claims)}, expected a list with at least one claim"
        )
    roles = content.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(one, str) and one for one in roles):
        raise InterpError(f"{path}: roles is {shown(roles)}, expected a list of names")
    defaults = content.get("defaults", {})
    if not isinstance(defaults, dict):
        raise InterpError(f"{path}: defaults is {shown(defaults)}, expected a mapping")
    found: list[Claim] = []
    for place, given in enumerate(claims, before + 1):
        if not isinstance(given, dict):
            raise InterpError(f"{path}: claim {place} is {shown(given)}, expected a mapping")
        found.extend(check_claim({**defaults, **given}, str(path), place, (*ROLES, *roles)))
    return found


def _load(path: Path) -> list[Any]:
    import yaml
    from yaml.constructor import ConstructorError

    class Loader(yaml.SafeLoader):
        """Refuses a key that is given twice, which YAML would silently take the last of."""

        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep)
            # what looks like a date or is tagged as a number, and is none: YAML lets it through
            except (ValueError, KeyError, AttributeError) as error:
                text = f"found {shown(node.value)}, which is no {node.tag.rpartition(':')[2]}"
                raise ConstructorError(None, None, text, node.start_mark) from error

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            is_mapping = isinstance(node, yaml.MappingNode)  # a list may be tagged as one
            keys = [key.value for key, _ in node.value] if is_mapping else []
            for key in keys:
                if keys.count(key) > 1:
                    line = node.start_mark.line + 1
                    raise InterpError(
                        f"{path}: the mapping at line {line} gives {key!r} twice, expected once"
                    )
            return super().construct_mapping(node, deep)

    try:
        return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader))
    except OSError as error:
        raise InterpError(f"claims {path}: cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise InterpError(
            f"claims {path}: expected YAML (lists or mappings are nested too deeply)"
        ) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InterpError(f"claims {path}: expected YAML ({reason})") from error
