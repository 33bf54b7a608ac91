"""Properties are checked without a deadline: a busy machine is no defect."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("handeye", deadline=None)
settings.load_profile("handeye")
