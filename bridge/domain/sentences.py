"""The English sentence of each problem, by code, and its extraction for the catalogues.

``sentences.toml`` holds them.
"""

from collections.abc import Iterator, Mapping
import tomllib
from typing import IO, Any

from bridge.domain.data_file import read_toml

_TABLES = read_toml("bridge.domain", "sentences.toml")

SENTENCES: Mapping[str, str] = {
    code: sentence for table in _TABLES.values() for code, sentence in table.items()
}


def N_(sentence: str) -> str:  # noqa: N802 - the name that gettext tools know
    """Return a sentence unchanged; marks it for the catalogues of translations."""
    return sentence


def extract(
    file: IO[bytes], *_: object, **_options: object
) -> Iterator[tuple[int, None, str, list[Any]]]:
    """Yield every sentence for translation, as Babel asks of an extraction method."""
    for name, table in tomllib.load(file).items():
        for sentence in table.values() if name != "same-in-every-language" else ():
            yield 1, None, sentence, []
