/** What another host of the view needs: JupyterLab's extension. */
export { mount, type Mounted } from './mount';
export type { Abilities, AppProps } from './props';
export {
  isDiffData,
  isPlugin,
  isTemplateData,
  PROTOCOL,
  type Body,
  type DiffData,
  type Failure,
  type LogEntry,
  type Operation,
  type Plugin,
  type State,
  type Step,
  type TemplateData,
  type Where,
} from './protocol';
export type { Answer, Connection, Snapshot } from './snapshot';
export { Store, type Settings } from './store';
export { _, _n, setBundle, type Bundle } from './translation';
export type { Transport } from './transport';
export { phase as phaseWord } from './words';
