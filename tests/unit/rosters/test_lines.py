"""CSV as parties send it: encodings, separators, line ends, and rows that do not fit."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from verification.rosters.reader import read_table
from verification.rosters.table import Table
from verification.sandbox.job import Refuse

PLAIN = "NIK,Nama,Alamat\n1,A,x\n2,É,y\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


def table_of(source: Path, content: bytes) -> Table:
    source.write_bytes(content)
    return read_table(source)[0]


def refused(source: Path, content: bytes) -> str:
    source.write_bytes(content)
    with pytest.raises(Refuse) as refusal:
        read_table(source)
    return refusal.value.code


@pytest.mark.parametrize(
    ("encoding", "separator", "line_end"),
    [
        ("utf-8", ",", "\n"),
        ("utf-8-sig", ";", "\r\n"),
        ("cp1252", ";", "\r\n"),
        ("utf-16", "\t", "\r\n"),
        ("utf-16-le", ",", "\n"),
        ("utf-16-be", ";", "\n"),
        ("utf-8", "\t", "\r"),
        ("cp1252", "|", "\r"),
    ],
)
def test_the_same_rows_whatever_the_encoding(
    source: Path, encoding: str, separator: str, line_end: str
) -> None:
    text = PLAIN.replace(",", separator).replace("\n", line_end)
    table = table_of(source, text.encode(encoding))
    assert table.headings == ("NIK", "Nama", "Alamat")
    assert table.rows.rows() == [(2, "1", "A", "x"), (3, "2", "É", "y")]
    assert table.broken == ()


def test_lines_that_end_in_cr_may_hold_lf_within_a_cell(source: Path) -> None:
    table = table_of(source, b'NIK,Nama,Alamat\r1,A,"x\ny"\r2,B\r')
    assert table.rows.rows() == [(2, "1", "A", "x\ny")]
    assert [(row.line, row.code) for row in table.broken] == [(4, "row.short")]


def test_a_heading_may_span_lines(source: Path) -> None:
    content = b'DAFTAR "A"\nNIK,"Tanggal Lahir\n(hari-bulan-tahun)","Nama\nLengkap"\n1,2,A\n2,B\n'
    table = table_of(source, content)
    assert table.headings == ("NIK", "Tanggal Lahir\n(hari-bulan-tahun)", "Nama\nLengkap")
    assert table.rows.rows() == [(5, "1", "2", "A")]
    assert [(row.line, row.code) for row in table.broken] == [(6, "row.short")]


def test_titles_and_excels_own_line_are_passed_over(source: Path) -> None:
    content = b"sep=;\r\nDAFTAR ANGGOTA;;\r\n;;\r\nNIK;Nama;Alamat\r\n1;A;x\r\n"
    assert table_of(source, content).rows.rows() == [(5, "1", "A", "x")]


def test_rows_that_do_not_fit_are_named_by_their_line(source: Path) -> None:
    content = (
        b"NIK,Nama,Alamat\n"
        b"1,A,x\n"
        b"\n"
        b"2,B\n"
        b"3,C,d,e\n"
        b'4,"D, nomor 1",x\n'
        b'5,"E\n6",z\n'
        b'7,"F,x\n'
        b"8,G,x\n"
        b'9,O"G,x\n'
        b"10,x,y,,\n"
        b",,\n"
    )
    table = table_of(source, content)
    assert table.rows.rows() == [
        (2, "1", "A", "x"),
        (6, "4", "D, nomor 1", "x"),
        (7, "5", "E\n6", "z"),
        (10, "8", "G", "x"),
        (11, "9", 'O"G', "x"),
        (12, "10", "x", "y"),
    ]
    assert [(row.line, row.code) for row in table.broken] == [
        (4, "row.short"),
        (5, "row.long"),
        (9, "row.unclosed"),
    ]
    assert table.sent == 9


def test_a_few_bad_characters_do_not_turn_utf8_into_cp1252(source: Path) -> None:
    content = "NIK,Nama\n1,ÉÉÉ\n2,ÜÜÜ\n".encode() + b"3,\xe9x\n4,D\n"
    table = table_of(source, content)
    assert [row[2] for row in table.rows.rows()] == ["ÉÉÉ", "ÜÜÜ", "D"]
    assert [(row.line, row.code) for row in table.broken] == [(4, "row.undecodable")]


def test_quoted_everywhere(source: Path) -> None:
    content = b'"NIK";"Nama"\r\n"1";"A ""B"" C"\r\n"2";";"\r\n'
    assert table_of(source, content).rows.rows() == [(2, "1", 'A "B" C'), (3, "2", ";")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "list.empty"),
        (b" " * 100_000, "list.empty"),
        (b"NIK,Nama\n", "list.no_rows"),
        (b"NIK,Nama\n\n,,\n", "list.no_rows"),
        (b"satu,dua\n1,2\n", "list.no_heading"),
        (b"x" * 1_000_000, "list.no_heading"),
        (b"%PDF-1.7\n", "list.other_type"),
        (b"<html><body>", "list.other_type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "list.old_excel"),
        (b"PK\x03\x04rusak", "list.unreadable_zip"),
    ],
)
def test_what_is_no_list_is_refused_with_its_reason(
    source: Path, content: bytes, code: str
) -> None:
    assert refused(source, content) == code


def test_random_bytes_are_refused_at_once(source: Path) -> None:
    content = os.urandom(20_000_000)
    began = time.process_time()
    assert refused(source, content) == "list.not_text"
    assert time.process_time() - began < 1


def test_a_file_beyond_the_limit_is_not_read(source: Path) -> None:
    source.write_bytes(PLAIN.encode())
    with pytest.raises(Refuse) as refusal:
        read_table(source, most_bytes=10)
    assert refusal.value.code == "list.too_large"


def test_thousands_of_open_quotes_do_not_take_long(source: Path) -> None:
    content = b"NIK,Nama\n" + b'1,"A\n2,B\n' * 20_001
    began = time.process_time()
    table = table_of(source, content)
    assert time.process_time() - began < 5
    assert table.sent <= 40_002
