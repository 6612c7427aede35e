/** Icons, drawn here: no font, no network, the colour of the text around. */
const PATHS = {
  loaded: 'M3 8.5 6.5 12 13 4.5',
  broken: 'M4 4l8 8M12 4l-8 8',
  reloading: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3',
  'not loaded': 'M4 8h8',
  started: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3l2 1.5',
  finished: 'M3 8.5 6.5 12 13 4.5',
  failed: 'M4 4l8 8M12 4l-8 8',
  back: 'M6 3 2.5 6.5 6 10M3 6.5h6a4 4 0 0 1 0 8H7',
  drift: 'M8 2.5 14 13H2zM8 6.5v3M8 11v.8',
  open: 'M6 4l4 4-4 4',
  info: 'M8 7v5M8 4v.8',
} as const;

export type IconName = keyof typeof PATHS;

/** An icon. It only repeats what the words beside it say, so readers pass over it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`tp-icon tp-icon-${name.replace(' ', '-')}`} viewBox="0 0 16 16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
