"""Header fields: what is formatted is parsed back, and nothing else gets through."""

import base64
import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploads.errors import BadHeader, BadMetadata, UnknownAlgorithm
from uploads.headers import (
    METADATA_LIMIT,
    format_metadata,
    is_offset_octet_stream,
    parse_bytes,
    parse_checksum,
    parse_metadata,
    prefers_english,
)

KEYS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1
)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@given(st.dictionaries(KEYS.filter(lambda key: not key.startswith("sipol-")), VALUES, max_size=8))
def test_metadata_comes_back(metadata: dict[str, str]) -> None:
    text = format_metadata(metadata)
    if len(text) <= METADATA_LIMIT:
        assert parse_metadata(text) == metadata
        assert list(parse_metadata(text)) == list(metadata)


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse in (parse_metadata, lambda t: parse_checksum(t, ("sha1",)),
                  lambda t: parse_bytes({"upload-offset": t}, "upload-offset")):  # fmt: skip
        with contextlib.suppress(BadHeader, BadMetadata, UnknownAlgorithm):
            parse(text)


@given(st.integers(0, 10**18 - 1))
def test_bytes_come_back(number: int) -> None:
    assert parse_bytes({"upload-length": str(number)}, "upload-length") == number


def test_metadata_that_is_none() -> None:
    assert parse_metadata("") == parse_metadata("  ") == {}


def test_spaces_around_pairs_are_forgiven() -> None:
    assert parse_metadata("a YQ== , b") == {"a": "a", "b": ""}


@pytest.mark.parametrize("text", ["a,a", "sipol-claim e30=", "a\tb", "é YQ==", "a Y Q"])
def test_metadata_refused(text: str) -> None:
    with pytest.raises(BadMetadata):
        parse_metadata(text)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@given(content=st.binary())
def test_checksum_comes_back(algorithm: str, content: bytes) -> None:
    digest = hashlib.new(algorithm, content).digest()
    text = f"{algorithm} {base64.b64encode(digest).decode()}"
    assert parse_checksum(text, ("sha1", "sha256")).digest == digest


def test_checksum_refused() -> None:
    with pytest.raises(UnknownAlgorithm):
        parse_checksum("SHA1 YQ==", ("sha1",))
    with pytest.raises(BadHeader):
        parse_checksum("sha1 YQ", ("sha1",))


def test_content_type() -> None:
    assert is_offset_octet_stream({"content-type": "Application/Offset+Octet-Stream ; a=b"})
    assert not is_offset_octet_stream({})


@pytest.mark.parametrize(
    "text", ["en", "en-US,en;q=0.9", "EN-gb;q=0.2, id;q=0.1", "fr, en ; q = 0.5"]
)
def test_who_asks_in_english(text: str) -> None:
    assert prefers_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id",
        "id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7",
        "fr",
        "en;q=0",
        "*",
        "en;q=0.3,id;q=0.3",
        ";,;q=x",
    ],
)
def test_everybody_else_is_told_in_indonesian(text: str) -> None:
    assert not prefers_english(text)


@given(st.text(max_size=60))
def test_no_language_breaks_the_parser(text: str) -> None:
    assert prefers_english(text) in (True, False)
