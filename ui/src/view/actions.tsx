import { useState } from 'preact/hooks';
import type { Body, Plugin } from '../protocol';
import type { Store } from '../store';
import { t } from '../strings';
import { Ask, Button } from './parts';

export interface ActionProps {
  store: Store;
  plugin: Plugin;
  /** What is asked for, of it or of all. */
  pending: Body | undefined;
  live: boolean;
}

/** The label of a button, which says so while what was pressed on it is being done. */
const busy = (label: string, is: boolean): string => (is ? t.busy(label) : label);

/** What is asked for of one plugin, by the one component that all views use for it. */
export function Actions({ store, plugin, pending, live }: ActionProps) {
  const [asking, ask] = useState(false);
  const { name } = plugin;
  const off = pending !== undefined || !live;
  const send = (body: Body): void => {
    void store.request(body);
  };
  if (plugin.life === 'not loaded') {
    const loads = pending?.kind === 'load';
    return (
      <div class="tp-row">
        {plugin.kept !== '' && (
          <Button
            label={busy(t.loadRestore(), loads && pending.restore === true)}
            name={name}
            kind="tp-primary"
            disabled={off}
            onPress={() => {
              send({ kind: 'load', plugin: name, restore: true });
            }}
          />
        )}
        <Button
          label={busy(t.load(), loads && pending.restore !== true)}
          name={name}
          disabled={off}
          onPress={() => {
            send({ kind: 'load', plugin: name });
          }}
        />
        {plugin.kept !== '' && <span class="tp-dim">{t.kept(plugin.kept)}</span>}
      </div>
    );
  }
  const previous = plugin.versions.some((v) => !v.running);
  return (
    <>
      <div class="tp-row">
        <Reload {...{ store, plugin, pending, live }} />
        {plugin.dependents.length > 0 && (
          <Button
            label={busy(
              t.reloadDependents(),
              pending?.kind === 'reload' && pending.cascade === true,
            )}
            name={name}
            disabled={off}
            onPress={() => {
              send({ kind: 'reload', plugins: [name], cascade: true });
            }}
          />
        )}
        {previous && <Revert {...{ store, plugin, off }} />}
        <Button
          label={t.unload()}
          name={name}
          disabled={off}
          onPress={() => {
            ask(true);
          }}
        />
        <Button
          label={t.watch()}
          name={name}
          disabled={off}
          pressed={plugin.watched !== ''}
          onPress={() => {
            send({ kind: 'watch', plugin: name, on: plugin.watched === '' });
          }}
        />
      </div>
      {asking && (
        <Ask
          text={t.askUnload(plugin.dependents.length)}
          yes={t.yesUnload()}
          onYes={() => {
            ask(false);
            send({ kind: 'unload', plugin: name, cascade: plugin.dependents.length > 0 });
          }}
          onNo={() => {
            ask(false);
          }}
        />
      )}
    </>
  );
}

/** Goes back to the version that ran before. */
function Revert({ store, plugin, off }: { store: Store; plugin: Plugin; off: boolean }) {
  const [asking, ask] = useState(false);
  const others = plugin.versions.filter((v) => !v.running);
  const target = others.reduce(
    (a, b) => (b.time > a.time ? b : a),
    others[0] ?? { number: 0, time: 0 },
  );
  return (
    <>
      <Button
        label={t.revert()}
        name={plugin.name}
        disabled={off}
        onPress={() => {
          ask(true);
        }}
      />
      {asking && (
        <Ask
          text={t.askRevert(target.number)}
          yes={t.yesRevert()}
          onYes={() => {
            ask(false);
            void store.request({ kind: 'revert', plugin: plugin.name, version: target.number });
          }}
          onNo={() => {
            ask(false);
          }}
        />
      )}
    </>
  );
}

export function Reload({ store, plugin, pending, live }: ActionProps) {
  return (
    <Button
      label={busy(t.reload(), pending?.kind === 'reload' && pending.cascade !== true)}
      name={plugin.name}
      kind="tp-primary"
      disabled={pending !== undefined || !live || plugin.life === 'reloading'}
      onPress={() => {
        void store.request({ kind: 'reload', plugins: [plugin.name] });
      }}
    />
  );
}
