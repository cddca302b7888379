import io
import json
import zipfile

import numpy as np
import pytest

from boda.errors import RunError
from boda.models.sequence_plan import Decoder, Head, Input, Layer, Plan, load_network, save_network
from boda.models.sequence_weights import weight_shapes
from recurrent_reference import IDS, plan_of, random_weights

PAIRS = Plan(
    "pairs",
    IDS,
    (Layer("gru", 3, bidirectional=True),),
    decoder=Decoder(Input("ids", 8, 2), (Layer("lstm", 4),), attention=True, width=5, outputs=8),
)


def described(**changes):
    """network.json of an LSTM of 6 units, changed."""
    return {**plan_of().to_json(), **changes}


@pytest.mark.parametrize(
    "plan", [plan_of(), plan_of(Layer("mingru", 4), first=Input("numbers", 3), head="each"), PAIRS]
)
def test_a_plan_survives_json(plan):
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_what_json_leaves_out_is_usual():
    plan = Plan.from_json(
        {
            "format": 1,
            "task": "music",
            "input": {"kind": "numbers", "size": 88},
            "layers": [{"cell": "gru", "units": 7}],
            "head": {"kind": "each", "outputs": 88},
        }
    )

    assert plan == Plan("music", Input("numbers", 88), (Layer("gru", 7),), Head("each", 88))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format is 2, expected 1"),
        ({"task": "paint"}, "task is 'paint'"),
        ({"color": 1}, "'color' is unknown"),
        ({"input": {"kind": "ids"}}, "input: .*size"),
        ({"input": {"kind": "ids", "size": True}}, "input: size is True"),
        ({"layers": []}, "layers is empty"),
        ({"layers": {}}, "layers: expected a list, came dict"),
        ({"layers": [{"cell": "gpt", "units": 1}]}, r"layers\[0\]: cell is 'gpt'"),
        ({"layers": [{"cell": "gru", "units": 0}]}, r"layers\[0\]: units is 0"),
        ({"layers": [{"cell": "gru", "units": 1, "residual": 1}]}, "residual is 1; expected true or false"),
        ({"head": {"kind": "first", "outputs": 2}}, "head: kind is 'first'"),
        ({"head": None}, "either a head or a decoder; here are neither"),
        ({"decoder": []}, "decoder: expected an object of JSON, came list"),
        ({"decoder": PAIRS.to_json()["decoder"]}, "either a head or a decoder; here are both"),
    ],
)
def test_what_is_no_network_is_refused_with_its_place(changes, message):
    with pytest.raises(RunError, match=f"^here: ?.*{message}"):
        Plan.from_json(described(**changes), "here")


def test_a_decoder_cannot_read_what_is_not_written_yet():
    with pytest.raises(RunError, match="not written yet"):
        Decoder(Input("ids", 8), (Layer("gru", 4, bidirectional=True),), attention=False, width=4, outputs=8)


def test_a_decoder_writes_ids():
    with pytest.raises(RunError, match="its input are numbers"):
        Decoder(Input("numbers", 8), (Layer("gru", 4),), attention=False, width=4, outputs=8)


def test_shapes_are_those_of_keras():
    plan = plan_of(Layer("gru", 6, bidirectional=True, layer_norm=True), Layer("mingru", 2))

    assert weight_shapes(plan) == {
        "embedding": (9, 5),
        "layer0/forward/kernel": (5, 18),
        "layer0/forward/recurrent_kernel": (6, 18),
        "layer0/forward/bias": (2, 18),
        "layer0/backward/kernel": (5, 18),
        "layer0/backward/recurrent_kernel": (6, 18),
        "layer0/backward/bias": (2, 18),
        "layer0/norm/gamma": (12,),
        "layer0/norm/beta": (12,),
        "layer1/forward/kernel": (12, 4),
        "layer1/forward/bias": (4,),
        "head/kernel": (2, 4),
        "head/bias": (4,),
    }


def test_a_decoder_has_bridges_attention_and_a_head():
    shapes = weight_shapes(PAIRS)

    assert {name: shape for name, shape in shapes.items() if name.startswith("decoder/") and "layer" not in name} == {
        "decoder/embedding": (8, 2),
        "decoder/bridge0/h/kernel": (6, 4),
        "decoder/bridge0/h/bias": (4,),
        "decoder/bridge0/c/kernel": (6, 4),
        "decoder/bridge0/c/bias": (4,),
        "decoder/attention/kernel": (4, 6),
        "decoder/combine/kernel": (10, 5),
        "decoder/combine/bias": (5,),
        "decoder/head/kernel": (5, 8),
        "decoder/head/bias": (8,),
    }


def test_a_network_survives_its_files(tmp_path):
    weights = random_weights(PAIRS)
    save_network(tmp_path / "model", PAIRS, weights)

    plan, read = load_network(tmp_path / "model")

    assert plan == PAIRS
    assert all((read[name] == weights[name]).all() and read[name].dtype == np.float32 for name in weights)


def test_the_same_network_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_network(tmp_path / name, PAIRS, random_weights(PAIRS))

    assert (tmp_path / "a/network.npz").read_bytes() == (tmp_path / "b/network.npz").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"head/bias": None}, "'head/bias' is missing; expected 6 arrays, came 5"),
        ({"tail": np.zeros(2)}, "'tail' has no place in the plan"),
        ({"head/bias": np.zeros(5)}, r"head/bias has the shape \(5,\), but the plan needs \(4,\)"),
        ({"head/bias": np.zeros(4, int)}, "head/bias .int64. must hold finite floating-point"),
        ({"head/bias": np.full(4, np.nan)}, "head/bias .float64. must hold finite"),
    ],
)
def test_weights_that_do_not_fit_are_not_saved(tmp_path, change, message):
    weights = {name: a for name, a in {**random_weights(plan_of()), **change}.items() if a is not None}

    with pytest.raises(RunError, match=message):
        save_network(tmp_path / "model", plan_of(), weights)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "network.json").unlink(), r"network.json: the network cannot be read: No such file"),
        (lambda folder: (folder / "network.npz").unlink(), r"network.npz: the network cannot be read: No such file"),
        (lambda folder: (folder / "network.json").write_text("{"), "network.json: expected JSON"),
        (lambda folder: (folder / "network.npz").write_bytes(b"PK"), "network.npz: the weights were altered"),
        (lambda folder: put(folder, np.zeros((9, 5))), r"embedding is float64 \(9, 5\), but the plan needs float32"),
        (lambda folder: put(folder, np.zeros((9, 6), "f4")), r"embedding is float32 \(9, 6\)"),
        (lambda folder: put(folder, np.full((9, 5), np.inf, "f4")), "embedding holds NaN or infinity"),
        (lambda folder: put(folder, np.array([["x"]], dtype=object)), "embedding is object"),
        (lambda folder: put(folder, np.zeros((9, 5), "f4"), cut=8), "the weights were altered"),
    ],
)
def test_altered_files_are_refused(tmp_path, spoil, message):
    save_network(tmp_path, plan_of(), random_weights(plan_of()))
    spoil(tmp_path)

    with pytest.raises(RunError, match=message):
        load_network(tmp_path)


def put(folder, array, cut=0):
    """Replace the embedding in network.npz, without its last bytes."""
    with zipfile.ZipFile(folder / "network.npz") as file:
        members = {name: file.read(name) for name in file.namelist()}
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    members["embedding.npy"] = buffer.getvalue()[: -cut or None]
    with zipfile.ZipFile(folder / "network.npz", "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
