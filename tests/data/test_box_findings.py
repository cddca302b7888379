"""What is odd about boxes, on boxes that are odd in one way each."""

import json

import numpy as np
import pytest

from boda.boxes import pairwise_iou
from boda.data.box_advice import box_advice
from boda.data.box_census import Census
from boda.data.box_findings import KINDS, absent, centres, faults, findings, nested_pairs, odd_boxes, touches_border
from boda.data.box_view import BoxView
from boda.sample import BadFile, Dataset, Sample

PLACE = BoxView(320, "letterbox").place
NETWORK = {"size": 320, "resize": "letterbox"}


def census(*pictures, classes=("bee", "fly"), size=(320, 320), parts=None):
    """One picture a list of boxes (x0, y0, x1, y1, class)."""
    samples = []
    for i, boxes in enumerate(pictures):
        array = np.array([box[:4] for box in boxes], float).reshape(-1, 4)
        names = tuple(box[4] if len(box) > 4 else classes[0] for box in boxes)
        part = parts[i] if parts else None
        label = tuple(sorted(set(names)))
        samples.append(Sample(f"{i}.jpg", np.zeros((1, 1, 3)), label, part, boxes=array, box_labels=names))
    return Census.of(Dataset(tuple(samples), classes, "detect"), {sample.name: size for sample in samples})


def odd(seen):
    return [(each.kind, each.file, each.object) for each in odd_boxes(seen, PLACE)]


LARGE = (50, 50, 150, 150)


def test_a_sound_box_is_not_odd():
    assert odd(census([LARGE], [])) == []


@pytest.mark.parametrize(("width", "height", "is_tiny"), [(7, 90, True), (90, 7, True), (12, 12, False)])
def test_a_box_below_8_pixels_as_the_network_sees_it_is_tiny(width, height, is_tiny):
    found = odd(census([(10, 10, 10 + width, 10 + height)]))

    assert found == ([("tiny", "0.jpg", "object 1")] if is_tiny else [])


def test_tiny_is_told_from_the_size_that_the_network_sees():
    assert odd(census([(10, 10, 40, 40)], size=(3200, 3200))) == [("tiny", "0.jpg", "object 1")]  # 3 pixels there
    assert odd(census([(1, 1, 6, 6)], size=(20, 20))) == []  # 80 pixels there


def test_a_box_below_a_thousandth_of_the_picture_is_tiny():
    assert odd(census([(10, 10, 19, 19)])) == [("tiny", "0.jpg", "object 1")]  # 81 of 102,400 pixels


def test_the_same_box_twice_is_a_duplicate_and_the_later_one_is_told():
    assert odd(census([LARGE, LARGE])) == [("duplicated", "0.jpg", "object 2")]


def test_the_same_box_of_two_classes_is_not_odd():
    assert odd(census([(*LARGE, "bee"), (*LARGE, "fly")])) == []


def test_a_box_within_another_of_its_class_is_nested():
    assert odd(census([(60, 60, 90, 90), LARGE])) == [("nested", "0.jpg", "object 1")]


def test_a_box_within_another_of_another_class_is_not_odd():
    assert odd(census([(60, 60, 90, 90, "fly"), (*LARGE, "bee")])) == []


def test_boxes_of_different_pictures_are_never_compared():
    assert odd(census([LARGE], [LARGE])) == []


def test_nested_pairs_are_those_of_a_loop_over_all_boxes(monkeypatch):
    monkeypatch.setattr("boda.data.box_findings.PAIRS", 50)
    rng = np.random.default_rng(0)
    pictures = []
    for n in rng.integers(0, 9, 40):
        low = rng.uniform(0, 60, (n, 2))
        corners = np.concatenate([low, low + rng.uniform(5, 120, (n, 2))], axis=1)
        pictures.append([(*box, "bee" if rng.random() < 0.7 else "fly") for box in corners])
    seen = census(*pictures)
    expected = set()
    for a in range(len(seen)):
        for b in range(len(seen)):
            if a != b and seen.picture[a] == seen.picture[b] and seen.labels[a] == seen.labels[b]:
                small, large = seen.boxes[a], seen.boxes[b]
                overlap = np.minimum(small[2:], large[2:]) - np.maximum(small[:2], large[:2])
                inside = np.maximum(overlap, 0).prod() >= 0.99 * seen.sides[a].prod()
                if inside and seen.sides[a].prod() < seen.sides[b].prod():
                    expected.add((a, b))

    inner, outer, same = nested_pairs(seen)

    assert expected
    assert set(zip(inner.tolist(), outer.tolist(), strict=True)) == expected
    assert (same == (np.diag(pairwise_iou(seen.boxes[inner], seen.boxes[outer])) > 0.95)).all()


def test_a_box_at_the_edge_is_told_from_one_within():
    seen = census([(0.5, 50, 90, 90), (50, 50, 320, 90), LARGE])

    assert touches_border(seen).tolist() == [True, True, False]


def test_centres_are_counted_in_rows_from_the_top():
    seen = census([(300, 0, 320, 20)])

    assert np.argwhere(centres(seen)).tolist() == [[0, 15]]


def test_a_class_that_a_part_lacks_is_named():
    seen = census([LARGE], [(*LARGE, "fly"), LARGE], parts=["val", "train"])

    assert absent(seen) == [("fly", "val")]


@pytest.mark.parametrize("name", ["bee", "a bee (queen): inverted", "여왕벌"])
def test_what_a_reader_did_to_a_box_is_found_in_its_words(name):
    told = BadFile("a.xml", f"object 2 ({name}): partly outside the picture of 9 x 9: 0, 0 to 99, 9; clipped")

    (one,) = faults([told])

    assert (one.kind, one.file, one.object, one.label) == ("partly outside", "a.xml", "object 2", name)
    assert one.what.endswith("0, 0 to 99, 9; clipped")


def test_a_file_that_a_reader_left_out_is_no_odd_box():
    other = BadFile("b.jpg", "no XML file describes it, not even one without objects; left out")

    found = findings(census([LARGE]), [other], PLACE)

    assert all(not told["count"] for told in found["odd"].values())
    assert found["other_bad"] == [{"name": "b.jpg", "reason": other.reason}]


def test_findings_can_be_said_in_json_even_of_no_box_at_all():
    for seen in (census([LARGE, LARGE], []), census([])):
        told = json.loads(json.dumps(findings(seen, [], PLACE), allow_nan=False))

        assert tuple(told["odd"]) == KINDS
        assert told["unlabelled_count"] == 1


def test_many_odd_boxes_are_counted_and_the_first_hundred_listed():
    found = findings(census(*[[(0, 0, 2, 2)]] * 120), [], PLACE)

    assert found["odd"]["tiny"]["count"] == 120
    assert len(found["odd"]["tiny"]["listed"]) == 100


def advice(seen, bad=()):
    return " ".join(box_advice(findings(seen, bad, PLACE), NETWORK))


PLENTY = [[(40, 40, 60, 60 + i), (90, 40, 140, 80), (200, 50, 280, 90)] for i in range(30)]


def test_where_all_is_well_there_is_no_advice():
    assert advice(census(*PLENTY, classes=("bee",))) == ""


def test_one_class_is_fine_and_a_class_without_boxes_is_told():
    assert "No picture has a box of fly" in advice(census(*PLENTY))


def test_few_boxes_of_a_class_are_told():
    assert "Few boxes of bee (1)" in advice(census([LARGE], classes=("bee",)))


def test_a_class_that_is_missing_in_a_part_is_told():
    seen = census([LARGE], [(*LARGE, "fly"), LARGE], parts=["val", "train"])

    assert "No boxes of fly in val." in advice(seen)


def test_uneven_classes_are_told_in_boxes():
    seen = census(*PLENTY, [(*LARGE, "fly")])

    assert "bee has 90 times as many boxes as fly" in advice(seen)


def test_a_picture_without_a_box_is_told_by_its_name():
    assert "1 picture without a box (30.jpg)" in advice(census(*PLENTY, []))


def test_a_duplicate_is_told_with_file_and_object():
    assert "1 object was marked twice, such as 0.jpg, object 2" in advice(census([LARGE, LARGE]))


def test_many_tiny_boxes_call_for_a_larger_size_instead_of_a_look_at_each():
    few, many = census(*PLENTY, [(5, 5, 8, 8)]), census(*[[(5, 5, 8, 8)]] * 60)

    assert "1 box is tiny" in advice(few)
    assert "--set size=640" in advice(many)


def test_dropped_boxes_are_told_with_the_first():
    bad = [BadFile("a.xml", "object 2 (bee): inverted: 9, 0 to 1, 9; dropped")]

    assert "1 box cannot be used and was dropped (inverted), such as a.xml, object 2" in advice(census(*PLENTY), bad)
