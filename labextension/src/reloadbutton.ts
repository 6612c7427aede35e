/** A button that reloads the plugins of one notebook, and says how many need it. */
import { ReactWidget, ToolbarButtonComponent } from '@jupyterlab/ui-components';
import { createElement } from 'react';
import { _, _n } from 'themis-jupyter-ui';
import type { Document } from './documents';
import { icon } from './icon';
import { summaryOf, type Summary } from './summary';
import type { IPluginService } from './tokens';

/** What the button shows beside its icon; nothing where all is well. */
export function badgeOf({ failed, drifted }: Summary): string {
  if (failed.length > 0) return `✕ ${failed.length}`;
  return drifted.length > 0 ? `≠ ${drifted.length}` : '';
}

/** What the button says when it is pointed at. */
export function tooltipOf(summary: Summary): string {
  const { kind, failed, drifted } = summary;
  if (kind === 'nothing') return _('Show Plugins');
  if (failed.length > 0)
    return _n('Reload Plugins (%1 failed)', 'Reload Plugins (%1 failed)', failed.length);
  if (drifted.length > 0)
    return _n(
      'Reload Plugins (%1 differs from its file)',
      'Reload Plugins (%1 differ from their files)',
      drifted.length,
    );
  return _('Reload Plugins');
}

export class ReloadButton extends ReactWidget {
  private before = '';

  constructor(
    private readonly service: IPluginService,
    private readonly document: Document,
    private readonly openPanel: () => void,
  ) {
    super();
    this.addClass('jp-themis-ReloadButton');
    service.links.linkChanged.connect(this.look, this);
    service.documents.documentsChanged.connect(this.look, this);
    service.options.optionsChanged.connect(this.look, this);
  }

  protected render() {
    const summary = this.summary();
    const badge = this.service.options.values.badge ? badgeOf(summary) : '';
    return createElement(ToolbarButtonComponent, {
      className: `jp-themis-${summary.kind}`,
      icon,
      tooltip: tooltipOf(summary),
      onClick: () => {
        this.press();
      },
      // Not as its label: that would be all that a screen reader says.
      ...(badge === '' ? {} : { dataset: { 'data-badge': badge } }),
    });
  }

  private press(): void {
    const link = this.service.documents.linkOf(this.document);
    // The side bar says what is missing.
    if (link === null || this.summary().loaded.length === 0) this.openPanel();
    else void this.service.requests.reload(link);
  }

  private summary(): Summary {
    return summaryOf(this.service.documents.linkOf(this.document));
  }

  private look(): void {
    const { badge } = this.service.options.values;
    const now = JSON.stringify([this.summary(), badge]);
    if (now === this.before) return;
    this.before = now;
    this.update();
  }
}
