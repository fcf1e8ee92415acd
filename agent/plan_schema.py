"""The JSON Schema of a plan made of certain tools: what a model that keeps to a schema cannot help but answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playhead.tools.contract import Tool

_MOST_STEPS, _MOST_VALUES = 6, 20
_REFERENCE = {"type": "string", "pattern": r"^\$[a-z][a-z0-9_.\[\]]*$"}
_KEPT = ("type", "enum")


def plan_schema(tools: Mapping[str, Tool[Any, Any]]) -> dict[str, Any]:
    """Steps with the tools there are and their arguments, or questions. What fits may still have faults."""
    steps = {
        "type": "array",
        "minItems": 1,
        "maxItems": _MOST_STEPS,
        "items": {"anyOf": [_step(tool) for tool in tools.values()]},
    }
    questions = {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "string"}}
    inputs = _object({"video": {"type": "string"}}, [])  # the one that plans have of themselves
    return {"anyOf": [_object({"inputs": inputs, "steps": steps}), _object({"questions": questions})]}


def _step(tool: Tool[Any, Any]) -> dict[str, Any]:
    said = tool.schema()
    properties = {name: _value(about, said.get("$defs", {})) for name, about in said["properties"].items()}
    name = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,20}$"}
    args = _object(properties, said.get("required", []))
    return _object({"name": name, "tool": {"const": tool.name}, "args": args})


def _value(about: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """A literal or a reference; of what only earlier steps can make, a reference."""
    about = named[about["$ref"].rpartition("/")[2]] if "$ref" in about else about
    options = [option for option in about.get("anyOf", [about]) if option.get("type") != "null"]
    plain = [_plain(option, named) for option in options]
    return {"anyOf": [*(one for one in plain if one), _REFERENCE]}


def _plain(about: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    if about.get("type") == "object":
        return {}
    kept = {key: about[key] for key in _KEPT if key in about}
    return kept | {"items": _value(about["items"], named), "maxItems": _MOST_VALUES} if "items" in about else kept


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    needed = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
