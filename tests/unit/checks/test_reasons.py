"""Every reason in both languages, complete, filled, and unbreakable."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from verification import checks
from verification.checks.kinds import glance, suffix_fits
from verification.checks.reason_texts import REASONS
from verification.checks.reasons import describe

CODE = re.compile(r"(file|document|page|image|scans)\.[a-z_]*[a-z]")
CODES = pytest.mark.parametrize("code", sorted(REASONS))


def used_codes() -> set[str]:
    """Every text in the package's own code that looks like a code."""
    found = {"file.unreadable_limits"}
    for path in Path(checks.__path__[0]).glob("*.py"):
        if path.name == "reason_texts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if CODE.fullmatch(node.value) else set()
    return found - {"document.pdf", "document.image", "scans.list", "scans.render"}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_code_in_use_has_words():
    composed = {f"file.type_{kind}" for kind in ("html", "zip", "office", "heic", "image", "text")}
    composed |= {"file.type_archive", "file.duplicate", "scans.unmatched"}

    assert used_codes() | composed == set(REASONS)


@CODES
def test_both_languages_say_the_same_with_the_same_values(code: str):
    texts = REASONS[code]

    assert all(texts)
    assert names(texts.id_message) == names(texts.en_message)
    assert names(texts.id_repair) == names(texts.en_repair)
    assert all(text.endswith(".") for text in texts)


@CODES
def test_a_missing_value_never_breaks_a_page(code: str):
    assert describe(code, {}, "id").message


def test_words_of_a_zip_called_pdf():
    said = describe("file.type_zip", {"detected": "zip", "accepted": "pdf"}, "id")

    assert said.message == "Berkas ini bukan PDF, melainkan arsip ZIP."
    assert said.repair.endswith("satu per satu.")


def test_numbers_are_written_the_readers_way():
    params = {"width": 30000, "height": 30000, "megapixels": 50}

    assert "30.000 × 30.000" in describe("image.too_large", params, "id").message
    assert "30,000 × 30,000" in describe("image.too_large", params, "en_GB").message


def test_a_list_of_kinds_reads_as_a_sentence():
    params = {"accepted": "jpeg,pdf,png"}

    assert "JPEG, PDF atau PNG" in describe("file.type_text", params, "id").message
    assert "JPEG, PDF or PNG" in describe("file.type_text", params, "en").message


def test_an_unknown_code_still_says_something():
    assert describe("made.up", {}, "id").message == "Berkas ini tidak lolos pemeriksaan sistem."


def test_the_reasons_of_member_lists_are_joined():
    assert describe("list.empty", {}, "en").message == "This file holds nothing but blanks."


def test_values_are_never_templates():
    said = describe("document.page_damaged", {"page": "{page.__class__}"}, "id")

    assert "{page.__class__}" in said.message


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "pdf"),
        (b"junk from a scanner\r\n%PDF-1.4", "pdf"),
        (b"\n <!doctype HTML>", "html"),
        (b"<html>%PDF-", "html"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "office"),
        (b"PK\x03\x04" + bytes(26) + b"ktp.jpg", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"\0\0\0\x18ftypheic", "heic"),
        (b"\0\0\0\x18ftypmp42", "unknown"),
        (b"nama;nik\r\n", "text"),
        (b"\0\1\2", "unknown"),
    ],
)
def test_a_glance(head: bytes, kind: str):
    assert glance(head) == kind


def test_endings():
    assert suffix_fits("JPG", "jpeg")
    assert suffix_fits("", "pdf")
    assert not suffix_fits("pdf", "png")
