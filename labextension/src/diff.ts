/** What differs between what runs and what is saved, in Jupyter's own editor. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { MainAreaWidget, ToolbarButton } from '@jupyterlab/apputils';
import { CodeEditor, CodeEditorWrapper, type IEditorFactoryService } from '@jupyterlab/codeeditor';
import { tags } from '@lezer/highlight';
import { Signal } from '@lumino/signaling';
import { _, _n, isDiffData, type DiffData, type Plugin } from 'themis-jupyter-ui';
import { icon } from './icon';
import type { KernelLink } from './link';
import type { Requests } from './requests';
import { pluginsOf } from './summary';

/** Returns a comparison as one text that editors colour as a diff. */
export function textOf({ modules, config, state, notes }: DiffData): string {
  const remarks = [...notes, ...config, ...state].map((line) => `# ${line}\n`);
  const texts = modules.map(({ name, lines, left }) => {
    const more = left > 0 ? _n('… %1 more line', '… %1 more lines', left) : '';
    const whole = lines.map((line) => (line.endsWith('\n') ? line : `${line}\n`)).join('');
    return `# ${name}\n${whole}${more === '' ? '' : `# ${more}\n`}`;
  });
  const text = [remarks.join(''), ...texts].filter((each) => each !== '').join('\n');
  return text === '' ? `# ${_('What runs is what is saved.')}\n` : text;
}

/** Jupyter's own style has no colour for lines that were added or removed. */
const COLOURS = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.inserted, class: 'jp-themis-inserted' },
    { tag: tags.deleted, class: 'jp-themis-deleted' },
  ]),
);

export class DiffView extends MainAreaWidget<CodeEditorWrapper> {
  /** What was compared last: by it one knows whether to compare again. */
  private seen = '';

  constructor(
    private readonly link: KernelLink,
    private readonly plugin: string,
    requests: Requests,
    service: IEditorFactoryService,
  ) {
    const model = new CodeEditor.Model({ mimeType: 'text/x-diff' });
    super({
      content: new CodeEditorWrapper({
        model,
        factory: service.newDocumentEditor,
        editorOptions: {
          config: { readOnly: true, lineNumbers: false, lineWrap: false },
          extensions: [COLOURS],
        },
      }),
    });
    this.id = idOf(link, plugin);
    this.addClass('jp-themis-Diff');
    this.title.label = _('%1: running and saved', plugin);
    this.title.caption = _('What runs (−) and what is saved (+) of %1', plugin);
    this.title.icon = icon;
    this.title.closable = true;
    this.toolbar.addItem(
      'reload',
      new ToolbarButton({
        icon,
        label: _('Reload'),
        tooltip: _('Bring the saved code in'),
        onClick: () => void requests.reload(link, [plugin]),
      }),
    );
    link.stateChanged.connect(this.onLink, this);
    this.onLink();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    Signal.disconnectReceiver(this);
    const { model } = this.content;
    super.dispose();
    model.dispose();
  }

  private onLink(): void {
    const { link, plugin: name } = this;
    const plugin = pluginsOf(link).find((each) => each.name === name);
    const now = plugin === undefined ? '' : keyOf(plugin);
    if (now === this.seen) return;
    this.seen = now;
    if (now === '') this.fill(`# ${_('%1 does not run any more.', name)}\n`);
    else void this.compare(now);
  }

  private async compare(key: string): Promise<void> {
    const body = { kind: 'diff', plugin: this.plugin, a: 'running', b: 'file' } as const;
    const answer = await this.link.store?.request(body);
    if (answer === undefined || this.isDisposed || key !== this.seen) return;
    if (answer.kind !== 'success') this.fill(`# ${answer.text}\n`);
    else if (isDiffData(answer.data)) this.fill(textOf(answer.data));
    else this.fill(`# ${_('The kernel sent no comparison that this page can read.')}\n`);
  }

  private fill(text: string): void {
    this.content.model.sharedModel.setSource(text);
  }
}

/** Id of the view of a plugin: one is enough. */
export const idOf = (link: KernelLink, plugin: string): string =>
  `themis-jupyter:diff:${link.kernel.id}:${plugin}`;

/** Changes with what runs and with what is saved. */
const keyOf = ({ life, drift, driftText, last }: Plugin): string =>
  JSON.stringify([life, drift, driftText, last?.time]);
