import { useMemo, useState } from 'preact/hooks';
import { clock, oneLine } from '../format';
import type { LogEntry } from '../protocol';
import { t } from '../strings';
import { Button, Name, memo, useCalm } from './parts';

const PAGE = 100;
/** Milliseconds: nobody reads faster, and a list of which each line is new takes its time. */
const CALM = 250;

/** The event log. */
export function Log({ log, dropped }: { log: readonly LogEntry[]; dropped: number }) {
  return <List log={useCalm(log, CALM)} dropped={useCalm(dropped, CALM)} />;
}

/** The newest first; so many at a time. */
const List = memo(function List({ log, dropped }: { log: readonly LogEntry[]; dropped: number }) {
  const [text, setText] = useState('');
  const [plugin, setPlugin] = useState('');
  const [failed, setFailed] = useState(false);
  const [most, setMost] = useState(PAGE);
  const names = useMemo(() => [...new Set(log.map((entry) => entry.plugin))].sort(), [log]);
  const found = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const fits = (e: LogEntry): boolean =>
      (plugin === '' || e.plugin === plugin) &&
      (!failed || e.status === 'failed') &&
      (wanted === '' ||
        `${e.plugin} ${e.what} ${t.entryStatus(e.status)} ${e.text}`
          .toLowerCase()
          .includes(wanted));
    return log.filter(fits).reverse();
  }, [log, text, plugin, failed]);
  return (
    <div class="tp-log">
      <div class="tp-row">
        <input
          type="search"
          value={text}
          placeholder={t.logText()}
          aria-label={t.logText()}
          onInput={(e) => {
            setText(e.currentTarget.value);
          }}
        />
        <select
          value={plugin}
          aria-label={t.logPlugin()}
          onChange={(e) => {
            setPlugin(e.currentTarget.value);
          }}
        >
          <option value="">{t.allPlugins()}</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {oneLine(name, 60)}
            </option>
          ))}
        </select>
        <label class="tp-field">
          <input
            type="checkbox"
            checked={failed}
            onChange={(e) => {
              setFailed(e.currentTarget.checked);
            }}
          />{' '}
          {t.failedOnly()}
        </label>
      </div>
      {dropped > 0 && <p class="tp-dim">{t.dropped(dropped)}</p>}
      {found.length === 0 && <p class="tp-dim">{log.length === 0 ? t.logEmpty() : t.logNone()}</p>}
      {found.length > 0 && (
        <ul class="tp-entries" tabIndex={0} aria-label={t.log()}>
          {found.slice(0, most).map((entry) => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ul>
      )}
      {found.length > most && (
        <Button
          label={t.logMore(Math.min(PAGE, found.length - most))}
          onPress={() => {
            setMost(most + PAGE);
          }}
        />
      )}
    </div>
  );
});

const Entry = memo(function Entry({ entry }: { entry: LogEntry }) {
  return (
    <li class={entry.status === 'failed' ? 'tp-entry-failed' : ''}>
      <time class="tp-dim">{clock(entry.time)}</time> <Name text={entry.plugin} most={60} />{' '}
      <span>{oneLine(entry.what, 80)}</span>{' '}
      <span class={entry.status === 'failed' ? 'tp-bad' : 'tp-dim'}>
        {t.entryStatus(entry.status)}
        {entry.elapsed !== null && ` ${t.took(entry.elapsed)}`}
      </span>
      {entry.text !== '' && <span class="tp-dim"> — {oneLine(entry.text, 300)}</span>}
    </li>
  );
});
