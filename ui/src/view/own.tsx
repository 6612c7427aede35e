import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { oneLine } from '../format';
import { isWidgetData, type Plugin } from '../protocol';
import type { Answer } from '../snapshot';
import type { Store } from '../store';
import { t } from '../strings';
import { Host } from './host';
import { Button } from './parts';

/** A plugin's own widget, asked for when the card opens, and again when it is another one. */
export function OwnWidget({ store, plugin }: { store: Store; plugin: Plugin }) {
  const { showWidget } = useContext(Host);
  const { name, widget } = plugin;
  const [answer, set] = useState<Answer | null>(null);
  const [turn, next] = useState(0);
  const can = showWidget !== undefined;
  useEffect(() => {
    // Where it cannot be shown, the plugin is not made to build it.
    if (!can || widget === null) return;
    let wanted = true;
    void store.request({ kind: 'widget', plugin: name }).then((each) => {
      if (wanted) set(each);
    });
    return () => {
      wanted = false;
    };
  }, [store, name, widget, turn, can]);
  if (widget === null) return null;
  return (
    <section class="tp-own" aria-label={t.on(t.own(), name)}>
      <h4>{t.own()}</h4>
      {showWidget === undefined ? (
        <p class="tp-dim">{t.ownElsewhere()}</p>
      ) : (
        <Shown
          answer={answer}
          show={showWidget}
          again={() => {
            next(turn + 1);
          }}
        />
      )}
    </section>
  );
}

type Show = (model: string, el: HTMLElement) => Promise<() => void>;

function Shown({ answer, show, again }: { answer: Answer | null; show: Show; again: () => void }) {
  if (answer === null) return <p class="tp-dim">{t.ownWaiting()}</p>;
  if (answer.kind !== 'success') return <Bad text={answer.text} again={again} />;
  if (!isWidgetData(answer.data)) return <Bad text={t.ownOdd()} again={again} />;
  if (answer.data.model === null) return <p class="tp-dim">{t.ownNone()}</p>;
  // Each answer is a new showing, also of the same model: the one before may have failed.
  return <Place answer={answer} model={answer.data.model} show={show} again={again} />;
}

function Place(props: { answer: Answer; model: string; show: Show; again: () => void }) {
  const { answer, model, show } = props;
  const box = useRef<HTMLDivElement>(null);
  const [error, fail] = useState('');
  useEffect(() => {
    if (box.current === null) return;
    fail('');
    // A place of its own: what a view that is too late puts in is thrown away with it.
    const place = box.current.ownerDocument.createElement('div');
    box.current.append(place);
    let over = false;
    let clean: (() => void) | null = null;
    const shown = (async () => show(model, place))();
    shown.then(
      (each) => {
        if (over) each();
        else clean = each;
      },
      (reason: unknown) => {
        if (!over) fail(reason instanceof Error ? reason.message : String(reason));
      },
    );
    return () => {
      over = true;
      clean?.();
      place.remove();
    };
  }, [answer, model, show]);
  return (
    <>
      {error !== '' && <Bad text={t.ownFailed(error)} again={props.again} />}
      <div ref={box} class="tp-own-place" />
    </>
  );
}

function Bad({ text, again }: { text: string; again: () => void }) {
  return (
    <div class="tp-row">
      <span class="tp-bad">{oneLine(text, 500)}</span>
      <Button label={t.tryAgain()} onPress={again} />
    </div>
  );
}
