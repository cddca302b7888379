import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from boda.box_answers import BoxModel
from boda.errors import ImageError, RunError
from boda.run import Run
from boda.sample import Sample
from box_model import make_detect_run, make_locate_run

RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)


def plain(colour, width=128, height=128):
    return np.full((height, width, 3), colour, np.uint8)


@pytest.fixture(scope="module")
def locator(locate_run):
    return BoxModel.load(locate_run)


@pytest.fixture(scope="module")
def detector(detect_run):
    return BoxModel.load(detect_run)


def test_one_box_a_picture_comes_in_the_pictures_own_pixels(locator):
    (answer,) = locator.predict([plain(RED, 200, 80)])

    np.testing.assert_allclose(answer.boxes, [[50, 0, 150, 80]], atol=1e-3)
    assert (answer.width, answer.height, answer.labels) == (200, 80, ("cat",))


def test_the_confidence_of_one_box_is_its_calibrated_score(tmp_path):
    run = make_locate_run(tmp_path / "run", calibration={"slope": 2.0, "offset": -1.0})
    (answer,) = BoxModel.load(run).predict([plain(BLUE)])

    assert answer.confidences == (pytest.approx(1 / (1 + np.exp(-1.0)), abs=1e-5),)


def test_the_class_of_one_box_is_that_of_the_highest_logit(locator):
    (answer,) = locator.predict([plain((0, 255, 0))])

    assert answer.labels == ("dog",)


def test_with_one_class_no_logits_are_wanted(tmp_path):
    model = BoxModel.load(make_locate_run(tmp_path / "run", classes=("cat",)))

    assert next(model.predict([plain(RED)])).labels == ("cat",)


def test_the_letterbox_is_undone(detector):
    (answer,) = detector.predict([plain(RED, 128, 64)])  # twice the view's 64 pixels wide, 16 above and below

    np.testing.assert_allclose(answer.boxes, [[32, 16, 96, 48]], atol=1e-3)
    assert answer.labels == ("red",)


def test_of_two_boxes_on_one_object_the_surer_stays(detector):
    (answer,) = detector.predict([plain(RED)])

    assert len(answer) == 1
    assert answer.confidences[0] == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)


def test_boxes_of_several_classes_come_the_surest_first(detector):
    (answer,) = detector.predict([plain((200, 0, 255))])

    assert answer.labels == ("blue", "red")
    assert list(answer.confidences) == sorted(answer.confidences, reverse=True)


def test_where_nothing_is_found_the_answer_is_empty_and_no_error(detector):
    (answer,) = detector.predict([plain(BLACK)])

    assert (len(answer), answer.boxes.shape, answer.error) == (0, (0, 4), None)


def test_boxes_never_leave_the_picture(detector):
    high = plain(BLUE, 64, 128)  # the second place lies half in the grey beside it
    (answer,) = detector.predict([high])

    np.testing.assert_allclose(answer.boxes, [[0, 40, 8, 60]], atol=1e-3)


def test_boxes_below_the_wanted_confidence_are_left_out(detector):
    shown, every = (list(detector.predict([plain(RED)], min_confidence=least)) for least in (0.99, 0.0))

    assert len(shown[0]) == 0
    assert len(every[0]) == 4  # three places, two classes; the third place lies on the first


def test_the_runs_threshold_decides_unless_another_is_given(tmp_path):
    run = make_detect_run(tmp_path / "run", calibration={"threshold": 0.99})

    assert len(next(BoxModel.load(run).predict([plain(RED)]))) == 0


def test_one_box_a_picture_is_given_whatever_its_confidence(tmp_path):
    run = make_locate_run(tmp_path / "run", calibration={"threshold": 0.99})
    model = BoxModel.load(run)

    assert len(next(model.predict([plain(RED)]))) == 1
    assert len(next(model.predict([plain(RED)], min_confidence=0.9))) == 0


def test_a_grown_box_is_larger_by_the_margin_on_every_side(locator):
    (answer,) = locator.predict([plain((128, 0, 0), 200, 255)], grow=0.9)

    np.testing.assert_allclose(answer.boxes, [[40, 0, 160, 128 * 1.1]], atol=1e-2)


def test_a_margin_for_another_level_is_refused(locator):
    with pytest.raises(RunError, match=r"margin is for 0\.9\. Received: grow=0\.95"):
        locator.predict([plain(RED)], grow=0.95)


def test_growing_boxes_of_many_a_picture_is_refused(detector):
    with pytest.raises(RunError, match="no margin: it finds many boxes a picture, or"):
        detector.predict([plain(RED)], grow=0.9)


def test_answers_come_in_order_with_errors_in_their_places(detector, tmp_path):
    (tmp_path / "bad.jpg").write_text("no picture")
    Image.fromarray(plain(RED)).save(tmp_path / "red.png")
    asked = [tmp_path / "bad.jpg", *[tmp_path / "red.png"] * 5, tmp_path / "nowhere.png", tmp_path, "a\0b"]
    answers = list(detector.predict(asked))

    assert [one.path for one in answers] == [str(path) for path in asked]
    assert [len(one) for one in answers] == [0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert "it seems to be text" in answers[0].error
    assert answers[6].error == "no such file or directory"
    assert answers[7].error == "a folder without pictures"


@pytest.mark.parametrize("array", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3))])
def test_an_array_that_is_no_rgb_picture_is_answered_with_an_error(array, detector):
    (answer,) = detector.predict([array])

    assert "an array must be uint8 (h, w, 3)" in answer.error


def test_nothing_is_answered_with_nothing(detector):
    assert list(detector.predict([])) == []


def test_raw_detections_keep_every_box_and_its_logit(detector):
    (found,) = detector.detections([Sample("red", plain(RED))])

    assert len(found) == 4
    assert found.scores[0] == pytest.approx(4, abs=1e-4)


def test_raw_detections_of_what_cannot_be_read_are_an_error(detector, tmp_path):
    (tmp_path / "bad.jpg").write_text("no picture")

    with pytest.raises(ImageError, match="not a picture"):
        list(detector.detections([Sample("bad", tmp_path / "bad.jpg")]))


def test_the_answer_as_json_is_plain(locator):
    (answer,) = locator.predict([plain(RED, 200, 80)])
    told = json.loads(json.dumps(answer.to_json()))

    assert list(told) == ["path", "width", "height", "boxes", "labels", "confidences"]
    assert told["boxes"] == [[50.0, 0.0, 150.0, 80.0]]
    assert replace(answer, error="lost").to_json() == {"path": "[0]", "error": "lost"}


def test_an_altered_network_is_refused(detect_run, tmp_path):
    shutil.copytree(detect_run.path, tmp_path / "run")
    (tmp_path / "run" / "calibration.json").write_text("{}")

    with pytest.raises(RunError, match=r"calibration\.json is not what the training wrote"):
        BoxModel.load(Run(tmp_path / "run"))


@pytest.mark.parametrize("calibration", [{"slope": -1.0}, {"slope": None}, {"offset": float("inf")}])
def test_a_calibration_that_cannot_be_is_refused(calibration, tmp_path):
    run = make_detect_run(tmp_path / "run", calibration=calibration)

    with pytest.raises(RunError, match="its description does not fit"):
        BoxModel.load(run)
