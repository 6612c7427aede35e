import { useEffect, useState } from 'preact/hooks';
import { clock, oneLine, seconds, size } from '../format';
import { Icon } from '../icons';
import type { Body, Operation, Plugin } from '../protocol';
import { isBad, type Answer } from '../snapshot';
import type { Store } from '../store';
import { t } from '../strings';
import { Diff } from './diff';
import { ErrorPart } from './error';
import { History } from './history';
import { Ask, Button, Fold, Name, memo } from './parts';
import { Timeline } from './timeline';

export interface CardProps {
  store: Store;
  plugin: Plugin;
  /** Its last operation. */
  operation: Operation | undefined;
  /** What is asked for, of it or of all. */
  pending: Body['kind'] | undefined;
  answer: Answer | undefined;
  skew: number;
  live: boolean;
  /** Shown alone: open from the beginning. */
  open?: boolean;
}

/** What is asked for of one plugin, by the one component that all views use for it. */
export function Actions({
  store,
  plugin,
  pending,
  live,
}: Pick<CardProps, 'store' | 'plugin' | 'pending' | 'live'>) {
  const [asking, ask] = useState(false);
  const { name } = plugin;
  const off = pending !== undefined || !live;
  const send = (body: Body): void => {
    void store.request(body);
  };
  if (plugin.life === 'not loaded')
    return (
      <div class="tp-row">
        <Button
          label={pending === 'load' ? t.busy(t.load()) : t.load()}
          name={name}
          disabled={off}
          onPress={() => {
            send({ kind: 'load', plugin: name });
          }}
        />
      </div>
    );
  const previous = plugin.versions.some((v) => !v.running);
  return (
    <>
      <div class="tp-row">
        <Reload {...{ store, plugin, pending, live }} />
        {plugin.dependents.length > 0 && (
          <Button
            label={t.reloadDependents()}
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
          action={t.unload()}
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
          action={t.revert()}
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

export function Reload({
  store,
  plugin,
  pending,
  live,
}: Pick<CardProps, 'store' | 'plugin' | 'pending' | 'live'>) {
  return (
    <Button
      label={pending === 'reload' ? t.busy(t.reload()) : t.reload()}
      name={plugin.name}
      kind="tp-primary"
      disabled={pending !== undefined || !live || plugin.life === 'reloading'}
      onPress={() => {
        void store.request({ kind: 'reload', plugins: [plugin.name] });
      }}
    />
  );
}

/** Word and icon of a plugin's state of life. */
export function Life({ plugin }: { plugin: Plugin }) {
  return (
    <span class={`tp-chip tp-life-${plugin.life.replace(' ', '-')}`}>
      <Icon name={plugin.life} /> {t.life(plugin.life)}
    </span>
  );
}

export const Card = memo(function Card(props: CardProps) {
  const { plugin, operation, pending, answer } = props;
  const running = operation?.elapsed === null;
  const [open, setOpen] = useState(props.open ?? false);
  useEffect(() => {
    if (running) setOpen(true);
  }, [running]);
  const tone =
    plugin.life === 'broken' ? 'tp-card-bad' : plugin.error !== null ? 'tp-card-warn' : '';
  return (
    <li class={`tp-card ${tone} ${open ? 'tp-open' : ''}`}>
      <article
        aria-label={t.on(t.plugin(), plugin.name)}
        aria-busy={running || pending !== undefined}
      >
        <div class="tp-head">
          <button
            type="button"
            class="tp-fold-head tp-title"
            aria-expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          >
            <span class="tp-arrow" aria-hidden="true">
              ▸
            </span>
            <Name text={plugin.name} />
          </button>
          <Life plugin={plugin} />
          {plugin.drift !== '' && (
            <span class="tp-chip tp-warn">
              <Icon name="drift" /> {oneLine(plugin.drift, 40)}
            </span>
          )}
          <span class="tp-meta tp-dim">{meta(plugin)}</span>
          {!open && plugin.life !== 'not loaded' && (
            <span class="tp-quick">
              <Reload {...props} />
            </span>
          )}
        </div>
        {plugin.last !== null && <LastLine plugin={plugin} />}
        {isBad(answer) && (
          <div class="tp-answer">
            <Icon name="info" /> <span>{oneLine(answer.text, 500)}</span>{' '}
            <Button
              label={t.dismiss()}
              onPress={() => {
                props.store.dismiss(plugin.name);
              }}
            />
          </div>
        )}
        {open && <Details {...props} />}
      </article>
    </li>
  );
});

function meta(plugin: Plugin): string {
  const parts = [t.version(plugin.version), oneLine(plugin.type, 40)];
  if (plugin.inFlight > 0) parts.push(t.inFlight(plugin.inFlight));
  if (plugin.stateSize !== null) parts.push(t.state(size(plugin.stateSize)));
  if (plugin.watched !== '') parts.push(t.watched(plugin.watched));
  return parts.filter((part) => part !== '').join(' · ');
}

function LastLine({ plugin }: { plugin: Plugin }) {
  const { last } = plugin;
  if (last === null) return null;
  const good = last.outcome === 'reloaded' || last.outcome === 'unchanged';
  return (
    <p class="tp-last tp-dim">
      <span class={good ? 'tp-ok' : last.outcome === 'failed' ? 'tp-bad' : 'tp-warn'}>
        {last.outcome}
      </span>{' '}
      {t.at(clock(last.time))} {t.took(last.elapsed)}
    </p>
  );
}

function Details(props: CardProps) {
  const { store, plugin, operation, pending, live } = props;
  const loaded = plugin.life !== 'not loaded';
  return (
    <div class="tp-details">
      {plugin.description !== '' && <p>{oneLine(plugin.description, 500)}</p>}
      <Actions {...{ store, plugin, pending, live }} />
      {plugin.driftText !== '' && <p class="tp-warn">{oneLine(plugin.driftText, 500)}</p>}
      {plugin.error !== null && <ErrorPart error={plugin.error} />}
      {plugin.error === null && plugin.last !== null && <p>{oneLine(plugin.last.headline, 600)}</p>}
      {operation !== undefined ? (
        <Timeline operation={operation} skew={props.skew} />
      ) : (
        loaded && <p class="tp-dim">{t.noOperation()}</p>
      )}
      {plugin.dependents.length > 0 && <p class="tp-dim">{t.dependents(plugin.dependents)}</p>}
      {loaded && <Fold title={t.diff()}>{() => <Diff store={store} plugin={plugin.name} />}</Fold>}
      {loaded && (
        <Fold title={t.history()}>
          {() => <History store={store} plugin={plugin} busy={pending !== undefined || !live} />}
        </Fold>
      )}
      {plugin.file !== '' && (
        <p class="tp-file tp-dim">
          {t.file()}:{' '}
          <code>
            <bdi>{oneLine(plugin.file, 500)}</bdi>
          </code>
        </p>
      )}
    </div>
  );
}

/** How the single-plugin status says it: life, drift, last outcome. */
export function StatusLine({ plugin }: { plugin: Plugin }) {
  return (
    <span class="tp-row">
      <Name text={plugin.name} /> <Life plugin={plugin} />
      {plugin.drift !== '' && (
        <span class="tp-chip tp-warn">
          <Icon name="drift" /> {oneLine(plugin.drift, 40)}
        </span>
      )}
      {plugin.last !== null && (
        <span class="tp-dim">
          {plugin.last.outcome} {t.at(clock(plugin.last.time))} ({seconds(plugin.last.elapsed)})
        </span>
      )}
    </span>
  );
}
