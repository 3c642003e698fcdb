"""A counter of calls, for tests of what must not be done."""

import pkgutil
from typing import Any

import pytest


class CallCounter:
    """A counter of the calls of patched functions."""

    calls = 0

    def patch(self, monkeypatch: pytest.MonkeyPatch, owner: str, name: str) -> None:
        """Count the calls of a function or method from now on."""
        function = getattr(pkgutil.resolve_name(owner), name)

        def count(*args: Any, **options: Any) -> Any:
            self.calls += 1
            return function(*args, **options)

        monkeypatch.setattr(f"{owner}.{name}", count)
