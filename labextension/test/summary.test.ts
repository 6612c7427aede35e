import { describe, expect, it } from 'vitest';
import { operation, plugin, step, version } from '../../ui/test/samples';
import { canRevert, summaryOf } from '../src/summary';
import { failure, FakeKernel, linked } from './fakes';

describe('the summary of a kernel', () => {
  it('is nothing where nothing is known', () => {
    expect(summaryOf(null).kind).toBe('nothing');
  });

  it.each([
    ['ready', plugin('a')],
    ['drift', plugin('a', { drift: 'edited' })],
    ['failed', plugin('a', { drift: 'edited', error: failure })],
    ['failed', plugin('a', { life: 'broken' })],
    ['nothing', plugin('a', { life: 'not loaded', drift: 'edited' })],
  ] as const)('is %s', async (kind, shown) => {
    const kernel = new FakeKernel();
    kernel.plugins = [shown];
    expect(summaryOf(await linked(kernel)).kind).toBe(kind);
  });

  it('tells the step that runs', async () => {
    const kernel = new FakeKernel();
    kernel.plugins = [plugin('a', { error: failure })];
    const steps = [
      step('save state', { status: 'finished' }),
      step('apply', { elapsed: null, status: 'started' }),
    ];
    const running = operation(1, { elapsed: null, outcome: '', plugins: ['a'], steps });
    const idle = kernel.state();
    kernel.state = () => ({ ...idle, operations: [running] });
    expect(summaryOf(await linked(kernel))).toMatchObject({ kind: 'running', phase: 'apply' });
  });

  it('is nothing again when the kernel is restarted', async () => {
    const kernel = new FakeKernel();
    kernel.plugins = [plugin('a')];
    const link = await linked(kernel);
    kernel.statusChanged.emit('restarting');
    expect(summaryOf(link).kind).toBe('nothing');
  });

  it('knows whether there is a version to go back to', () => {
    expect(canRevert(plugin('a', { versions: [version(1, true)] }))).toBe(false);
    expect(canRevert(plugin('a', { versions: [version(1), version(2, true)] }))).toBe(true);
  });
});
