/** The side bar: the view of the kernel that is looked at, or why there is none, and what to do. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { mount, type Abilities, type Mounted } from 'themis-jupyter-ui';
import type { Followed, Following } from './following';
import type { KernelLink, LinkState } from './link';

export const PANEL = 'themis-jupyter:panel';

/** What is said where there is nothing to show, and what a button does about it. */
export interface Notice {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly line?: string;
}

/** What to say of a link that shows nothing; null while it does. */
export function notice(link: KernelLink): Notice | null {
  const { state } = link;
  const load = { label: 'Load the extension', run: () => void link.load() };
  switch (state.kind) {
    case 'open':
      return null;
    case 'connecting':
      return { text: 'Asking the kernel…' };
    case 'loading':
      return { text: 'Loading the extension into the kernel…' };
    case 'not python':
      return { text: `The kernel runs ${state.language}. Plugins are Python modules.` };
    case 'not loaded':
      return {
        text:
          state.why === ''
            ? 'themis_jupyter is not loaded in this kernel.'
            : `themis_jupyter could not be loaded: ${state.why}`,
        action: load,
      };
    case 'not installed':
      return {
        text: 'themis_jupyter is not installed where this kernel runs. Run this in a cell, then load it:',
        line: '%pip install themis-jupyter',
        action: load,
      };
    case 'gone':
      return {
        text: state.status === 'dead' ? 'The kernel is dead.' : 'The kernel is being restarted.',
      };
  }
}

export class PluginsPanel extends Widget {
  private readonly heading = document.createElement('div');
  private readonly notice = document.createElement('div');
  private readonly place = document.createElement('div');
  private link: KernelLink | null = null;
  private mounted: Mounted | null = null;

  constructor(
    private readonly following: Following,
    private readonly abilities: Abilities = {},
  ) {
    super();
    this.id = PANEL;
    this.addClass('jp-themis-Panel');
    this.heading.className = 'jp-themis-heading';
    this.notice.className = 'jp-themis-notice';
    this.notice.setAttribute('role', 'status');
    this.node.append(this.heading, this.notice, this.place);
    following.followedChanged.connect(this.onFollowed, this);
    this.onFollowed(following, following.followed);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.following.followedChanged.disconnect(this.onFollowed, this);
    this.link?.stateChanged.disconnect(this.onState, this);
    this.mounted?.dispose();
    this.mounted = null;
    super.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.tabIndex = -1;
    this.node.focus();
  }

  private onFollowed(_: unknown, followed: Followed): void {
    this.link?.stateChanged.disconnect(this.onState, this);
    this.link = followed.kind === 'kernel' ? followed.link : null;
    this.link?.stateChanged.connect(this.onState, this);
    this.heading.textContent = headingOf(followed);
    if (this.link !== null) {
      this.onState(this.link, this.link.state);
      return;
    }
    this.unmount();
    this.say({
      text:
        followed.kind === 'nothing'
          ? 'Open a notebook or a console to see the plugins of its kernel.'
          : 'It has no kernel. Start one to see its plugins.',
    });
  }

  private onState(link: KernelLink, state: LinkState): void {
    this.say(notice(link));
    if (state.kind !== 'open') {
      this.unmount();
      return;
    }
    const props = { store: state.store, ...this.abilities };
    if (this.mounted === null) this.mounted = mount(this.place, props);
    else this.mounted.update(props);
  }

  private unmount(): void {
    this.mounted?.dispose();
    this.mounted = null;
  }

  private say(notice: Notice | null): void {
    this.notice.replaceChildren();
    this.notice.hidden = notice === null;
    if (notice === null) return;
    const text = document.createElement('p');
    text.textContent = notice.text;
    this.notice.append(text);
    if (notice.line !== undefined) {
      const line = document.createElement('pre');
      line.textContent = notice.line;
      this.notice.append(line);
    }
    if (notice.action !== undefined) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'jp-mod-styled';
      button.textContent = notice.action.label;
      button.addEventListener('click', notice.action.run);
      this.notice.append(button);
    }
  }
}

function headingOf(followed: Followed): string {
  switch (followed.kind) {
    case 'nothing':
      return 'Plugins';
    case 'no kernel':
      return followed.title;
    case 'kernel':
      return `${followed.title} (${followed.link.kernel.name})`;
  }
}
