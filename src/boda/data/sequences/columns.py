"""The header of a table to the columns that hold texts, labels, pairs or times."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from boda.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT_NAMES = (
    *("text", "sentence", "review", "content", "document", "comment", "message", "tweet", "body", "utterance"),
    *("description", "title", "headline", "question", "query", "input", "source", "sms", "v2", "sequence"),
    *("문장", "본문", "내용", "리뷰", "텍스트", "후기", "댓글", "메시지", "제목"),
)
LABEL_NAMES = (
    *("label", "class", "target", "category", "sentiment", "labels", "intent", "emotion", "topic", "rating", "score"),
    *("stars", "polarity", "language", "v1", "output", "라벨", "레이블", "분류", "감정", "감성", "평점", "점수"),
    *("평가", "별점", "등급", "구분", "범주", "유형", "종류"),
)
PAIR_NAMES = (
    ("source", "target"),
    ("src", "tgt"),
    ("src", "trg"),
    ("input", "output"),
    ("question", "answer"),
    ("원문", "번역문"),
    ("질문", "답변"),
)
PART_NAMES = ("part", "split", "subset")
TIME_NAMES = (
    *("time", "date", "datetime", "timestamp", "ds", "day", "month", "quarter", "year", "week", "period"),
    *("시간", "날짜", "일자", "일시", "연도", "년월", "월"),
)
SERIES_NAMES = (
    *("series", "unique_id", "series_id", "item_id", "id", "item", "store", "sensor", "station", "name"),
    *("품목", "종목", "매장", "지점", "지역", "센서", "이름"),
)


def choose_column(where: object, header: Sequence[str], role: str, wanted: str | None, names: Sequence[str]) -> str:
    """The column `wanted`, or where that is None the first of `names` that is there.

    Raises:
        DataError: There is none.
    """
    found = find_column(header, names) if wanted is None else wanted if wanted in header else None
    if found is not None:
        return found
    came = f"The header has: {', '.join(header)}."
    if wanted is None:
        expected = f"expected a column called {', '.join(names[:5])} or the like, found none"
        raise DataError(f"{where}: {expected}. {came} Name yours by {role}_column.")
    near = difflib.get_close_matches(wanted, header, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{where}: {role}_column is {wanted!r}, but there is no such column.{meant} {came}")


def optional_column(
    where: object, header: Sequence[str], role: str, wanted: str | None, names: Sequence[str]
) -> str | None:
    """As `choose_column`, but None where nothing is wanted and none of `names` is there."""
    return find_column(header, names) if wanted is None else choose_column(where, header, role, wanted, names)


def find_column(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of `names` that stands in the header, in capitals or not."""
    by_lower = {name.strip().lower(): name for name in reversed(header)}
    return next((by_lower[name] for name in names if name in by_lower), None)


def find_pair(header: Sequence[str]) -> tuple[str, str] | None:
    """The columns of the first pair of `PAIR_NAMES` that the header has."""
    for first, second in PAIR_NAMES:
        source, target = find_column(header, (first,)), find_column(header, (second,))
        if source and target:
            return source, target
    return None
