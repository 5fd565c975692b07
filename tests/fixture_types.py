"""Short names of the types of pytest's own fixtures."""

import pytest

Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
