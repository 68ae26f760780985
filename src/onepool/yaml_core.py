"""YAML of definition files as YAML 1.2's core reads it: `yes`, `no`, `on` and `off` are words, `12:30` is a text.

PyYAML reads YAML 1.1, where they are true and false: a map `{yes: paid, no: unpaid}` had other keys than were written;
and `12:30` is 750 there, `0012` ten. Numbers that begin with zeros are texts here: a store's number is one.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_BOOL: Final = "tag:yaml.org,2002:bool"
_TEXT: Final = "tag:yaml.org,2002:str"
_INT: Final = "tag:yaml.org,2002:int"
_FLOAT: Final = "tag:yaml.org,2002:float"


class _Core(yaml.SafeLoader):
    """Only true and false are booleans; what stands before a colon is text, as it is written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                key.tag = _TEXT
        return super().construct_mapping(node, deep)


_Core.yaml_implicit_resolvers = {
    first: [one for one in known if one[0] not in (_BOOL, _INT, _FLOAT)]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Core.add_implicit_resolver(_BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Core.add_implicit_resolver(_INT, re.compile(r"(?:[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$"), list("-+0123456789"))
_Core.add_implicit_resolver(
    _FLOAT,
    re.compile(
        r"(?:[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


class _Written(_Core):
    """Nothing is read into a bare word but null: `0012` keeps its zeros, `12:30` is no number."""


_Written.yaml_implicit_resolvers = {
    first: [one for one in known if one[0] in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_all(text: str) -> list[Any]:
    """The documents of a text. Raises yaml.YAMLError."""
    return list(yaml.load_all(text, _Core))


def load(text: str) -> Any:
    """The one document of a text. Raises yaml.YAMLError."""
    return yaml.load(text, _Core)  # noqa: S506  a subclass of the safe loader


def load_written(text: str) -> Any:
    """The one document of a text, whose scalars are texts as they are written, or None. Raises yaml.YAMLError."""
    return yaml.load(text, _Written)  # noqa: S506  a subclass of the safe loader
