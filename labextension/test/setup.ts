/** What Jupyter's modules look for when they are loaded, and jsdom does not have. */
globalThis.DragEvent ??= class extends MouseEvent {} as unknown as typeof DragEvent;
window.matchMedia ??= (media) =>
  Object.assign(new EventTarget(), {
    media,
    matches: false,
    onchange: null,
    addListener: () => undefined,
    removeListener: () => undefined,
  });
window.requestIdleCallback ??= (callback) =>
  window.setTimeout(callback, 0, { didTimeout: false, timeRemaining: () => 50 });
window.cancelIdleCallback ??= (handle) => {
  window.clearTimeout(handle);
};
