"""Make a virtual environment with this project in it: ``python3 -m tools.environment .venv dev``.

The stamp file in the environment is written last. As long as it is newer than what the
installation depends on, nobody needs to call pip. This module runs before anything is installed,
perhaps in a Python that is too old: hence the standard library only, and quoted annotations.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
INPUTS = (ROOT / "pyproject.toml", CONSTRAINTS)
STAMP = ".installed"
OLDEST = (3, 11)


def is_current(venv: Path) -> bool:
    """Whether the environment was completed after the last change of its inputs."""
    stamp = venv / STAMP
    return stamp.exists() and all(
        stamp.stat().st_mtime >= source.stat().st_mtime for source in INPUTS
    )


def version_of(python: "str | Path") -> "str | None":
    """``"3.12.1"`` for an interpreter that runs, None for a shim or a leftover that does not."""
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        # -I: what the caller has in PYTHONPATH does not matter here.
        run = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True)
    except OSError:
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def create(venv: Path, python: str = sys.executable) -> Path:
    """Make the environment unless it is there already; return its interpreter."""
    inside = venv / "bin" / "python"
    if version_of(inside) == version_of(python) and has_module(inside, "pip"):
        return inside
    ensure_ensurepip(python)
    # --clear: what lies there is half made, or made for another version.
    subprocess.run([python, "-m", "venv", "--clear", venv], check=True)
    return inside


def has_module(python: "str | Path", module: str) -> bool:
    run = subprocess.run([python, "-I", "-c", f"import {module}"], capture_output=True)
    return run.returncode == 0


def ensure_ensurepip(python: str) -> None:
    """Debian keeps ensurepip, which venv needs, in a package of its own."""
    if has_module(python, "ensurepip"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing python3-venv, which Debian keeps apart from Python", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "python3-venv"]):
            subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL)
    if not has_module(python, "ensurepip"):
        sys.exit(
            f"{python} cannot make virtual environments, because it has no module ensurepip "
            "(on Debian and Ubuntu: apt-get install python3-venv)."
        )


def install(venv: Path, extra: str, python: str = sys.executable) -> Path:
    """Bring the environment up to date with this project and the extra; return its interpreter."""
    inside = create(venv, python)
    stamp = venv / STAMP
    stamp.unlink(missing_ok=True)
    print(f"Installing themis-jupyter[{extra}] into {venv.name}", flush=True)
    pip_install(inside, "--constraint", str(CONSTRAINTS), "--editable", f"{ROOT}[{extra}]")
    stamp.touch()
    return inside


def pip_install(python: Path, *what: str) -> None:
    """Install, leaving nothing to read but pip's errors."""
    quiet = ["-qq", "--disable-pip-version-check", "--root-user-action=ignore"]
    if subprocess.run([python, "-m", "pip", "install", *quiet, *what]).returncode:
        # What conflicts with what is among the things that a quiet pip does not say.
        sys.exit("pip failed. To see more: " + shlex.join([str(python), "-mpip", "install", *what]))


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit(
            "themis-jupyter needs Python 3.11 or newer; {} is {}.{}. Name another one, as in: "
            "make PYTHON=python3.12 …".format(sys.executable, *sys.version_info[:2])
        )
    directory, extra = sys.argv[1:]
    install(ROOT / directory, extra)
