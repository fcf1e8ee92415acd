"""YAML that somebody else may have written: plain values only, as plans and policies are read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

MOST_CHARACTERS = 1 << 20


def load(text: str) -> Any:
    """The value that YAML or JSON says. Raises `ValueError` with one line that says what is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it is longer than {MOST_CHARACTERS:,} characters")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader that refuses aliases and duplicates
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error


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


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
