import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, Options } from '../src/options';
import { CommandIDs } from '../src/tokens';

describe('settings', () => {
  const schema = JSON.parse(readFileSync('schema/plugin.json', 'utf8')) as {
    properties: Record<string, { default: unknown; title: string; description: string }>;
    'jupyter.lab.menus': unknown;
    'jupyter.lab.shortcuts': unknown;
  };

  it('have the defaults that the schema tells, and titles and descriptions', () => {
    const defaults = Object.fromEntries(
      Object.entries(schema.properties).map(([name, each]) => [name, each.default]),
    );
    expect(defaults).toEqual(DEFAULTS);
    for (const each of Object.values(schema.properties)) {
      expect(each.title).not.toBe('');
      expect(each.description).toMatch(/\.$/);
    }
  });

  it('are applied at once; what is not understood is the default', () => {
    const options = new Options();
    const seen: unknown[] = [];
    options.optionsChanged.connect((_, values) => seen.push(values.position));
    options.set({ position: 'left', reloadOnSave: true, badge: 'perhaps', notifications: 7 });
    expect(options.values).toEqual({ ...DEFAULTS, position: 'left', reloadOnSave: true });
    options.set({});
    expect(options.values).toEqual(DEFAULTS);
    expect(seen).toEqual(['left', 'right']);
  });

  it('name commands that there are, and each of them is in the menu', () => {
    const ids = (value: unknown): string[] =>
      JSON.stringify(value).match(/themis-jupyter:[a-z-]+/g) ?? [];
    const known: string[] = Object.values(CommandIDs);
    expect([...new Set(ids(schema['jupyter.lab.menus']))].sort()).toEqual([...known].sort());
    for (const id of ids(schema['jupyter.lab.shortcuts'])) expect(known).toContain(id);
  });
});
