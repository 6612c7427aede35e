/** In the toolbar of a source file: whether what runs is what is saved, with a reload button. */
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { Widget } from '@lumino/widgets';
import { _, _n } from 'themis-jupyter-ui';
import type { Place } from './files';
import { icon } from './icon';
import { hasDrifted, hasFailed } from './summary';
import type { IPluginService } from './tokens';

/** How a file stands to what runs. */
export type Standing = 'none' | 'failed' | 'unsaved' | 'drift' | 'same';

export function standingOf(places: readonly Place[], dirty: boolean): Standing {
  if (places.length === 0) return 'none';
  if (places.some(({ plugin }) => hasFailed(plugin))) return 'failed';
  if (dirty) return 'unsaved';
  return places.some(({ plugin }) => hasDrifted(plugin)) ? 'drift' : 'same';
}

function sentenceOf(standing: Standing, kernels: number): string {
  switch (standing) {
    case 'none':
      return '';
    case 'failed':
      return _('✕ not running: its reload failed');
    case 'unsaved':
      return _('✎ not saved');
    case 'drift':
      return _('≠ saved, not running yet');
    case 'same':
      return kernels === 1
        ? _('✓ runs as saved')
        : _n('✓ runs as saved in %1 kernel', '✓ runs as saved in %1 kernels', kernels);
  }
}

export class FileItem extends Widget {
  private readonly word = document.createElement('span');
  private readonly button = document.createElement('button');

  constructor(
    private readonly service: IPluginService,
    private readonly file: IDocumentWidget,
  ) {
    super();
    this.addClass('jp-themis-File');
    this.word.setAttribute('role', 'status');
    this.button.type = 'button';
    this.button.className = 'jp-mod-styled';
    icon.element({ container: this.button.appendChild(document.createElement('span')) });
    this.button.append(_('Reload'));
    this.button.addEventListener('click', () => {
      for (const { link, plugin } of this.places())
        void service.requests.reload(link, [plugin.name]);
    });
    this.node.append(this.word, this.button);
    service.links.linkChanged.connect(this.look, this);
    service.options.optionsChanged.connect(this.look, this);
    file.context.pathChanged.connect(this.look, this);
    file.context.model.stateChanged.connect(this.look, this);
    this.look();
  }

  private places(): readonly Place[] {
    return this.service.files.pluginsAt(this.file.context.path);
  }

  private look(): void {
    const places = this.places();
    const standing = standingOf(places, this.file.context.model.dirty);
    const text = sentenceOf(standing, new Set(places.map(({ link }) => link)).size);
    this.setHidden(!this.service.options.values.editor || standing === 'none');
    this.node.dataset.standing = standing;
    if (this.word.textContent !== text) this.word.textContent = text;
    const error = places.find(({ plugin }) => plugin.error !== null)?.plugin.error;
    this.word.title = error?.words ?? '';
  }
}
