"""File names as parties write them."""

from __future__ import annotations

import pytest

from verification.checks.names import CardKind, read_name, without_nik

NIK = "3273010101900001"
KTP, KTA, KK, UNKNOWN = CardKind.KTP, CardKind.KTA, CardKind.KK, CardKind.UNKNOWN


@pytest.mark.parametrize(
    ("name", "kind", "nik", "kta"),
    [
        (f"KTP_{NIK}.jpg", KTP, NIK, None),
        (f"{NIK}_ktp.jpeg", KTP, NIK, None),
        ("KTP_P01-00003112.jpg", KTP, None, "P01-00003112"),
        (f"KTP_{NIK[:-1]}.jpg", KTP, None, None),
        (f"{NIK}/ktp.jpg", KTP, NIK, None),
        (f"KTP/{NIK}.png", KTP, NIK, None),
        (f"e-KTP {NIK} (2).jpg", KTP, NIK, None),
        (f"ektp-{NIK}.jpg", KTP, NIK, None),
        ("KTP 327301 010190 0001.jpg", KTP, NIK, None),
        ("ktp_3273.0101.0190.0001.jpg", KTP, NIK, None),
        (f"KTP_KTA_3273_011/{NIK}_kta.jpg", KTA, NIK, None),
        ("KTA_P01-00003112.jpg", KTA, None, "P01-00003112"),
        ("kta-p01-7777.png", KTA, None, "P01-7777"),
        ("KTA 0012345 (1).jpg", KTA, None, "0012345"),
        (f"kta_{NIK}_P01-00003112.jpg", KTA, NIK, "P01-00003112"),
        ("P01-00003112.jpg", UNKNOWN, None, "P01-00003112"),
        ("KTA_3273_P01-00003112.jpg", KTA, None, "P01-00003112"),
        ("3273/P01-00003112/kta.jpg", KTA, None, "P01-00003112"),
        (f"kk_{NIK}.jpg", KK, NIK, None),
        (f"{NIK}.jpg", UNKNOWN, NIK, None),
        ("12345678901234567.jpg", UNKNOWN, None, "12345678901234567"),
        ("IMG-20220814.jpg", UNKNOWN, None, None),
        ("scan.jpg", UNKNOWN, None, None),
        ("", UNKNOWN, None, None),
        ("///", UNKNOWN, None, None),
        ("KTPKTA.jpg", UNKNOWN, None, None),
    ],
)
def test_reading(name: str, kind: CardKind, nik: str | None, kta: str | None):
    said = read_name(name)

    assert (said.kind, said.nik, said.kta) == (kind, nik, kta)


def test_numbers_do_not_show():
    assert NIK not in repr(read_name(f"KTP_{NIK}.jpg"))


def test_a_long_hostile_name_is_read_quickly():
    read_name("1 " * 100_000 + "/" * 1000 + "(" * 1000)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("KTP_3273015305870001.jpg", "KTP_3273************.jpg"),
        ("3273015305870001/kta (2).png", "3273************/kta (2).png"),
        ("ktp 327301 530587 0001.jpg", "ktp 3273** ****** ****.jpg"),
        ("KTP_3273015305870001-2.jpg", "KTP_3273************-2.jpg"),
        ("3273_sk.pdf", "3273_sk.pdf"),
        ("pindaian 2022-08-14 12.30.45.zip", "pindaian 2022-08-14 12.30.45.zip"),
        ("KTA P01-00003112.jpg", "KTA P01-00003112.jpg"),
    ],
)
def test_tables_hold_a_name_without_its_nik(name: str, kept: str) -> None:
    assert without_nik(name) == kept
