"""Who decides whether bytes may run. Signatures come with a policy of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from .errors import VerificationError


@dataclass(frozen=True, slots=True)
class Bytes:
    """What a policy is asked about.

    :param module: name of the module that is going to run them.
    :param filename: the file that they were read from.
    :param data: the bytes themselves; these, and no others, run if they are accepted.
    :param sha256: their SHA-256, hexadecimal.
    """

    module: str
    filename: str
    data: bytes
    sha256: str


class Policy(Protocol):
    """Decides about bytes before they are decoded, compiled or run."""

    def check(self, item: Bytes) -> None:
        """Return nothing (or True) to accept; any other answer refuses.

        :raises VerificationError: they may not run.
        """


class AllowAll:
    """Accepts any bytes. Their hash is recorded all the same."""

    def check(self, item: Bytes) -> None:
        """Accept."""


class PinnedHashes:
    """Accepts only bytes with a known SHA-256.

    :param hashes: by module name, the hashes (hexadecimal) that may run.
    """

    def __init__(self, hashes: Mapping[str, str | Iterable[str]]) -> None:
        self._hashes = {
            module: {known.lower()} if isinstance(known, str) else {h.lower() for h in known}
            for module, known in hashes.items()
        }

    def check(self, item: Bytes) -> None:
        """Accept bytes whose hash is pinned for their module.

        :raises VerificationError: no hash is pinned for the module, or another one is.
        """
        known = self._hashes.get(item.module)
        if known is None:
            raise VerificationError(
                f"{item.filename} may not run: no hash is pinned for module {item.module!r}. "
                f"Its SHA-256 is {item.sha256}; add it to the policy if you trust the file."
            )
        if item.sha256 not in known:
            raise VerificationError(
                f"{item.filename} may not run: its SHA-256 is {item.sha256}, but "
                f"{' or '.join(sorted(known))} is pinned. Somebody changed the file; if that was "
                "you, pin the new hash."
            )
