import { useEffect, useState } from 'preact/hooks';
import { oneLine, printable } from '../format';
import { isDiffData, type DiffData } from '../protocol';
import type { Answer } from '../snapshot';
import type { Store } from '../store';
import { t } from '../strings';
import { Button } from './parts';

/** What differs between what runs and what is on disk; asked for when this opens. */
export function Diff({ store, plugin }: { store: Store; plugin: string }) {
  const [answer, set] = useState<Answer | null>(null);
  const [turn, next] = useState(0);
  useEffect(() => {
    let wanted = true;
    set(null);
    void store.request({ kind: 'diff', plugin, a: 'running', b: 'file' }).then((each) => {
      if (wanted) set(each);
    });
    return () => {
      wanted = false;
    };
  }, [store, plugin, turn]);
  return (
    <div>
      <Shown answer={answer} />
      <Button
        label={t.diffAgain()}
        disabled={answer === null}
        onPress={() => {
          next(turn + 1);
        }}
      />
    </div>
  );
}

function Shown({ answer }: { answer: Answer | null }) {
  if (answer === null) return <p class="tp-dim">{t.diffWaiting()}</p>;
  if (answer.kind !== 'success') return <p class="tp-bad">{oneLine(answer.text, 500)}</p>;
  if (!isDiffData(answer.data)) return <p class="tp-bad">{t.diffOdd()}</p>;
  return <Data data={answer.data} />;
}

function Data({ data }: { data: DiffData }) {
  const { modules, config, state, notes } = data;
  if (modules.length + config.length + state.length + notes.length === 0)
    return <p class="tp-dim">{t.diffNone()}</p>;
  return (
    <>
      {modules.map((module) => (
        <section key={module.name}>
          <h4>{t.moduleWord(module.word, module.name)}</h4>
          <pre
            class="tp-diff"
            tabIndex={0}
            role="region"
            aria-label={t.moduleWord(module.word, module.name)}
          >
            {module.lines.map((line, index) => (
              <span key={index} class={kindOf(line)}>
                {printable(line.replace(/\n$/, ''))}
                {'\n'}
              </span>
            ))}
          </pre>
          {module.left > 0 && <p class="tp-dim">{t.left(module.left)}</p>}
        </section>
      ))}
      <Lines title={t.config()} lines={config} />
      <Lines title={t.stateTitle()} lines={state} />
      <Lines title="" lines={notes} />
    </>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <>
      {title !== '' && <h4>{title}</h4>}
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{oneLine(line, 500)}</li>
        ))}
      </ul>
    </>
  );
}

function kindOf(line: string): string {
  if (line.startsWith('@@') || line.startsWith('+++') || line.startsWith('---')) return 'tp-hunk';
  if (line.startsWith('+')) return 'tp-added';
  return line.startsWith('-') ? 'tp-removed' : '';
}
