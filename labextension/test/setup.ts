/** What Jupyter's modules look for, and jsdom does not have. */
Object.assign(globalThis, {
  DragEvent: class extends MouseEvent {},
  matchMedia: (media: string) =>
    Object.assign(new EventTarget(), {
      media,
      matches: false,
      onchange: null,
      addListener: () => undefined,
      removeListener: () => undefined,
    }),
  requestIdleCallback: (callback: IdleRequestCallback) =>
    setTimeout(callback, 0, { didTimeout: false, timeRemaining: () => 50 }),
  cancelIdleCallback: (handle: number) => {
    clearTimeout(handle);
  },
});
