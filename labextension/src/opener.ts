/** Opens a plugin's file at a line. */
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import { _ } from 'themis-jupyter-ui';
import type { Files } from './files';
import type { KernelLink } from './link';
import type { Notices } from './notices';

/** Where a page leaves the line for the one that it opens: Notebook 7 shows each file in a page of its own. */
const KEY = 'themis-jupyter:line';
/** Milliseconds that it may take to open. */
const FRESH = 60_000;

type EditorWidget = IDocumentWidget<FileEditor>;

export class Opener {
  constructor(
    private readonly manager: IDocumentManager | null,
    private readonly files: Files,
    private readonly notices: Notices,
  ) {}

  /** Opens a file of a kernel, or tells why it cannot be opened here. */
  open(link: KernelLink, file: string, line: number | null): void {
    const path = this.files.localOf(link, file);
    if (path === null || this.manager === null) {
      this.notices.tell(_('This page cannot open %1: it shows another folder.', file), 'warning');
      return;
    }
    if (line !== null) localStorage.setItem(KEY, JSON.stringify({ path, line, time: Date.now() }));
    const widget = this.manager.openOrReveal(path, 'Editor');
    if (widget !== undefined) void goToLine(widget as EditorWidget);
  }
}

/** Puts the cursor of an editor where {@link Opener.open} was asked to, on this page or on another. */
export async function goToLine(widget: EditorWidget): Promise<void> {
  await widget.context.ready;
  await widget.revealed;
  const line = taken(widget.context.localPath);
  if (line === null || widget.isDisposed) return;
  const { editor } = widget.content;
  const position = { line: Math.min(line, editor.lineCount) - 1, column: 0 };
  editor.setCursorPosition(position);
  editor.revealPosition(position);
  editor.focus();
}

/** Takes the line that is meant for a file. */
function taken(path: string): number | null {
  const text = localStorage.getItem(KEY);
  if (text === null) return null;
  const found = JSON.parse(text) as { path: string; line: number; time: number };
  const fresh = Date.now() - found.time < FRESH;
  if (fresh && found.path !== path) return null;
  localStorage.removeItem(KEY);
  return fresh ? found.line : null;
}
