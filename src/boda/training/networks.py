"""Networks made once: a backbone becomes an OpenVINO file in the cache, whole or not at all."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from boda import atomic
from boda.atomic import file_digest
from boda.models import backbones
from boda.models.efficientnet_lite import SHA256
from boda.models.engine import convert
from boda.models.lite_network import write_embedded
from boda.models.weights_file import check_size
from boda.progress import say
from boda.training.cache import NEW, cache_folder, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from boda.recipe import Recipe


def feature_network(recipe: Recipe) -> tuple[Path, str]:
    """The recipe's backbone without its top, converted now or earlier, and a hash of all that it depends on."""
    key = key_of("network 1", weights_key(recipe.backbone, recipe.weights), metadata.version("openvino"))
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
        write_embedded(path)
        return
    from boda.models.assemble import feature_model
    from boda.models.keras_import import import_keras

    _say_converting(recipe.backbone)
    if recipe.weights is None:
        import_keras().utils.set_random_seed(0)
    convert(feature_model(recipe.backbone, recipe.weights), path)


def _write_as_is(path: Path, name: str) -> None:
    if backbones.get(name).embedded:
        write_embedded(path, include_top=True)
        return
    from boda.models.assemble import build_classifier_as_is

    _say_converting(name)
    convert(build_classifier_as_is(name), path, ("logits",))


def _say_converting(name: str) -> None:
    say(f"Converting {name} for OpenVINO, once; this takes some seconds.")
