"""Every source of the platform, by presence of its file: a new `<source>.yml` in this folder is a new source.

Files are read again only when they change, because the DAG processor asks for them at each parse.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from include.settings import paths
from include.sources import declaration
from include.sources.model import Source


class UnknownSource(LookupError):
    """No file declares a source of this name."""


def sources(folder: Path = paths.SOURCES) -> tuple[Source, ...]:
    """All declared sources, ordered by name.

    Raises DeclarationError for the first file that cannot be used.
    """
    return tuple(_read(path) for path in sorted(folder.glob("*.yml")))


def source(name: str, folder: Path = paths.SOURCES) -> Source:
    """The source of that name; only its own file is read, so a mistake in another does not matter.

    Raises UnknownSource, with the closest names, and DeclarationError.
    """
    path = folder / f"{name}.yml"
    if not path.is_file():
        declared = sorted(file.stem for file in folder.glob("*.yml"))
        close = get_close_matches(name, declared) or declared
        raise UnknownSource(
            f"There is no source `{name}`: did you mean {' or '.join(close) or 'to add one'}? "
            f"A source is declared by a file {folder.name}/{name}.yml."
        )
    return _read(path)


def _read(path: Path) -> Source:
    status = path.stat()
    return _read_version(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read_version(path: Path, mtime_ns: int, size: int) -> Source:
    return declaration.read(path, Source, name=path.stem)
