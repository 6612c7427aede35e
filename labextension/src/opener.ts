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
    const path = this.files.pathOf(link, file);
    if (path === null || this.manager === null) {
      this.notices.tell(_('It is outside of the folder that this page shows: %1', file), 'warning');
      return;
    }
    if (line !== null) leave(path, line);
    const widget = this.manager.openOrReveal(path, 'Editor');
    if (widget !== undefined) void goToLine(widget as EditorWidget);
  }
}

/** Puts the cursor of an editor where {@link Opener.open} was asked to, on this page or on another. */
export async function goToLine(widget: EditorWidget): Promise<void> {
  await widget.context.ready;
  await widget.revealed;
  const line = taken(widget.context.path);
  if (line === null || widget.isDisposed) return;
  const { editor } = widget.content;
  const position = { line: Math.min(line, editor.lineCount) - 1, column: 0 };
  editor.setCursorPosition(position);
  editor.revealPosition(position);
  editor.focus();
}

const keyOf = (path: string): string => `${KEY}:${path}`;

/** Leaves the line of a file for whichever page opens it. */
function leave(path: string, line: number): void {
  try {
    localStorage.setItem(keyOf(path), `${line} ${Date.now()}`);
  } catch (error) {
    console.warn(`themis-jupyter: the file opens at its beginning: ${String(error)}`);
  }
}

/** Takes the line that was left for a file; null where there is none, or an old one. */
function taken(path: string): number | null {
  const text = localStorage.getItem(keyOf(path));
  localStorage.removeItem(keyOf(path));
  const [line = NaN, time = 0] = (text ?? '').split(' ').map(Number);
  return line >= 1 && Date.now() - time < FRESH ? line : null;
}
