"""What boda says, once a process, where Keras's own behaviour costs its users."""

from __future__ import annotations

import warnings

CONTIGUOUS = (
    "`validation_split` takes the first files of each class, or the first rows, as Keras does: pictures that were "
    'taken or sorted together then lie on one side. ImageDataGenerator(..., split="stratified", split_seed=0) draws '
    "the same share of each class by chance."
)
AUGMENTED = (
    'subset="validation" of a generator that augments gives augmented pictures, as in Keras, so that the validation '
    "figures are of harder pictures and change from epoch to epoch. ImageDataGenerator(..., augment_validation=False) "
    "leaves them as they are."
)
_said: set[str] = set()


class BodaWarning(UserWarning):
    """Keras's own behaviour is kept, and costs something; the message names the argument that mends it."""


def advise(message: str) -> None:
    """Warn of `message`, unless it was said in this process before."""
    if message not in _said:
        _said.add(message)
        warnings.warn(message, BodaWarning, stacklevel=5)
