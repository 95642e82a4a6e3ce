"""Our files in the folder of a notebook, which is its working directory: it may write under their names without knowing."""

from __future__ import annotations

from pathlib import Path


class OwnFiles:
    """Sizes of our files as we left them. Other facts of a file are not the same on every file system."""

    def __init__(self) -> None:
        self._sizes: dict[Path, int | None] = {}
        self._changed: dict[Path, None] = {}

    def are_left(self, path: Path) -> None:
        """Remember a file as it is now, after we have written it."""
        self._sizes[path] = _size(path)

    def notice_change(self, path: Path) -> bool:
        """Note it if somebody else has changed or removed a file since, and return whether; False if it is not remembered."""
        if path not in self._sizes or self._sizes[path] == _size(path):
            return False
        self._changed[path] = None
        return True

    def notes(self) -> list[str]:
        """Return a sentence for each file that somebody else has changed so far."""
        for path in self._sizes:
            self.notice_change(path)
        return [
            f"the notebook has changed {path.name!r}, a file of ours in its folder, so that one of the two is not whole; "
            "use another name"
            for path in self._changed
        ]


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
