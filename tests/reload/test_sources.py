"""Encodings, line ends, long files; what runs is what getsource and tracebacks show."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import traceback

import pytest

from themis_jupyter.testing import Workspace

TEXT = "# -*- coding: {} -*-\nX = 'äöé€'\n\ndef f():\n    return X + 'ß'\n"


@pytest.mark.parametrize("coding", ["utf-8", "iso-8859-15", "cp1252"])
def test_declared_encodings(workspace: Workspace, coding: str) -> None:
    data = TEXT.format(coding).encode(coding)
    m = workspace.load("m", data)
    assert m.X == "äöé€"
    workspace.rewrite(m, data.replace("é".encode(coding), "è".encode(coding)))
    assert m.f() == "äöè€ß"
    assert inspect.getsource(m.f) == "def f():\n    return X + 'ß'\n"
    other = "utf-8" if coding != "utf-8" else "cp1252"
    workspace.rewrite(m, TEXT.format(other).encode(other))
    assert m.f() == "äöé€ß"


def test_byte_order_mark(workspace: Workspace) -> None:
    m = workspace.load("m", b"\xef\xbb\xbfX = '\xc3\xa4'\n")
    workspace.rewrite(m, b"\xef\xbb\xbfX = '\xc3\xb6'\n\ndef f():\n    return X\n")
    assert m.f() == "ö"
    workspace.rewrite(m, b"X = '\xc3\xbc'\n\ndef f():\n    return X\n")
    assert m.f() == "ü"
    assert inspect.getsource(m.f) == "def f():\n    return X\n"


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_line_ends(workspace: Workspace, end: bytes) -> None:
    source = b'D = """a\nb"""\n\n\ndef f():\n    return 1\n'
    m = workspace.load("m", source.replace(b"\n", end))
    f = m.f
    workspace.rewrite(m, source.replace(b"return 1", b"return D").replace(b"\n", end))
    assert m.f is f
    assert f() == "a\nb"
    assert f.__code__.co_firstlineno == 5
    assert inspect.getsource(f).split() == ["def", "f():", "return", "D"]


def test_only_the_line_ends_change(workspace: Workspace) -> None:
    source = b"X = []\n\ndef f():\n    return X\n"
    m = workspace.load("m", source)
    x = m.X
    workspace.rewrite(m, source.replace(b"\n", b"\r\n"))
    assert m.X is x is m.f()


def test_no_newline_at_the_end_and_form_feeds(workspace: Workspace) -> None:
    m = workspace.load("m", b"def f():\n    return 1\n\x0c\ndef g():\n    return 1")
    workspace.rewrite(m, b"def f():\n    return 2\n\x0c\ndef g():\n    return 2")
    assert (m.f(), m.g()) == (2, 2)
    assert m.g.__code__.co_firstlineno == 4
    workspace.rewrite(m, b"def f():\n    return 2\n\x0c\ndef g():\n    return 3; X = 1\\\n\n")
    assert m.g() == 3


def test_line_separators_inside_strings(workspace: Workspace) -> None:
    source = "A = 'x\u2028y\x85z\x0bw'\n\ndef f():\n    raise ValueError(A)\n"
    m = workspace.load("m", source.encode())
    workspace.rewrite(m, ("Z = 1\n" + source.replace("x\u2028", "X\u2028")).encode())
    assert m.A == "X\u2028y\x85z\x0bw"
    with pytest.raises(ValueError, match="X") as caught:
        m.f()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.lineno, frame.line) == (5, "raise ValueError(A)")


def test_several_statements_on_a_line(workspace: Workspace) -> None:
    m = workspace.load("m", "A = []; B = []; C = []\ndef f(): return 1\n")
    a, c = m.A, m.C
    workspace.replace(m, "B = []", "B = {}")
    assert m.B == {}
    assert (m.A is a, m.C is c) == (True, True)
    workspace.replace(m, "A = []; B = {}; ", "A = []; ")
    assert not hasattr(m, "B")
    workspace.replace(m, "C = []\n", "C = [1]; D = (\n    2); E = 3\n")
    assert (m.C, m.D, m.E, m.f()) == ([1], 2, 3, 1)
    workspace.replace(m, "    2); E", "    5); E")
    assert (m.C, m.D, m.E) == ([1], 5, 3)


def test_edit_that_swallows_what_follows(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n\ndef g():\n    return 2\n\nX = 1\n")
    workspace.rewrite(m, 'def f():\n    return 1\n\n"""\ndef g():\n    return 2\n"""\n\nX = 1\n')
    assert not hasattr(m, "g")
    workspace.rewrite(m, "def f():\n    return 1\n\ndef g():\n    return 2\n\nX = 1\n")
    assert m.g() == 2
    workspace.rewrite(
        m, "if True:\n  def f():\n    return 3\n\n  def g():\n    return 4\n\nX = 1\n"
    )
    assert (m.f(), m.g()) == (3, 4)


def test_else_and_except_added_behind_a_kept_statement(workspace: Workspace) -> None:
    m = workspace.load("m", "FLAG = 0\nif FLAG:\n    x = 1\ny = 2\n")
    workspace.replace(m, "    x = 1\n", "    x = 1\nelse:\n    x = 5\n")
    assert (m.x, m.y) == (5, 2)


def test_decorator_added_above_an_unchanged_definition(workspace: Workspace) -> None:
    m = workspace.load("m", "def d(f):\n    return lambda: 'decorated'\n\ndef f():\n    return 1\n")
    workspace.replace(m, "def f():", "@d\ndef f():")
    assert m.f() == "decorated"


def test_very_long_file(workspace: Workspace) -> None:
    parts = [f"def f{i}(x):\n    return x + {i}\n\n\nC{i} = {i}\n\n" for i in range(1500)]
    m = workspace.load("m", "".join(parts))
    functions = {i: getattr(m, f"f{i}") for i in (0, 700, 1499)}
    parts[700] = "# moved\ndef f700(x):\n    raise ValueError(x)\n\n\nC700 = -1\n\n"
    report = workspace.rewrite(m, "".join(parts))
    assert {i: getattr(m, f"f{i}") for i in functions} == functions
    assert m.C700 == -1
    assert len(report.ran) == 2
    assert inspect.getsource(m.f1499) == "def f1499(x):\n    return x + 1499\n"
    with pytest.raises(ValueError, match="3") as caught:
        m.f700(3)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == 700 * 6 + 3


def test_getsource_of_everything_after_many_edits(workspace: Workspace) -> None:
    m = workspace.load(
        "m",
        """
        import functools

        class A:
            def f(self):
                return 1

            @property
            def p(self):
                return 1

        @functools.lru_cache
        def cached(x):
            return x

        def outer():
            def inner():
                return 1
            return inner

        inner = outer()
        key = lambda x: x
        """,
    )

    def check() -> None:
        text = workspace.path("m.py").read_text()
        shown = (m.A, m.A.f, m.A.p.fget, m.cached, m.outer, m.outer(), m.inner, m.key)
        for item in shown:
            source = inspect.getsource(item)
            assert source in text
            line = inspect.unwrap(item).__code__.co_firstlineno if item is not m.A else None
            if line is not None:
                assert source.startswith(text.splitlines(keepends=True)[line - 1])

    check()
    workspace.replace(m, "import functools", "import functools\n\nX = 1")
    check()
    workspace.replace(
        m, "def p(self):\n        return 1", "def p(self):\n        # two\n        return 2"
    )
    check()
    workspace.replace(m, "X = 1\n", "")
    check()
    workspace.replace(m, "x: x", "x: (x,\n    x)")
    check()
    assert inspect.getsource(m) == workspace.path("m.py").read_text()


def test_getsource_shows_what_runs_not_what_is_on_disk(workspace: Workspace) -> None:
    m = workspace.load("m", "def f():\n    return 1\n")
    workspace.replace(m, "return 1", "return 2")
    workspace.edit("m.py", "def f", "X = 1\n\n\ndef f")
    linecache.checkcache()
    assert inspect.getsource(m.f) == "def f():\n    return 2\n"
    workspace.reload(m)
    assert inspect.getsource(m.f) == "def f():\n    return 2\n"
    assert m.f.__code__.co_firstlineno == 4


def test_report_tells_the_hash_of_what_runs(workspace: Workspace) -> None:
    m = workspace.load("m", "X = 1\n")
    report = workspace.replace(m, "X = 1", "X = 2")
    assert report.hashes == {"m": hashlib.sha256(b"X = 2\n").hexdigest()}


def test_file_written_just_now_and_half(workspace: Workspace) -> None:
    m = workspace.load("m", "X = 1\n")
    workspace.write("m.py", "X = 2\n", just_now=True)
    workspace.reload(m)
    assert m.X == 2


def test_empty_file(workspace: Workspace) -> None:
    m = workspace.load("m", "X = 1\n")
    workspace.rewrite(m, "")
    assert not hasattr(m, "X")
    workspace.rewrite(m, "# only a comment")
    workspace.rewrite(m, "X = 3\n")
    assert m.X == 3


def test_same_size_same_time_as_before(workspace: Workspace) -> None:
    """The engine goes by the bytes, not by the stamp."""
    import os

    m = workspace.load("m", "X = 1\n")
    stat = workspace.path("m.py").stat()
    workspace.path("m.py").write_bytes(b"X = 2\n")
    os.utime(workspace.path("m.py"), ns=(stat.st_atime_ns, stat.st_mtime_ns))
    workspace.reload(m)
    assert m.X == 2
