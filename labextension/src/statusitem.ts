/** The current phase of the active kernel's plugins as a word and an icon; a click opens the side bar. */
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { _, _n, phaseWord } from 'themis-jupyter-ui';
import { icon } from './icon';
import { summaryOf, type Summary } from './summary';
import type { IPluginService } from './tokens';

/** What the status bar says. */
export function lineOf({ kind, loaded, failed, drifted, phase }: Summary): string {
  switch (kind) {
    case 'nothing':
      return _('no plugins');
    case 'running':
      return _('plugins: %1…', phaseWord(phase));
    case 'failed':
      return _n('%1 plugin failed', '%1 plugins failed', failed.length);
    case 'drift':
      return _n(
        '%1 plugin differs from its file',
        '%1 plugins differ from their files',
        drifted.length,
      );
    case 'ready':
      return _n('%1 plugin runs as saved', '%1 plugins run as saved', loaded.length);
  }
}

export class StatusItem extends Widget {
  private readonly button = document.createElement('button');
  private readonly word = document.createElement('span');
  private readonly changed = new Signal<this, void>(this);

  constructor(
    private readonly service: IPluginService,
    open: () => void,
  ) {
    super();
    this.addClass('jp-themis-Status');
    this.button.type = 'button';
    this.button.title = _('Show Plugins');
    this.button.addEventListener('click', open);
    icon.element({ container: this.button.appendChild(document.createElement('span')) });
    this.button.append(this.word);
    this.node.append(this.button);
    service.links.linkChanged.connect(this.look, this);
    service.following.followedChanged.connect(this.look, this);
    service.options.optionsChanged.connect(this.look, this);
    this.look();
  }

  /** Whether there is something to say. */
  get isActive(): boolean {
    const { options, following } = this.service;
    return options.values.statusBar && (following.link?.store ?? null) !== null;
  }

  get activeChanged(): ISignal<this, void> {
    return this.changed;
  }

  private look(): void {
    const summary = summaryOf(this.service.following.link);
    const text = lineOf(summary);
    if (this.word.textContent !== text) this.word.textContent = text;
    this.button.dataset.kind = summary.kind;
    if (this.isActive === !this.isHidden) return;
    this.setHidden(!this.isActive);
    this.changed.emit();
  }
}
