"""Damaged and hostile label files end in a LabelError or in faults, never in another error."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boda.data.coco import parse_coco
from boda.data.voc import parse_voc
from boda.data.yolo import parse_yolo
from boda.data.yolo_data import parse_yaml
from boda.errors import LabelError

VOC = b"<annotation><size><width>4</width></size><object><name>a</name><bndbox/></object></annotation>"
PARSERS = {"voc": (parse_voc, VOC), "coco": (parse_coco, b'{"images": []}'), "yaml": (parse_yaml, b"names: [a]")}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)


def objects(*names):
    """Objects that may lack any of the entries `names`, or hold anything in them."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANYTHING))


IMAGES = objects("id", "file_name", "width", "height")
ROWS = objects("id", "image_id", "category_id", "bbox", "iscrowd")
CATEGORIES = objects("id", "name")


@pytest.mark.parametrize("format_", sorted(PARSERS))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_altered_bytes_are_a_label_error_or_faults(format_, data):
    parse, whole = PARSERS[format_]
    at = data.draw(st.integers(0, len(whole)))
    altered = whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + data.draw(st.integers(0, 4)) :]

    with contextlib.suppress(LabelError):
        parse(altered)


@given(st.lists(IMAGES, max_size=2), st.lists(ROWS, max_size=3), st.lists(CATEGORIES, max_size=2))
@settings(max_examples=40, deadline=None)
def test_coco_entries_of_any_kind_are_faults(images, annotations, categories):
    whole = json.dumps({"images": images, "annotations": annotations, "categories": categories})

    parsed = parse_coco(whole.encode())

    told = len(parsed.faults) + sum(len(p.rows) + len(p.faults) + p.crowds for p in parsed.pictures)
    assert told >= len(annotations)


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_each_line_is_a_row_or_a_fault(text):
    rows, faults = parse_yolo(text, {0: "a"})

    assert len(rows) + len(faults) == sum(bool(line.strip()) for line in text.splitlines())


def test_elements_a_hundred_thousand_deep_do_no_harm():
    deep = b"<annotation>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</annotation>"

    assert parse_voc(deep)[2] == []
