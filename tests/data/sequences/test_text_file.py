"""Bytes of text files to clean lines."""

import pytest

from boda.data.sequences.text_file import check_file, read_lines
from boda.errors import DataError, RecipeError


@pytest.fixture
def read(tmp_path):
    def read_it(data, encoding=None):
        path = tmp_path / "t.txt"
        path.write_bytes(data)
        return read_lines(path, "t.txt", encoding)

    return read_it


def texts(file):
    return [line.text for line in file.lines]


def test_lines_end_as_any_system_ends_them(read):
    assert texts(read(b"a\r\nb\rc\nd")) == ["a", "b", "c", "d"]


def test_a_text_comes_back_whole(read):
    assert read(b"a\n\nb\n").text == "a\n\nb\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_at_the_begin_tells_the_encoding(read, encoding):
    assert texts(read("나비\né".encode(encoding))) == ["나비", "é"]


def test_an_encoding_may_be_given(read):
    assert texts(read("나비\n꽃".encode("cp949"), "cp949")) == ["나비", "꽃"]


def test_a_line_that_cannot_be_decoded_is_bad_and_the_others_stand(read):
    file = read(b"ok\n" + "나".encode("cp949") + b"\nfine\n")

    assert texts(file) == ["ok", "fine", ""]
    told = (
        "not utf-8: byte 0xb3 at column 1; if the file is in another encoding, give it: "
        'encoding="cp949" among the reading options, --read encoding=cp949 in the command'
    )
    assert [(bad.name, bad.reason) for bad in file.bad] == [("t.txt:2", told)]
    assert [line.number for line in file.lines] == [1, 3, 4]


@pytest.mark.parametrize("mark", ["\x00", "\x07", "\x0c", "\x1b", "\x7f", "\x85"])
def test_a_control_character_makes_a_line_bad(read, mark):
    file = read(f"a\nb{mark}\tc\nd\te".encode())

    assert texts(file) == ["a", "d\te"]
    assert file.bad[0].reason == f"a control character, U+{ord(mark):04X}, at column 2; remove it"


def test_what_unicode_calls_line_separators_ends_no_line(read):
    assert texts(read("a\u2028b".encode())) == ["a\u2028b"]


def test_cut_utf_16_is_refused_as_a_whole(read):
    with pytest.raises(DataError, match="expected utf-16, but: truncated data at byte 4"):
        read("ab".encode("utf-16")[:-1])


def test_an_unknown_encoding_is_refused_with_a_near_one(read):
    with pytest.raises(RecipeError, match=r"no encoding 'cp94'. Did you mean 'cp949'"):
        read(b"a", "cp94")


def test_a_file_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(3 * 2**30)

    with pytest.raises(DataError, match=r"up to 2 GiB are read, came one of 3.0 GiB"):
        read_lines(path, "big.txt")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataError, match="expected an ordinary file"):
        check_file(tmp_path)


def test_a_binary_file_is_one_bad_entry_and_not_one_a_line(tmp_path):
    (tmp_path / "junk.txt").write_bytes(b"\xff\xd8\x00\n\xfe\n\x80\x00\n")

    found = read_lines(tmp_path / "junk.txt", "junk.txt")

    assert not found.lines
    assert [bad.name for bad in found.bad] == ["junk.txt:1"]
    assert "binary" in found.bad[0].reason
