"""Reads the data standard: what ships in the package, then what a workspace adds to it.

An extension may add events, fields, attributes, objects, identifier types, synonyms, aliases and required fields.
It may not change what something already there means (its type, its personal class, whether it identifies), because
data of that meaning is in the pool already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from onepool.standards.build import KINDS, Builder
from onepool.standards.errors import StandardError
from onepool.standards.standard import Standard

BUILTIN_FILES = ("fields.yaml", "events.yaml", "objects.yaml", "attributes.yaml", "identifiers.yaml", "channels.yaml")


class _Plain(yaml.SafeLoader):
    """YAML that refuses a key written twice; the second would silently win otherwise."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same, read by libyaml where PyYAML comes with it: ten times as fast, but sparing in what it says is wrong."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        line = key_node.start_mark.line + 1
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"`{key}` is written twice, in lines {seen[key]} and {line}", key_node.start_mark
            )
        seen[key] = line
    return dict(loader.construct_pairs(node, deep=True))


for _one in (_Plain, _Loader):
    _one.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping written in `text`.

    Raises:
        StandardError: not YAML, a key written twice, or not a mapping at the top.
    """
    try:
        data = _read(text)
    except yaml.YAMLError as error:
        raise StandardError([f"{where}: this is not valid YAML: {error}"]) from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise StandardError([f"{where}: expected sections ({', '.join(KINDS)}), found {type(data).__name__}"])
    return data


def _read(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (a subclass of a safe loader)
    except yaml.YAMLError:
        return yaml.load(text, _Plain)  # noqa: S506  says where and what


def load_standard(extra: Sequence[Path | Mapping[str, Any]] = ()) -> Standard:
    """The built-in standard with the workspace's extensions, checked.

    Args:
        extra: YAML files, folders of them (read in order of name), or mappings of the same shape.

    Raises:
        StandardError: naming file, place and what to write instead, for every fault found.
    """
    sources = list(_sources(extra))
    return _build(sources) if sources else _builtin()


@cache
def _builtin() -> Standard:
    return _build([])


@cache
def _builtin_data() -> tuple[tuple[str, dict[str, Any]], ...]:
    folder = resources.files("onepool.standards") / "builtin"
    texts = {f"builtin/{name}": (folder / name).read_text(encoding="utf-8") for name in BUILTIN_FILES}
    return tuple((where, parse_yaml(text, where)) for where, text in texts.items())


def _sources(extra: Sequence[Path | Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, source in enumerate(extra, 1):
        if isinstance(source, Mapping):
            yield f"extension {number}", source
            continue
        path = Path(source)
        files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if path.is_dir() else [path]
        for file in files:
            try:
                text = file.read_text(encoding="utf-8")
            except OSError as error:
                raise StandardError([f"{file}: can't be read: {error.strerror}"]) from error
            except UnicodeDecodeError as error:
                raise StandardError([f"{file}: is not UTF-8; save it as UTF-8"]) from error
            yield file.name, parse_yaml(text, file.name)


def _build(extensions: Sequence[tuple[str, Mapping[str, Any]]]) -> Standard:
    builder = Builder()
    for where, shipped in _builtin_data():
        builder.add(where, shipped)
    for where, data in extensions:
        builder.add(where, data)
    return builder.finish()
