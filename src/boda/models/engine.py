"""OpenVINO, which runs frozen networks: the one module that imports it, after its telemetry was silenced."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda import atomic
from boda.errors import RecipeError, RunError, WeightsError
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import keras

Precision = Literal["f32", "bf16"]
Dense = tuple[np.ndarray, np.ndarray, Literal["relu", "none"]]


def import_openvino() -> Any:
    """Import OpenVINO so that it sends, writes and starts nothing.

    Its tools fall back to their own silent stub where `openvino_telemetry` cannot be imported.
    Where the user imported OpenVINO before, that has happened already and is left as it is.
    """
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # importing it now raises ImportError
    import openvino

    return openvino


def convert(model: keras.Model, path: Path, names: Sequence[str] = ("map", "pooled")) -> None:
    """Write a Keras model as OpenVINO's `path` (.xml) and the .bin beside it, in float32, for batches of any size.

    Args:
        model: one input, and as many outputs as there are `names`.
        path: where to write; a file that is there is replaced.
        names: what the outputs are called from now on, in the model's order.
    """
    keras = import_keras()
    if keras.backend.backend() != "tensorflow":
        raise RecipeError(
            f"A network is converted on Keras's TensorFlow backend. Received: KERAS_BACKEND={keras.backend.backend()}. "
            "Unset it, or set it to tensorflow."
        )
    openvino = import_openvino()
    converted = openvino.convert_model(_concrete_function(model))
    for index, name in enumerate(names):
        tensor = f"Identity_{index}:0" if index else "Identity:0"  # TensorFlow's names, which keep the order
        converted.output(tensor).tensor.set_names({name})
    converted.input(0).tensor.set_names({"image"})
    save(_with_outputs(converted, names), Path(path))


def append_dense(path_in: Path, path_out: Path, layers: Sequence[Dense], output: str = "logits") -> None:
    """Put dense layers on the output `pooled` of a converted network; the outputs that it has stay.

    Args:
        path_in: what `convert` wrote.
        path_out: the network with one more output.
        layers: (W (in, out), b (out,), "relu" or "none") in order.
        output: name of the new output.
    """
    ops = import_openvino().opset13
    model = _read(Path(path_in))
    x = model.output("pooled").get_node().input_value(0)
    for weights, bias, activation in layers:
        _check_dense(x.get_partial_shape()[1].get_length(), weights, bias, activation)
        x = ops.matmul(x, ops.constant(weights.astype(np.float32)), transpose_a=False, transpose_b=False)
        x = ops.add(x, ops.constant(bias.astype(np.float32)[None]))
        x = (ops.relu(x) if activation == "relu" else x).output(0)
    x.get_tensor().set_names({output})
    model.add_results([ops.result(x)])
    save(model, Path(path_out))


class Network:
    """A converted network, ready to run on all cores.

    Args:
        path: the .xml file that `convert` or `append_dense` wrote.
        precision: "f32", or "bf16", which is faster where the processor has it and differs in the second digit.
        threads: how many cores to use; None takes what the variable BODA_THREADS says, else all.
        outputs: names of the outputs that are wanted; None takes all. What the others alone need is not computed.
        dtype: of the pictures that come; uint8 is the smaller.
        latency: True where one picture at a time must be answered soon, False where many come.

    Attributes:
        outputs: names of the outputs.
    """

    def __init__(
        self,
        path: Path,
        precision: Precision = "f32",
        threads: int | None = None,
        *,
        outputs: Sequence[str] | None = None,
        dtype: Literal["uint8", "float32"] = "uint8",
        latency: bool = False,
    ) -> None:
        openvino = import_openvino()
        model = _read(Path(path))
        if outputs is not None:
            model = _with_outputs(model, outputs)
        self.outputs = tuple(output.get_any_name() for output in model.outputs)
        self._dtype = np.dtype(dtype)
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY" if latency else "THROUGHPUT",
        }
        if threads := threads or int(os.environ.get("BODA_THREADS", "0")):
            options["INFERENCE_NUM_THREADS"] = threads
        self._compiled = openvino.Core().compile_model(_taking(model, self._dtype), "CPU", options)

    def run(self, batches: Iterable[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Run `batches`, (b, h, w, 3) each, several at a time; batches of 1 to 4 pictures are the fastest.

        Yields:
            Output name to array (b, ...), one dict a batch, in the order of the batches.
        """
        limit = 2 * self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        idle: list[Any] = []
        busy: deque[Any] = deque()
        try:
            for batch in batches:
                if len(busy) == limit:
                    idle.append(busy.popleft())
                    yield self._answer(idle[-1])
                request = idle.pop() if idle else self._compiled.create_infer_request()
                request.start_async({0: self._checked(batch)})
                busy.append(request)
            while busy:
                yield self._answer(busy.popleft())
        finally:
            for request in busy:
                request.wait()

    def _answer(self, request: Any) -> dict[str, np.ndarray]:
        request.wait()
        return {name: request.get_output_tensor(i).data.copy() for i, name in enumerate(self.outputs)}

    def _checked(self, batch: np.ndarray) -> np.ndarray:
        expected = self._compiled.input(0).partial_shape
        sides = tuple(expected[axis].get_length() for axis in range(1, len(expected)))
        if batch.dtype != self._dtype or batch.shape[1:] != sides:
            raise ValueError(
                f"Expected batches of {self._dtype} (b, {', '.join(map(str, sides))}). "
                f"Received: {batch.dtype} {batch.shape}"
            )
        return np.ascontiguousarray(batch)


def _concrete_function(model: keras.Model) -> Any:
    import tensorflow as tf

    def call(image: Any) -> list[Any]:
        return [tf.identity(x) for x in import_keras().tree.flatten(model(image, training=False))]

    spec = tf.TensorSpec(model.inputs[0].shape, model.inputs[0].dtype, name="image")
    return tf.function(call, autograph=False).get_concrete_function(spec)


def _read(path: Path) -> Any:
    openvino = import_openvino()
    try:
        return openvino.Core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise WeightsError(f"{path}: not a network that boda wrote, or its .bin is missing: {reason}") from error


def _with_outputs(model: Any, names: Sequence[str]) -> Any:
    """The part of `model` that the outputs `names` need, these in this order."""
    known = [output.get_any_name() for output in model.outputs]
    if unknown := sorted(set(names) - set(known)):
        raise WeightsError(f"The network has the outputs {', '.join(known)}. Received: outputs={unknown}")
    results = [model.output(name).get_node() for name in names]
    return import_openvino().Model(results, model.get_parameters(), model.get_friendly_name())


def _taking(model: Any, dtype: np.dtype[Any]) -> Any:
    """`model`, with its input converted from `dtype` inside the graph."""
    openvino = import_openvino()
    prepare = openvino.preprocess.PrePostProcessor(model)
    prepare.input().tensor().set_element_type(openvino.Type(dtype))
    prepare.input().preprocess().convert_element_type(openvino.Type.f32)
    return prepare.build()


def save(model: Any, path: Path) -> None:
    """Write OpenVINO's `model`: the .bin first, the .xml last, so that where there is an .xml both are whole."""
    with tempfile.TemporaryDirectory(prefix=".boda.", dir=path.parent) as folder:
        written = Path(folder) / "network.xml"
        try:
            import_openvino().save_model(model, written, compress_to_fp16=False)
        except RuntimeError as error:
            raise RunError(f"{path}: the network cannot be written; is the disk full? ({error})") from error
        path.unlink(missing_ok=True)
        atomic.write_bytes(path.with_suffix(".bin"), written.with_suffix(".bin").read_bytes())
        atomic.write_bytes(path, written.read_bytes())


def _check_dense(width: int, weights: np.ndarray, bias: np.ndarray, activation: str) -> None:
    if weights.shape != (width, *bias.shape) or activation not in {"relu", "none"}:
        raise ValueError(
            f"Expected weights ({width}, out), bias (out,) and 'relu' or 'none'. "
            f"Received: {weights.shape}, {bias.shape} and {activation!r}"
        )
