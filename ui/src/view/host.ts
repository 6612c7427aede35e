/** What the host can do, for whichever component needs it. */
import { createContext } from 'preact';
import type { Abilities } from '../props';

export const Host = createContext<Abilities>({});
