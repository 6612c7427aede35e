"""Who wrote it: a secret of this user's, and what is signed with it.

Loading a snapshot runs what is in it. So bytes from a disk are loaded only if their header, and with
it the hashes of all content, is signed with a secret that only this user can read.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import hmac
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .disk import Folder, check_access, told, write_all
from .locking import Temporary

SECRET_BYTES = 32
KEY, HMAC = "key", "hmac"


class Standing(enum.Enum):
    """What a signature says."""

    OURS = "signed with this user's secret"
    FOREIGN = (
        "signed with another secret: by another user, elsewhere, or before the secret was renewed"
    )
    ALTERED = "altered after it was signed"
    UNSIGNED = "not signed"


# -- the secret ------------------------------------------------------------------------------------


def data_folder() -> Path:
    """Return our folder in the one where Jupyter keeps the data of this user."""
    try:
        from jupyter_core.paths import jupyter_data_dir
    except ImportError:
        return _jupyter_data_dir() / "themis_jupyter"
    return Path(jupyter_data_dir()) / "themis_jupyter"


def _jupyter_data_dir() -> Path:
    """Return what jupyter_core says by default: it has to be the same with and without it."""
    if given := os.environ.get("JUPYTER_DATA_DIR"):
        return Path(given)
    home = Path.home().resolve()
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if os.name == "nt":
        appdata = os.environ.get("APPDATA")
        return Path(appdata, "jupyter").resolve() if appdata else home / ".jupyter" / "data"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def find_secret(plugin: str, path: Path | None = None) -> bytes | None:
    """Return this user's secret, or None if there is none yet.

    :param plugin: whose snapshot is concerned, for messages.
    :param path: its file; None for the one in Jupyter's data directory.
    :raises StoreError: others can read it, it is not this user's, or no secret of ours.
    """
    path = path or data_folder() / "secret"
    with told(plugin, "reading the secret for the saved states", path):
        try:
            with Folder.open(path.parent, plugin, private=False) as folder:
                return _read(folder, path, plugin)
        except FileNotFoundError:
            return None


def load_secret(plugin: str, path: Path | None = None) -> bytes:
    """Return this user's secret: 32 random bytes, made now if there is none; see :func:`find_secret`.

    Processes that call this at the same time get the same.

    :raises StoreError: it cannot be made, others can read it, or it is not this user's.
    """
    path = path or data_folder() / "secret"
    with (
        told(plugin, "making a secret for the saved states", path),
        Folder.make(path.parent, plugin) as folder,
    ):
        if not folder.exists(path.name):
            with Temporary(folder) as file:
                write_all(file.fd, secrets.token_bytes(SECRET_BYTES))
                os.fsync(file.fd)
                _put_in_place(folder, file, path.name)
            folder.sync()
        return _read(folder, path, plugin)


def _put_in_place(folder: Folder, file: Temporary, name: str) -> None:
    """Give the file its name, unless something has it: who comes first has made the secret."""
    with contextlib.suppress(FileExistsError):
        try:
            folder.link(file.name, name)
        except FileExistsError:
            raise
        except OSError:  # no such thing as two names on this disk
            with contextlib.closing(_Descriptor(folder.create(name))) as new:
                os.lseek(file.fd, 0, os.SEEK_SET)
                write_all(new.fd, os.read(file.fd, SECRET_BYTES))
                os.fsync(new.fd)


class _Descriptor:
    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        os.close(self.fd)


def _read(folder: Folder, path: Path, plugin: str) -> bytes:
    fd = folder.open_file(path.name)
    with open(fd, "rb", buffering=0) as file:
        check_access(os.fstat(fd), path, plugin, 0o077)
        secret = bytes(file.read(SECRET_BYTES + 1))
    if len(secret) != SECRET_BYTES:
        raise StoreError(
            plugin,
            f"the secret {path} is damaged: it should have {SECRET_BYTES} bytes. Delete it; states "
            "that were saved so far then count as foreign, and load only with trust.",
        )
    return secret


# -- signatures ------------------------------------------------------------------------------------


def sealed(document: Mapping[str, Any], secret: bytes, kind: str) -> dict[str, Any]:
    """Return a JSON document with its signature.

    :param kind: what it is, so that none can be passed off as another.
    """
    document = {**document, KEY: _fingerprint(secret)}
    return {**document, HMAC: _signature(document, secret, kind)}


def standing(document: Mapping[str, Any], secret: bytes | None, kind: str) -> Standing:
    """Return what the signature of a JSON document says.

    :param secret: None where there is none, so that all are foreign.
    """
    signature = document.get(HMAC)
    if not isinstance(signature, str):
        return Standing.UNSIGNED
    if secret is None:
        return Standing.FOREIGN
    rest = {name: value for name, value in document.items() if name != HMAC}
    if hmac.compare_digest(_signature(rest, secret, kind).encode(), signature.encode()):
        return Standing.OURS
    # Anybody can write that fingerprint: it serves the message, and nothing else.
    return Standing.ALTERED if document.get(KEY) == _fingerprint(secret) else Standing.FOREIGN


def _signature(document: Mapping[str, Any], secret: bytes, kind: str) -> str:
    # Of the values that are going to be used, not of the text: white space may change.
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, f"themis_jupyter {kind}\n{text}".encode(), hashlib.sha256).hexdigest()


def _fingerprint(secret: bytes) -> str:
    return hmac.new(secret, b"themis_jupyter fingerprint", hashlib.sha256).hexdigest()[:16]
