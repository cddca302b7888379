import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boda.errors import WeightsError
from boda.models import engine, imagenet
from boda.models.assemble import feature_model
from boda.models.keras_import import import_keras
from boda.models.lite_network import write_embedded


@pytest.fixture(scope="module")
def tiny_model():
    """A network small enough to run at once: one convolution, its map and its mean."""
    keras = import_keras()
    image = keras.Input((6, 5, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, [maps, keras.layers.GlobalAveragePooling2D()(maps)])


@pytest.fixture(scope="module")
def tiny(tiny_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "network.xml"
    engine.convert(tiny_model, path)
    return path


def pictures(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 6, 5, 3), dtype=np.uint8)


def test_a_converted_network_answers_as_keras_does(tiny, tiny_model):
    maps, pooled = tiny_model.predict_on_batch(pictures(7).astype("float32"))

    (answer,) = engine.Network(tiny).run([pictures(7)])

    np.testing.assert_allclose(answer["map"], maps, atol=1e-5)
    np.testing.assert_allclose(answer["pooled"], pooled, atol=1e-5)


def test_a_network_with_its_head_is_converted_with_all_three_outputs(tiny_model, tmp_path):
    maps, pooled = tiny_model.outputs
    logits = import_keras().layers.Dense(3, name="answers")(pooled)
    whole = import_keras().Model(tiny_model.input, [maps, pooled, logits])
    engine.convert(whole, tmp_path / "whole.xml", ("map", "pooled", "logits"))

    (answer,) = engine.Network(tmp_path / "whole.xml").run([pictures(5)])

    expected = whole.predict_on_batch(pictures(5).astype("float32"))
    for name, wanted in zip(("map", "pooled", "logits"), expected, strict=True):
        np.testing.assert_allclose(answer[name], wanted, atol=1e-5)


def test_answers_come_in_the_order_of_the_batches_whatever_their_sizes(tiny):
    network = engine.Network(tiny)
    batches = [pictures(n, seed=n) for n in (1, 9, 2, 4, 1, 1, 30, 3, 1, 2, 5)]

    together = [answer["pooled"] for answer in network.run(batches)]

    alone = [next(network.run([batch]))["pooled"] for batch in batches]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_answers_do_not_change_when_the_next_one_comes(tiny):
    answers = engine.Network(tiny).run(pictures(1, seed=seed) for seed in range(40))

    first = next(answers)["pooled"]
    before = first.copy()
    list(answers)

    np.testing.assert_array_equal(first, before)


def test_only_a_few_batches_are_taken_ahead(tiny):
    taken = []

    def batches():
        for seed in range(1000):
            taken.append(seed)
            yield pictures(1, seed=seed)

    answers = engine.Network(tiny, threads=2).run(batches())
    next(answers)

    assert len(taken) < 20
    answers.close()


def test_an_error_of_the_producer_arrives(tiny):
    def batches():
        yield pictures(2)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(engine.Network(tiny).run(batches()))


def test_no_batches_give_no_answers(tiny):
    assert list(engine.Network(tiny).run([])) == []


def test_only_the_wanted_outputs_are_answered(tiny):
    (answer,) = engine.Network(tiny, outputs=("pooled",)).run([pictures(2)])

    assert list(answer) == ["pooled"]


def test_an_unknown_output_is_refused(tiny):
    with pytest.raises(WeightsError, match=r"outputs map, pooled\. Received: outputs=\['logits'\]"):
        engine.Network(tiny, outputs=("logits",))


@pytest.mark.parametrize("batch", [pictures(2).astype("float32"), pictures(2)[:, 1:], pictures(2)[0]])
def test_a_batch_of_another_kind_is_refused(tiny, batch):
    with pytest.raises(ValueError, match=r"Expected batches of uint8 \(b, 6, 5, 3\)\. Received: "):
        list(engine.Network(tiny).run([batch]))


def test_float_pictures_are_taken_when_asked_for(tiny):
    (as_float,) = engine.Network(tiny, dtype="float32").run([pictures(2).astype("float32")])
    (as_bytes,) = engine.Network(tiny).run([pictures(2)])

    np.testing.assert_allclose(as_float["pooled"], as_bytes["pooled"], atol=1e-6)


def test_a_strided_batch_is_read_right(tiny):
    network = engine.Network(tiny)
    (whole,) = network.run([pictures(6)])

    (half,) = network.run([pictures(6)[::2]])

    np.testing.assert_allclose(half["pooled"], whole["pooled"][::2], atol=1e-6)


def test_a_network_serves_several_threads_at_once(tiny):
    from concurrent.futures import ThreadPoolExecutor

    network = engine.Network(tiny)
    expected = [next(network.run([pictures(3, seed)]))["pooled"] for seed in range(4)]

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda seed: [a["pooled"] for a in network.run([pictures(3, seed)] * 20)], range(4)))

    for one, many in zip(expected, got, strict=True):
        for answer in many:
            np.testing.assert_allclose(answer, one, atol=1e-6)


def test_a_dense_head_is_appended_and_the_outputs_stay(tiny, tmp_path):
    rng = np.random.default_rng(0)
    w1, b1, w2, b2 = rng.normal(size=(4, 8)), rng.normal(size=8), rng.normal(size=(8, 3)), rng.normal(size=3)

    engine.append_dense(tiny, tmp_path / "head.xml", [(w1, b1, "relu"), (w2, b2, "none")])

    (answer,) = engine.Network(tmp_path / "head.xml", latency=True).run([pictures(5)])
    assert list(answer) == ["map", "pooled", "logits"]
    expected = np.maximum(answer["pooled"] @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(answer["logits"], expected, atol=1e-4)


@pytest.mark.parametrize("layer", [(np.zeros((5, 3)), np.zeros(3), "none"), (np.zeros((4, 3)), np.zeros(3), "tanh")])
def test_a_head_that_does_not_fit_is_refused(tiny, tmp_path, layer):
    with pytest.raises(ValueError, match=r"Expected weights \(4, out\), bias \(out,\) and 'relu' or 'none'"):
        engine.append_dense(tiny, tmp_path / "head.xml", [layer])
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_none_is_named(tmp_path):
    (tmp_path / "bad.xml").write_text("<html/>")

    with pytest.raises(WeightsError, match=r"bad\.xml: not a network that boda wrote"):
        engine.Network(tmp_path / "bad.xml")


def test_conversion_leaves_two_files_and_no_place_of_this_machine(tiny):
    assert sorted(path.name for path in tiny.parent.iterdir()) == ["network.bin", "network.xml"]
    assert str(Path.home()) not in tiny.read_text()
    assert str(tiny.parent) not in tiny.read_text()


def test_a_failing_conversion_leaves_no_xml(tiny_model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine.atomic, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        engine.convert(tiny_model, tmp_path / "network.xml")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("straight", [False, True])
def test_the_embedded_network_differs_from_keras_by_rounding_only(tmp_path, straight):
    model = feature_model("efficientnet_lite0")
    if straight:
        write_embedded(tmp_path / "network.xml")
    else:
        engine.convert(model, tmp_path / "network.xml")
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)

    (answer,) = engine.Network(tmp_path / "network.xml").run([images])

    maps, pooled = model.predict_on_batch(images.astype("float32"))
    np.testing.assert_allclose(answer["pooled"], pooled, atol=1e-4)
    np.testing.assert_allclose(answer["map"], maps, atol=1e-3)


@pytest.mark.data
def test_the_embedded_network_agrees_with_the_original(tmp_path, data_dir):
    reference = np.load(data_dir / "efficientnet_lite0_reference.npz")
    scaled = np.random.default_rng(0).normal(size=(2, 224, 224, 3)).astype("float32")
    write_embedded(tmp_path / "network.xml", include_top=True)

    (answer,) = engine.Network(tmp_path / "network.xml", dtype="float32").run([scaled * 128 + 127])

    np.testing.assert_allclose(answer["pooled"], reference["pooled"], atol=1e-4)
    np.testing.assert_allclose(answer["logits"], reference["logits"], atol=1e-4)


def test_class_names_are_a_thousand_different_ones():
    assert len(set(imagenet.class_names())) == 1000
    assert imagenet.class_names()[207] == "Golden Retriever"
    assert imagenet.wordnet_ids()[207] == "n02099601"


def centre_crop(path):
    """224/256 of the short side, as 224 by 224 pixels."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    side = min(rgb.size) * 224 / 256
    left, top = (rgb.width - side) / 2, (rgb.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(rgb.resize((224, 224), Image.Resampling.BICUBIC, box=box))[None]


@pytest.mark.data
def test_as_it_is_the_embedded_network_names_imagenet_pictures(tmp_path, data_dir):
    write_embedded(tmp_path / "whole.xml", include_top=True)
    files = sorted((data_dir / "imagenet_sample").glob("*.JPEG"))
    truth = np.array([imagenet.wordnet_ids().index(path.name.split("_")[0]) for path in files])

    answers = engine.Network(tmp_path / "whole.xml", outputs=("logits",)).run(map(centre_crop, files))

    order = np.argsort(-np.concatenate([answer["logits"] for answer in answers]), axis=1)
    assert (order[:, 0] == truth).mean() >= 0.89
    assert (order[:, :5] == truth[:, None]).any(axis=1).mean() >= 0.98


SPY = """
    import json, os, sys, threading
    seen = []
    def spy(event, arguments):
        if event.startswith(("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec", "os.system", "urllib.")):
            seen.append(event)
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            seen.append(f"open {arguments[0]}")
        if event in {"os.mkdir", "os.rename", "os.remove"}:
            seen.append(f"{event} {arguments[0]}")
    sys.addaudithook(spy)
"""


def run_watched(code, home):
    """What a fresh process wrote, sent or started, with no CI variable and an empty home."""
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "HOME", "XDG_CACHE_HOME"}}
    environment |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    program = textwrap.dedent(SPY) + textwrap.dedent(code) + "\nprint(json.dumps(seen))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, timeout=120
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_openvino_sends_writes_and_starts_nothing(tiny, tmp_path):
    code = f"""
        from pathlib import Path
        import numpy as np
        from boda.models.engine import Network
        list(Network(Path({str(tiny)!r})).run([np.zeros((1, 6, 5, 3), np.uint8)]))
        assert "openvino_telemetry.main" not in sys.modules
        assert threading.active_count() == 1
    """

    assert run_watched(code, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_the_watch_would_see_a_file_a_process_and_a_socket(tmp_path):
    code = """
        import socket, subprocess
        open(os.path.join(os.environ["HOME"], "id"), "w").close()
        subprocess.run([sys.executable, "-c", ""])
        socket.socket().close()
    """

    seen = {event.split()[0] for event in run_watched(code, tmp_path)}

    assert {"open", "subprocess.Popen", "socket.__new__"} <= seen


def test_running_a_network_loads_no_keras(tiny):
    code = f"""
        import sys
        from pathlib import Path
        from boda.models.engine import Network
        from boda.models.lite_network import write_embedded
        Network(Path({str(tiny)!r}))
        print(sorted({{"keras", "tensorflow", "sklearn"}} & set(sys.modules)))
    """

    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_keras_is_imported_without_noise():
    code = "from boda.models.keras_import import import_keras; import_keras().ops.ones(2)"

    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
