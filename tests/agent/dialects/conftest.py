"""Properties are checked without a deadline: a busy machine is no defect. FULL=1 checks more examples."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("handeye", deadline=None, max_examples=500 if os.environ.get("FULL") else 50)
settings.load_profile("handeye")
