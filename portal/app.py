"""The Flask application: one list of blueprints, each with the guard that says who may enter.

Next station: the view that answers; `portal.intake` where an upload becomes a row.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import (
    assets,
    babel,
    errors,
    formatting,
    logs,
    metrics,
    navigation,
    page,
    security,
    words,
)
from portal.api import views as api
from portal.auth import csrf, guards, loading
from portal.auth.guards import Guard
from portal.auth.views import bp as auth
from portal.clock import Clock, system_clock
from portal.config import Config
from portal.context import EXTENSION
from portal.desk.views import bp as desk
from portal.diagnosis.views import bp as diagnosis
from portal.health import bp as health
from portal.manage.views import bp as manage
from portal.observer.views import bp as observer
from portal.office.counting import bp as counting
from portal.office.pages import bp as office
from portal.party.views import bp as party
from portal.public.views import bp as public
from portal.wiring import Services, build

PARTS = (
    logs,
    metrics,
    errors,
    security,
    assets,
    loading,
    babel,
    csrf,
    formatting,
    navigation,
    words,
    page,
    api,
)

BLUEPRINTS: tuple[tuple[Blueprint, Guard], ...] = (
    (health, guards.public),
    (public, guards.public),
    (auth, guards.public),
    (api.bp, guards.api),
    (party, guards.party_only),
    (diagnosis, guards.public),
    (desk, guards.desk_only),
    (office, guards.office_only),
    (counting, guards.counting_only),
    (manage, guards.manage_only),
    (observer, guards.observer_only),
)


def create_app(config: Config, *, clock: Clock = system_clock) -> Flask:
    """The portal for one configuration; no globals, so that tests pass their own."""
    return create_app_on(build(config, clock=clock))


def create_app_on(services: Services) -> Flask:
    """The portal on services that are already there."""
    app = Flask("portal")
    app.secret_key = services.session_secret
    app.config.update(
        DEFAULT_LOCALE=services.config.default_locale,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=services.secure,
        PREFERRED_URL_SCHEME="https" if services.secure else "http",
    )
    app.extensions[EXTENSION] = services
    # The edge is nginx on a Unix socket: one hop, and it overwrites what a client sent.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    for part in PARTS:
        part.install(app)
    for blueprint, guard in BLUEPRINTS:
        # Beside the registration, so that a blueprint without a guard cannot come to be.
        app.before_request_funcs.setdefault(blueprint.name, []).append(guard)
        app.register_blueprint(blueprint)
    return app


def create_app_from_environment(**_: Any) -> Flask:
    """What gunicorn calls: `portal.app:create_app_from_environment()`."""
    config = Config.load(os.environ)
    logs.configure(config.log_level)
    services = build(config)
    metrics.serve(services)
    return create_app_on(services)
