/** Has the kernels look at their plugins' files. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Links } from './links';

/** Milliseconds between two looks when the user comes and goes. */
const PAUSE = 1_000;

/**
 * A kernel looks at the files of its plugins when it is asked to: when one is saved here, and when the user
 * comes back from another program, perhaps an editor.
 */
export function askForDrift(app: JupyterFrontEnd, links: Links): void {
  const ask = (): void => {
    for (const link of links.all) link.store?.hello();
  };
  app.serviceManager.contents.fileChanged.connect((_, { type, newValue }) => {
    if (type === 'save' && newValue?.path?.endsWith('.py') === true) ask();
  });
  let last = 0;
  window.addEventListener('focus', () => {
    if (Date.now() - last < PAUSE) return;
    last = Date.now();
    ask();
  });
}
