"""The rules every peer is given, in plain Python: fifteen, of the seventeen that cost us most.

Standard library only. `rows` are the CSV's; codes come as a JSON file of kecamatan.
"""

import json
import re
from datetime import date
from pathlib import Path

NIK = re.compile(r"[0-9]{16}\Z")
DATE = re.compile(r"[0-9]{2}-[0-9]{2}-[0-9]{4}\Z")
NAME = re.compile(r"[A-Za-z .,'`/()-]{2,200}\Z")
CARD = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]\Z")
STATES = {"BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI"}
BARRED = {"TNI", "POLRI", "PNS", "ASN", "PEGAWAI NEGERI SIPIL", "KEPALA DESA"}
FIELDS = {
    "province": "Kode Provinsi", "regency": "Kode Kab/Kota", "district": "Kode Kecamatan",
    "card": "Nomor KTA", "nik": "NIK", "name": "Nama", "sex": "Jenis Kelamin",
    "place": "Tempat Lahir", "born": "Tanggal Lahir", "state": "Status Perkawinan",
    "work": "Pekerjaan", "address": "Alamat",
}  # fmt: skip


def districts(path):
    """The set of known codes."""
    return frozenset(json.loads(Path(path).read_text()))


def read_date(text):
    """A date, or None."""
    if not DATE.match(text):
        return None
    try:
        return date(int(text[6:]), int(text[3:5]), int(text[:2]))
    except ValueError:
        return None


def nik_date(text):
    """Whether the digits of a NIK hold a date."""
    day, month, year = int(text[6:8]) % 40, int(text[8:10]), int(text[10:12])
    try:
        date(2000 + year, month, day)
    except ValueError:
        return False
    return True
