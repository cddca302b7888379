"""The metric of boxes: means and shares over all that it has seen, within and without `fit`."""

import keras
import numpy as np
import pytest

import boda
from boda import boxes
from boda.errors import RecipeError

TRUE = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 2, 2]], np.float32)
FOUND = np.array([[0, 0, 2, 2], [0, 0, 2, 1], [5, 5, 6, 6]], np.float32)  # IoU 1, 1/2 and 0


def test_without_a_threshold_it_is_the_mean_iou():
    assert float(boda.BoxIoU()(TRUE, FOUND)) == pytest.approx(0.5)


def test_with_a_threshold_it_is_the_share_that_reaches_it():
    assert float(boda.BoxIoU(0.5)(TRUE, FOUND)) == pytest.approx(2 / 3)
    assert float(boda.BoxIoU(0.51)(TRUE, FOUND)) == pytest.approx(1 / 3)


def test_batches_of_unequal_size_count_by_their_pairs():
    metric = boda.BoxIoU()
    metric.update_state(TRUE[:1], FOUND[:1])
    metric.update_state(TRUE[1:], FOUND[1:])

    assert float(metric.result()) == pytest.approx(0.5)


def test_it_forgets_when_reset():
    metric = boda.BoxIoU()
    metric.update_state(TRUE, FOUND)
    metric.reset_state()
    metric.update_state(TRUE[:1], FOUND[:1])

    assert float(metric.result()) == 1.0


def test_samples_count_by_their_weights():
    metric = boda.BoxIoU()
    metric.update_state(TRUE, FOUND, sample_weight=[1.0, 3.0, 0.0])

    assert float(metric.result()) == pytest.approx((1 + 1.5) / 4)


def test_several_boxes_a_sample_are_averaged():
    metric = boda.BoxIoU()
    metric.update_state(np.stack([TRUE, TRUE]), np.stack([FOUND, TRUE]))

    assert float(metric.result()) == pytest.approx(0.75)


def test_boxes_without_area_count_zero():
    assert float(boda.BoxIoU()(np.zeros((2, 4)), np.zeros((2, 4)))) == 0.0


@pytest.mark.parametrize("box_format", ["cxcywh", "xywh"])
def test_a_format_changes_nothing(box_format):
    given = [boxes.convert(some, "xyxy", box_format) for some in (TRUE, FOUND)]

    assert float(boda.BoxIoU(box_format=box_format)(*given)) == pytest.approx(0.5)


def test_two_metrics_merge():
    first, second = boda.BoxIoU(), boda.BoxIoU()
    first.update_state(TRUE[:1], FOUND[:1])
    second.update_state(TRUE[1:], FOUND[1:])
    for mine, other in zip(first.variables, second.variables, strict=True):
        mine.assign_add(other)

    assert float(first.result()) == pytest.approx(0.5)


def test_fit_shows_it_beside_the_loss():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, use_bias=False, kernel_initializer="identity")])
    model.compile(keras.optimizers.SGD(0.0), loss=boda.GIoULoss(), metrics=[boda.BoxIoU(), boda.BoxIoU(0.5)])

    history = model.fit(FOUND, TRUE, batch_size=2, validation_data=(FOUND[:1], TRUE[:1]), verbose=0).history

    assert history["box_iou"] == pytest.approx([0.5])
    assert history["box_iou_50"] == pytest.approx([2 / 3])
    assert history["val_box_iou"] == pytest.approx([1.0])


def test_a_callback_knows_that_more_is_better():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    model.compile("sgd", loss=boda.GIoULoss(), metrics=[boda.BoxIoU()])
    stop = keras.callbacks.EarlyStopping("box_iou", patience=1)
    model.fit(FOUND, TRUE, verbose=0, callbacks=[stop])

    assert stop.monitor_op is keras.ops.greater


def test_it_comes_back_from_its_config():
    given = boda.BoxIoU(0.75, "cxcywh", name="mine")

    made = keras.metrics.deserialize(keras.metrics.serialize(given))

    assert isinstance(made, boda.BoxIoU)
    assert made.get_config() == given.get_config()


def test_a_threshold_beyond_one_is_refused():
    with pytest.raises(RecipeError, match=r"threshold must be None, or an IoU from 0 to 1. Received: 50"):
        boda.BoxIoU(50)


def test_what_is_no_box_is_refused():
    with pytest.raises(RecipeError, match=r"must both be \(\.\.\., 4\).*Received: \(3,\) and \(3, 4\)"):
        boda.BoxIoU().update_state(np.zeros(3), FOUND)
