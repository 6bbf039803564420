"""Alembic's entry: `portal.database.migrate` hands over the connection."""

from __future__ import annotations

from alembic import context

from portal import models as portal_models
from verification import models as verification_models
from verification.db import Base

# Importing the models is what puts the tables into the metadata.
TABLES = (portal_models, verification_models)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
