/**
 * Shows another widget in an element, by the widget manager of a notebook's page. ipywidgets is
 * not ours: all that is known of it is narrowed from `unknown`, so that another version of it ends
 * in a sentence, not in a page that is broken.
 */
type Call = (...args: unknown[]) => unknown;

/** A method of something, with its `this`; null where there is none. */
function method(of: unknown, name: string): Call | null {
  if (typeof of !== 'object' || of === null) return null;
  const found: unknown = (of as Record<string, unknown>)[name];
  return typeof found === 'function' ? (...args) => (found as Call).apply(of, args) : null;
}

const field = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;

/** The way to show widgets by a manager; undefined where that is none. */
export function showWith(
  manager: unknown,
): ((model: string, el: HTMLElement) => Promise<() => void>) | undefined {
  const getModel = method(manager, 'get_model');
  const createView = method(manager, 'create_view');
  if (getModel === null || createView === null) return undefined;
  return async (id, el) => {
    const model = await getModel(id);
    if (typeof model !== 'object' || model === null) throw new Error('its model is gone');
    const view = await createView(model, {});
    const node = field(view, 'el');
    const remove = method(view, 'remove');
    if (!(node instanceof Node) || remove === null) throw new Error('it is no view of a widget');
    const tell = attacher(view);
    tell('before-attach');
    el.append(node);
    tell('after-attach');
    return () => {
      // A Lumino widget that still counts as attached refuses to go where the page has taken its
      // element away already: so it is told before it is removed. One whose model was closed by the
      // kernel has gone by itself.
      const gone = field(lumino(view), 'isDisposed') === true;
      try {
        if (!gone) tell('before-detach');
        if (node.parentNode !== null) node.parentNode.removeChild(node);
        if (!gone) tell('after-detach');
        if (!gone) remove();
      } catch (error) {
        console.warn('themis: a widget could not be taken away.', error);
      }
    };
  };
}

const lumino = (view: unknown): unknown => field(view, 'luminoWidget') ?? field(view, 'pWidget');

/**
 * A view's element belongs to a Lumino widget, and its children wait for the word that it is on
 * the page. Its messages are plain objects: so Lumino need not be here to send them.
 */
function attacher(view: unknown): (type: string) => void {
  const process = method(lumino(view), 'processMessage');
  if (process !== null)
    return (type) => {
      process({ type, isConflatable: false, conflate: () => false });
    };
  const trigger = method(view, 'trigger');
  return (type) => {
    if (type === 'after-attach') trigger?.('displayed');
  };
}
