/** Makes a new plugin's file from the kernel's template. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { _, isTemplateData } from 'themis-jupyter-ui';
import { addCommand } from '../register';
import { CommandIDs, IPluginService } from '../tokens';

export const newPlugin: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:new-plugin',
  description: 'Makes the file of a new plugin from a template.',
  autoStart: true,
  requires: [IPluginService],
  optional: [ICommandPalette, IDocumentManager, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    { following, documents, notices, requests }: IPluginService,
    palette: ICommandPalette | null,
    manager: IDocumentManager | null,
    browser: IDefaultFileBrowser | null,
  ) => {
    addCommand(app, palette, CommandIDs.newPlugin, {
      label: _('New Plugin from Template…'),
      caption: _('Write the file of a new plugin beside the active notebook'),
      isEnabled: () => following.link !== null && following.link.store !== null,
      execute: async ({ inBrowser }) => {
        const { link } = following;
        const store = link?.store ?? null;
        if (link === null || store === null) return;
        const { value, button } = await InputDialog.getText({
          title: _('New Plugin'),
          label: _('Name, as in “import NAME”'),
          placeholder: 'counter',
        });
        const name = (value ?? '').trim().replace(/\.py$/, '');
        if (!button.accept || name === '') return;
        const answer = await store.request({ kind: 'template', plugin: name, stateful: true });
        if (answer.kind !== 'success' || !isTemplateData(answer.data)) {
          notices.tell(
            answer.kind === 'success' ? _('The kernel sent no template.') : answer.text,
            'error',
          );
          return;
        }
        const beside = documents.documentOf(link)?.sessionContext.path ?? '';
        const { contents } = app.serviceManager;
        const folder =
          inBrowser === true && browser !== null ? browser.model.path : folderOf(contents, beside);
        const path = joined(folder, answer.data.file);
        try {
          if (await exists(contents, path)) {
            notices.tell(_('There is a file %1 already. Choose another name.', path), 'error');
            return;
          }
          const { text } = answer.data;
          await contents.save(path, { type: 'file', format: 'text', content: text });
        } catch (error) {
          notices.tell(_('%1 could not be written: %2', path, String(error)), 'error');
          return;
        }
        manager?.openOrReveal(path, 'Editor');
        notices.tell(_('%1 is written.', path), 'info', [
          { label: _('Load it'), run: () => void requests.load(link, name) },
        ]);
      },
    });
  },
};

/** The folder of a file, with the name of its drive. */
function folderOf(contents: Contents.IManager, path: string): string {
  const drive = contents.driveName(path);
  const folder = PathExt.dirname(contents.localPath(path));
  return drive === '' ? folder : `${drive}:${folder}`;
}

const joined = (folder: string, file: string): string =>
  folder === '' || folder.endsWith(':') ? `${folder}${file}` : `${folder}/${file}`;

/** Whether there is something at a path; what is not known is thrown. */
async function exists(contents: Contents.IManager, path: string): Promise<boolean> {
  try {
    await contents.get(path, { content: false });
    return true;
  } catch (error) {
    if ((error as { response?: Response }).response?.status === 404) return false;
    throw error;
  }
}
