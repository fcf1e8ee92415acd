"""Networks as they are written for ONNX Runtime: nodes and constants, put together by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Sizes = Mapping[str, Sequence[str | int]]

_OPSET = 17


class Graph:
    """Each method returns the name of what it gives; inputs are known by theirs."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def add(self, kind: str, inputs: Sequence[str], name: str = "", **attributes: Any) -> str:
        """A node of one output, of an operator of ONNX."""
        return self.node(kind, inputs, [name or f"{kind}-{len(self._nodes)}"], **attributes)[0]

    def node(self, kind: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any) -> Sequence[str]:
        """A node of an operator, with the names of its outputs."""
        from onnx import helper

        self._nodes.append(helper.make_node(kind, list(inputs), list(names), **attributes))
        return names

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """Values that do not change; the first of a name stay."""
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values).reshape(values.shape), name)
        return name

    def model(self, name: str, inputs: Sizes, outputs: Sizes, kind: type[np.generic] = np.float32) -> bytes:
        """The network as an ONNX model. Sizes that vary are names; inputs are of `kind`, outputs float32."""
        from onnx import TensorProto, helper

        given = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        places = [helper.make_tensor_value_info(place, given, list(size)) for place, size in inputs.items()]
        results = [
            helper.make_tensor_value_info(place, TensorProto.FLOAT, list(size)) for place, size in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, name, places, results, list(self._constants.values()))
        opsets = [helper.make_opsetid("", _OPSET)]
        made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
        return made
