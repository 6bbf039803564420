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
    english: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(self.code)
        self.detail = detail

    def answer(self, *, english: bool = False) -> tuple[int, str, str]:
        """Status, code and the sentence as they are sent, Indonesian unless it is asked in English."""
        return self.status, self.code, self.english if english else self.sentence

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
    english = "The upload request is incomplete or cannot be read."


class BadMetadata(Refusal):
    status = 400
    code = "bad_metadata"
    sentence = "Keterangan berkas tidak dapat dibaca."
    english = "The description of the file cannot be read."


class UnknownAlgorithm(Refusal):
    status = 400
    code = "unknown_checksum_algorithm"
    sentence = "Cara menghitung jumlah periksa tidak dikenal."
    english = "This kind of checksum is not known."


class NotOffered(Refusal):
    status = 400
    code = "not_offered"
    sentence = "Cara mengunggah ini tidak didukung."
    english = "This way of uploading is not supported."


class LengthChanged(Refusal):
    """A declared length is final, and never below what is stored."""

    status = 400
    code = "length_changed"
    sentence = "Ukuran berkas yang sudah dinyatakan tidak dapat diubah."
    english = "The size of a file cannot be changed once it is declared."


class UnknownPart(Refusal):
    status = 400
    code = "unknown_part"
    sentence = "Bagian berkas yang hendak digabung tidak dikenal."
    english = "A part that is to be joined is not known."


class PartTaken(Refusal):
    """A part belongs to another final upload, or to somebody else."""

    status = 403
    code = "part_taken"
    sentence = "Bagian berkas yang hendak digabung sudah menjadi milik unggahan lain."
    english = "A part that is to be joined belongs to another upload already."


class FinalUpload(Refusal):
    status = 403
    code = "final_upload"
    sentence = "Unggahan gabungan tidak menerima data; kirimlah ke bagian-bagiannya."
    english = "A joined upload takes no data; send it to its parts."


class DeletionRefused(Refusal):
    status = 403
    code = "already_finished"
    sentence = "Unggahan sudah selesai; menghapusnya hanya dapat dilakukan di portal."
    english = "The upload is finished; it can only be taken back in the portal."


class UnknownUpload(Refusal):
    status = 404
    code = "unknown_upload"
    sentence = "Unggahan tidak ditemukan."
    english = "There is no such upload."


class MethodNotAllowed(Refusal):
    status = 405
    code = "method_not_allowed"
    sentence = "Permintaan ini tidak dikenal di alamat unggahan."
    english = "This request is not known at the address of uploads."

    def headers(self) -> dict[str, str]:
        return {"Allow": "OPTIONS, POST, HEAD, PATCH, DELETE"}


class OffsetConflict(Refusal):
    """Carries the durable offset, so that a client can go on without asking again."""

    status = 409
    code = "offset_conflict"
    sentence = "Unggahan dilanjutkan dari tempat yang keliru."
    english = "The upload was continued from the wrong place."

    def __init__(self, offset: int) -> None:
        super().__init__(f"the upload is at offset {offset}")
        self.offset = offset

    def headers(self) -> dict[str, str]:
        return {"Upload-Offset": str(self.offset)}


class UploadExpired(Refusal):
    status = 410
    code = "upload_expired"
    sentence = "Waktu unggahan ini sudah habis."
    english = "The time of this upload has run out."


class UnsupportedVersion(Refusal):
    status = 412
    code = "unsupported_version"
    sentence = "Versi protokol unggahan tidak didukung."
    english = "This version of the upload protocol is not supported."

    def headers(self) -> dict[str, str]:
        return {"Tus-Version": "1.0.0"}


class TooLarge(Refusal):
    status = 413
    code = "too_large"
    sentence = "Berkas lebih besar daripada yang diizinkan."
    english = "The file is larger than allowed."


class LongerThanDeclared(Refusal):
    status = 413
    code = "longer_than_declared"
    sentence = "Data yang dikirim lebih panjang daripada ukuran berkas yang dinyatakan."
    english = "More data came than the declared size of the file."


class UnsupportedContentType(Refusal):
    status = 415
    code = "unsupported_content_type"
    sentence = "Jenis isi permintaan unggahan tidak didukung."
    english = "This kind of content is not supported in an upload request."


class UploadLocked(Temporary):
    """The holder did not let go in time, or another request took the upload over."""

    status = 423
    code = "upload_locked"
    sentence = "Unggahan sedang dipakai permintaan lain; coba lagi sebentar."
    english = "Another request is using this upload; try again in a moment."
    retry_after = 1


class ChecksumMismatch(Refusal):
    status = 460
    code = "checksum_mismatch"
    sentence = "Data rusak di perjalanan; bagian ini perlu dikirim ulang."
    english = "Data were damaged on the way; this part has to be sent again."


class StoreFull(Temporary):
    """No room for the declared length, or none left in mid-write; what was acknowledged is kept."""

    code = "storage_full"
    sentence = "Ruang penyimpanan sedang penuh; data yang sudah diterima aman. Coba lagi nanti."
    english = "The storage is full; what was received is safe. Try again later."
    retry_after = 60


class StoreTrouble(Temporary):
    code = "storage_trouble"
    sentence = "Penyimpanan sedang terganggu; data yang sudah diterima aman. Coba lagi sebentar."
    english = "The storage is in trouble; what was received is safe. Try again in a moment."
    retry_after = 10


class PolicyUnavailable(Temporary):
    code = "permission_unavailable"
    sentence = "Izin mengunggah belum dapat diperiksa; coba lagi sebentar."
    english = "Whether you may upload cannot be checked yet; try again in a moment."


class Stalled(Temporary):
    """Nothing was received for too long; the bytes so far are stored."""

    code = "stalled"
    sentence = "Kiriman terhenti terlalu lama; data yang sudah diterima aman."
    english = "Nothing came for too long; what was received is safe."
    retry_after = 1


class ConnectionBroken(Temporary):
    """Nobody hears this answer; it stands in counters."""

    code = "connection_broken"
    sentence = "Sambungan terputus; data yang sudah diterima aman."
    english = "The connection broke; what was received is safe."
    retry_after = 1


class Stopping(Temporary):
    code = "stopping"
    sentence = "Server unggahan sedang dimulai ulang; data yang sudah diterima aman."
    english = "The upload server is being restarted; what was received is safe."
    retry_after = 2


class CreationRefused(Refusal):
    """A Policy's no, with its own status and code, and its sentence in both languages."""

    status = 403
    code = "creation_refused"
    sentence = "Unggahan tidak diizinkan."
    english = "The upload is not allowed."

    def __init__(
        self, status: int, code: str, sentence: str, english: str, retry_after: int | None = None
    ) -> None:
        super().__init__()
        # Clients end an upload for good on 408 and 429 (design, "Clients decide which statuses").
        self.given = (503 if status in NEVER_SENT else status, code)
        self.said = (sentence, english)
        self.retry_after = retry_after
        if self.given[0] == 503 and retry_after is None:
            self.retry_after = Temporary.retry_after

    def answer(self, *, english: bool = False) -> tuple[int, str, str]:
        return *self.given, self.said[english]

    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
