"""The one door through which boda reaches Keras: quiet, and on TensorFlow unless the user chose otherwise."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOISE = (b"absl::InitializeLog", b"oneDNN custom operations", b"cpu_feature_guard", b"rebuild TensorFlow with")


def import_keras() -> Any:
    """Import Keras, or return it where it is loaded already.

    `KERAS_BACKEND` and `TF_CPP_MIN_LOG_LEVEL` keep the values that the user gave them.
    Takes seconds at the first call, so call it where a network is built and nowhere else.
    """
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with warnings.catch_warnings(), _without_noise():
            warnings.simplefilter("ignore", DeprecationWarning)  # of TensorFlow's own imports
            warnings.simplefilter("ignore", FutureWarning)
            try:
                import keras
            except ImportError as error:
                raise RecipeError(
                    f"Keras cannot start on KERAS_BACKEND={os.environ['KERAS_BACKEND']}: {error}. "
                    "Unset it, or install that backend."
                ) from error

            keras.ops.zeros(1)  # the first operation tells which processor this is
    import keras

    return keras


@contextlib.contextmanager
def _without_noise() -> Iterator[None]:
    """Hold back what native code writes to standard error, and pass on all but what it says of the processor."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        terminal = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not any(word in line for word in NOISE):
                    os.write(2, line)
