/** The plugins of the extension: a service, and small ones that each bring one thing to Jupyter. */
import { commands } from './plugins/commands';
import { diff } from './plugins/diff';
import { editor } from './plugins/editor';
import { newPlugin } from './plugins/newplugin';
import { notifications } from './plugins/notifications';
import { panel } from './plugins/panel';
import { service } from './plugins/service';
import { status } from './plugins/status';
import { toolbar } from './plugins/toolbar';

export default [service, panel, commands, newPlugin, diff, toolbar, status, editor, notifications];
