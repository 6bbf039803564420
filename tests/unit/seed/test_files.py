"""The demonstration's files are what they say, and everything in them says it is a sample."""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from portal.demo.files import SampleFile, write_samples
from portal.seed.process import DATA
from portal.upload_metadata import declared_type


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[SampleFile]:
    return write_samples(tmp_path_factory.mktemp("contoh"), rows=60, cards=2)


def test_each_file_fits_a_requirement(written: list[SampleFile]) -> None:
    requirements = (DATA / "requirements.toml").read_text(encoding="utf-8")
    assert len(written) == 34
    for sample in written:
        assert f'code = "{sample.requirement}"' in requirements
        assert declared_type(sample.path.name, "") is not None
        prefix = sample.region.replace(".", "") if sample.region != "ID" else ""
        assert sample.path.name.startswith(prefix)


def test_documents_open_and_say_what_they_are(written: list[SampleFile]) -> None:
    pdfs = [sample.path for sample in written if sample.path.suffix == ".pdf"]
    for path in pdfs:
        document = pypdfium2.PdfDocument(path)
        page = document[0]
        text = page.get_textpage()
        assert "DATA CONTOH" in text.get_text_bounded()
        assert len(document) == 2
        text.close()
        page.close()
        document.close()
    assert len(pdfs) == 20


def test_pictures_open(written: list[SampleFile]) -> None:
    for sample in written:
        if sample.path.suffix == ".jpg":
            with Image.open(sample.path) as image:
                image.load()


def test_a_list_has_its_rows_some_of_them_wrong(written: list[SampleFile]) -> None:
    (path, *_) = [sample.path for sample in written if sample.path.suffix == ".csv"]
    with path.open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert len(rows) == 60
    names = [row[heading.index("Nama")] for row in rows]
    assert sum(name.startswith("ANGGOTA CONTOH ") for name in names) >= 57
    places = Counter(row[heading.index("Kode Kab/Kota")] for row in rows)
    assert places.most_common(1)[0][0] == "32.73"


def test_cards_are_named_by_nik_and_by_card_number(written: list[SampleFile]) -> None:
    (path, *_) = [sample.path for sample in written if sample.purpose == "scans"]
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
    assert len(names) == 4
    assert {name[:4] for name in names} == {"KTP_", "KTA_"}


def test_the_same_call_writes_the_same_members(written: list[SampleFile], tmp_path: Path) -> None:
    again = write_samples(tmp_path, rows=60, cards=2)
    for first, second in zip(written, again, strict=True):
        if first.purpose == "roster" and first.path.suffix == ".csv":
            assert first.path.read_bytes() == second.path.read_bytes()
