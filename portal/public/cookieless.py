"""A page that may be kept for everybody sets no cookie and varies with none.

Flask adds `Vary: Cookie` to whatever has looked at its session, and asking who is signed in looks.

Next station: the edge, which keeps one copy of each address.
"""

from __future__ import annotations

from flask import Flask, Response
from flask.sessions import SecureCookieSessionInterface, SessionMixin


class CookielessWhenPublic(SecureCookieSessionInterface):
    """Flask's session, left alone by answers that say `Cache-Control: public`."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)
