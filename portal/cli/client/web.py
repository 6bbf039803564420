"""One HTTP session with timeouts: what every request of the client goes through.

Next station: `portal.cli.client.api` and `portal.cli.client.tus`.
"""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from portal.cli.client.patience import retry_after as seconds_asked

__all__ = ["TROUBLE", "Answered", "Lost", "NotTrusted", "Web"]

CONNECT_SECONDS = 20.0
READ_SECONDS = 60.0
# After the last byte of a chunk has gone into the kernel the answer waits for the line to drain.
CHUNK_READ_SECONDS = 120.0
SEND_BUFFER = 512 * 1024
TROUBLE = frozenset({408, 423, 425, 429, *range(500, 600)})


class Lost(Exception):
    """No answer: refused, reset, cut, or too slow. Trying again is right."""


class NotTrusted(Exception):
    """The server's certificate is not one this machine trusts. Trying again is not."""


class Answered(Exception):
    """An answer that is not the one hoped for; `sentence` is the server's, where it gave one."""

    def __init__(
        self, status: int, sentence: str = "", code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.sentence = sentence
        self.code = code
        self.retry_after = retry_after

    @property
    def passes(self) -> bool:
        """Whether the trouble is one that time heals."""
        return self.status in TROUBLE


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        # Without a bound the kernel swallows megabytes on a slow line: progress would run ahead of
        # the truth, and the answer would come later than any read timeout allows.
        kwargs["socket_options"] = [
            *HTTPConnection.default_socket_options,
            (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        super().init_poolmanager(*args, **kwargs)


class _Bearer(requests.auth.AuthBase):
    """Sets what it is given and nothing else; having an auth also keeps .netrc out of it."""

    def __init__(self, token: str | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Web:
    """Sends requests; a session per thread of work, because requests' are not shared safely."""

    def __init__(self, lang: str) -> None:
        self.session = requests.Session()
        self.session.headers.update({"Accept-Language": lang, "User-Agent": "sipol"})
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Adapter(max_retries=0))

    def close(self) -> None:
        self.session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        read_seconds: float = READ_SECONDS,
        **kwargs: Any,
    ) -> requests.Response:
        """One request, redirects not followed. Raises Lost, NotTrusted, Answered (not 2xx)."""
        try:
            answer = self.session.request(
                method,
                url,
                auth=_Bearer(token),
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                **kwargs,
            )
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise NotTrusted from None
            raise Lost from None
        except requests.exceptions.RequestException:
            # The exception's text holds the whole address, the key of an upload included.
            raise Lost from None
        if 200 <= answer.status_code < 300:
            return answer
        raise _answered(answer)


def _answered(answer: requests.Response) -> Answered:
    sentence, code = "", ""
    if "json" in answer.headers.get("Content-Type", ""):
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        if isinstance(problem, dict):
            # The portal's detail is its sentence for people; the upload server, which knows one
            # kind of problem only, has that sentence as the title and details for developers.
            plain = problem.get("type") == "about:blank"
            found = (not plain and problem.get("detail")) or problem.get("title") or ""
            sentence, code = str(found), str(problem.get("code") or "")
    elif answer.headers.get("Content-Type", "").startswith("text/plain"):
        sentence = answer.text.strip()
    return Answered(
        answer.status_code,
        sentence[:400],
        code[:80],
        seconds_asked(answer.headers.get("Retry-After")),
    )
