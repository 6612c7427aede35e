"""Run the first notebook in a real kernel and tell what happened: ``make demo``.

What is told is what the executed notebook says: the text that its cells print, and the reports that
its reloads show. A cell that raises, as a failed expectation does, makes this command fail.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01_first_reload.ipynb"

#: Seconds that one cell may take.
PATIENCE = 60

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MAGIC = re.compile(r"(^|= *)%[a-z]")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


class DemoError(Exception):
    """Why the demonstration failed, in words for the terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Run the notebook that is named; return the exit code."""
    parser = argparse.ArgumentParser(description="Run a notebook and tell what happened.")
    parser.add_argument("notebook", nargs="?", type=Path, default=NOTEBOOK)
    path = parser.parse_args(arguments).notebook.resolve()
    began = time.perf_counter()
    failed = None
    try:
        notebook = read(path)
        print(f"Running {shown(path)} in a kernel of its own", flush=True)
        with own_jupyter():
            try:
                held = execute(notebook, path.parent)
            except DemoError as error:
                failed = error
                print(f"\n{error}")
            print("\n\nThe executed notebook, with all that it showed:")
            for written in write(notebook, path.parent / "out" / path.name):
                print(f"  {shown(written)}")
    except DemoError as error:
        failed = error
        print(error)
    if failed:
        return 1
    expectations = f"All {held} expectations held. " if held else ""
    print(f"\n{expectations}It took {time.perf_counter() - began:.1f} s.")
    if path == NOTEBOOK:
        print("To do the same by hand: make lab")
    return 0


@contextmanager
def own_jupyter() -> Iterator[None]:
    """Keep the user's own settings of Jupyter out of the run, and its files out of them."""
    kept = os.environ.copy()
    with tempfile.TemporaryDirectory(prefix="themis-demo-", ignore_cleanup_errors=True) as folder:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ[name] = str(Path(folder, name.lower()))
        # The kernel's debugger warns of something that does not matter here.
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def read(path: Path) -> NotebookNode:
    """Return the notebook in a file.

    :raises DemoError: there is none, or nothing to execute it with.
    """
    if importlib.util.find_spec("nbclient") is None:
        raise DemoError(f"{sys.executable} has no nbclient. Run this as: make demo")
    import nbformat

    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise DemoError(f"{shown(path)} cannot be read: {error}") from error
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> int:
    """Execute the cells one by one, and tell what each of them shows; return how many checks held.

    :raises DemoError: a cell failed, or the kernel did.
    """
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors; not that it uses local TCP
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    held, section, told = 0, "", ""
    cell: Any = None
    number = 0
    try:
        with client.setup_kernel():
            for number, cell in enumerate(notebook.cells):
                if cell.cell_type == "markdown":
                    section = next(iter(_HEADING.findall(cell.source)), section)
                    continue
                client.execute_cell(cell, number)
                text = said(cell)
                if text:
                    if section != told:
                        print(f"\n\n{section}\n{'-' * len(section)}")
                        told = section
                    print(f"\n{text}", flush=True)
                held += sum(line.lstrip().startswith("✓") for line in text.splitlines())
    except CellExecutionError as error:
        raise DemoError(failure(cell, place(cell, number, section), error)) from error
    except CellTimeoutError as error:
        raise DemoError(f"{place(cell, number, section)} did not end in {PATIENCE} s.") from error
    except DeadKernelError as error:
        raise DemoError(f"{place(cell, number, section)}: the kernel ended. {error}") from error
    except NoSuchKernel as error:
        raise DemoError(f"There is no kernel {error}. Run this as: make demo") from error
    return held


# --- what is told ------------------------------------------------------------------------------


def said(cell: NotebookNode) -> str:
    """Return what a cell printed and, where it calls a magic, what that returned or displayed."""
    magic = next((line for line in cell.source.splitlines() if _MAGIC.search(line)), "")
    parts: list[str] = []
    before = None
    for output in cell.outputs:
        if output.output_type == "stream":
            if before == "stream":  # it came in two pieces, perhaps in the middle of a line
                parts[-1] += output.text
            else:
                parts.append(output.text)
        elif magic and "text/plain" in output.get("data", {}):
            parts.append(output.data["text/plain"])
        before = output.output_type
    text = "\n".join(part.rstrip("\n") for part in parts if part.strip())
    return f"> {magic}\n{textwrap.indent(text, '  ')}" if magic and text else text


def place(cell: NotebookNode, number: int, section: str) -> str:
    """Return ``Cell [7], in "Nothing was lost"``."""
    count = cell.get("execution_count") if cell else None
    name = f"Cell [{count}]" if count else f"Cell {number + 1} from the top"
    return f'{name}, in "{section}"' if section else name


def failure(cell: NotebookNode, where: str, error: Any) -> str:
    """Return a readable account of a cell that raised."""
    outputs = [output for output in cell.outputs if output.output_type == "error"]
    traceback = _ANSI.sub("", "\n".join(outputs[0].traceback) if outputs else "")
    name, reason = error.ename, _ANSI.sub("", error.evalue)
    lines = [f"FAILED: {where}", ""]
    lines += marked(cell.source, failing_line(traceback, cell.get("execution_count")))
    lines += ["", f"{name}: {reason}" if reason else name]
    files = re.findall(r"^File (\S+?):(\d+)", traceback, re.MULTILINE)
    if files:
        lines += [f"raised in {files[-1][0]}, line {files[-1][1]}"]
    for output in cell.outputs:  # what the cell had said before, and usage errors of magics
        if output.output_type == "stream" and output.text.strip():
            lines += ["", f"The cell's {output.name}:", textwrap.indent(output.text.rstrip(), "  ")]
    return "\n".join(lines)


def failing_line(traceback: str, count: int | None) -> int | None:
    """Return the line of the cell that was running, counted from 1."""
    found = re.search(rf"Cell In\s?\[{count}\], line (\d+)", traceback)
    return int(found.group(1)) if found else None


def marked(source: str, line: int | None) -> list[str]:
    """Return the source's lines with the failing one marked."""
    return [
        f"{'-->' if number == line else '   '} {text}"
        for number, text in enumerate(source.splitlines(), 1)
    ]


def shown(path: Path) -> str:
    """Return a path as seen from the working directory, if it is in there."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


# --- what is written ---------------------------------------------------------------------------


def write(notebook: NotebookNode, path: Path) -> Iterator[Path]:
    """Write the executed notebook and, where nbconvert is there, a page to read in a browser."""
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    yield path
    if importlib.util.find_spec("nbconvert") is None:
        return
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()  # type: ignore[no-untyped-call]
    body, _ = exporter.from_notebook_node(notebook)
    # The page shows code that is an output in the font of prose, JupyterLab does not.
    style = "<style>.jp-OutputArea-output pre{font-family:var(--jp-code-font-family)}</style>"
    body = body.replace("</head>", f"{style}</head>", 1)
    page = path.with_suffix(".html")
    page.write_text(body, encoding="utf-8")
    yield page


if __name__ == "__main__":
    sys.exit(main())
