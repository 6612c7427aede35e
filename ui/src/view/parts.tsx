/** What the other components are made of. */
import { Component, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { oneLine } from '../format';
import type { Snapshot } from '../snapshot';
import type { Store } from '../store';
import { t } from '../strings';

/** The store's present value; renders again when it changes. */
export function useSnapshot(store: Store): Snapshot {
  const [snapshot, set] = useState(store.snapshot);
  useLayoutEffect(() => {
    const update = (): void => {
      set(store.snapshot);
    };
    update();
    return store.subscribe(update);
  }, [store]);
  return snapshot;
}

/** A component that is rendered again only where one of its properties is another value. */
export function memo<P extends object>(View: (props: P) => ComponentChildren): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as P;
      for (const name in next) if (next[name] !== before[name]) return true;
      for (const name in before) if (!(name in next)) return true;
      return false;
    }

    override render() {
      return <View {...this.props} />;
    }
  };
}

/** The time in seconds, once a second while `active`. */
export function useNow(active: boolean): number {
  const [now, set] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!active) return;
    set(Date.now() / 1000); // what there is may be as old as the component
    const timer = setInterval(() => {
      set(Date.now() / 1000);
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [active]);
  return now;
}

/**
 * A value that changes often, taken at most every `ms`. The last one is never lost: it is late.
 */
export function useCalm<T>(value: T, ms: number): T {
  const [shown, show] = useState(value);
  const newest = useRef(value);
  const last = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  newest.current = value;
  useEffect(() => {
    const take = (): void => {
      timer.current = undefined;
      if (newest.current === last.current) return;
      last.current = newest.current;
      show(() => newest.current);
      timer.current = setTimeout(take, ms);
    };
    if (timer.current === undefined) take();
  }, [value, ms]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  return shown;
}

/** A name that others gave: in one line, and with a writing direction of its own. */
export function Name({ text, most = 120 }: { text: string; most?: number }) {
  return <bdi class="tp-name">{oneLine(text, most)}</bdi>;
}

interface ButtonProps {
  label: string;
  name?: string;
  onPress: () => void;
  disabled?: boolean;
  pressed?: boolean;
  kind?: string;
}

/**
 * A button. While it cannot be pressed it keeps the focus, so that who uses the keyboard is not
 * thrown to the top of the page.
 */
export function Button({
  label,
  name,
  onPress,
  disabled = false,
  pressed,
  kind = '',
}: ButtonProps) {
  return (
    <button
      type="button"
      class={`tp-button ${kind}`}
      aria-disabled={disabled}
      aria-pressed={pressed}
      aria-label={name === undefined ? undefined : t.on(label, name)}
      onClick={() => {
        if (!disabled) onPress();
      }}
    >
      {label}
    </button>
  );
}

/** A button that copies a text, and says whether it did. */
export function Copy({ text }: { text: string }) {
  const [said, say] = useState<string | null>(null);
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  const copy = async (): Promise<void> => {
    let word = t.copied();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      word = t.copyFailed();
    }
    if (alive.current) say(word);
  };
  return (
    <>
      <Button label={t.copy()} onPress={() => void copy()} />
      <span class="tp-dim" role="status">
        {said}
      </span>
    </>
  );
}

/** A question in place; the focus goes to its first button, and back when it is answered. */
export function Ask(props: { text: string; yes: string; onYes: () => void; onNo: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const root = box.current?.getRootNode() as Document | ShadowRoot | undefined;
    const before = root?.activeElement;
    box.current?.querySelector('button')?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <div
      ref={box}
      class="tp-ask"
      role="group"
      aria-label={props.text}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        props.onNo();
      }}
    >
      <span>{props.text}</span>
      <Button label={props.yes} onPress={props.onYes} kind="tp-danger" />
      <Button label={t.cancel()} onPress={props.onNo} />
    </div>
  );
}

/** A part that opens and closes; what is closed is not rendered. */
export function Fold(props: {
  title: ComponentChildren;
  children: () => ComponentChildren;
  open?: boolean;
}) {
  const [open, set] = useState(props.open ?? false);
  return (
    <section class="tp-fold">
      <button
        type="button"
        class="tp-fold-head"
        aria-expanded={open}
        onClick={() => {
          set(!open);
        }}
      >
        <span class="tp-arrow" aria-hidden="true">
          ▸
        </span>
        {props.title}
      </button>
      {open && <div class="tp-fold-body">{props.children()}</div>}
    </section>
  );
}
