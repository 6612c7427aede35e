import { useState } from 'preact/hooks';
import { clock, oneLine } from '../format';
import type { Plugin } from '../protocol';
import type { Store } from '../store';
import { t } from '../strings';
import { Ask, Button } from './parts';

const WHAT = ['both', 'code', 'state'] as const;
type What = (typeof WHAT)[number];
const WORDS: Record<What, () => string> = {
  both: () => t.both(),
  code: () => t.codeOnly(),
  state: () => t.stateOnly(),
};

/** The versions that are kept, the newest first, with a way back to each. */
export function History({ store, plugin, busy }: { store: Store; plugin: Plugin; busy: boolean }) {
  const [what, setWhat] = useState<What>('both');
  const [asked, ask] = useState<number | null>(null);
  if (plugin.versions.length === 0) return <p class="tp-dim">{t.noHistory()}</p>;
  return (
    <div>
      <label class="tp-field">
        {t.what()}{' '}
        <select
          value={what}
          onChange={(event) => {
            setWhat(WHAT.find((each) => each === event.currentTarget.value) ?? 'both');
          }}
        >
          {WHAT.map((each) => (
            <option key={each} value={each}>
              {WORDS[each]()}
            </option>
          ))}
        </select>
      </label>
      <ul class="tp-versions">
        {[...plugin.versions].reverse().map((version) => (
          <li key={version.number}>
            <b>{t.versionNumber(version.number)}</b>{' '}
            <span class="tp-dim">
              {[version.plugin, t.way(version.how), clock(version.time), version.state]
                .filter((text) => text !== '')
                .map((text) => oneLine(text, 80))
                .join(' · ')}
            </span>{' '}
            {version.running && <span class="tp-chip tp-ok">{t.runs()}</span>}
            {(!version.running || what === 'state') && (
              <Button
                label={t.revertTo(version.number)}
                disabled={busy}
                onPress={() => {
                  ask(version.number);
                }}
              />
            )}
            {asked === version.number && (
              <Ask
                text={t.askRevert(version.number)}
                yes={t.yesRevert()}
                onYes={() => {
                  ask(null);
                  void store.request({
                    kind: 'revert',
                    plugin: plugin.name,
                    version: version.number,
                    what,
                  });
                }}
                onNo={() => {
                  ask(null);
                }}
              />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
