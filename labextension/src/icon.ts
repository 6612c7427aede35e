/** An icon of our own: Jupyter's refresh icon looks like "restart the kernel". */
import { LabIcon } from '@jupyterlab/ui-components';

export const icon = new LabIcon({
  name: 'themis-jupyter:plugin',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161"
    d="M5 1h2v3h2V1h2v3h2v4a5 5 0 0 1-4 4.9V15H7v-2.1A5 5 0 0 1 3 8V4h2zM5 6v2a3 3 0 0 0 6 0V6z"/>
</svg>`,
});
