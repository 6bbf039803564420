"""tuspy with what it lacks: timeouts, progress inside a chunk, creation that says why it was refused.

The protocol is tuspy's (metadata, headers, chunks); the sending is ours. No Upload-Checksum: with it
a server must throw away the part of a chunk that a cut line left behind, and the SHA-256 of the
whole file, declared at creation, is checked in any case.

Next station: the upload server, `uploads.server`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from tusclient.client import TusClient
from tusclient.request import TusRequest
from tusclient.uploader.uploader import Uploader

from portal.cli.client.web import CHUNK_READ_SECONDS, READ_SECONDS, Answered, Web

__all__ = ["TusUpload"]

SEND_SIZE = 16 * 1024


class _Body:
    """A chunk sent in small pieces, each one told; one sendall of 8 MiB would hit its timeout."""

    def __init__(self, chunk: bytes, told: Callable[[int], None]) -> None:
        self._chunk = memoryview(chunk)
        self._at = 0
        self._told = told

    def __len__(self) -> int:
        return len(self._chunk)

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(SEND_SIZE):
            yield block

    def read(self, size: int = -1) -> bytes:
        """The next piece. `told` may raise to end the request at once."""
        end = len(self._chunk) if size < 0 else min(len(self._chunk), self._at + size)
        piece = bytes(self._chunk[self._at : end])
        self._at = end
        self._told(end)
        return piece


class _Patch(TusRequest):
    """tuspy's PATCH, through our session."""

    def perform_with(self, web: Web, told: Callable[[int], None]) -> requests.Response:
        chunk = self.file.read(self._content_length)
        return web.send(
            "PATCH",
            self._url,
            data=_Body(chunk, told),
            headers=self._request_headers,
            read_seconds=CHUNK_READ_SECONDS,
        )


class TusUpload(Uploader):
    """One file on its way. Every method raises Lost, NotTrusted or Answered instead of tuspy's errors.

    `sent` hears the bytes of the file given to the network so far, acknowledged or not.
    """

    def __init__(
        self,
        web: Web,
        server: str,
        file: IO[bytes],
        metadata: Mapping[str, str],
        sent: Callable[[int], None],
    ) -> None:
        self.creation = urljoin(server, "/files/")
        super().__init__(file_stream=file, client=TusClient(self.creation), metadata=dict(metadata))
        self.web = web
        self.server = server
        self.file = file
        self.sent = sent

    def create(self, ticket: str, *, whole: bool = False) -> str:
        """POST; the upload's public id. The address stays inside this object.

        `whole`: the file goes with it (creation-with-upload); `offset` says how much was taken.
        """
        headers = self.get_url_creation_headers()  # type: ignore[no-untyped-call]
        body = None
        if whole:
            headers["Content-Type"] = "application/offset+octet-stream"
            self.file.seek(0)
            body = _Body(self.file.read(), self.sent)
        answer = self.web.send(
            "POST",
            self.creation,
            token=ticket,
            headers=headers,
            data=body,
            read_seconds=CHUNK_READ_SECONDS if whole else READ_SECONDS,
        )
        location = answer.headers.get("Location")
        if location is None:
            raise Answered(answer.status_code)
        self.go_on(urljoin(self.creation, location))
        if whole:
            self.offset = self._acknowledged(answer)
        return urlsplit(str(self.url)).path.rsplit("/", 1)[-1].partition("~")[0]

    def go_on(self, address: str) -> None:
        """Use an address, at our server only: behind a proxy its host may be an inner one."""
        self.set_url(urljoin(self.server, urlsplit(address).path))
        self.offset = 0

    def get_offset(self) -> int:
        """HEAD; the durable offset, from which the next chunk goes."""
        answer = self.web.send("HEAD", str(self.url), headers=self.get_headers())
        return self._acknowledged(answer)

    def send_chunk(self, size: int) -> None:
        """PATCH at most `size` bytes and take the server's word for where we are."""
        self.chunk_size = size
        begin = self.offset
        patch = _Patch(self)  # type: ignore[no-untyped-call]
        answer = patch.perform_with(self.web, lambda done: self.sent(begin + done))
        self.offset = self._acknowledged(answer)

    def get_headers(self) -> dict[str, Any]:
        """tuspy's, without any Authorization: the address is the key, and lives in no log of ours."""
        return dict(self.DEFAULT_HEADERS)

    @staticmethod
    def _acknowledged(answer: requests.Response) -> int:
        offset = answer.headers.get("Upload-Offset", "")
        if not offset.isdigit():
            raise Answered(502)
        return int(offset)
