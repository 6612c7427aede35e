/** How messages get to a kernel and back. The store knows no more of its host than this. */
export interface Transport {
  /** Sends a message; may throw where there is nobody to send it to. */
  send(message: unknown): void;
  /** Calls back with each message that comes in; returns the way to stop that. */
  onMessage(callback: (message: unknown) => void): () => void;
  /** Calls back once the kernel, or the way to it, is gone; returns the way to stop that. */
  onGone(callback: () => void): () => void;
  dispose(): void;
}
