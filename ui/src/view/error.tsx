import { useContext } from 'preact/hooks';
import { printable } from '../format';
import type { Failure, Where } from '../protocol';
import { t } from '../strings';
import { Host } from './host';
import { Button, Copy } from './parts';

/** What went wrong, where, what to do, and the plugin's own frames. */
export function ErrorPart({ error }: { error: Failure }) {
  return (
    <section class="tp-error" aria-label={t.error()}>
      <p class="tp-bad">{printable(error.words)}</p>
      {error.where !== null && <WherePart where={error.where} />}
      {error.advice !== '' && <p>{printable(error.advice)}</p>}
      {error.traceback !== '' && (
        <>
          <pre tabIndex={0} role="region" aria-label={t.traceback()}>
            {printable(error.traceback)}
          </pre>
          <Copy text={`${error.words}\n\n${error.traceback}`} />
        </>
      )}
    </section>
  );
}

function WherePart({ where: { file, line } }: { where: Where }) {
  const { openFile } = useContext(Host);
  const short = file.split(/[/\\]/).at(-1) ?? file;
  return (
    <div class="tp-row">
      <span title={printable(file)}>
        <bdi>{t.where(short, line)}</bdi>
      </span>
      {openFile !== undefined && (
        <Button
          label={t.openLine(line)}
          name={short}
          onPress={() => {
            openFile(file, line);
          }}
        />
      )}
    </div>
  );
}
