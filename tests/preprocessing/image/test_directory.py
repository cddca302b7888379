import numpy as np
import pytest
from PIL import Image

from boda.errors import AugmentError
from boda.preprocessing.image import BodaWarning, DirectoryIterator, ImageDataGenerator

PLAIN = ImageDataGenerator()


def test_files_without_a_generator_are_pictures_as_they_are(class_folders):
    x, y = next(DirectoryIterator(class_folders, None, target_size=(8, 9), batch_size=3))

    assert x.shape == (3, 8, 9, 3)
    assert y.shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "cmyk"}, "Invalid color mode: cmyk"),
        ({"class_mode": "output"}, "Invalid class_mode: output"),
        ({"subset": "test"}, "Invalid subset name: test"),
        ({"on_bad": "cry"}, 'on_bad must be "error" or "skip"'),
    ],
)
def test_unknown_modes_are_refused(class_folders, arguments, message):
    with pytest.raises(ValueError, match=message):
        PLAIN.flow_from_directory(class_folders, **arguments)


def test_tiff_files_are_warned_of(class_folders):
    Image.new("RGB", (4, 4)).save(class_folders / "ant" / "a.tiff")

    with pytest.warns(UserWarning, match='Using ".tiff" files with multiple bands'):
        PLAIN.flow_from_directory(class_folders)


def test_links_are_followed_where_asked(class_folders, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Image.new("RGB", (4, 4)).save(elsewhere / "a.png")
    (class_folders / "ant" / "link").symlink_to(elsewhere)

    assert PLAIN.flow_from_directory(class_folders).samples == 10
    assert PLAIN.flow_from_directory(class_folders, follow_links=True).samples == 11


def test_channels_first_is_channels_first(class_folders):
    generator = ImageDataGenerator(data_format="channels_first", rotation_range=10)

    flow = generator.flow_from_directory(class_folders, target_size=(8, 9), batch_size=5)
    assert flow.image_shape == (3, 8, 9)
    assert next(flow)[0].shape == (5, 3, 8, 9)


def test_subsets_are_keras_unless_stratified(keras_image, class_folders):
    for subset in ("training", "validation"):
        arguments = {"subset": subset, "target_size": (4, 4)}
        wanted = keras_image.ImageDataGenerator(validation_split=0.4).flow_from_directory(class_folders, **arguments)
        generator = ImageDataGenerator(validation_split=0.4)
        if subset == "training":
            with pytest.warns(BodaWarning, match="first files of each class"):
                got = generator.flow_from_directory(class_folders, **arguments)
        else:
            got = generator.flow_from_directory(class_folders, **arguments)
        assert got.filenames == wanted.filenames
        assert got.classes.tolist() == wanted.classes.tolist()


def test_a_stratified_split_takes_the_share_of_each_class(class_folders):
    generator = ImageDataGenerator(validation_split=0.4, split="stratified", split_seed=3)
    held_out = generator.flow_from_directory(class_folders, subset="validation")
    rest = generator.flow_from_directory(class_folders, subset="training")

    assert held_out.classes.tolist() == [0, 0, 1, 1]
    assert sorted(held_out.filenames + rest.filenames) == sorted(PLAIN.flow_from_directory(class_folders).filenames)


def test_a_damaged_file_is_an_error(class_folders):
    (class_folders / "ant" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")

    with pytest.raises(OSError, match="cannot identify image file"):
        next(PLAIN.flow_from_directory(class_folders, batch_size=20))


def test_damaged_files_are_skipped_and_listed_where_asked(class_folders):
    (class_folders / "ant" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    flow = PLAIN.flow_from_directory(class_folders, on_bad="skip", batch_size=20)

    assert flow.samples == 10
    assert list(flow.bad_files) == ["ant/broken.jpg"]
    assert "cannot identify image file" in flow.bad_files["ant/broken.jpg"]
    assert next(flow)[0].shape[0] == 10


def test_boxes_are_brought_to_the_size_of_the_batch(class_folders):
    name = "ant/0.png"  # 33 wide, 20 high
    flow = PLAIN.flow_from_directory(
        class_folders, target_size=(40, 66), boxes={name: [[1, 2, 3, 4]]}, class_mode=None, shuffle=False
    )
    _, y = next(flow)

    assert y["boxes"][flow.filenames.index(name)].tolist() == [[2, 4, 6, 8]]
    assert sum(len(boxes) for boxes in y["boxes"]) == 1


def test_boxes_turn_their_pictures_as_exif_says(class_folders):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (8, 4), "white")
    picture.paste("black", (0, 0, 4, 4))
    picture.save(class_folders / "ant" / "turned.jpg", exif=exif, quality=100)
    flow = PLAIN.flow_from_directory(
        class_folders, target_size=(8, 4), boxes={"ant/turned.jpg": [[0, 0, 4, 4]]}, shuffle=False
    )
    i = flow.filenames.index("ant/turned.jpg")

    x, y = flow[0]
    assert x[i, :4].mean() < 10
    assert x[i, 4:].mean() > 245
    assert y["boxes"][i].tolist() == [[0, 0, 4, 4]]


def test_boxes_with_other_names_are_refused(class_folders):
    with pytest.raises(AugmentError, match=r"boxes must be named as in `filenames`, such as 'ant/0\.png'"):
        PLAIN.flow_from_directory(class_folders, boxes={"0.png": [[0, 0, 1, 1]]})


def test_masks_are_found_by_name_whatever_their_ending(class_folders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    for number, name in enumerate(PLAIN.flow_from_directory(class_folders).filenames):
        path = (folder / name).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 33), number, np.uint8)).save(path)
    flow = PLAIN.flow_from_directory(class_folders, masks=folder, class_mode=None, shuffle=False, target_size=(6, 7))

    x, masks = next(flow)
    assert x.shape == (10, 6, 7, 3)
    assert masks.shape == (10, 6, 7)
    assert masks[:, 0, 0].tolist() == list(range(10))


def test_a_mask_that_is_missing_is_named(class_folders, tmp_path):
    with pytest.raises(AugmentError, match=r"0\.\* should be one file. Found: 0"):
        PLAIN.flow_from_directory(class_folders, masks=tmp_path / "none")
    with pytest.raises(AugmentError, match="masks has no entry for"):
        PLAIN.flow_from_directory(class_folders, masks={})


def test_augmented_pictures_are_saved(class_folders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    next(PLAIN.flow_from_directory(class_folders, save_to_dir=folder, save_prefix="b", save_format="jpeg"))

    assert len(list(folder.glob("b_*.jpeg"))) == 10
