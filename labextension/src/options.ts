/** What users can set: see schema/plugin.json, which holds the same defaults. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

export interface OptionValues {
  readonly position: 'left' | 'right';
  readonly reloadOnSave: boolean;
  readonly notifications: 'none' | 'failures' | 'all';
  readonly badge: boolean;
  readonly statusBar: boolean;
  readonly editor: boolean;
}

export const DEFAULTS: OptionValues = {
  position: 'right',
  reloadOnSave: false,
  notifications: 'failures',
  badge: true,
  statusBar: true,
  editor: true,
};

export class Options {
  private now = DEFAULTS;
  private readonly changed = new Signal<this, OptionValues>(this);

  get values(): OptionValues {
    return this.now;
  }

  get optionsChanged(): ISignal<this, OptionValues> {
    return this.changed;
  }

  /** Takes over what is set; what is not, or is not understood, is the default. */
  set(composite: Readonly<Record<string, unknown>>): void {
    const flag = (name: 'reloadOnSave' | 'badge' | 'statusBar' | 'editor'): boolean => {
      const value = composite[name];
      return typeof value === 'boolean' ? value : DEFAULTS[name];
    };
    const { position, notifications } = composite;
    this.now = {
      position: position === 'left' || position === 'right' ? position : DEFAULTS.position,
      reloadOnSave: flag('reloadOnSave'),
      notifications:
        notifications === 'none' || notifications === 'failures' || notifications === 'all'
          ? notifications
          : DEFAULTS.notifications,
      badge: flag('badge'),
      statusBar: flag('statusBar'),
      editor: flag('editor'),
    };
    this.changed.emit(this.now);
  }
}

/** Takes over the user's settings, now and whenever they change. */
export async function follow(
  settings: ISettingRegistry,
  id: string,
  options: Options,
): Promise<void> {
  try {
    const loaded = await settings.load(id);
    const take = (): void => {
      options.set(loaded.composite);
    };
    loaded.changed.connect(take);
    take();
  } catch (error) {
    console.error(
      `themis-jupyter: the settings could not be read; the defaults hold. ${String(error)}`,
    );
  }
}
