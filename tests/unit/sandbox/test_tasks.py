"""The table of what may run behind the walls."""

from __future__ import annotations

import importlib

import pytest

from verification.sandbox.tasks import TASKS


@pytest.mark.parametrize("target", TASKS.values())
def test_every_task_names_a_function_of_ours(target: str):
    module, _, function = target.partition(":")

    assert module.startswith("verification.")
    assert callable(getattr(importlib.import_module(module), function))
