/**
 * The comms that this tab has opened, one per kernel: what an earlier load of its page left open is known to
 * the next one, as a page that goes away may not get to close them.
 */

const keyOf = (kernel: string): string => `themis-jupyter:comm:${kernel}`;

/** Returns the comm that was opened last, and notes down the one that takes its place. */
export function takePlace(kernel: string, comm: string): string[] {
  try {
    const before = sessionStorage.getItem(keyOf(kernel));
    sessionStorage.setItem(keyOf(kernel), comm);
    return before === null || before === comm ? [] : [before];
  } catch (error) {
    console.warn(`themis-jupyter: comms of an earlier load may stay open: ${String(error)}`);
    return [];
  }
}
