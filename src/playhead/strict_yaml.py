"""YAML: that which somebody else may have written, plain values only, as plans and policies are read; and our own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

MOST_CHARACTERS = 1 << 20
_LONGEST_NUMBER = 1000
_REFUSED = (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError, OverflowError)
"""What PyYAML raises; the last three where a tag such as `!!bool` stands before what is none."""


def load(text: str) -> Any:
    """The value that YAML or JSON says. Raises `ValueError` with one line that says what is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it is longer than {MOST_CHARACTERS:,} characters")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader that refuses aliases and duplicates
    except _REFUSED as error:
        raise ValueError(" ".join(_fault(error).split())[:300] or "a value is not what its tag says") from error


def ours(text: str | bytes) -> Any:
    """What a file of this package says; by libyaml where PyYAML has it, which takes a tenth of the time."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _fault(error: Exception) -> str:
    """What PyYAML found, and where, without what it was doing at the time."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and (mark := error.problem_mark):
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return "" if isinstance(error, LookupError | AttributeError) else str(error)


class _Loader(yaml.SafeLoader):
    """Plain YAML: no aliases, which can blow a small file up, no key twice, no dates."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        table = super().construct_mapping(node, deep)
        if len(table) < len(keys):
            twice = next(key for key, count in Counter(keys).items() if count > 1)
            raise yaml.YAMLError(f"{twice!r} is there twice")
        return table


def _number(loader: _Loader, node: Any) -> Any:
    """A number; one of a megabyte of digits, or of sixtieths of sixtieths, would take minutes."""
    if isinstance(node, yaml.ScalarNode) and len(node.value) > _LONGEST_NUMBER:
        raise yaml.YAMLError(f"a number has more than {_LONGEST_NUMBER} characters")
    whole = node.tag == "tag:yaml.org,2002:int"
    return loader.construct_yaml_int(node) if whole else loader.construct_yaml_float(node)


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _number)

_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
