"""The value of ``--config``."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from IPython.core.error import UsageError

from themis_jupyter.magics.config_value import read_config


def test_json() -> None:
    assert read_config('{"step": 2, "a": [null, 1.5]}', {}) == {"step": 2, "a": [None, 1.5]}


def test_variable() -> None:
    settings = {"step": 2}
    read = read_config("$settings", {"settings": settings})
    assert read == settings
    assert read is not settings
    assert read_config("$settings", {"settings": MappingProxyType(settings)}) == settings


def test_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my config.json").write_bytes(b'\xef\xbb\xbf{\n "step": 2}\n')
    monkeypatch.chdir(tmp_path)
    assert read_config("@my config.json", {}) == {"step": 2}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"step" 2}', ["is not valid JSON", "character 9", '  {"step" 2}\n          ^']),
        ("{'step': 2}", ["character 2", 'In JSON that is {"step": 2}']),
        ("{'step': {1}}", ["character 2"]),
        ('{"step": 2} x', ["Extra data", "character 13"]),
        ("[1, 2]", ["expected an object", "an array"]),
        ("[" * 100_000, ["nested too deeply"]),
        ("$missing", ["no variable 'missing'"]),
        ("$setings", ["did you mean 'settings'?"]),
        ("$number", ["expected a dict, but it is an int"]),
        ("$a.b", ["'a.b' is not the name of a variable"]),
        ("$", ["not the name of a variable"]),
        ("settings", ["expected JSON", "write $settings"]),
        ("good.json", ["write @good.json"]),
        ("2", ["expected JSON such as"]),
        ("@", ["give the name of a file"]),
        ("@goood.json", ["no such file", "did you mean 'good.json'?"]),
        ("@folder", ["cannot be read"]),
        ("@nowhere/x.json", ["no such file"]),
        ("@binary.json", ["not UTF-8"]),
        ("@empty.json", ["it is empty"]),
        ("@bad.json", ["line 3, character 12", "@bad.json"]),
        ("@list.json", ["an array"]),
        ("@nul\0", ["cannot be read"]),
    ],
)
def test_what_is_wrong_is_said(
    text: str, says: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "good.json").write_text("{}")
    (tmp_path / "binary.json").write_bytes(b'{"a": "\xff"}')
    (tmp_path / "empty.json").write_text("\n\n")
    (tmp_path / "bad.json").write_text('{\n  "a": 1,\n  "step": 2\n')
    (tmp_path / "list.json").write_text("[]")
    names: dict[str, Any] = {"settings": {"step": 2}, "number": 5}
    with pytest.raises(UsageError) as caught:
        read_config(text, names)
    message = str(caught.value)
    assert message.startswith("--config")
    for part in says:
        assert part in message


def test_a_long_line_is_cut_around_the_place() -> None:
    text = '{"a": "' + "x" * 500 + '" 1}'
    with pytest.raises(UsageError) as caught:
        read_config(text, {})
    _, line, mark = str(caught.value).split("\n")
    assert len(line) <= 82
    assert line[mark.index("^")] == "1"
