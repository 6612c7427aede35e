import { oneLine } from '../format';
import { Icon } from '../icons';
import type { Connection } from '../snapshot';
import type { Store } from '../store';
import { restoreLines, t } from '../strings';
import { Button, Copy } from './parts';

/** Lines to be run in a cell: a page cannot run them. */
export function Lines({ text }: { text: string }) {
  return (
    <div class="tp-lines">
      <pre tabIndex={0}>{text}</pre>
      <Copy text={text} />
    </div>
  );
}

/** What to say of the connection, and what to do; nothing while all is well. */
export function ConnectionPart(props: {
  store: Store;
  connection: Connection;
  names: readonly string[];
  restarted: boolean;
  call: string;
}) {
  const { connection, store } = props;
  switch (connection.kind) {
    case 'connected':
      if (!props.restarted) return null;
      return (
        <div class="tp-banner">
          <p>
            <Icon name="info" /> {t.kernelRestarted()} {t.goneAdvice('closed')}
          </p>
          <Lines text={restoreLines(props.names, props.call)} />
        </div>
      );
    case 'connecting':
      return <p class="tp-dim tp-banner">{t.connecting()}</p>;
    case 'waiting':
      return (
        <p class="tp-banner">
          <Icon name="started" /> {t.waiting()}
        </p>
      );
    case 'refused':
      return (
        <p class="tp-banner">
          <Icon name="failed" /> {oneLine(connection.text, 500)}
        </p>
      );
    case 'gone':
      return (
        <div class="tp-banner">
          <p>
            <Icon name="drift" /> <b>{t.goneTitle(connection.why)}</b>{' '}
            {t.goneAdvice(connection.why)}
          </p>
          <Lines text={restoreLines(props.names, props.call)} />
          {connection.why === 'silent' && (
            <Button
              label={t.tryAgain()}
              onPress={() => {
                store.hello();
              }}
            />
          )}
        </div>
      );
  }
}
