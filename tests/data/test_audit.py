"""What a look finds, and what it says of it."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from boda.data import audit as room
from boda.data.audit import audit, scan
from boda.data.folders import walk
from boda.data.looks import look_through
from boda.data.split import Split
from boda.errors import ImageError
from boda.sample import BadFile, Dataset, Sample


def photo(seed, size=(96, 80)):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def put(tmp_path):
    """Write a picture (a seed or an image) and return its sample."""

    def write(name, picture=0, label="a", part=None, quality=90):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (photo(picture) if isinstance(picture, int) else picture).save(path, quality=quality)
        return Sample(name, path, label, part)

    return write


def names(groups):
    return [[member.name for member in group] for group in groups]


def silent(items, what, total=None):  # noqa: ARG001 - what `track` takes
    return items


def test_the_same_bytes_are_an_exact_group_and_no_near_one(put):
    with audit([put("1.jpg"), put("2.jpg", 1), put("3.jpg")]) as found:
        assert names(found.exact_groups()) == [["1.jpg", "3.jpg"]]
        assert names(found.near_groups()) == []


def test_re_encoded_scaled_and_mirrored_copies_are_one_near_group(put):
    samples = [
        put("1.jpg"),
        put("2.jpg", quality=40),
        put("3.png", photo(0).resize((48, 40))),
        put("4.jpg", ImageOps.mirror(photo(0)), quality=60),
        put("5.jpg", 1),
    ]

    with audit(samples) as found:
        assert names(found.near_groups()) == [["1.jpg", "2.jpg", "3.png", "4.jpg"]]
        assert names(found.exact_groups()) == []


def test_a_copy_in_two_parts_is_a_leak(put):
    samples = [
        put("train/1.jpg", part="train"),
        put("val/1.jpg", part="val", quality=50),
        put("val/2.jpg", 1, part="val"),
    ]

    with audit(samples) as found:
        assert names(found.leaks()) == [["train/1.jpg", "val/1.jpg"]]
        assert any(
            "train/1.jpg (train) and val/1.jpg (val). The score on them will be too good" in w for w in found.warnings()
        )


def test_a_copy_with_two_labels_is_a_conflict(put):
    with audit([put("1.jpg", label="cat"), put("2.jpg", label="dog")]) as found:
        assert names(found.conflicts()) == [["1.jpg", "2.jpg"]]
        assert any("is one of the labels wrong" in w for w in found.warnings())


def test_a_copy_without_a_label_conflicts_with_nothing(put):
    with audit([put("1.jpg", label="cat"), put("2.jpg", label=None)]) as found:
        assert names(found.conflicts()) == []


def test_a_truncated_file_is_bad_though_its_header_is_whole(put):
    sample = put("1.jpg")
    sample.image.write_bytes(sample.image.read_bytes()[:-200])

    with audit([sample]) as deep, audit([sample], deep=False) as shallow:
        assert [bad.name for bad in deep.bad()] == ["1.jpg"]
        assert list(shallow.bad()) == []


def test_a_missing_file_is_bad_and_says_so():
    with audit([Sample("gone.jpg", Path("gone.jpg"), "a"), BadFile("x.txt", "no picture")]) as found:
        assert list(found.bad()) == [
            BadFile("gone.jpg", "cannot be opened: No such file or directory"),
            BadFile("x.txt", "no picture"),
        ]


def test_a_bad_file_that_a_table_would_run_is_quoted(tmp_path):
    with audit([BadFile("=cmd", "why"), BadFile("é, \udcff", "b")]) as found:
        found.write_bad(tmp_path / "bad.csv")

    assert (tmp_path / "bad.csv").read_text(encoding="utf-8") == 'file,reason\n\'=cmd,why\n"é, \\udcff",b\n'


def test_flat_pictures_are_counted_and_are_no_copies_of_each_other(put):
    white = [put(f"{i}.png", Image.new("RGB", (64, 64), (255 - i,) * 3)) for i in range(3)]

    with audit(white) as found:
        assert (found.flat_count, names(found.near_groups())) == (3, [])


def test_pictures_below_32_pixels_are_compared_by_their_bytes_only(put):
    tiny = [put("1.png", photo(0, (28, 28))), put("2.jpg", photo(0, (28, 28))), put("3.png", photo(0, (28, 28)))]

    with audit(tiny) as found:
        assert names(found.exact_groups()) == [["1.png", "3.png"]]
        assert names(found.near_groups()) == []


def test_a_camera_that_never_moves_makes_no_group(put):
    rng = np.random.default_rng(0)
    scene = np.asarray(photo(0)).astype(int)
    frames = [
        Image.fromarray(np.clip(scene + rng.integers(-9, 9, scene.shape), 0, 255).astype(np.uint8)) for _ in range(24)
    ]

    with audit([put(f"{i}.png", frame) for i, frame in enumerate(frames)]) as found:
        assert found.groups.alike == 24
        assert names(found.near_groups()) == []
        assert any("a camera that never moves" in warning for warning in found.warnings())


def test_the_summary_counts_by_part_and_class(put):
    samples = [
        put("1.jpg", 1, "a", "train"),
        put("2.png", photo(2, (50, 40)), ("a", "b"), "train"),
        put("3.jpg", 3, "b", "val"),
        BadFile("4.jpg", "damaged"),
    ]

    with audit(samples) as found:
        summary = json.loads(json.dumps(found.to_json()))

    assert summary["n"] == 3
    assert summary["counts"] == {"train": {"a": 2, "b": 1}, "val": {"b": 1}}
    assert summary["formats"] == {"JPEG": 2, "PNG": 1}
    assert summary["sizes"]["width"] == {"min": 50, "median": 96.0, "max": 96}
    assert summary["bad"] == [{"name": "4.jpg", "reason": "damaged"}]
    assert summary["bad_count"] == 1
    assert summary["imbalance"] == 1.0
    assert summary["leaks"] == []


def test_an_empty_folder_has_a_summary_too():
    with audit([]) as found:
        assert found.to_json()["sizes"]["width"] == {"min": 0, "median": 0, "max": 0}


def test_each_thing_to_mend_is_said_in_words_with_what_to_do(put):
    samples = [put(f"{i}.png", photo(i, (40, 40)), "cat") for i in range(10)]
    samples += [put("d1.png", photo(98, (400, 300)), "dog"), put("d2.png", photo(99, (400, 300)), "dog")]

    with audit([*samples, BadFile("x.jpg", "it is truncated")]) as found:
        said = "\n".join(found.warnings())

    assert "1 file cannot be read and will be left out, such as x.jpg (it is truncated)." in said
    assert "Few pictures in dog (2)." in said
    assert "cat has 5 times as many pictures as dog" in said
    assert "10 pictures are below 64 pixels on a side." in said
    assert "Sizes are mixed: 40 to 400 pixels" in said


def test_nothing_is_said_where_all_is_well(put):
    with audit([put(f"{i}.jpg", i, "ab"[i % 2]) for i in range(20)]) as found:
        assert found.warnings() == []


def test_the_temporary_folder_goes_with_the_audit(put):
    with audit([put("1.jpg")]) as found:
        folder = found.records.folder
        assert folder.is_dir()

    assert not folder.exists()


def test_looks_come_in_the_order_of_the_samples(put):
    samples = [put(f"{i}.jpg", photo(i, (800, 800) if i == 0 else (32, 32))) for i in range(40)]

    assert [seen.sample.name for seen in look_through(samples, threads=3)] == [f"{i}.jpg" for i in range(40)]


def test_only_a_few_samples_are_taken_ahead(put):
    sample, taken = put("1.jpg"), []

    def endless():
        while True:
            taken.append(1)
            yield sample

    looks = look_through(endless(), threads=2)
    next(looks)
    looks.close()

    assert len(taken) < 40


def test_ctrl_c_stops_the_threads_and_removes_the_temporary_folder(put, monkeypatch):
    sample, folders = put("1.jpg"), []
    made = room.Records
    monkeypatch.setattr(room, "Records", lambda: folders.append(made()) or folders[-1])

    def interrupted(items, what, total=None):  # noqa: ARG001
        yield next(iter(items))
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        audit([sample] * 5000, progress=interrupted)

    assert time.monotonic() - began < 2
    assert not folders[0].folder.exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("boda-look")]


def dataset(*samples):
    return Dataset(samples, tuple(sorted({sample.label for sample in samples})))


def test_a_scan_moves_damaged_samples_to_the_bad_and_groups_the_rest(put):
    broken = put("2.jpg", 2)
    broken.image.write_bytes(b"no picture")
    kept, found = scan(dataset(put("1.jpg"), broken, put("3.jpg", 3), put("4.jpg", quality=50)), progress=silent)

    assert [sample.name for sample in kept] == ["1.jpg", "3.jpg", "4.jpg"]
    assert [bad.name for bad in kept.bad] == ["2.jpg"]
    assert found.group_ids.tolist() == [0, 1, 0]
    assert found.sizes.tolist() == [[96, 80]] * 3
    assert [len(digest) for digest in found.digests] == [64] * 3
    assert found.bad_csv(kept).startswith("file,reason\n2.jpg,")


def test_a_scan_with_on_bad_error_names_the_first_bad_file(put):
    broken = put("2.jpg")
    broken.image.write_bytes(b"")

    with pytest.raises(ImageError, match=r"^2\.jpg: .*on_bad=\"skip\""):
        scan(dataset(put("1.jpg"), broken), on_bad="error")


def test_a_scan_takes_arrays():
    array = np.asarray(photo(0))
    _, found = scan(dataset(Sample("0", array, "a"), Sample("1", array.copy(), "a"), Sample("2", array[:, ::-1], "b")))

    assert found.group_ids.tolist() == [0, 0, 0]
    assert found.digests[0] == found.digests[1] != found.digests[2]


def test_an_array_of_another_kind_is_bad():
    kept, _ = scan(dataset(Sample("0", np.zeros((4, 4)), "a")))

    assert kept.bad == (BadFile("0", "an array must be uint8 (h, w, 3); this one is float64 (4, 4)"),)


def test_a_scan_s_summary_has_the_parts_of_the_split(put):
    kept, found = scan(dataset(put("1.jpg"), put("2.jpg", quality=50), put("3.jpg", 3)))
    split = Split({"train": ("1.jpg", "3.jpg"), "val": ("2.jpg",)}, 0, "by hand")

    summary = found.to_json(kept, split)

    assert summary["counts"] == {"train": {"a": 2}, "val": {"a": 1}}
    assert summary["leaks"] == [["1.jpg", "2.jpg"]]


PEAK = """
import resource, sys
from pathlib import Path
from boda.data.audit import audit
from boda.progress import Settings
from boda.sample import Sample
Settings.quiet = True
folder = Path(sys.argv[1])
n = int(sys.argv[2])
with audit(Sample(f"{i}", folder / f"{i}.png", "a") for i in range(n)) as found:
    found.to_json()
    assert len(found) == n
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_hardly_grows_with_the_number_of_pictures(tmp_path):
    for i in range(10_000):
        photo(i, (32, 32)).save(tmp_path / f"{i}.png")

    few, many = (
        int(subprocess.run([sys.executable, "-c", PEAK, tmp_path, str(n)], check=True, capture_output=True).stdout)
        for n in (2_000, 10_000)
    )

    assert many < 1.1 * few


@pytest.mark.data
def test_the_copies_among_real_flowers_are_found_and_nothing_else(data_dir):
    with audit(walk(data_dir / "flowers"), progress=silent) as found:
        assert found.bad_count == 0
        assert len(names(found.exact_groups())) == 2
        assert len(names(found.near_groups())) == 8
        assert found.leaks_count == 4
