"""Why a member list is refused as a whole, in words: what happened, and what repairs it.

Next station: `verification.checks.reasons`, which joins them with the reasons of documents.
"""

from __future__ import annotations

from collections.abc import Mapping

from verification.checks.reason_texts import Texts

_TEXT_COLUMN = (
    "Buka sumber aslinya, jadikan kolom NIK berformat Teks sebelum mengisi, atau pakai templat "
    "kami; lalu unggah lagi seluruh daftar.",
    "Open the original source, format the NIK column as Text before filling it, or use our "
    "template; then upload the whole list again.",
)
_NEW_WORKBOOK = (
    "Buka di program lembar kerja, simpan ulang sebagai XLSX biasa atau CSV UTF-8, lalu unggah lagi.",
    "Open it in a spreadsheet, save it as a plain XLSX or CSV UTF-8, then upload it again.",
)
_TEMPLATE = (
    "Pakai judul kolom seperti pada templat, lalu unggah lagi.",
    "Use column headings as in the template, then upload it again.",
)

LIST_REASONS: Mapping[str, Texts] = {
    "list.empty": Texts(
        "Berkas ini hanya berisi ruang kosong.",
        "This file holds nothing but blanks.",
        "Pilih berkas daftar anggota yang benar, lalu unggah lagi.",
        "Choose the right member list, then upload it again.",
    ),
    "list.no_rows": Texts(
        "Daftar ini berisi judul kolom tetapi tidak satu baris pun; tidak ada yang diubah.",
        "This list has headings but not a single row; nothing has been changed.",
        "Isi barisnya, lalu unggah lagi. Untuk mencabut daftar lama, gunakan tombol Cabut.",
        "Fill in the rows and upload it again. To withdraw the old list, use the Withdraw button.",
    ),
    "list.no_heading": Texts(
        "Baris judul kolom tidak ditemukan pada dua puluh baris pertama.",
        "No row of column headings was found in the first twenty rows.",
        *_TEMPLATE,
    ),
    "list.columns_missing": Texts(
        "Kolom wajib tidak ada: {columns}.",
        "Columns that must be there are missing: {columns}.",
        *_TEMPLATE,
    ),
    "list.columns_unclear": Texts(
        "Arti beberapa kolom belum pasti.",
        "The meaning of some columns is not certain.",
        "Buka halaman daftar ini dan pastikan kolomnya; berkas tidak perlu diunggah lagi.",
        "Open this list's page and confirm the columns; the file need not be uploaded again.",
    ),
    "list.not_text": Texts(
        "Isi berkas ini bukan teks CSV dan bukan XLSX.",
        "This file is neither CSV text nor XLSX.",
        *_NEW_WORKBOOK,
    ),
    "list.other_type": Texts(
        "Berkas ini {found}, bukan daftar CSV atau XLSX.",
        "This file is {found}, not a CSV or XLSX list.",
        *_NEW_WORKBOOK,
    ),
    "list.old_excel": Texts(
        "Berkas ini buku kerja Excel lama (XLS), atau XLSX yang disandikan.",
        "This file is an old Excel workbook (XLS), or an encrypted XLSX.",
        *_NEW_WORKBOOK,
    ),
    "list.not_xlsx": Texts(
        "Berkas ini arsip ZIP, bukan buku kerja XLSX.",
        "This file is a ZIP archive, not an XLSX workbook.",
        *_NEW_WORKBOOK,
    ),
    "list.zip_empty": Texts(
        "Arsip ZIP ini tidak berisi satu pun daftar CSV atau XLSX.",
        "This ZIP archive holds no CSV or XLSX list.",
        "Masukkan daftar .csv atau .xlsx ke dalam arsip, lalu unggah lagi.",
        "Put .csv or .xlsx lists into the archive, then upload it again.",
    ),
    "list.zip_differs": Texts(
        "Daftar ke-{number} dalam arsip ini berjudul kolom lain daripada yang pertama.",
        "List number {number} in this archive has other column headings than the first.",
        "Samakan judul kolom semua daftar, misalnya dengan templat, atau unggah satu per satu.",
        "Give all lists the same headings, for example from the template, or upload them singly.",
    ),
    "list.encrypted": Texts(
        "Buku kerja ini dilindungi kata sandi.",
        "This workbook is protected by a password.",
        "Hapus kata sandinya, simpan, lalu unggah lagi.",
        "Remove the password, save it, then upload it again.",
    ),
    "list.unreadable_zip": Texts(
        "Buku kerja ini rusak dan tidak dapat dibuka.",
        "This workbook is damaged and cannot be opened.",
        *_NEW_WORKBOOK,
    ),
    "list.zip_bomb": Texts(
        "Isi buku kerja ini mengembang jauh melebihi ukurannya, seperti berkas yang berbahaya.",
        "This workbook unpacks to far more than its size, as harmful files do.",
        "Salin hanya barisnya ke buku kerja baru, simpan, lalu unggah lagi.",
        "Copy only the rows into a new workbook, save it, then upload it again.",
    ),
    "list.too_large": Texts(
        "Daftar ini lebih besar dari {limit_mb} MB.",
        "This list is larger than {limit_mb} MB.",
        "Bagi menurut kabupaten/kota, lalu unggah satu per satu.",
        "Split it by regency, then upload the parts one by one.",
    ),
    "list.nik_scientific": Texts(
        "{percent} % NIK dalam berkas ini rusak oleh Excel: tertulis seperti 3,27101E+15. Sepuluh "
        "angka terakhirnya hilang dan tidak dapat dipulihkan dari berkas ini.",
        "{percent}% of the NIK in this file were damaged by Excel: they read like 3.27101E+15. Their "
        "last ten digits are gone and cannot be recovered from this file.",
        *_TEXT_COLUMN,
    ),
    "list.nik_numeric": Texts(
        "{percent} % NIK dalam berkas ini tersimpan sebagai bilangan. Excel hanya menyimpan lima "
        "belas angka, sehingga angka keenam belas berubah menjadi 0.",
        "{percent}% of the NIK in this file are stored as numbers. Excel keeps fifteen digits only, "
        "so the sixteenth has become 0.",
        *_TEXT_COLUMN,
    ),
    "list.nik_zeros": Texts(
        "{percent} % NIK dalam berkas ini berakhir dengan 0; wajarnya sekitar 10 %. Kemungkinan "
        "besar Excel telah mengubah angka keenam belas.",
        "{percent}% of the NIK in this file end in 0, where about 10% would be normal. Excel has "
        "most likely changed the sixteenth digit.",
        *_TEXT_COLUMN,
    ),
    "list.region_names": Texts(
        "Kolom kecamatan berisi nama, bukan kode wilayah.",
        "The district column holds names, not region codes.",
        "Isi kolom Kode Kecamatan dengan kode seperti 32.73.01, lalu unggah lagi. Nama boleh tetap "
        "di kolom lain.",
        "Fill the district column with codes like 32.73.01, then upload it again. The names may "
        "stay in a column of their own.",
    ),
    "list.unknown_roster": Texts(
        "Daftar yang hendak dibetulkan berkas ini tidak ada.",
        "The list this file means to correct does not exist.",
        "Unggah lagi dari halaman daftarnya.",
        "Upload it again from the list's own page.",
    ),
}
