"""Every error that boda raises on purpose.

BodaError                 whatever a user can mend; the command prints it without a traceback
├── DataError             the data as a whole cannot serve: empty, one class, nothing readable
│   ├── ImageError        one picture cannot be read, and why
│   ├── LabelError        a label is missing, unknown or malformed
│   └── SplitError        the wanted parts cannot be made from these samples
├── AugmentError          an augmentation's argument, picture or label that it cannot take
├── RecipeError           a recipe or an argument asks for what does not exist
├── WeightsError          a network's weights are missing, altered or of another shape
├── WorkerError           a thread that fills batches has died or hangs
├── RunError              a Run's folder is missing, incomplete or of another version
└── Interrupted           stopped by a signal; what was done so far is on disk
"""


class BodaError(Exception):
    """Something that the user can mend; its message says where, what was expected and what came."""


class DataError(BodaError):
    """The data as a whole cannot serve."""


class ImageError(DataError):
    """One picture cannot be read; the message is the reason, in one line."""


class LabelError(DataError):
    """A label is missing, unknown or malformed."""


class SplitError(DataError):
    """The wanted parts cannot be made from these samples."""


class AugmentError(BodaError, ValueError):
    """An augmentation got an argument, a picture or a label that it cannot take; a ValueError too, as Keras's are."""


class RecipeError(BodaError):
    """A recipe or an argument asks for what does not exist."""


class WeightsError(BodaError):
    """A network's weights are missing, altered or of another shape."""


class WorkerError(BodaError):
    """A thread that fills batches has died or hangs; the message names the sample that it was at."""


class RunError(BodaError):
    """A Run's folder is missing, incomplete or of another version."""


class Interrupted(BodaError):  # noqa: N818 - no error of anybody
    """Stopped by a signal; `exit_code` is 130 for Ctrl-C and 143 for SIGTERM."""

    def __init__(self, message: str, exit_code: int = 130) -> None:
        super().__init__(message)
        self.exit_code = exit_code
