"""The receiver: HTTP/1.1 on a Unix socket or a loopback port, straight into the buffers of bodies.

Inward: `serve` runs a `uploads.handler.Handler` until SIGTERM. Meant to stand behind nginx.
"""

from uploads.receiver.service import Limits, serve

__all__ = ["Limits", "serve"]
