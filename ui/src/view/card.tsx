import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, oneLine, seconds, size } from '../format';
import { Icon } from '../icons';
import type { Operation, Plugin } from '../protocol';
import { isBad, type Answer } from '../snapshot';
import { t } from '../strings';
import { Actions, Reload, type ActionProps } from './actions';
import { Diff } from './diff';
import { ErrorPart } from './error';
import { History } from './history';
import { OwnWidget } from './own';
import { Button, Fold, Name, memo } from './parts';
import { Timeline } from './timeline';

export interface CardProps extends ActionProps {
  /** Its last operation. */
  operation: Operation | undefined;
  answer: Answer | undefined;
  skew: number;
  /** Shown alone: open from the beginning. */
  open?: boolean;
  /** Grows each time that it is asked for: to be opened, and to have the focus. */
  wanted?: number;
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
  const head = useRef<HTMLButtonElement>(null);
  const wanted = props.wanted ?? 0;
  useEffect(() => {
    if (wanted === 0) return;
    setOpen(true);
    head.current?.focus();
    head.current?.scrollIntoView({ block: 'start' });
  }, [wanted]);
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
            ref={head}
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
              <Icon name="drift" /> {t.drift(plugin.drift)}
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
        {!open && plugin.error !== null && (
          <p class="tp-brief tp-bad">{oneLine(plugin.error.words, 200)}</p>
        )}
        {isBad(answer) && !isSaid(answer, plugin) && (
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

/** Whether the card tells it already: the error stands there, in short or in full. */
const isSaid = (answer: Answer, plugin: Plugin): boolean =>
  plugin.error !== null && answer.text === plugin.last?.headline;

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
        {t.outcome(last.outcome)}
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
        <Timeline operation={operation} skew={props.skew} said={plugin.error} />
      ) : (
        loaded && <p class="tp-dim">{t.noOperation()}</p>
      )}
      {loaded && plugin.widget !== null && <OwnWidget store={store} plugin={plugin} />}
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
          <Icon name="drift" /> {t.drift(plugin.drift)}
        </span>
      )}
      {plugin.last !== null && (
        <span class="tp-dim">
          {t.outcome(plugin.last.outcome)} {t.at(clock(plugin.last.time))} (
          {seconds(plugin.last.elapsed)})
        </span>
      )}
    </span>
  );
}
