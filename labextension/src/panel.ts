/** The side bar: the view of the kernel that is looked at, or why there is none, and what to do. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { _, mount, type Abilities, type AppProps, type Mounted } from 'themis-jupyter-ui';
import type { Followed, Following } from './following';
import type { KernelLink } from './link';
import { PANEL } from './tokens';

/** What is said where there is nothing to show, and what a button does about it. */
export interface Notice {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  readonly line?: string;
}

/** What to say of a link; null where its view says all. */
export function noticeOf(link: KernelLink): Notice | null {
  const { state } = link;
  const load = { label: _('Load the extension'), run: () => void link.load() };
  const busy = link.kernel.status === 'busy';
  if (link.isOffline) return offline(link);
  switch (state.kind) {
    case 'open':
      return null;
    case 'connecting':
      return { text: _('Asking the kernel…') };
    case 'loading':
      return {
        text: busy
          ? _('The kernel is running a cell. The extension is loaded after it.')
          : _('Loading the extension into the kernel…'),
      };
    case 'silent':
      return {
        text: busy
          ? _('The kernel is running a cell, and does not answer before that ends.')
          : _('The kernel does not answer.'),
        action: { label: _('Try again'), run: () => void link.open() },
      };
    case 'not python':
      return { text: _('The kernel runs %1. Plugins are Python modules.', state.language) };
    case 'no comms':
      return {
        text: _(
          'This page reaches the kernel by another document that was closed. Open its notebook again.',
        ),
      };
    case 'not loaded':
      return {
        text:
          state.why === ''
            ? _('themis_jupyter is not loaded in this kernel.')
            : _('themis_jupyter could not be loaded: %1', state.why),
        action: load,
      };
    case 'too old':
      return {
        text: _(
          'themis_jupyter in this kernel is too old for this page: install the same version on both sides, and restart the kernel.',
        ),
      };
    case 'not installed':
      return {
        text: _(
          'themis_jupyter is not installed where this kernel runs. Run this in a cell, then load it:',
        ),
        line: '%pip install themis-jupyter',
        action: load,
      };
    case 'gone':
      return {
        text:
          state.status === 'dead'
            ? _('The kernel is dead. Restart it to go on.')
            : _('The kernel is being restarted.'),
      };
  }
}

/** What to say while the page has lost its way to the kernel. */
function offline({ kernel }: KernelLink): Notice {
  if (kernel.connectionStatus !== 'disconnected')
    return {
      text: _('The server cannot be reached. Trying again; what you see is the last known.'),
    };
  return {
    text: _('The server cannot be reached. What you see is the last known.'),
    action: { label: _('Try again'), run: () => void kernel.reconnect().catch(noteDown) },
  };
}

/** That it cannot be reached is on the page already. */
const noteDown = (error: unknown): void => {
  console.warn(`themis-jupyter: ${String(error)}`);
};

export class PluginsPanel extends Widget {
  private readonly heading = document.createElement('h2');
  private readonly notice = document.createElement('div');
  private readonly text = document.createElement('p');
  private readonly rest = document.createElement('div');
  private readonly place = document.createElement('div');
  private link: KernelLink | null = null;
  private mounted: Mounted | null = null;
  /** The card that was asked for last. */
  private wanted: AppProps['wanted'];
  /** What is said now. */
  private said = '';

  constructor(
    following: Following,
    private readonly openFile?: (link: KernelLink, file: string, line: number) => void,
  ) {
    super();
    this.id = PANEL;
    this.addClass('jp-themis-Panel');
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _('Plugins'));
    this.heading.className = 'jp-themis-heading';
    this.notice.className = 'jp-themis-notice';
    this.text.setAttribute('role', 'status');
    this.notice.append(this.text, this.rest);
    this.node.append(this.heading, this.notice, this.place);
    following.followedChanged.connect(this.onFollowed, this);
    this.onFollowed(following, following.followed);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.unmount();
    super.dispose();
  }

  /** Opens the card of a plugin, and puts the focus on it. */
  reveal(plugin: string): void {
    this.wanted = { plugin, count: (this.wanted?.count ?? 0) + 1 };
    if (this.link !== null) this.onState(this.link);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.focus();
  }

  private onFollowed(_sender: unknown, followed: Followed): void {
    this.link?.stateChanged.disconnect(this.onState, this);
    this.link = followed.kind === 'kernel' ? followed.link : null;
    this.link?.stateChanged.connect(this.onState, this);
    this.heading.textContent = headingOf(followed);
    if (this.link !== null) {
      this.onState(this.link);
      return;
    }
    this.unmount();
    this.say({
      text:
        followed.kind === 'nothing'
          ? _('Open a notebook or a console to see the plugins of its kernel.')
          : _('It has no kernel. Start one to see its plugins.'),
    });
  }

  private onState(link: KernelLink): void {
    this.say(noticeOf(link));
    if (link.store === null) {
      this.unmount();
      return;
    }
    const { openFile } = this;
    const abilities: Abilities =
      openFile === undefined
        ? {}
        : {
            openFile: (file, line) => {
              openFile(link, file, line);
            },
          };
    const props: AppProps = { store: link.store, wanted: this.wanted, ...abilities };
    if (this.mounted === null) this.mounted = mount(this.place, props);
    else this.mounted.update(props);
  }

  private unmount(): void {
    this.mounted?.dispose();
    this.mounted = null;
  }

  private say(notice: Notice | null): void {
    // Said again, it would be read out again.
    const key = JSON.stringify([notice?.text, notice?.line, notice?.action?.label]);
    if (key === this.said) return;
    this.said = key;
    const hadFocus = this.rest.contains(document.activeElement);
    this.notice.hidden = notice === null;
    this.text.textContent = notice?.text ?? '';
    this.rest.replaceChildren();
    if (notice?.line !== undefined) {
      const line = document.createElement('pre');
      line.textContent = notice.line;
      this.rest.append(line);
    }
    if (notice?.action !== undefined) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'jp-mod-styled jp-mod-accept';
      button.textContent = notice.action.label;
      button.addEventListener('click', notice.action.run);
      this.rest.append(button);
    }
    // Whoever pressed the button goes on from here, not from the top of the page.
    if (hadFocus) this.node.focus();
  }
}

function headingOf(followed: Followed): string {
  switch (followed.kind) {
    case 'nothing':
      return _('Plugins');
    case 'no kernel':
      return followed.title;
    case 'kernel':
      return `${followed.title} · ${followed.kernel}`;
  }
}
