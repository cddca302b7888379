"""Tiny Runs of boxes that can predict: networks of OpenVINO's own operations, whose answers follow from colours."""

import json

import numpy as np

from boda.models.engine import import_openvino, save
from boda.run import Run

SIDE = 64
MARGIN = {"level": 0.9, "pixels_relative": 0.1, "n": 40}
# A detector of two places in the view: the first sees red, the second blue; the third is the first again.
PLACES = [[16.0, 24.0, 48.0, 40.0], [0.0, 20.0, 20.0, 30.0], [16.0, 24.0, 48.0, 40.0]]


def make_locate_run(path, *, classes=("cat", "dog"), calibration=None, resize="squash"):
    """One box a picture: x from a quarter to three quarters, y from 0 to the share of red; the score is that of blue.

    The class is the second where there is more green than red.
    """
    run = _start(path, "locate", classes, resize)
    openvino, ops, image, mean = _colours()
    weights = np.zeros((3, 4), np.float32)
    weights[0, 3] = 1
    box = ops.add(_times(ops, mean, weights), np.array([[0.25, 0, 0.75, 0]], np.float32))
    score = ops.reduce_sum(_times(ops, mean, np.array([[0], [0], [1]], np.float32)), [1], keep_dims=False)
    outputs = {"box": box, "score": score}
    if len(classes) > 1:
        outputs["logits"] = _times(ops, mean, np.array([[1, 0], [0, 1], [0, 0]], np.float32))
    return _finish(run, openvino, image, outputs, {"threshold": 0.0, "margin": MARGIN, **(calibration or {})})


def make_detect_run(path, *, classes=("red", "blue"), calibration=None, resize="letterbox"):
    """Three places; the logits of class 0 follow red, those of class 1 blue, from -4 to 4."""
    run = _start(path, "detect", classes, resize)
    openvino, ops, image, mean = _colours()
    weights = np.zeros((3, 6), np.float32)
    weights[0, 0], weights[2, 3], weights[0, 4] = 8, 8, 7
    flat = ops.add(_times(ops, mean, weights), np.full((1, 6), -4, np.float32))
    logits = ops.reshape(flat, np.array([-1, 3, 2]), special_zero=False)
    nothing = ops.reshape(_times(ops, mean, np.zeros((3, 12), np.float32)), np.array([-1, 3, 4]), special_zero=False)
    boxes = ops.add(nothing, np.array([PLACES], np.float32))
    outputs = {"boxes": boxes, "logits": logits}
    return _finish(run, openvino, image, outputs, {"threshold": 0.5, **(calibration or {})})


def _colours():
    """Input (n, SIDE, SIDE, 3), and its mean colours (n, 3), 0 to 1, of the half of the view in the middle."""
    openvino = import_openvino()
    ops = openvino.opset13
    image = ops.parameter([-1, SIDE, SIDE, 3], np.float32, name="image")
    quarter = SIDE // 4
    middle = ops.slice(image, [quarter], [3 * quarter], [1], [1])
    mean = ops.reduce_mean(middle, [1, 2], keep_dims=False)
    return openvino, ops, image, ops.multiply(mean, np.array([1 / 255], np.float32))


def _times(ops, colours, weights):
    return ops.matmul(colours, weights, transpose_a=False, transpose_b=False)


def _start(path, task, classes, resize):
    run = Run.create(path, task=task, seed=0)
    run.update(classes=list(classes), view={"size": SIDE, "resize": resize}, precision="f32")
    (path / "model").mkdir()
    return run


def _finish(run, openvino, image, outputs, calibration):
    results = []
    for name, node in outputs.items():
        node.output(0).get_tensor().set_names({name})
        results.append(openvino.opset13.result(node))
    save(openvino.Model(results, [image], "boxes"), run.path / "model" / "network.xml")
    told = {"kind": "logistic", "slope": 1.0, "offset": 0.0, **calibration}
    (run.path / "calibration.json").write_text(json.dumps(told))
    run.finish()
    return run
