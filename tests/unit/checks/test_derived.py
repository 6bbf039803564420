"""Weight and legibility of what reviewers see, and what is taken over from the child."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests import files
from tests.unit.checks.conftest import CheckBytes
from verification.checks import raster
from verification.checks.derived import adopt, webp_sides, workplace
from verification.checks.sizes import SIZES, ImageKind, fitted
from verification.sandbox.outcome import Malformed


def noisy_scan(width: int = 1240, height: int = 1754) -> Image.Image:
    """A page off a worn scanner: print, a coloured stamp, grain everywhere."""
    paper = Image.new("RGB", (width, height), (244, 240, 230))
    grain = Image.effect_noise((width, height), 24).convert("RGB")
    with Image.open(io.BytesIO(files.jpeg(400, 400))) as stamp:
        paper.paste(stamp.resize((300, 300)), (800, 1300))
    return Image.blend(paper, grain, 0.3)


def webp(image: Image.Image, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, "WEBP", **options)
    return target.getvalue()


def test_the_heaviest_honest_page_fits_a_review_item(check: CheckBytes, derived: Path):
    result = check(files.dense_pdf())

    page = result.images[0]
    assert page.width == 1240
    assert page.size <= 100_000


def test_small_print_stays_legible(check: CheckBytes, derived: Path):
    """Eight points at 150 dpi: shades of grey may go, edges must stay."""
    result = check(files.dense_pdf())

    with (
        Image.open(derived / result.images[0].name) as page,
        Image.open(derived / result.images[1].name) as zoom,
    ):
        wanted = zoom.convert("L").resize(page.size, Image.Resampling.BOX)
        difference = ImageChops.difference(page.convert("L"), wanted)
        ink = ImageStat.Stat(page.convert("L")).extrema[0]
    assert ImageStat.Stat(difference).rms[0] < 30
    assert ink[1] - ink[0] > 200


@pytest.mark.parametrize("kind", [ImageKind.PAGE, ImageKind.THUMB, ImageKind.CARD])
def test_even_noise_is_light_enough_to_be_taken(kind: ImageKind):
    size = SIZES[kind]
    image = Image.effect_noise((size.short, size.long), 200)

    content = raster.encoded(image.convert("RGB"), size, raster.Style.PICTURE)

    assert len(content) <= size.most


def test_a_worn_scan_keeps_its_size_and_fits():
    scan = noisy_scan()

    content = raster.encoded(scan, SIZES[ImageKind.PAGE], raster.style_of(scan))

    assert len(content) <= 100_000
    assert webp_sides(content[:30], len(content)) == (1240, 1754)


def test_two_cards_fit_a_review_item():
    with Image.open(io.BytesIO(files.card())) as card:
        image = card.convert("RGB")
    grain = Image.effect_noise(image.size, 40).convert("RGB")

    worn = Image.blend(image, grain, 0.25)

    content = raster.encoded(worn, SIZES[ImageKind.CARD], raster.style_of(worn))

    assert 2 * len(content) <= 130_000


def test_nothing_is_enlarged_but_vectors():
    size = SIZES[ImageKind.PAGE]

    assert fitted(300, 200, size) == (300, 200)
    assert fitted(595, 842, size, enlarge=True) == (1240, 1755)


@pytest.mark.parametrize("sides", [(1, 1), (17, 5), (1240, 1754)])
@pytest.mark.parametrize("lossless", [True, False])
def test_the_header_tells_the_sides(sides: tuple[int, int], *, lossless: bool):
    content = webp(Image.new("RGB", sides, "white"), lossless=lossless)

    assert webp_sides(content[:30], len(content)) == sides


PLAIN = webp(Image.new("RGB", (64, 64), "red"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        files.png(64, 64),
        files.jpeg(64, 64),
        PLAIN + files.archive({"x": b"x"}),
        webp(Image.new("RGB", (64, 64)), exif=b"Exif\0\0II*\0"),
        webp(Image.new("RGBA", (64, 64), (1, 2, 3, 4))),
        webp(Image.new("RGB", (1300, 1300))),
        PLAIN + bytes(100_000),
        PLAIN[:26] + bytes(4) + PLAIN[30:],
    ],
)
def test_only_plain_small_pictures_are_taken_over(tmp_path: Path, content: bytes):
    with workplace(tmp_path) as place:
        (place / "1.card").write_bytes(content)
        with pytest.raises(Malformed):
            adopt(place, tmp_path, [(1, ImageKind.CARD)])

    assert list(tmp_path.iterdir()) == []


def test_a_link_is_not_followed(tmp_path: Path):
    real = tmp_path / "real"
    real.write_bytes(PLAIN)
    with workplace(tmp_path) as place:
        (place / "1.card").symlink_to(real)
        with pytest.raises(Malformed):
            adopt(place, tmp_path, [(1, ImageKind.CARD)])


def test_all_or_none_are_taken_over(tmp_path: Path):
    with workplace(tmp_path) as place:
        (place / "1.card").write_bytes(PLAIN)
        with pytest.raises(Malformed):
            adopt(place, tmp_path, [(1, ImageKind.CARD), (2, ImageKind.CARD)])

    assert list(tmp_path.iterdir()) == []
