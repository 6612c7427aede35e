/** Source files: how they stand to what runs, reloading on save, and the line that another page asked for. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { IEditorTracker, type FileEditor } from '@jupyterlab/fileeditor';
import { FileItem } from '../fileitem';
import { goToLine } from '../opener';
import { IPluginService } from '../tokens';

export const editor: JupyterFrontEndPlugin<void> = {
  id: 'themis-jupyter:editor',
  description: 'Shows in the toolbar of a file whether what runs is what is saved.',
  autoStart: true,
  requires: [IPluginService],
  optional: [IToolbarWidgetRegistry, IEditorTracker],
  activate: (
    app: JupyterFrontEnd,
    service: IPluginService,
    registry: IToolbarWidgetRegistry | null,
    editors: IEditorTracker | null,
  ) => {
    registry?.addFactory<IDocumentWidget<FileEditor>>(
      'Editor',
      'themis-jupyter-file',
      (file) => new FileItem(service, file),
    );
    editors?.widgetAdded.connect((_, file) => void goToLine(file));

    // A save by hand, not Jupyter's own every two minutes: half a line is no edition.
    app.commands.commandExecuted.connect((_, { id, result }) => {
      if (!service.options.values.reloadOnSave) return;
      const saved = all(editors).filter(
        (file) =>
          (id === 'docmanager:save' && file === app.shell.currentWidget) ||
          (id === 'docmanager:save-all' && file.context.model.dirty),
      );
      const reload = (): void => {
        for (const { context } of saved)
          // What is dirty still was not saved: the save failed, which Jupyter tells, or was called off.
          if (!context.isDisposed && !context.model.dirty)
            for (const { link, plugin } of service.files.pluginsAt(context.path))
              void service.requests.reload(link, [plugin.name]);
      };
      if (saved.length > 0) void result.then(reload, reload);
    });
  },
};

function all(editors: IEditorTracker | null): IDocumentWidget<FileEditor>[] {
  const found: IDocumentWidget<FileEditor>[] = [];
  editors?.forEach((each) => found.push(each));
  return found;
}
