"""Every refusal of the upload server: status, code and the sentence a person reads.

The statuses are the ones clients survive: HEAD answers 200, 404, 410, 423 or 412; trouble that passes
is 423 or 503 with Retry-After; 408 and 429 are never used, because clients give an upload up on them.
No refusal carries a capability key, a file name or a path.
"""

from typing import ClassVar

NEVER_SENT = frozenset({408, 429, 502, 504})


class Refusal(Exception):
    """Base of all refusals. `detail` is for developers: English, without personal data."""

    status: ClassVar[int]
    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(self.code)
        self.detail = detail

    def answer(self) -> tuple[int, str, str]:
        """Status, code and Indonesian sentence as they are sent."""
        return self.status, self.code, self.sentence

    def headers(self) -> dict[str, str]:
        """Header fields this refusal adds to its answer."""
        return {}


class Temporary(Refusal):
    """Trouble that passes; the client is told when to come back (`retry_after`, seconds)."""

    status = 503
    retry_after: ClassVar[int] = 5

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class BadHeader(Refusal):
    status = 400
    code = "bad_header"
    sentence = "Permintaan unggahan tidak lengkap atau tidak dapat dibaca."


class BadMetadata(Refusal):
    status = 400
    code = "bad_metadata"
    sentence = "Keterangan berkas tidak dapat dibaca."


class UnknownAlgorithm(Refusal):
    status = 400
    code = "unknown_checksum_algorithm"
    sentence = "Cara menghitung jumlah periksa tidak dikenal."


class NotOffered(Refusal):
    status = 400
    code = "not_offered"
    sentence = "Cara mengunggah ini tidak didukung."


class LengthChanged(Refusal):
    """A declared length is final, and never below what is stored."""

    status = 400
    code = "length_changed"
    sentence = "Ukuran berkas yang sudah dinyatakan tidak dapat diubah."


class UnknownPart(Refusal):
    status = 400
    code = "unknown_part"
    sentence = "Bagian berkas yang hendak digabung tidak dikenal."


class PartTaken(Refusal):
    """A part belongs to another final upload, or to somebody else."""

    status = 403
    code = "part_taken"
    sentence = "Bagian berkas yang hendak digabung sudah menjadi milik unggahan lain."


class FinalUpload(Refusal):
    status = 403
    code = "final_upload"
    sentence = "Unggahan gabungan tidak menerima data; kirimlah ke bagian-bagiannya."


class DeletionRefused(Refusal):
    status = 403
    code = "already_finished"
    sentence = "Unggahan sudah selesai; menghapusnya hanya dapat dilakukan di portal."


class UnknownUpload(Refusal):
    status = 404
    code = "unknown_upload"
    sentence = "Unggahan tidak ditemukan."


class MethodNotAllowed(Refusal):
    status = 405
    code = "method_not_allowed"
    sentence = "Permintaan ini tidak dikenal di alamat unggahan."

    def headers(self) -> dict[str, str]:
        return {"Allow": "OPTIONS, POST, HEAD, PATCH, DELETE"}


class OffsetConflict(Refusal):
    """Carries the durable offset, so that a client can go on without asking again."""

    status = 409
    code = "offset_conflict"
    sentence = "Unggahan dilanjutkan dari tempat yang keliru."

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload is at offset {offset}")
        self.offset = offset

    def headers(self) -> dict[str, str]:
        return {"Upload-Offset": str(self.offset)}


class UploadExpired(Refusal):
    status = 410
    code = "upload_expired"
    sentence = "Waktu unggahan ini sudah habis."


class UnsupportedVersion(Refusal):
    status = 412
    code = "unsupported_version"
    sentence = "Versi protokol unggahan tidak didukung."

    def headers(self) -> dict[str, str]:
        return {"Tus-Version": "1.0.0"}


class TooLarge(Refusal):
    status = 413
    code = "too_large"
    sentence = "Berkas lebih besar daripada yang diizinkan."


class LongerThanDeclared(Refusal):
    status = 413
    code = "longer_than_declared"
    sentence = "Data yang dikirim lebih panjang daripada ukuran berkas yang dinyatakan."


class UnsupportedContentType(Refusal):
    status = 415
    code = "unsupported_content_type"
    sentence = "Jenis isi permintaan unggahan tidak didukung."


class UploadLocked(Temporary):
    """The holder did not let go in time, or another request took the upload over."""

    status = 423
    code = "upload_locked"
    sentence = "Unggahan sedang dipakai permintaan lain; coba lagi sebentar."
    retry_after = 1


class ChecksumMismatch(Refusal):
    status = 460
    code = "checksum_mismatch"
    sentence = "Data rusak di perjalanan; bagian ini perlu dikirim ulang."


class StoreFull(Temporary):
    """No room for the declared length, or none left in mid-write; what was acknowledged is kept."""

    code = "storage_full"
    sentence = "Ruang penyimpanan sedang penuh; data yang sudah diterima aman. Coba lagi nanti."
    retry_after = 60


class StoreTrouble(Temporary):
    code = "storage_trouble"
    sentence = "Penyimpanan sedang terganggu; data yang sudah diterima aman. Coba lagi sebentar."
    retry_after = 10


class PolicyUnavailable(Temporary):
    code = "permission_unavailable"
    sentence = "Izin mengunggah belum dapat diperiksa; coba lagi sebentar."


class Stalled(Temporary):
    """Nothing was received for too long; the bytes so far are stored."""

    code = "stalled"
    sentence = "Kiriman terhenti terlalu lama; data yang sudah diterima aman."
    retry_after = 1


class ConnectionBroken(Temporary):
    """Nobody hears this answer; it stands in counters."""

    code = "connection_broken"
    sentence = "Sambungan terputus; data yang sudah diterima aman."
    retry_after = 1


class Stopping(Temporary):
    code = "stopping"
    sentence = "Server unggahan sedang dimulai ulang; data yang sudah diterima aman."
    retry_after = 2


class CreationRefused(Refusal):
    """A Policy's no, with its own status, code and sentence (Indonesian, shown to the sender)."""

    status = 403
    code = "creation_refused"
    sentence = "Unggahan tidak diizinkan."

    def __init__(
        self, status: int, code: str, sentence: str, retry_after: int | None = None
    ) -> None:
        super().__init__()
        # Clients end an upload for good on 408 and 429 (design, "Clients decide which statuses").
        self.given = (503 if status in NEVER_SENT else status, code, sentence)
        self.retry_after = retry_after
        if self.given[0] == 503 and retry_after is None:
            self.retry_after = Temporary.retry_after

    def answer(self) -> tuple[int, str, str]:
        return self.given

    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
