"""Documents as parties send them: what passes, what is refused, and by which name."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests import files
from tests.unit.checks.conftest import CheckBytes, expected
from verification.checks.base import Finding, Severity
from verification.checks.derived import DerivedImage
from verification.checks.documents import (
    CheckResult,
    PagesUnavailable,
    check_document,
    render_pages,
)
from verification.checks.sizes import ImageKind
from verification.sandbox.launcher import Bubblewrap, Sandbox
from verification.sandbox.limits import Limits
from verification.sandbox.outcome import Ending, Outcome, read_answer


def codes(result: CheckResult) -> list[str]:
    return [finding.code for finding in result.findings]


def opened(derived: Path, image: DerivedImage) -> Image.Image:
    with Image.open(derived / image.name) as picture:
        picture.load()
        return picture


def test_a_pdf_passes_and_every_page_can_be_seen(check: CheckBytes, derived: Path):
    result = check(files.pdf(2), suffix="pdf")

    assert result.passed
    assert (result.detected_type, result.pages, result.findings) == ("pdf", 2, ())
    assert [(image.page, image.kind.value) for image in result.images] == [
        (page, kind) for page in (1, 2) for kind in ("page", "zoom", "thumb")
    ]
    assert [image.width for image in result.images[:3]] == [1240, 2480, 120]


def test_derived_images_are_what_they_are_said_to_be(check: CheckBytes, derived: Path):
    result = check(files.pdf(1))

    for image in result.images:
        picture = opened(derived, image)
        assert (picture.format, picture.size) == ("WEBP", (image.width, image.height))
        assert (derived / image.name).stat().st_size == image.size
    assert sorted(path.name for path in derived.iterdir()) == sorted(
        image.name for image in result.images
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (files.jpeg, "jpeg"),
        (files.cmyk_jpeg, "jpeg"),
        (files.png, "png"),
        (lambda: files.png(mode="RGBA"), "png"),
        (lambda: files.png(mode="LA"), "png"),
        (lambda: files.png(mode="P"), "png"),
        (lambda: files.png(mode="1"), "png"),
        (lambda: files.png(mode="I;16"), "png"),
    ],
)
def test_pictures_of_every_make_pass(check: CheckBytes, content: Callable[[], bytes], kind: str):
    result = check(content())

    assert result.passed
    assert (result.detected_type, result.pages) == (kind, 1)
    assert "page.blank" not in codes(result)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.html, "file.type_html"),
        (files.html_with_pdf_header, "document.damaged"),
        (files.scans, "file.type_zip"),
        (files.office_zip, "file.type_office"),
        (files.heic, "file.type_heic"),
        (lambda: b"", "file.empty"),
        (lambda: b"Surat keputusan", "file.type_text"),
        (lambda: bytes(range(256)), "file.type_unknown"),
        (lambda: files.truncated(files.dense_pdf()), "document.damaged"),
        (lambda: files.truncated(files.jpeg()), "document.damaged"),
        (lambda: files.truncated(files.png()), "document.damaged"),
        (lambda: b"\xff\xd8\xff" + bytes(500), "document.damaged"),
        (files.pdf_without_pages, "document.no_pages"),
        (files.encrypted_pdf, "document.encrypted"),
        (lambda: files.many_pages_pdf(301), "document.too_many_pages"),
        (files.png_bomb, "image.too_large"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(
    check: CheckBytes, derived: Path, content: Callable[[], bytes], code: str
):
    result = check(content())

    assert not result.passed
    assert [(finding.code, finding.severity) for finding in result.findings] == [
        (code, Severity.ERROR)
    ]
    assert result.images == ()
    assert not derived.exists() or not list(derived.iterdir())


def test_a_zip_called_pdf_says_what_it_is(check: CheckBytes):
    finding = check(files.archive({"sk.pdf": files.pdf()}), suffix="pdf").findings[0]

    assert finding.code == "file.type_zip"
    assert finding.params == {"detected": "zip", "accepted": "jpeg,pdf,png"}


def test_html_called_jpg_says_what_it_is(check: CheckBytes):
    assert codes(check(files.html(), suffix="jpg")) == ["file.type_html"]


def test_a_requirement_may_take_pdf_only(check: CheckBytes):
    result = check(files.jpeg(), accepted=frozenset({"pdf"}))

    assert codes(result) == ["file.type_not_accepted"]


@pytest.mark.parametrize("content", [files.jpeg_zip_polyglot, files.pdf_zip_polyglot])
def test_a_polyglot_leaves_only_pixels(
    check: CheckBytes, derived: Path, content: Callable[[], bytes]
):
    result = check(content())

    assert result.passed
    for image in result.images:
        path = derived / image.name
        assert not zipfile.is_zipfile(path)
        assert b"<script>" not in path.read_bytes()


def test_scripts_and_attachments_stay_behind(check: CheckBytes, derived: Path):
    result = check(files.active_pdf())

    assert result.passed
    content = b"".join((derived / image.name).read_bytes() for image in result.images)
    assert not re.search(rb"JavaScript|lampiran|alert", content)


def test_metadata_stays_behind(check: CheckBytes, derived: Path):
    result = check(files.jpeg())

    content = (derived / result.images[0].name).read_bytes()
    assert b"Kamera" in files.jpeg()
    assert b"Kamera" not in content
    assert b"EXIF" not in content


def test_a_phones_picture_stands_upright(check: CheckBytes):
    result = check(files.jpeg(800, 600, orientation=6))

    page = result.images[0]
    assert (page.width, page.height) == (600, 800)


def test_a_file_that_is_not_the_arrivals_is_not_opened(check: CheckBytes):
    assert codes(check(files.pdf(), sha256="0" * 64)) == ["file.hash_differs"]
    assert codes(check(files.pdf(), size=1)) == ["file.size_differs"]


def test_a_file_that_is_not_the_declared_one_is_rejected(check: CheckBytes):
    assert codes(check(files.pdf(), declared_sha256="0" * 64)) == ["file.declared_hash_differs"]


def test_a_wrong_ending_is_a_warning(check: CheckBytes):
    result = check(files.png(), suffix="jpg")

    assert result.passed
    assert [(finding.code, finding.severity) for finding in result.findings] == [
        ("file.suffix_differs", Severity.WARNING)
    ]


def test_a_blank_page_is_a_warning_with_its_number(check: CheckBytes):
    result = check(files.blank_pdf(2))

    assert result.passed
    assert [(finding.code, finding.page) for finding in result.findings] == [
        ("page.blank", 1),
        ("page.blank", 2),
    ]


def test_a_restricted_pdf_that_opens_is_a_warning(check: CheckBytes):
    result = check(files.encrypted_pdf(user=""))

    assert result.passed
    assert codes(result) == ["document.restricted"]


def test_a_picture_too_small_to_read_is_a_warning(check: CheckBytes):
    result = check(files.jpeg(320, 240))

    assert result.passed
    assert codes(result) == ["image.small"]


def test_the_page_limit_is_data(check: CheckBytes):
    assert codes(check(files.pdf(2), max_pages=1)) == ["document.too_many_pages"]


def test_only_the_first_pages_are_rendered_at_once_and_others_on_demand(
    check: CheckBytes, walled: Bubblewrap, source: Path, derived: Path
):
    result = check(files.pdf(4), eager_pages=1)
    later = render_pages(walled, source, [4, 3, 4], derived)

    assert result.pages == 4
    assert {image.page for image in result.images} == {1}
    assert [(i.page, i.kind) for i in later if i.kind is ImageKind.PAGE] == [
        (3, ImageKind.PAGE),
        (4, ImageKind.PAGE),
    ]


@pytest.mark.parametrize("page", [0, 5])
def test_a_page_that_is_not_there_is_named(
    walled: Bubblewrap, source: Path, derived: Path, page: int
):
    source.write_bytes(files.pdf(4))

    with pytest.raises(PagesUnavailable, match="no_such_page"):
        render_pages(walled, source, [page], derived)


@pytest.mark.parametrize("sides", [(14400.0, 3.0), (3.0, 14400.0), (14400.0, 14400.0)])
def test_pages_of_odd_sizes_are_drawn_within_bounds(check: CheckBytes, sides: tuple[float, float]):
    result = check(files.sized_pdf(*sides))

    assert result.passed
    assert all(max(image.width, image.height) <= 4960 for image in result.images)


def test_running_twice_gives_the_same(check: CheckBytes, derived: Path):
    first = check(files.pdf(1))
    content = {path.name: path.read_bytes() for path in derived.iterdir()}
    second = check(files.pdf(1))

    assert first == second
    assert content == {path.name: path.read_bytes() for path in derived.iterdir()}


def test_a_parser_that_wants_too_much_refuses_the_file(
    walled: Bubblewrap, source: Path, derived: Path
):
    content = files.png(6000, 6000)
    source.write_bytes(content)
    limits = Limits(memory=150 * 1024**2, cpu=20, wall=60.0)

    result = check_document(walled, source, expected(content), derived, limits=limits)

    assert codes(result) == ["file.unreadable_limits"]
    assert result.findings[0].params == {"limit": "memory"}


class Lying(Sandbox):
    """A child that was taken over: it says what it likes and leaves what it likes."""

    def __init__(self, answer: Mapping[str, object], made: Mapping[str, bytes]) -> None:
        super().__init__()
        self.answer, self.made = answer, made

    walled = True

    def _run(self, *args: object, **options: object):
        raise NotImplementedError

    def run(self, task: str, *, output: Path | None = None, **options: object) -> Outcome:  # type: ignore[override]
        assert output
        for name, content in self.made.items():
            (output / name).write_bytes(content)
        return read_answer(json.dumps(self.answer).encode(), seconds=0.0)


GOOD = {"pages": 1, "restricted": False, "blank": []}


@pytest.mark.parametrize(
    ("answer", "made"),
    [
        ({"ok": GOOD}, {}),
        ({"ok": GOOD}, {"1.page": b"<html>", "1.thumb": b"<html>"}),
        ({"ok": GOOD}, {"1.page": files.jpeg(64, 64), "1.thumb": files.jpeg(64, 64)}),
        ({"ok": {**GOOD, "pages": 10**9}}, {}),
        ({"ok": {**GOOD, "pages": -1}}, {}),
        ({"ok": {**GOOD, "blank": [7]}}, {}),
        ({"ok": []}, {}),
        ({"refused": "made.up", "params": {}}, {}),
    ],
)
def test_a_lying_child_refuses_its_own_file_and_nothing_else(
    source: Path, derived: Path, answer: Mapping[str, object], made: Mapping[str, bytes]
):
    source.write_bytes(files.pdf())

    result = check_document(Lying(answer, made), source, expected(files.pdf()), derived)

    assert result.findings == (
        Finding(code="file.unreadable_limits", params={"limit": Ending.CRASHED.value}),
    )
    assert list(derived.iterdir()) == []


def test_the_cache_can_be_lost_and_built_again(check: CheckBytes, derived: Path):
    first = check(files.jpeg())
    shutil.rmtree(derived)

    assert check(files.jpeg()) == first
