"""nginx's configuration as a value in, a text out.

The template says everything that is always so; here stands what depends on the installation: sockets,
shards, limits that follow from the descriptors, TLS.

Next station: the upload server behind `/files/` (`uploads/`), the portal behind everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from urllib.parse import urlsplit

from nginx.outage import style_hash

TEMPLATE = Path(__file__).parent / "portal.conf.template"
# What holds for every body under /files/, however large.
UPLOAD_RULES = Path(__file__).parent / "uploads.conf.template"
SHARDS = 256
# What one upload process was measured to carry without a slow answer (5,000: two carry ten thousand),
# with some room, because they are not spread evenly. Each needs two descriptors there.
UPLOADS_PER_PROCESS = 5500
# More descriptors than this only cost memory: 16 upload processes at their limit.
OPEN_FILES = 131072


class UnusableEdge(ValueError):
    """A path or an address that cannot stand in the configuration; the sentence names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What nginx has to know about one installation.

    `shards[i]` are the shards (0–255) behind `upload_sockets[i]`; together they must be all of
    them, once. `open_files` is the hard limit of descriptors; `portal_threads` the requests the
    portal works on at once. `user`, "name group", is set when nginx is started by root. TLS is on when
    `tls_certificate` is set. `public_url` is where people reach it; `redirect_listen`, an address or "",
    is where those who type no https are sent there from. `gzip_static`: beside static files stand
    compressed ones, and this nginx can send them.
    """

    listen: str
    public_url: str
    upload_sockets: tuple[Path, ...]
    shards: tuple[range, ...]
    portal_socket: Path
    static_dir: Path
    gzip_static: bool = False
    run_dir: Path
    log_dir: Path
    tmp_dir: Path
    user: str = ""
    worker_processes: int = 2
    open_files: int = 65536
    portal_threads: int = 12
    tls_certificate: str = ""
    tls_key: str = ""
    redirect_listen: str = ""


def render(edge: Edge) -> str:
    """The whole nginx.conf. Raises UnusableEdge."""
    open_files = min(edge.open_files, OPEN_FILES)
    # One descriptor each; the other quarter is for files, cache and logs.
    worker_connections = max(64, open_files * 3 // 4)
    upload_rules = _fill(
        UPLOAD_RULES.read_text("utf-8"),
        {"upload_connections": str(_upload_connections(edge, worker_connections))},
    )
    values = {
        "user": f"user {' '.join(_word(part) for part in edge.user.split())};" if edge.user else "",
        "worker_processes": str(edge.worker_processes),
        "open_files": str(open_files),
        "worker_connections": str(worker_connections),
        "run_dir": _path(edge.run_dir),
        "log_dir": _path(edge.log_dir),
        "tmp_dir": _path(edge.tmp_dir),
        "static_dir": _path(edge.static_dir),
        "gzip_static": "gzip_static on;" if edge.gzip_static else "",
        "portal_socket": _path(edge.portal_socket),
        "shard_lines": _shard_lines(edge),
        "upload_upstreams": "\n".join(
            _upload_upstream(index, socket) for index, socket in enumerate(edge.upload_sockets)
        ),
        "upload_rules": indent(upload_rules.rstrip(), " " * 12),
        # A quarter of the portal's threads for the public.
        "public_connections": str(max(1, edge.portal_threads // 4)),
        "public_host": _host(edge.public_url),
        "public_scheme": "https" if edge.public_url.startswith("https://") else "http",
        "listen_lines": _listen_lines(edge),
        "redirect_server": _redirect_server(edge),
        "style_hash": style_hash(),
    }
    return _fill(TEMPLATE.read_text("utf-8"), values)


def _fill(template: str, values: dict[str, str]) -> str:
    names = set(re.findall(r"\{\{(\w+)\}\}", template))
    if names != values.keys():
        raise UnusableEdge(f"template and values differ: {sorted(names ^ values.keys())}")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def _shard_lines(edge: Edge) -> str:
    owner = {shard: index for index, shards in enumerate(edge.shards) for shard in shards}
    count = sum(len(shards) for shards in edge.shards)
    if sorted(owner) != list(range(SHARDS)) or count != SHARDS:
        raise UnusableEdge("every shard needs exactly one upload process")
    if len(edge.shards) != len(edge.upload_sockets):
        raise UnusableEdge("as many sockets as ranges of shards")
    return "\n".join(f"        {shard:02x} uploads_{owner[shard]};" for shard in range(SHARDS))


def _upload_upstream(index: int, socket: Path) -> str:
    return f"""    upstream uploads_{index} {{
        server "unix:{_path(socket)}" max_fails=0;
        # Kept for the chunks of the same moment; closed well before the upload server, which waits
        # 60 s, so that no PATCH is sent into a connection that is being closed.
        keepalive 32;
        keepalive_timeout 15s;
    }}"""


def _upload_connections(edge: Edge, worker_connections: int) -> int:
    # A quarter stays for pages: uploads must not use up the connections of everybody else.
    room = worker_connections * edge.worker_processes * 3 // 4 // 2
    return max(8, min(UPLOADS_PER_PROCESS, room // len(edge.upload_sockets)))


def _listen_lines(edge: Edge) -> str:
    address = _address(edge.listen)
    # 4096: as many as may knock in the second in which everybody starts (the system may cap it).
    if not edge.tls_certificate:
        return f"        listen {address} backlog=4096;"
    return f"""        listen {address} ssl http2 backlog=4096;
        ssl_certificate "{_path(Path(edge.tls_certificate))}";
        ssl_certificate_key "{_path(Path(edge.tls_key))}";
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:edge:10m;
        ssl_session_timeout 1d;
        ssl_session_tickets off;
        # The window of an upload over HTTP/2: with the default of 64k a line of 80 ms carries no
        # more than 0.8 MB/s, with this 13 MB/s.
        http2_body_preread_size 1m;
        # Plain HTTP spoken to this port is sent to https.
        error_page 497 =301 https://$http_host$request_uri;"""


def _redirect_server(edge: Edge) -> str:
    if not edge.redirect_listen:
        return ""
    # To the name people know, not to the one that was asked for: nobody is led elsewhere from here.
    return f"""    server {{
        server_name _;
        listen {_address(edge.redirect_listen)};
        return 301 https://{_host(edge.public_url)}$request_uri;
    }}
"""


def _address(text: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.*-]+):\d{1,5}|\d{1,5}", text):
        raise UnusableEdge(f"address to listen on: {text!r}")
    return text


def _host(url: str) -> str:
    host = urlsplit(url).netloc
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]+", host):
        raise UnusableEdge(f"public address: {url!r}")
    return host


def _path(path: Path) -> str:
    """A path for use inside double quotes."""
    text = str(path)
    if not path.is_absolute() or re.search(r'["\\$;{}\x00-\x1f]', text):
        raise UnusableEdge(f"a path that nginx cannot be given: {text!r}")
    return text


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", text):
        raise UnusableEdge(f"a name that nginx cannot be given: {text!r}")
    return text
