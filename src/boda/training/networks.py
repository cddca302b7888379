"""Networks made once: a backbone becomes an OpenVINO file in the cache, whole or not at all."""

from __future__ import annotations

import atexit
import hashlib
import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda import atomic
from boda.atomic import file_digest
from boda.models import backbones
from boda.models.cut import trunk, trunk_of
from boda.models.efficientnet_lite import SHA256
from boda.models.engine import convert
from boda.models.lite_network import write_embedded
from boda.models.weights_file import check_size
from boda.progress import say
from boda.training.cache import NEW, cache_folder, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras

    from boda.recipe import Recipe

FRESH_SEED = 0  # of a network with fresh weights that stays frozen, the same wherever it is built


def feature_network(recipe: Recipe) -> tuple[Path, str]:
    """The recipe's backbone without its top, converted now or earlier, and a hash of all that it depends on."""
    size = f"{backbones.side(recipe.backbone, recipe.size)} pixels"
    key = key_of("network 2", weights_key(recipe.backbone, recipe.weights), size, metadata.version("openvino"))
    return _made_once(_place(recipe.backbone, key), lambda made: _write_features(made, recipe)), key


def weights_key(name: str, weights: str | None) -> str:
    """What the weights of the backbone `name` are, as far as it is known without reading them into a network."""
    row = backbones.get(name)
    if weights is None:
        return f"{name}, fresh"
    if weights != "pretrained":
        check_size(Path(weights))
        return f"{name}, file {file_digest(Path(weights))}"
    return f"{name}, pretrained {'embedded ' + SHA256 if row.weights is None else row.weights.url + row.weights.digest}"


def as_is_network(name: str) -> Path:
    """The whole pretrained network `name`, with its 1000 ImageNet classes, converted now or earlier."""
    key = key_of("as is 1", weights_key(name, "pretrained"), metadata.version("openvino"))
    return _made_once(_place(f"{name}-as-is", key), lambda path: _write_as_is(path, name))


def cut_network(name: str, model: keras.Model, layer: str) -> tuple[Path, str]:
    """What lies below a cut, converted now or earlier: one output `cut`, (n, h, w, c) float32; and its key.

    The key is a hash of the backbone, the size of its pictures, the layer, OpenVINO's version and the values of all
    weights below the cut, so that a trunk which was itself trained gets a network of its own.

    Args:
        name: the backbone's, a row of `BACKBONES`.
        model: flat, from RGB (n, size, size, 3), 0 to 255, with any head on it.
        layer: the cut, as `cut_layer` names it.
    """
    below = trunk(model, layer)
    size = "x".join(map(str, model.input.shape[1:3]))
    key = key_of("cut 1", name, size, layer, metadata.version("openvino"), _weights_digest(below))
    return _made_once(_place(f"{name}-cut", key), lambda made: _write_cut(made, below, name)), key


def cut_networks(name: str, model: keras.Model, layers: Sequence[str]) -> tuple[Path, str]:
    """As `cut_network`, at several layers: outputs `cut_0`, `cut_1` and so on, in their order."""
    below = trunk_of(model, layers)
    size = "x".join(map(str, model.input.shape[1:3]))
    key = key_of("cuts 1", name, size, *layers, metadata.version("openvino"), _weights_digest(below))
    return _made_once(_place(f"{name}-cuts", key), lambda made: _write_cuts(made, below, name)), key


def cut_names(layers: Sequence[str]) -> tuple[str, ...]:
    """The outputs of `cut_networks`."""
    return tuple(f"cut_{number}" for number in range(len(layers)))


def _made_once(path: Path, write: Callable[[Path], None]) -> Path:
    """`path`, written by `write` where it is missing or torn: in a folder of its own that is then renamed, whole.

    Where another process was faster, its network is taken; where the cache cannot be used, the network is made in a
    temporary folder, and that is said.
    """
    if _is_whole(path):
        return path
    try:
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=NEW, dir=path.parent.parent))
    except OSError as error:
        say(f"The cache {cache_folder()} cannot be used ({error.strerror}); the network is made for this time only.")
        scratch = Path(tempfile.mkdtemp(prefix="boda-"))
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        return _written(scratch / path.name, write)
    try:
        _written(scratch / path.name, write)
        scratch.rename(path.parent)
    except OSError:
        if not _is_whole(path):
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return path


def _written(path: Path, write: Callable[[Path], None]) -> Path:
    """`path` after `write`, with the hashes of its files beside it."""
    write(path)
    atomic.write_json(path.with_suffix(".json"), {p.name: file_digest(p) for p in (path, path.with_suffix(".bin"))})
    return path


def _is_whole(path: Path) -> bool:
    try:
        digests = json.loads(path.with_suffix(".json").read_text("utf-8"))
        return all(file_digest(path.with_name(name)) == digest for name, digest in digests.items())
    except (OSError, ValueError, AttributeError):
        return False


def _place(name: str, key: str) -> Path:
    return cache_folder() / "networks" / f"{name}-{key[:24]}" / "network.xml"


def _write_features(path: Path, recipe: Recipe) -> None:
    """The embedded network is written without Keras, whose import costs seconds; the others are converted."""
    if recipe.weights == "pretrained" and backbones.get(recipe.backbone).embedded:
        write_embedded(path, recipe.size)
        return
    from boda.models.assemble import feature_model
    from boda.models.keras_import import import_keras

    _say_converting(recipe.backbone)
    if recipe.weights is None:
        import_keras().utils.set_random_seed(FRESH_SEED)
    convert(feature_model(recipe.backbone, recipe.weights, recipe.size), path)


def _write_as_is(path: Path, name: str) -> None:
    if backbones.get(name).embedded:
        write_embedded(path, include_top=True)
        return
    from boda.models.assemble import build_classifier_as_is

    _say_converting(name)
    convert(build_classifier_as_is(name), path, ("logits",))


def _write_cut(path: Path, below: keras.Model, name: str) -> None:
    _say_converting(f"{name} up to {below.output_names[0]}")
    convert(below, path, ("cut",))


def _write_cuts(path: Path, below: keras.Model, name: str) -> None:
    _say_converting(f"{name} up to {' and '.join(below.output_names)}")
    convert(below, path, cut_names(below.outputs))


def _weights_digest(model: keras.Model) -> str:
    """SHA-256 over the name, shape and values of each of the model's weights, in order."""
    whole = hashlib.sha256()
    for layer in model.layers:
        for weight in layer.weights:
            value = np.ascontiguousarray(weight.numpy())
            whole.update(f"{layer.name}/{weight.name} {value.dtype} {value.shape}:".encode() + value.tobytes())
    return whole.hexdigest()


def _say_converting(name: str) -> None:
    say(f"Converting {name} for OpenVINO, once; this takes some seconds.")
