/** What the small plugins of the extension share. */
import { Token } from '@lumino/coreutils';
import type { Documents } from './documents';
import type { Files } from './files';
import type { Following } from './following';
import type { Links } from './links';
import type { Notices } from './notices';
import type { Opener } from './opener';
import type { Options } from './options';
import type { Requests } from './requests';

export interface IPluginService {
  readonly links: Links;
  readonly documents: Documents;
  readonly following: Following;
  readonly files: Files;
  readonly options: Options;
  readonly notices: Notices;
  readonly opener: Opener;
  readonly requests: Requests;
}

export const IPluginService = new Token<IPluginService>(
  'themis-jupyter:IPluginService',
  'The plugins of the kernels that this page has open.',
);

/** Ids of the commands. */
export const CommandIDs = {
  open: 'themis-jupyter:open',
  reloadNotebook: 'themis-jupyter:reload-notebook',
  reloadAll: 'themis-jupyter:reload-all',
  reloadFile: 'themis-jupyter:reload-file',
  watch: 'themis-jupyter:watch',
  revert: 'themis-jupyter:revert',
  showErrors: 'themis-jupyter:show-errors',
  showDiff: 'themis-jupyter:show-diff',
  newPlugin: 'themis-jupyter:new-plugin',
  openSource: 'themis-jupyter:open-source',
} as const;

/** Id of the side bar. */
export const PANEL = 'themis-jupyter:panel';
