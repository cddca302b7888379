"""Networks of boxes: what comes out, what learns, and that they are saved and converted as they are."""

import numpy as np
import pytest

from boda.models.box_networks import answer_names, answering, box_network
from boda.models.cut import layer_depths
from boda.models.engine import Network, convert
from boda.models.keras_import import import_keras

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)


@pytest.fixture(scope="module", params=[("locate", 1), ("locate", 3), ("detect", 3)], ids=str)
def built(request):
    task, classes = request.param
    import_keras().utils.set_random_seed(0)
    return box_network("efficientnet_lite0", None, 64, task, classes, channels=16), task, classes


def test_the_answer_has_a_box_a_score_and_the_classes(built):
    model, task, classes = built

    if task == "detect":
        assert model.output_shape == (None, 64 + 16 + 4, 4 + classes)
    else:
        assert model.output_shape == (None, 5 if classes == 1 else 5 + classes)


def test_a_box_is_never_inside_out(built):
    model, _, _ = built
    answer = np.asarray(model(PICTURES.astype(np.float32)))
    x0, y0, x1, y1 = np.moveaxis(answer[..., :4], -1, 0)

    assert (x1 > x0).all()
    assert (y1 > y0).all()


def test_openvino_gives_what_keras_gives(built, tmp_path):
    model, task, classes = built
    names = answer_names(task, classes)
    convert(answering(model, task), tmp_path / "network.xml", names)
    (found,) = Network(tmp_path / "network.xml", outputs=names).run([PICTURES])
    answer = np.asarray(model(PICTURES.astype(np.float32)))

    if task == "detect":
        assert np.abs(found["boxes"] - answer[..., :4] * 64).max() < 1e-2
        assert np.abs(found["logits"] - answer[..., 4:]).max() < 1e-3
    else:
        assert np.abs(found["box"] - answer[:, :4]).max() < 1e-4
        assert np.abs(found["score"] - answer[:, 4:5]).max() < 1e-3
        assert ("logits" in found) == (classes > 1)


def test_a_saved_network_is_the_same_when_it_is_loaded(built, tmp_path):
    model, _, _ = built
    keras = import_keras()
    model.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")

    assert (np.asarray(loaded(PICTURES)) == np.asarray(model(PICTURES))).all()


def test_the_heads_layers_are_of_no_block(built):
    model, _, _ = built
    depths = layer_depths(model, "efficientnet_lite0")

    assert {depth for name, depth in depths.items() if name.startswith("box_")} == {0}
    assert depths["block15_project_bn"] == 2  # the last block of the table, which widens the map, is left out
    assert depths["block10_add"] == 7


def test_before_it_has_learned_a_head_has_no_opinion():
    """Else a fresh detector sees objects everywhere, its boxes degenerate, and it never learns; on real weights."""
    import_keras().utils.set_random_seed(0)
    detector = box_network("efficientnet_lite0", "pretrained", 64, "detect", 3)
    logits = np.asarray(detector(PICTURES.astype(np.float32)))[..., 4:]
    assert logits.max() < -2
    locator = box_network("efficientnet_lite0", "pretrained", 64, "locate", 1)
    box = np.asarray(locator(PICTURES.astype(np.float32)))[:, :4]
    assert np.abs(box - [0.25, 0.25, 0.75, 0.75]).max() < 0.1
