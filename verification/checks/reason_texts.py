"""The words of the system checks, Bahasa Indonesia first.

Each entry: what happened and what repairs it, in both languages, formal and without blame. A code
is a promise to scripts: it may get better words, it is never renamed.

Next station: ``verification/checks/reasons.py: describe``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Texts(NamedTuple):
    """Message and repair, Indonesian and English."""

    id_message: str
    en_message: str
    id_repair: str
    en_repair: str


# In front of a reason that is about one list of an archive.
OF_PART = ("Daftar ke-{part} dalam arsip ini:", "List number {part} in this archive:")
WORDS: Mapping[str, tuple[str, str]] = {
    "pdf": ("PDF", "PDF"),
    "jpeg": ("JPEG", "JPEG"),
    "png": ("PNG", "PNG"),
    "zip": ("ZIP", "ZIP"),
    "html": ("halaman web (HTML)", "a web page (HTML)"),
    "office": ("dokumen Office", "an Office document"),
    "archive": ("arsip", "an archive"),
    "heic": ("foto HEIC", "a HEIC photograph"),
    "image": ("gambar", "an image"),
    "text": ("teks", "text"),
    "unknown": ("jenis yang tidak dikenal", "an unknown kind"),
    "timeout": ("terlalu lama dibaca", "it takes too long to read"),
    "memory": ("membutuhkan memori terlalu besar", "it needs too much memory"),
    "output": ("menghasilkan gambar terlalu besar", "its images are too large"),
    "crashed": ("isinya tidak dapat diproses", "its content cannot be processed"),
    "yes": ("ya", "yes"),
    "no": ("tidak", "no"),
}

UNKNOWN = Texts(
    "Berkas ini tidak lolos pemeriksaan sistem.",
    "This file did not pass the system checks.",
    "Periksa berkasnya, simpan ulang, lalu unggah lagi.",
    "Check the file, save it anew, then upload it again.",
)

_SAVE_AS_PDF = (
    "Simpan ulang sebagai {accepted}, lalu unggah lagi.",
    "Save it as {accepted}, then upload it again.",
)
_SPLIT_ARCHIVE = (
    "Bagi menjadi beberapa ZIP yang lebih kecil, lalu unggah satu per satu.",
    "Split it into several smaller ZIP files, then upload them one by one.",
)
_PACK_AGAIN = (
    "Buat ZIP baru langsung dari berkas JPEG atau PNG, lalu unggah lagi.",
    "Make a new ZIP directly from the JPEG or PNG files, then upload it again.",
)

_FILE: Mapping[str, Texts] = {
    "file.empty": Texts(
        "Berkas ini kosong (0 bita).",
        "This file is empty (0 bytes).",
        "Pilih berkas yang benar, lalu unggah lagi.",
        "Choose the right file, then upload it again.",
    ),
    "file.duplicate": Texts(
        "Berkas yang sama persis sudah diterima untuk syarat dan wilayah ini.",
        "Exactly this file has been received already for this requirement and region.",
        "Tidak perlu diunggah lagi. Bila isinya seharusnya lain, unggah berkas yang benar.",
        "No need to upload it again. If it should differ, upload the right file.",
    ),
    "file.size_differs": Texts(
        "Ukuran berkas di server ({size} bita) berbeda dari yang diterima ({expected} bita). "
        "Ini bukan kesalahan Anda.",
        "The file on the server ({size} bytes) differs in size from what was received "
        "({expected} bytes). This is not your fault.",
        "Unggah lagi berkas yang sama; tanda terima sebelumnya tetap berlaku.",
        "Upload the same file again; the earlier receipt stays valid.",
    ),
    "file.hash_differs": Texts(
        "Isi berkas di server tidak sama dengan yang diterima. Ini bukan kesalahan Anda.",
        "The file on the server is not the same as what was received. This is not your fault.",
        "Unggah lagi berkas yang sama; tanda terima sebelumnya tetap berlaku.",
        "Upload the same file again; the earlier receipt stays valid.",
    ),
    "file.declared_hash_differs": Texts(
        "Isi berkas berbeda dari nilai SHA-256 yang Anda cantumkan.",
        "The file differs from the SHA-256 you declared.",
        "Pastikan berkas tidak berubah selama diunggah, hitung ulang SHA-256, lalu unggah lagi.",
        "Make sure the file does not change while uploading, compute its SHA-256 again, then "
        "upload it again.",
    ),
    "file.type_html": Texts(
        "Berkas ini bukan {accepted}, melainkan halaman web (HTML).",
        "This file is not {accepted} but a web page (HTML).",
        "Buka dokumen aslinya, simpan sebagai {accepted}, lalu unggah lagi. Halaman web sering "
        "tersimpan bila unduhan sebelumnya meminta masuk.",
        "Open the original document, save it as {accepted}, then upload it again. A web page is "
        "often saved when an earlier download asked for a login.",
    ),
    "file.type_zip": Texts(
        "Berkas ini bukan {accepted}, melainkan arsip ZIP.",
        "This file is not {accepted} but a ZIP archive.",
        "Ekstrak arsipnya, lalu unggah berkas di dalamnya satu per satu.",
        "Extract the archive, then upload the files in it one by one.",
    ),
    "file.type_archive": Texts(
        "Berkas ini bukan {accepted}, melainkan arsip (RAR, 7z, atau GZ).",
        "This file is not {accepted} but an archive (RAR, 7z or GZ).",
        "Ekstrak arsipnya, lalu unggah berkas di dalamnya sebagai {accepted}.",
        "Extract the archive, then upload the files in it as {accepted}.",
    ),
    "file.type_office": Texts(
        "Berkas ini bukan {accepted}, melainkan dokumen Word, Excel, atau sejenisnya.",
        "This file is not {accepted} but a Word, Excel or similar document.",
        "Buka dokumennya, pilih Simpan sebagai PDF, lalu unggah PDF itu.",
        "Open the document, choose Save as PDF, then upload that PDF.",
    ),
    "file.type_heic": Texts(
        "Foto ini berformat HEIC dan tidak dapat dibuka oleh pemeriksa.",
        "This photograph is in HEIC format, which verifiers cannot open.",
        "Di iPhone pilih Pengaturan, Kamera, Format, Paling Kompatibel, atau simpan fotonya "
        "sebagai JPEG, lalu unggah lagi.",
        "On an iPhone choose Settings, Camera, Formats, Most Compatible, or save the photograph "
        "as JPEG, then upload it again.",
    ),
    "file.type_image": Texts(
        "Gambar ini bukan {accepted}.", "This image is not {accepted}.", *_SAVE_AS_PDF
    ),
    "file.type_text": Texts(
        "Berkas ini bukan {accepted}, melainkan teks.",
        "This file is not {accepted} but text.",
        *_SAVE_AS_PDF,
    ),
    "file.type_not_accepted": Texts(
        "Berkas ini berjenis {detected}; syarat ini menerima {accepted}.",
        "This file is {detected}; this requirement takes {accepted}.",
        *_SAVE_AS_PDF,
    ),
    "file.type_unknown": Texts(
        "Berkas ini bukan {accepted}.", "This file is not {accepted}.", *_SAVE_AS_PDF
    ),
    "file.suffix_differs": Texts(
        "Nama berkas berakhiran .{suffix}, tetapi isinya {detected}. Isinya tetap dipakai.",
        "The file's name ends in .{suffix}, but it is {detected}. It is used as what it is.",
        "Tidak perlu diperbaiki; periksa apakah ini berkas yang Anda maksud.",
        "Nothing to repair; check that this is the file you meant.",
    ),
    "file.unreadable_limits": Texts(
        "Berkas ini tidak dapat dibaca dengan aman: {limit}.",
        "This file cannot be read safely: {limit}.",
        "Cetak ulang ke PDF yang baru atau pindai lagi pada 150–300 dpi, lalu unggah lagi.",
        "Print it to a new PDF or scan it again at 150–300 dpi, then upload it again.",
    ),
}

_DOCUMENT: Mapping[str, Texts] = {
    "document.damaged": Texts(
        "Berkas ini tidak dapat dibuka sebagai {type}: rusak atau terpotong.",
        "This file cannot be opened as {type}: it is damaged or cut short.",
        "Buka berkasnya di komputer Anda. Bila terbuka, simpan ulang sebagai {type}; bila tidak, "
        "pindai lagi. Lalu unggah lagi.",
        "Open the file on your computer. If it opens, save it anew as {type}; if not, scan it "
        "again. Then upload it again.",
    ),
    "document.encrypted": Texts(
        "PDF ini dikunci dengan kata sandi, sehingga pemeriksa tidak dapat membukanya.",
        "This PDF is locked with a password, so verifiers cannot open it.",
        "Buka dengan kata sandinya, cetak atau simpan sebagai PDF tanpa kata sandi, lalu unggah "
        "lagi.",
        "Open it with its password, print or save it as a PDF without one, then upload it again.",
    ),
    "document.restricted": Texts(
        "PDF ini dibatasi oleh pembuatnya (misalnya tidak boleh dicetak), tetapi dapat dibaca.",
        "This PDF is restricted by its maker (for example against printing), but can be read.",
        "Tidak perlu diperbaiki.",
        "Nothing to repair.",
    ),
    "document.no_pages": Texts(
        "PDF ini tidak berisi halaman.",
        "This PDF has no pages.",
        "Simpan ulang dokumennya sebagai PDF, pastikan ada isinya, lalu unggah lagi.",
        "Save the document as PDF anew, make sure it has content, then upload it again.",
    ),
    "document.no_such_page": Texts(
        "Halaman itu tidak ada; dokumen ini memiliki {pages} halaman.",
        "There is no such page; this document has {pages}.",
        "Muat ulang halaman ini.",
        "Reload this page.",
    ),
    "document.too_many_pages": Texts(
        "PDF ini memiliki {pages} halaman; batasnya {most}.",
        "This PDF has {pages} pages; the limit is {most}.",
        "Bagi dokumennya menjadi beberapa PDF, lalu unggah satu per satu.",
        "Split the document into several PDFs, then upload them one by one.",
    ),
    "document.page_damaged": Texts(
        "Halaman {page} tidak dapat ditampilkan.",
        "Page {page} cannot be shown.",
        "Cetak ulang dokumennya ke PDF yang baru, periksa halaman {page}, lalu unggah lagi.",
        "Print the document to a new PDF, check page {page}, then upload it again.",
    ),
    "page.blank": Texts(
        "Halaman {page} tampak kosong.",
        "Page {page} looks blank.",
        "Periksa apakah lembarnya terpindai terbalik; bila ya, pindai lagi dan ganti berkasnya.",
        "Check whether the sheet was scanned upside down; if so, scan it again and replace it.",
    ),
    "image.too_large": Texts(
        "Gambar ini {width} × {height} piksel; batasnya {megapixels} megapiksel.",
        "This image has {width} × {height} pixels; the limit is {megapixels} megapixels.",
        "Perkecil gambarnya atau pindai pada 300 dpi, lalu unggah lagi.",
        "Make the image smaller or scan it at 300 dpi, then upload it again.",
    ),
    "image.small": Texts(
        "Gambar ini hanya {width} × {height} piksel dan mungkin tidak terbaca.",
        "This image has only {width} × {height} pixels and may not be legible.",
        "Bila tulisannya tidak terbaca, foto atau pindai lagi lebih dekat lalu ganti berkasnya.",
        "If the print cannot be read, photograph or scan it closer and replace the file.",
    ),
}

_SCANS: Mapping[str, Texts] = {
    "scans.damaged": Texts(
        "ZIP ini rusak atau terpotong.", "This ZIP is damaged or cut short.", *_PACK_AGAIN
    ),
    "scans.empty": Texts("ZIP ini tidak berisi foto.", "This ZIP holds no picture.", *_PACK_AGAIN),
    "scans.too_many_entries": Texts(
        "ZIP ini berisi {entries} berkas; batasnya {most}.",
        "This ZIP holds {entries} files; the limit is {most}.",
        *_SPLIT_ARCHIVE,
    ),
    "scans.too_large": Texts(
        "Isi ZIP ini {megabytes} MB setelah diekstrak; batasnya {most} MB.",
        "This ZIP holds {megabytes} MB when extracted; the limit is {most} MB.",
        *_SPLIT_ARCHIVE,
    ),
    "scans.ratio": Texts(
        "ZIP ini mengembang lebih dari {most} kali lipat; foto tidak pernah demikian.",
        "This ZIP expands more than {most} times; pictures never do.",
        *_PACK_AGAIN,
    ),
    "scans.overlapping": Texts(
        "Berkas di dalam ZIP ini saling tumpang tindih.",
        "The files in this ZIP overlap each other.",
        *_PACK_AGAIN,
    ),
    "scans.nested": Texts(
        "ZIP ini berisi arsip lain di dalamnya.",
        "This ZIP holds another archive.",
        *_PACK_AGAIN,
    ),
    "scans.encrypted": Texts(
        "ZIP ini dikunci dengan kata sandi.", "This ZIP is locked with a password.", *_PACK_AGAIN
    ),
    "scans.compression": Texts(
        "ZIP ini memakai cara pemampatan yang tidak didukung.",
        "This ZIP uses a compression that is not supported.",
        *_PACK_AGAIN,
    ),
    "scans.entry_damaged": Texts(
        "Foto ini rusak atau terpotong.",
        "This picture is damaged or cut short.",
        "Foto atau pindai lagi kartunya, lalu unggah foto itu saja.",
        "Photograph or scan the card again, then upload that picture only.",
    ),
    "scans.entry_too_large": Texts(
        "Foto ini lebih besar dari {most} MB.",
        "This picture is larger than {most} MB.",
        "Simpan ulang sebagai JPEG yang lebih kecil, lalu unggah foto itu saja.",
        "Save it as a smaller JPEG, then upload that picture only.",
    ),
    "scans.entry_not_image": Texts(
        "Berkas ini bukan foto JPEG atau PNG.",
        "This file is not a JPEG or PNG picture.",
        "Simpan ulang sebagai JPEG, lalu unggah foto itu saja.",
        "Save it as JPEG, then upload that picture only.",
    ),
    "scans.unmatched": Texts(
        "Nama foto ini tidak memuat NIK 16 angka atau nomor KTA.",
        "This picture's name holds neither a NIK of 16 digits nor a KTA number.",
        "Beri nama seperti KTP_(NIK).jpg atau KTA_(nomor KTA).jpg, lalu unggah foto itu saja.",
        "Name it like KTP_(NIK).jpg or KTA_(KTA number).jpg, then upload that picture only.",
    ),
}

REASONS: Mapping[str, Texts] = {**_FILE, **_DOCUMENT, **_SCANS}
