"""ImageDataGenerator: Keras's arguments to batches, in one pass over each picture."""
# ruff: noqa: FBT001, FBT002 - Keras's signatures

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.statistics import FLOOR
from boda.preprocessing.image.arguments import (
    AXES,
    as_brightness_range,
    as_data_format,
    as_share,
    as_split,
    as_zoom_range,
    settle_old_arguments,
    warn_of_channels,
)
from boda.preprocessing.image.functions import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
)
from boda.preprocessing.image.io import check_dtype
from boda.preprocessing.image.render import Rendering, render
from boda.preprocessing.image.statistics import channel_deviation, channel_mean, whitening
from boda.preprocessing.image.transform import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from boda.augment.whiten import Whitening
    from boda.preprocessing.image.arrays import NumpyArrayIterator
    from boda.preprocessing.image.dataframe import DataFrameIterator
    from boda.preprocessing.image.directory import DirectoryIterator
    from boda.preprocessing.image.translation import Translation


class ImageDataGenerator:
    """Batches of pictures, augmented anew each time, as `tensorflow.keras.preprocessing.image.ImageDataGenerator`.

    All of Keras's arguments mean what they mean there, the same seed draws the same, and pictures agree to within two
    levels of 255. That holds for Keras's slips too: it moves the rows by `width_shift_range` and the columns by
    `height_shift_range`, and turns a picture that is not square about another point than its centre.
    The last three arguments are boda's own.

    Args:
        featurewise_center: subtract the data set's mean of each channel; needs `fit`.
        samplewise_center: subtract each picture's own mean.
        featurewise_std_normalization: divide by the data set's deviation of each channel; needs `fit`.
        samplewise_std_normalization: divide by each picture's own deviation.
        zca_whitening: multiply with the ZCA matrix; needs `fit`.
        zca_epsilon: added to the singular values of the whitening.
        rotation_range: degrees to either side.
        width_shift_range: a float below 1 for a share of the width, from 1 for pixels; an integer n for a whole number
            of pixels below n; a list for one of its entries; with either sign.
        height_shift_range: the same for the height.
        brightness_range: a pair of factors.
        shear_range: degrees to either side.
        zoom_range: a pair of factors, or z for (1 - z, 1 + z); above 1 the picture becomes smaller.
        channel_shift_range: levels to either side.
        fill_mode: what lies beyond the picture: "nearest", "constant", "reflect" or "wrap" (or another of SciPy's).
        cval: the constant.
        horizontal_flip: mirror left and right, by a chance of one half.
        vertical_flip: mirror up and down, by a chance of one half.
        rescale: a factor, applied after all the above.
        preprocessing_function: takes one picture, an array of three axes, after augmentation, before rescaling.
        data_format: "channels_last" or "channels_first"; None for Keras's global setting.
        validation_split: the share of `subset="validation"`, above 0 and below 1.
        interpolation_order: 0 for the nearest pixel, 1 for bilinear, up to 5 for splines.
        dtype: of the batches; None for Keras's global float.
        split: "contiguous", Keras's: the first files of each class, or the first rows, are for validation; or
            "stratified": the same share of each class, by chance.
        split_seed: another seed gives another stratified split.
        augment_validation: False leaves the pictures of `subset="validation"` unaugmented.

    Raises:
        ValueError: An argument that is none.

    Example:
        >>> generator = ImageDataGenerator(rotation_range=20, horizontal_flip=True, rescale=1 / 255)
        >>> pictures = np.full((8, 32, 32, 3), 255, np.uint8)
        >>> batch = next(generator.flow(pictures, batch_size=4, seed=1))
        >>> batch.shape, float(batch.max())
        ((4, 32, 32, 3), 1.0)

    Reference:
        https://www.tensorflow.org/api_docs/python/tf/keras/preprocessing/image/ImageDataGenerator
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: float | Sequence[float] = 0.0,
        height_shift_range: float | Sequence[float] = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
        *,
        split: str = "contiguous",
        split_seed: int = 0,
        augment_validation: bool = True,
    ) -> None:
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.shear_range = shear_range
        self.zoom_range = as_zoom_range(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dtype = check_dtype(dtype)
        self.interpolation_order = interpolation_order
        self.data_format = as_data_format(data_format)
        self.channel_axis, self.row_axis, self.col_axis = AXES[self.data_format]
        self._validation_split = as_share(validation_split)
        self.brightness_range = as_brightness_range(brightness_range)
        self.split = as_split(split)
        self.split_seed = split_seed
        self.augment_validation = augment_validation
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.whitening: Whitening | None = None
        self._own_matrix: np.ndarray | None = None
        self._settle_overridden()

    def _settle_overridden(self) -> None:
        if self.zca_whitening:
            self._override("zca_whitening", "featurewise_center", to=True)
            self._override("zca_whitening", "featurewise_std_normalization", to=False)
        if self.featurewise_std_normalization:
            self._override("featurewise_std_normalization", "featurewise_center", to=True)
        if self.samplewise_std_normalization:
            self._override("samplewise_std_normalization", "samplewise_center", to=True)

    def _override(self, by: str, argument: str, *, to: bool) -> None:
        if bool(getattr(self, argument)) != to:
            setattr(self, argument, to)
            warnings.warn(
                f"This ImageDataGenerator specifies `{by}`, which overrides setting of `{argument}`.", stacklevel=4
            )

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
        **kwargs: Any,
    ) -> NumpyArrayIterator:
        """Batches from arrays; the arguments, also those of `kwargs`, are `NumpyArrayIterator`'s."""
        from boda.preprocessing.image.arrays import NumpyArrayIterator

        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
            **kwargs,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DirectoryIterator:
        """Batches from a folder with one folder a class; the arguments are `DirectoryIterator`'s."""
        from boda.preprocessing.image.directory import DirectoryIterator

        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            keep_aspect_ratio=keep_aspect_ratio,
            classes=classes,
            class_mode=class_mode,
            data_format=self.data_format,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            dtype=self.dtype,
            **kwargs,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches from a pandas table of file names; the arguments are `DataFrameIterator`'s.

        `has_ext`, `sort`, `drop_duplicates` and class_mode="other", of Keras's early days, are taken with a warning.
        """
        from boda.preprocessing.image.dataframe import DataFrameIterator

        class_mode = settle_old_arguments(kwargs, class_mode)
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            data_format=self.data_format,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            validate_filenames=validate_filenames,
            dtype=self.dtype,
            **kwargs,
        )

    def standardize(self, x: Any) -> Any:
        """Preprocess, rescale, centre, divide and whiten a picture, or a batch as one, in place where it can be."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x *= self.rescale
        return self.normalize(x)

    def normalize(self, x: Any) -> Any:
        """The part of `standardize` that comes after rescaling."""
        return self.whiten(self.centre(x))

    def centre(self, x: Any) -> Any:
        """Subtract means and divide by deviations, a picture's own and the data set's, in place."""
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + FLOOR
        if self.featurewise_center and self._is_fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted("featurewise_std_normalization", self.std):
            x /= self.std + FLOOR  # type: ignore[operator]  # it is fitted
        return x

    def whiten(self, x: Any) -> Any:
        """Multiply a picture, or each of a batch, with the ZCA matrix, or with its factors."""
        if self.zca_whitening and self._own_matrix is not None:
            return np.reshape(x.reshape(-1, math.prod(x.shape[-3:])) @ self._own_matrix, x.shape)
        if self.zca_whitening and self._is_fitted("zca_whitening", self.whitening):
            return self.whitening.apply(x)  # type: ignore[union-attr]  # it is fitted
        return x

    @property
    def zca_whitening_matrix(self) -> np.ndarray | None:
        """The dense ZCA matrix (d, d) with d = h w c, made when it is asked for; None before `fit`.

        Whitening itself works with factors of it, at any size. A matrix that is set here is used instead.

        Raises:
            AugmentError: It would take more than 2 GB.
        """
        if self._own_matrix is not None or self.whitening is None:
            return self._own_matrix
        return self.whitening.matrix()

    @zca_whitening_matrix.setter
    def zca_whitening_matrix(self, matrix: np.ndarray | None) -> None:
        self._own_matrix, self.whitening = matrix, None

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """Draw for one picture of `img_shape`: "theta", "tx", "ty", "shear", "zx", "zy", the flips and the colours."""
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002 - as Keras
        return draw(self, img_shape[self.row_axis - 1], img_shape[self.col_axis - 1])

    def apply_transform(self, x: np.ndarray, transform_parameters: Mapping[str, Any]) -> np.ndarray:
        """A picture as `transform_parameters` change it, which `get_random_transform` drew or a user wrote."""
        channel = self.channel_axis - 1
        if isinstance(x, np.ndarray) and x.ndim == 3 and x.dtype == np.float32:
            image = np.moveaxis(x, channel, 2)
            out = np.empty(image.shape, np.float32)
            render(image, transform_parameters, self.rendering(1.0), out)
            return np.moveaxis(out, 2, channel)
        return self._transform_any(x, transform_parameters)

    def random_transform(self, x: np.ndarray, seed: int | None = None) -> np.ndarray:
        """`get_random_transform`, then `apply_transform`."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Learn what the featurewise steps and whitening need from pictures.

        Args:
            x: (n, h, w, c), or (n, c, h, w); it is rescaled as the batches will be.
            augment: learn from `rounds` augmented copies instead.
            rounds: how many.
            seed: for the augmentation.

        Raises:
            ValueError: `x` has not four axes.
        """
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}")
        warn_of_channels("Expected input to be images (as Numpy array) following", x.shape, self.data_format)
        if seed is not None:
            np.random.seed(seed)  # noqa: NPY002 - as Keras
        if self.rescale:
            x *= self.rescale
        x = self._augmented(x, rounds) if augment else x
        self._learn(x)

    def rendering(self, scale: float) -> Rendering:
        """How this generator resamples, times `scale`."""
        return Rendering(self.fill_mode, self.cval, self.interpolation_order, scale)

    def _transform_any(self, x: Any, parameters: Mapping[str, Any]) -> Any:
        """Step by step, with the dtypes that Keras's steps have, for pictures that are not float32."""
        row, column, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        moves = {name: parameters[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy") if name in parameters}
        axes = {"row_axis": row, "col_axis": column, "channel_axis": channel}
        how = {"fill_mode": self.fill_mode, "cval": self.cval, "order": self.interpolation_order}
        x = apply_affine_transform(x, **moves, **axes, **how)  # type: ignore[arg-type]  # each by its name
        shift, brightness = parameters.get("channel_shift_intensity"), parameters.get("brightness")
        x = x if shift is None else apply_channel_shift(x, shift, channel)
        x = np.flip(x, column) if parameters.get("flip_horizontal", False) else x
        x = np.flip(x, row) if parameters.get("flip_vertical", False) else x
        return x if brightness is None else apply_brightness_shift(x, brightness, scale=False)

    def _augmented(self, x: np.ndarray, rounds: int) -> np.ndarray:
        copies = [self.random_transform(picture) for _ in range(rounds) for picture in x]
        return np.stack(copies).astype(self.dtype)

    def _learn(self, x: np.ndarray) -> None:
        if self.featurewise_center:
            self.mean = channel_mean(x, self.channel_axis)
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = channel_deviation(x, self.channel_axis)
            x /= self.std + FLOOR
        if self.zca_whitening:
            self.whitening, self._own_matrix = whitening(x, self.zca_epsilon), None

    def to_pipeline(self, size: tuple[int, int] | None = None) -> Translation:
        """This generator as a boda pipeline and as Keras layers, and what they do otherwise.

        Args:
            size: (h, w) of the pictures, which is needed where shifts are given in pixels.
        """
        from boda.preprocessing.image.translation import translate

        return translate(self, size)

    def _is_fitted(self, step: str, statistic: Any) -> bool:
        if statistic is None:
            warnings.warn(
                f"This ImageDataGenerator specifies `{step}`, but it hasn't been fit on any training data. "
                "Fit it first by calling `.fit(numpy_data)`.",
                stacklevel=4,
            )
        return statistic is not None
