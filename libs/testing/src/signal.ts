/** A moment that one part of a test brings about and another waits for. */
export interface Signal<T> {
  /** Only the first call counts. */
  fire(value: T): void;
  /** The value, once it was fired; throws after `timeoutMs`, default 5 s. */
  wait(timeoutMs?: number): Promise<T>;
}

/** A new signal that has not been fired. */
export function signal<T = void>(): Signal<T> {
  let fire: (value: T) => void = () => undefined;
  const fired = new Promise<T>((resolve) => (fire = resolve));
  return {
    fire: (value) => fire(value),
    wait: async (timeoutMs = 5_000) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`the signal was not fired within ${timeoutMs} ms`)), timeoutMs);
      });
      try {
        return await Promise.race([fired, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
