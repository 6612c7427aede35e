/** Carries the store's messages over a comm. */
import type { Kernel } from '@jupyterlab/services';
import type { Transport } from 'themis-jupyter-ui';

export class CommTransport implements Transport {
  private readonly listeners = new Set<(message: unknown) => void>();
  private readonly goners = new Set<() => void>();

  constructor(private readonly comm: Kernel.IComm) {
    comm.onMsg = (message) => {
      for (const each of [...this.listeners]) each(message.content.data);
    };
  }

  send(message: unknown): void {
    if (this.comm.isDisposed) throw new Error('the comm is closed');
    this.comm.send(message as never);
  }

  onMessage(callback: (message: unknown) => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  onGone(callback: () => void): () => void {
    this.goners.add(callback);
    return () => this.goners.delete(callback);
  }

  gone(): void {
    for (const each of [...this.goners]) each();
  }

  dispose(): void {
    this.listeners.clear();
    this.goners.clear();
  }
}
