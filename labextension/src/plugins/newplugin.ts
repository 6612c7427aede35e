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
        const folder =
          inBrowser === true && browser !== null ? browser.model.path : PathExt.dirname(beside);
        const path = PathExt.join(folder, answer.data.file);
        const { contents } = app.serviceManager;
        if (await exists(contents, path)) {
          notices.tell(_('There is a file %1 already. Choose another name.', path), 'error');
          return;
        }
        const { text } = answer.data;
        await contents.save(path, { type: 'file', format: 'text', content: text });
        manager?.openOrReveal(path, 'Editor');
        notices.tell(_('%1 is written.', path), 'info', [
          { label: _('Load it'), run: () => void requests.load(link, name) },
        ]);
      },
    });
  },
};

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
