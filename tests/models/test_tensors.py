import collections
import hashlib
import os
import pickle
import struct

import numpy as np
import pytest

from boda.errors import WeightsError
from boda.models.efficientnet_lite import SHA256, embedded_file
from boda.models.tensors import MAGIC, PROTOCOL, read_torch_tensors


class Reference:
    """What torch writes for a storage."""

    def __init__(self, *parts):
        self.parts = ("storage", *parts)


class Name:
    """What pickle writes for `module.name`, whether it exists here or not."""

    def __init__(self, module, name):
        self.text = f"c{module}\n{name}\n".encode()


class Call:
    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments


REBUILD = Name("torch._utils", "_rebuild_tensor_v2")
FLOATS = Name("torch", "FloatStorage")


def opcodes(value):
    """`value` as protocol 0 opcodes, so that a test can say what an attacker would."""
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Call):
        return opcodes(value.name) + opcodes(value.arguments) + b"R"
    if isinstance(value, Reference):
        return opcodes(value.parts) + b"Q"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(opcodes, value)) + b"t"
    if isinstance(value, dict):
        return b"(" + b"".join(opcodes(part) for pair in value.items() for part in pair) + b"d"
    return pickle.dumps(value, 2)[2:-1]


def tensor(*, key="0", count=6, offset=0, shape=(2, 3), strides=(3, 1), kind=FLOATS):
    storage = Reference(kind, key, "cpu", count, None)
    return Call(REBUILD, storage, offset, shape, strides, 0, None)


def write(folder, tensors, keys=("0",), counts=(6,), values=6):
    """A legacy file of `tensors`, and its digest."""
    data = b"".join(pickle.dumps(part, 2) for part in (MAGIC, PROTOCOL, {"little_endian": True}))
    data += b"\x80\x02" + opcodes(tensors) + b"." + pickle.dumps(list(keys), 2)
    for count in counts:
        data += struct.pack("<q", count) + np.arange(values, dtype="<f4").tobytes()
    path = folder / "weights.pth"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def test_a_tensor_is_read_with_its_shape(tmp_path):
    tensors = read_torch_tensors(*write(tmp_path, {"w": tensor()}))

    np.testing.assert_array_equal(tensors["w"], [[0, 1, 2], [3, 4, 5]])


def test_strides_and_offset_are_followed(tmp_path):
    transposed = tensor(shape=(2, 2), strides=(1, 3), offset=1)

    tensors = read_torch_tensors(*write(tmp_path, {"w": transposed}))

    np.testing.assert_array_equal(tensors["w"], [[1, 4], [2, 5]])


def test_an_altered_file_is_refused_before_it_is_read(tmp_path):
    path, digest = write(tmp_path, {"w": tensor()})
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    with pytest.raises(WeightsError, match=rf"weights\.pth: .*expected SHA-256 {digest}, got [0-9a-f]{{64}}"):
        read_torch_tensors(path, digest)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.pth: the weights cannot be read"):
        read_torch_tensors(tmp_path / "none.pth", SHA256)


@pytest.mark.parametrize(
    "name",
    [
        Name("os", "system"),
        Name("posix", "system"),
        Name("builtins", "eval"),
        Name("builtins", "getattr"),
        Name("subprocess", "Popen"),
        Name("torch", "load"),
        Name("torch._utils", "_rebuild_tensor"),
        Name("collections", "namedtuple"),
        Name("collections.OrderedDict", "__init__"),
        Name("numpy", "load"),
    ],
    ids=lambda name: name.text.decode().replace("\n", " "),
)
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path, name):
    canary = tmp_path / "canary"
    path, digest = write(tmp_path, {"w": Call(name, f"touch {canary}")})

    with pytest.raises(WeightsError, match="It names "):
        read_torch_tensors(path, digest)
    assert not canary.exists()


def test_a_reducing_object_is_refused_and_runs_nothing(tmp_path):
    canary = tmp_path / "canary"

    class Hostile:
        def __reduce__(self):
            return os.system, (f"touch {canary}",)

    data = pickle.dumps(MAGIC, 2) + pickle.dumps(Hostile(), 2)
    path = tmp_path / "weights.pth"
    path.write_bytes(data)

    with pytest.raises(WeightsError, match=r"It names (posix|nt)\.system"):
        read_torch_tensors(path, hashlib.sha256(data).hexdigest())
    assert not canary.exists()


def test_code_that_hides_in_the_list_of_storages_is_refused(tmp_path):
    path, _ = write(tmp_path, {})
    data = path.read_bytes().replace(pickle.dumps(["0"], 2), b"\x80\x02cos\nsystem\n.")
    path.write_bytes(data)

    with pytest.raises(WeightsError, match=r"It names os\.system"):
        read_torch_tensors(path, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (tensor(count=10**12), "claims 1000000000000 values"),
        (tensor(count=-1), "whole number from 0"),
        (tensor(shape=(2, 4), strides=(3, 1)), "reaches outside"),
        (tensor(shape=(10**9,), strides=(0,)), "reaches outside"),
        (tensor(offset=1), "reaches outside"),
        (tensor(strides=(-3, 1)), "whole number from 0"),
        (tensor(shape=(1,) * 40, strides=(0,) * 40), "reaches outside"),
        (tensor(shape=(0,), strides=(1,)), "reaches outside"),
        (tensor(shape="ab"), "has no shape"),
        (tensor(kind=Name("torch", "QUInt8Storage")), "It names torch.QUInt8Storage"),
        (tensor(kind="FloatTensor"), "known kind"),
        ("text", "is no tensor but str"),
        (Reference(FLOATS, "0", "cpu"), "reference to a storage"),
    ],
)
def test_a_tensor_that_lies_is_refused(tmp_path, hostile, reason):
    with pytest.raises(WeightsError, match=reason):
        read_torch_tensors(*write(tmp_path, {"w": hostile}))


def test_a_pickle_cannot_change_what_later_pickles_get(tmp_path):
    change = opcodes(REBUILD) + opcodes((None, {"__defaults__": (1, 2, 3)})) + b"b"
    path, _ = write(tmp_path, {})
    data = path.read_bytes().replace(b"\x80\x02(d.", b"\x80\x02(" + opcodes("w") + change + b"d.")
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="is no tensor"):
        read_torch_tensors(path, hashlib.sha256(data).hexdigest())

    assert read_torch_tensors(*write(tmp_path, {"w": tensor()}))["w"].shape == (2, 3)


@pytest.mark.parametrize("cut", [0, 1, 10, 40, -1])
def test_a_truncated_file_is_a_weights_error(tmp_path, cut):
    data = write(tmp_path, {"w": tensor()})[0].read_bytes()[:cut]
    path = tmp_path / "cut.pth"
    path.write_bytes(data)

    with pytest.raises(WeightsError, match=r"cut\.pth: expected PyTorch's legacy file"):
        read_torch_tensors(path, hashlib.sha256(data).hexdigest())


def test_counts_that_disagree_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="holds 5 values, but 6 were announced"):
        read_torch_tensors(*write(tmp_path, {"w": tensor()}, counts=(5,)))


def test_the_embedded_file_holds_the_whole_network():
    tensors = read_torch_tensors(embedded_file(), SHA256)

    kinds = collections.Counter(str(array.dtype) for array in tensors.values())
    assert kinds == {"float32": 247, "int64": 49}
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert all(array.flags.c_contiguous and array.flags.owndata for array in tensors.values())
