/** Milliseconds of the clock that all threads of a process share and that never jumps. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

const TURNED = 0;
const RENEWED = 1;
const LOOKS = 2;
const RENEWALS = 3;
const FAILURES = 4;
const FIELDS = 5;

/** What the main loop and the renewal thread know of each other, in memory that both see while either one is busy. */
export class RenewalBeats {
  private readonly fields: BigInt64Array;

  constructor(readonly memory = new SharedArrayBuffer(FIELDS * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.fields = new BigInt64Array(memory);
  }

  /** When the main loop last came round; of `monotonicMs`. */
  get turnedAtMs(): number {
    return Number(Atomics.load(this.fields, TURNED));
  }

  set turnedAtMs(ms: number) {
    Atomics.store(this.fields, TURNED, BigInt(ms));
  }

  /** When the last renewal of everything that succeeded began, whoever did it; of `monotonicMs`. */
  get renewedAtMs(): number {
    return Number(Atomics.load(this.fields, RENEWED));
  }

  set renewedAtMs(ms: number) {
    Atomics.store(this.fields, RENEWED, BigInt(ms));
  }

  /** How often the thread has looked whether it must renew. */
  get looks(): number {
    return Number(Atomics.load(this.fields, LOOKS));
  }

  /** Renewals by the thread, and those of them that failed. */
  get renewals(): number {
    return Number(Atomics.load(this.fields, RENEWALS));
  }

  get failures(): number {
    return Number(Atomics.load(this.fields, FAILURES));
  }

  countLook(): void {
    Atomics.add(this.fields, LOOKS, 1n);
  }

  countRenewal(result: 'ok' | 'failed'): void {
    Atomics.add(this.fields, RENEWALS, 1n);
    if (result === 'failed') Atomics.add(this.fields, FAILURES, 1n);
  }
}
