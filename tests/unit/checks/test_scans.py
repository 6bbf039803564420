"""Card scans: archives as parties pack them, and archives packed against us."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import files
from tests.unit.checks.conftest import CheckScans, expected
from verification.checks import scan_batches
from verification.checks.names import CardKind
from verification.checks.scans import SCAN_KINDS, ScanCaps, ScanResult, check_scans
from verification.sandbox.launcher import Bubblewrap
from verification.sandbox.limits import Limits
from verification.sandbox.outcome import Ending, Outcome, stopped

NIK = "3273010101900001"


def codes(result: ScanResult) -> list[str]:
    return [finding.code for finding in result.findings]


def test_an_archive_is_paired_by_its_names(check_zip: CheckScans, derived: Path):
    result = check_zip(files.scans(2))

    assert result.passed
    assert result.findings == ()
    assert [(entry.number, entry.kind, entry.nik, entry.kta) for entry in result.entries] == [
        (1, CardKind.KTP, "3273010101900001", None),
        (2, CardKind.KTA, None, "P01-00000001"),
        (3, CardKind.KTP, "3273010101900002", None),
        (4, CardKind.KTA, None, "P01-00000002"),
    ]
    assert sorted(path.name for path in derived.iterdir()) == [
        f"{number:04d}.card.webp" for number in range(1, 5)
    ]


def test_a_single_picture_is_read_by_its_own_name(check_zip: CheckScans):
    result = check_zip(files.card(), name=f"ktp {NIK}.JPG")

    assert result.passed
    (entry,) = result.entries
    assert (entry.kind, entry.nik) == (CardKind.KTP, NIK)
    assert entry.sha256 == hashlib.sha256(files.card()).hexdigest()
    assert entry.image
    assert (entry.image.width, entry.image.height) == (1240, 775)


def test_sent_is_rendered_plus_refused(check_zip: CheckScans):
    result = check_zip(
        files.archive(
            {
                f"KTP_{NIK}.jpg": files.card(),
                "keluarga.jpg": files.jpeg(),
                "bomb.png": files.png_bomb(),
                "halaman.jpg": files.html(),
                "rusak.jpg": files.truncated(files.jpeg()),
                "__MACOSX/._KTP.jpg": b"x",
                "Thumbs.db": b"x",
                "folder/": b"",
            }
        )
    )

    assert result.passed
    assert (len(result.entries), result.ignored) == (5, 3)
    assert [entry.number for entry in result.unmatched] == [2]
    assert {entry.number: entry.refused.code for entry in result.refused if entry.refused} == {
        3: "image.too_large",
        4: "scans.entry_not_image",
        5: "scans.entry_damaged",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.zip_bomb, "scans.ratio"),
        (files.nested_zip, "scans.nested"),
        (lambda: files.archive({"lagi.ZIP": b"x"}), "scans.nested"),
        (files.encrypted_zip, "scans.encrypted"),
        (files.overlapping_zip, "scans.overlapping"),
        (lambda: files.many_entries_zip(1001), "scans.too_many_entries"),
        (lambda: files.archive({}), "scans.empty"),
        (lambda: files.truncated(files.scans()), "scans.damaged"),
        (lambda: files.archive({"x.jpg": b"x"}, compression=zipfile.ZIP_LZMA), "scans.compression"),
        (lambda: files.archive({"a.txt": b"halo"}), "scans.entry_not_image"),
        (files.lying_zip, "scans.entry_damaged"),
        (files.png_bomb, "image.too_large"),
        (files.pdf, "file.type_not_accepted"),
        (files.html, "file.type_html"),
    ],
)
def test_archives_packed_against_us_are_refused(
    check_zip: CheckScans, derived: Path, content: Callable[[], bytes], code: str
):
    result = check_zip(content())

    assert not result.passed
    assert codes(result) == [code]
    assert not derived.exists() or not list(derived.iterdir())


def test_what_an_entry_really_holds_counts(check_zip: CheckScans):
    content = files.archive({"besar.jpg": files.jpeg(2000, 2000), "KTP.jpg": files.jpeg(64, 64)})

    result = check_zip(content, caps=ScanCaps(entry=50_000))

    assert [entry.number for entry in result.refused] == [1]
    assert result.entries[0].refused
    assert result.entries[0].refused.code == "scans.entry_too_large"


def test_the_archive_as_a_whole_is_bounded(check_zip: CheckScans):
    assert codes(check_zip(files.scans(3), caps=ScanCaps(total=50_000))) == ["scans.too_large"]


def test_names_never_become_paths(check_zip: CheckScans, tmp_path: Path):
    hostile = ["../../keluar.jpg", "/etc/keluar.jpg", "..\\keluar.jpg", "a\0b.jpg", "\u202egpj.exe"]

    result = check_zip(files.archive([(name, files.jpeg(64, 64)) for name in hostile]))

    assert len(result.entries) == len(hostile)
    assert not list(tmp_path.rglob("*keluar*"))
    assert all(entry.name.isprintable() for entry in result.entries)


def test_numbers_stay_out_of_what_is_logged(check_zip: CheckScans):
    assert NIK not in repr(check_zip(files.scans(1)))


def test_progress_is_told_batch_by_batch(check_zip: CheckScans, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scan_batches, "BATCH", 2)
    told: list[tuple[int, int]] = []

    check_zip(files.scans(2), progress=lambda done, of: told.append((done, of)))

    assert told == [(2, 4), (4, 4)]


class Fragile(Bubblewrap):
    """Dies whenever a batch holds one of ``killers``, as a decoder with a hole would."""

    def __init__(self, killers: set[int]) -> None:
        super().__init__()
        self.killers, self.runs = killers, 0

    def run(self, task: str, **options: object) -> Outcome:  # type: ignore[override]
        self.runs += 1
        numbers = options["arguments"].get("numbers", [])  # type: ignore[attr-defined]
        if self.killers & set(numbers):
            return stopped(Ending.CRASHED, where="signal 11")
        return super().run(task, **options)  # type: ignore[arg-type]


def fragile_check(killers: set[int], source: Path, derived: Path, members: int):
    content = files.scans(members)
    source.write_bytes(content)
    sandbox = Fragile(killers)
    facts = expected(content, accepted=SCAN_KINDS)
    return check_scans(sandbox, source, facts, derived), sandbox


def test_a_picture_that_kills_its_decoder_costs_only_itself(source: Path, derived: Path):
    result, _ = fragile_check({3}, source, derived, members=4)

    assert result.passed
    assert [entry.number for entry in result.refused] == [3]
    assert result.refused[0].refused
    assert result.refused[0].refused.code == "file.unreadable_limits"
    assert len(list(derived.iterdir())) == 7


def test_too_many_killers_end_it(source: Path, derived: Path):
    result, sandbox = fragile_check(set(range(1, 81)), source, derived, members=40)

    assert codes(result) == ["file.unreadable_limits"]
    assert sandbox.runs < 40
    assert list(derived.iterdir()) == []


def test_a_batch_out_of_memory_is_halved(check_zip: CheckScans, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scan_batches, "BATCH_LIMITS", Limits(memory=120 * 1024**2, cpu=30))

    result = check_zip(
        files.archive({"KTP_1.png": files.png(5000, 5000), "KTP_2.jpg": files.jpeg(64, 64)})
    )

    assert result.passed
    assert [entry.number for entry in result.refused] == [1]
