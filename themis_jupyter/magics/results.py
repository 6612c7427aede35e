"""What the magics return: values that show themselves, as one line of text or as HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..handle import Handle
from ..names import titled
from ..render.format import names, one_line, seconds
from ..user_frames import leave_us_out


class Result:
    """Something to look at. ``print`` gives all of it as text."""

    def text(self) -> str:
        """Return it as plain text."""
        raise NotImplementedError

    def html(self) -> str:
        """Return it as HTML, everything escaped."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


@dataclass(frozen=True, repr=False)
class Loaded(Result):
    """What ``%load_plugin`` did.

    :param name: name of the plugin.
    :param plugin: its handle.
    :param variable: where ``--as`` has put the handle.
    :param along: names of what was loaded because this plugin needs it.
    :param elapsed: seconds; None where it was loaded already.
    :param drift: what is different on disk by now; empty if nothing is.
    :param notes: what in the plugin looks like a mistake.
    """

    name: str
    version: str
    plugin: Handle
    variable: str | None = None
    along: tuple[str, ...] = ()
    elapsed: float | None = None
    drift: str = ""
    sha256: str = field(default="", kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)

    def text(self) -> str:
        """Return one line: name, version, what happened."""
        if self.elapsed is None:
            words = f"{self._title} was loaded already"
        else:
            words = f"{self._title} loaded in {seconds(self.elapsed)}"
        return "\n".join([", ".join([words, *self._details()]), *(f"! {n}" for n in self.notes)])

    @property
    def _title(self) -> str:
        return titled(self.name, self.version)

    def _details(self) -> list[str]:
        found = []
        if self.along:
            found.append(f"with {names(self.along)}, which it needs")
        if self.variable:
            found.append(f"as `{self.variable}`")
        if self.drift:
            what = f"its file is {self.drift} by now"
            if self.drift == "reverted":
                what = "it was reverted to a former version"
            found.append(f"but {what}: %reload_plugin {self.name}")
        return found

    def html(self) -> str:
        """Return a card with the same facts and the hash of the source."""
        already = self.elapsed is None
        return card(
            "=" if already else "✓",
            "warn" if self.drift else "calm" if already else "good",
            "Loaded already" if already else "Loaded",
            self._title,
            "" if self.elapsed is None else f"in {seconds(self.elapsed)}",
            [*([", ".join(self._details())] if self._details() else []), *self.notes],
            f"sha256 {self.sha256}" if self.sha256 else "",
        )

    def __getattr__(self, name: str) -> Any:
        # Who writes ``counter = %load_plugin counter`` wants the plugin.
        if name.startswith("_"):
            raise AttributeError(name)
        error = AttributeError(
            f"this is what %load_plugin says, not the plugin, so there is no {name!r}. Use "
            f"%load_plugin {self.name} --as NAME, or .plugin",
            name=name,
            obj=self,
        )
        leave_us_out(error)
        raise error


@dataclass(frozen=True, repr=False)
class Unloaded(Result):
    """What ``%unload_plugin`` did.

    :param names: what was unloaded, in that order.
    """

    names: tuple[str, ...]

    def text(self) -> str:
        """Return one line."""
        return (
            f"{names(self.names)} {'were' if len(self.names) > 1 else 'was'} shut down and unloaded"
        )

    def html(self) -> str:
        """Return a card."""
        return card("✓", "calm", "Unloaded", names(self.names))


@dataclass(frozen=True, repr=False)
class Done(Result):
    """Something that was done, in a line.

    :param word: such as ``Saved``.
    :param what: with what.
    :param more: a remark.
    """

    word: str
    what: str
    more: str = ""

    def text(self) -> str:
        """Return one line."""
        return f"{self.word}: {self.what}" + (f", {self.more}" if self.more else "")

    def html(self) -> str:
        """Return a card."""
        return card("✓", "good", self.word, self.what, lines=[self.more] if self.more else [])


@dataclass(frozen=True, repr=False)
class Note(Result):
    """A line under a cell.

    :param tone: ``warn`` or ``calm``.
    """

    tone: str
    words: str

    def text(self) -> str:
        """Return the line."""
        return f"{'!' if self.tone == 'warn' else '·'} {one_line(self.words)}"

    def html(self) -> str:
        """Return the line with a mark before it."""
        from ..render.html import framed, prose

        mark = "⚠\ufe0e" if self.tone == "warn" else "↻"
        return framed(
            self.tone, f"<div><span aria-hidden='true'>{mark}</span> {prose(self.words)}</div>"
        )


def card(
    symbol: str,
    tone: str,
    word: str,
    name: str,
    dim: str = "",
    lines: list[str] | None = None,
    small: str = "",
) -> str:
    """Return a heading in the style of reports, with lines below it; everything is escaped.

    :param tone: ``good``, ``warn``, ``bad`` or ``calm``.
    :param dim: a remark beside the name.
    :param small: a remark below everything.
    """
    from ..render.html import escape, framed, prose

    body = "".join(f"<div class='themis-lead'>{prose(line)}</div>" for line in lines or ())
    body += f"<div class='themis-lead themis-dim'>{escape(small)}</div>" if small else ""
    head = (
        "<div class='themis-head'><strong class='themis-chip'>"
        f"<span aria-hidden='true'>{symbol}</span> {escape(word)}</strong> "
        f"<strong class='themis-name'>{escape(name)}</strong> "
        f"<span class='themis-dim'>{escape(dim)}</span></div>"
    )
    return framed(tone, head + body)
