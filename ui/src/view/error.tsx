import { printable } from '../format';
import type { Failure } from '../protocol';
import { t } from '../strings';
import { Copy } from './parts';

/** What went wrong, what to do, and the plugin's own frames. */
export function ErrorPart({ error }: { error: Failure }) {
  return (
    <section class="tp-error" aria-label={t.error()}>
      <p class="tp-bad">{printable(error.words)}</p>
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
