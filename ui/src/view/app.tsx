/** The views: the panel, and small ones for one plugin. */
import { Component, type ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { oneLine } from '../format';
import type { AppProps } from '../props';
import type { Plugin } from '../protocol';
import { ALL, isBad, type Snapshot } from '../snapshot';
import type { Store } from '../store';
import { t } from '../strings';
import { Reload } from './actions';
import { Card, StatusLine, type CardProps } from './card';
import { ConnectionPart, Lines } from './connection';
import { Host } from './host';
import { Log } from './log';
import { Button, Fold, useSnapshot } from './parts';
import { Timeline } from './timeline';

const SORTS = ['name', 'life', 'change'] as const;
type Sort = (typeof SORTS)[number];
const SORT_WORDS: Record<Sort, () => string> = {
  name: () => t.sortName(),
  life: () => t.sortLife(),
  change: () => t.sortChange(),
};
const LIVES: readonly Plugin['life'][] = ['broken', 'reloading', 'loaded', 'not loaded'];
const CALLS: Record<string, (name: string) => string> = {
  timeline: (name) => `phase_timeline(${JSON.stringify(name)})`,
  status: (name) => `plugin_status(${JSON.stringify(name)})`,
  button: (name) => `reload_button(${JSON.stringify(name)})`,
};

export function App(props: AppProps) {
  const { store, view = 'panel', plugin = '', saved = '', wanted, showWidget, openFile } = props;
  const abilities = useMemo(
    () => ({ ...(showWidget && { showWidget }), ...(openFile && { openFile }) }),
    [showWidget, openFile],
  );
  const snapshot = useSnapshot(store);
  const names = useLastNames(snapshot);
  const { kind } = snapshot.connection;
  const known = snapshot.kernel !== null;
  const small = view !== 'panel';
  return (
    <div class={`tp-app tp-view-${small ? 'small' : 'panel'}`}>
      <Host.Provider value={abilities}>
        <Guard>
          <ConnectionPart
            store={store}
            connection={snapshot.connection}
            names={small ? [plugin] : names}
            restarted={snapshot.restarted}
            call={CALLS[view]?.(plugin) ?? 'PluginPanel()'}
          />
          {known ? (
            small ? (
              <Small {...{ store, snapshot, view, plugin }} />
            ) : (
              <Panel {...{ store, snapshot, wanted }} />
            )
          ) : (
            saved !== '' &&
            kind !== 'connected' && (
              <div class="tp-saved">
                <p class="tp-dim">{t.lastKnown()}</p>
                <div dangerouslySetInnerHTML={{ __html: saved }} />
              </div>
            )
          )}
        </Guard>
      </Host.Provider>
      <div class="tp-hidden" role="status" aria-live="polite">
        <span key={snapshot.announcement.count}>{snapshot.announcement.text}</span>
      </div>
    </div>
  );
}

/** The plugins that were loaded when there last were any. */
function useLastNames(snapshot: Snapshot): readonly string[] {
  const last = useRef<readonly string[]>([]);
  return useMemo(() => {
    const loaded = [...snapshot.plugins.values()].filter((p) => p.life !== 'not loaded');
    if (loaded.length > 0) last.current = loaded.map((p) => p.name);
    return last.current;
  }, [snapshot.plugins]);
}

function cardProps(store: Store, snapshot: Snapshot, plugin: Plugin): CardProps {
  const { pending, operations, connection } = snapshot;
  const operation = plugin.operation === null ? undefined : operations.get(plugin.operation);
  return {
    store,
    plugin,
    operation,
    pending: pending.get(plugin.name) ?? pending.get(ALL),
    answer: snapshot.answers.get(plugin.name),
    // Only what counts needs the clock: other cards are not rendered again for it.
    skew: operation?.elapsed === null ? snapshot.skew : 0,
    live: connection.kind === 'connected' || connection.kind === 'waiting',
  };
}

function Panel({
  store,
  snapshot,
  wanted,
}: {
  store: Store;
  snapshot: Snapshot;
  wanted: AppProps['wanted'];
}) {
  const [text, setText] = useState('');
  // What is asked for must not be left out by what was searched for before.
  useEffect(() => {
    setText('');
  }, [wanted]);
  const [sort, setSort] = useState<Sort>('name');
  const shown = useMemo(
    () => arranged([...snapshot.plugins.values()], text, sort),
    [snapshot.plugins, text, sort],
  );
  const { kind } = snapshot.connection;
  const live = kind === 'connected' || kind === 'waiting';
  const loaded = [...snapshot.plugins.values()].some((p) => p.life !== 'not loaded');
  const answer = snapshot.answers.get(ALL);
  return (
    <section aria-label={t.panel()}>
      <div class="tp-toolbar" role="group" aria-label={t.panel()}>
        <input
          type="search"
          value={text}
          placeholder={t.search()}
          aria-label={t.search()}
          onInput={(e) => {
            setText(e.currentTarget.value);
          }}
        />
        <label class="tp-field">
          {t.sort()}{' '}
          <select
            value={sort}
            onChange={(e) => {
              setSort(SORTS.find((s) => s === e.currentTarget.value) ?? 'name');
            }}
          >
            {SORTS.map((each) => (
              <option key={each} value={each}>
                {SORT_WORDS[each]()}
              </option>
            ))}
          </select>
        </label>
        <Button
          label={snapshot.pending.get(ALL)?.kind === 'reload' ? t.busy(t.reload()) : t.reloadAll()}
          disabled={!live || !loaded || snapshot.pending.size > 0}
          onPress={() => {
            void store.request({ kind: 'reload', plugins: [] });
          }}
        />
      </div>
      {isBad(answer) && (
        <div class="tp-answer">
          <span>{answer.text}</span>{' '}
          <Button
            label={t.dismiss()}
            onPress={() => {
              store.dismiss(ALL);
            }}
          />
        </div>
      )}
      {snapshot.plugins.size === 0 && (
        <div class="tp-empty">
          <p>
            {t.noPlugins()} {t.noPluginsAdvice()}
          </p>
          <Lines text="%load_plugin NAME" />
        </div>
      )}
      {snapshot.plugins.size > 0 && shown.length === 0 && (
        <div class="tp-empty">
          <p>{t.noMatch(text)}</p>
          <Button
            label={t.clearSearch()}
            onPress={() => {
              setText('');
            }}
          />
        </div>
      )}
      {shown.length > 0 && (
        <ul class="tp-cards">
          {shown.map((plugin) => (
            <Card
              key={plugin.name}
              {...cardProps(store, snapshot, plugin)}
              wanted={wanted?.plugin === plugin.name ? wanted.count : 0}
            />
          ))}
        </ul>
      )}
      <Fold title={t.log()}>{() => <Log log={snapshot.log} dropped={snapshot.dropped} />}</Fold>
    </section>
  );
}

/** Those that fit a search, sorted. */
export function arranged(plugins: readonly Plugin[], text: string, sort: Sort): Plugin[] {
  const wanted = text.trim().toLowerCase();
  const found = plugins.filter((p) =>
    `${p.name} ${p.description} ${p.type} ${t.life(p.life)}`.toLowerCase().includes(wanted),
  );
  const byName = (a: Plugin, b: Plugin): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const by: Record<Sort, (a: Plugin, b: Plugin) => number> = {
    name: byName,
    life: (a, b) => LIVES.indexOf(a.life) - LIVES.indexOf(b.life) || byName(a, b),
    change: (a, b) => (b.last?.time ?? 0) - (a.last?.time ?? 0) || byName(a, b),
  };
  return found.sort(by[sort]);
}

function Small({
  store,
  snapshot,
  view,
  plugin,
}: {
  store: Store;
  snapshot: Snapshot;
  view: string;
  plugin: string;
}) {
  const found = snapshot.plugins.get(plugin);
  if (found === undefined)
    return (
      <div class="tp-empty">
        <p>
          {t.noSuchPlugin(plugin)} {t.noSuchAdvice()}
        </p>
        <Lines text="%load_plugin NAME" />
      </div>
    );
  const props = cardProps(store, snapshot, found);
  const answer = props.answer !== undefined && (
    <p class="tp-answer">{oneLine(props.answer.text, 500)}</p>
  );
  switch (view) {
    case 'status':
      return <StatusLine plugin={found} />;
    case 'button':
      return (
        <div>
          <div class="tp-row">
            <Reload {...props} /> <StatusLine plugin={found} />
          </div>
          {answer}
        </div>
      );
    case 'timeline':
      return (
        <div>
          <StatusLine plugin={found} />
          {props.operation === undefined ? (
            <p class="tp-dim">{t.noOperation()}</p>
          ) : (
            <Timeline operation={props.operation} skew={props.skew} />
          )}
        </div>
      );
    default:
      return <p class="tp-bad">{t.badView(view)}</p>;
  }
}

/** What goes wrong in here is said here, and harms nothing beside. */
class Guard extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <p class="tp-bad">{t.broke()}</p> : this.props.children;
  }
}
