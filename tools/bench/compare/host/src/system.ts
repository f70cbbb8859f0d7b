/** Where the servers of one measurement are; a system uses those it needs. */
export interface Places {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The HTTP service to submit to, and the key it asks for, where the measurement goes through one. */
  readonly http?: { readonly url: string; readonly key: string };
}

/** What every task of a measurement carries: about 200 bytes of JSON. */
export interface BenchPayload {
  /** Which task it is, from 0. */
  readonly n: number;
  /** When it was submitted or is due, by `clockMs`. */
  readonly atMs: number;
  /** How long its handler waits; absent or 0: not at all. */
  readonly sleepMs?: number;
  readonly text: string;
}

export interface DelayedTask {
  readonly payload: BenchPayload;
  readonly dueAt: Date;
}

/** What a system's own stores say about the tasks of a measurement. */
export interface Standing {
  /** Tasks that have not ended, waiting or running. */
  readonly left: number;
  /** Tasks that have ended and are recorded as done; null where the system records nothing. */
  readonly done: number | null;
  /** What is not as it must be, in words: failed tasks, missing times, second attempts. */
  readonly wrong: readonly string[];
}

/** The submitting side of a system. Every submit resolves when the system has acknowledged it. */
export interface Producer {
  submit(payload: BenchPayload): Promise<unknown>;
  submitMany(payloads: readonly BenchPayload[]): Promise<unknown>;
  submitDelayed(tasks: readonly DelayedTask[]): Promise<unknown>;
  /** Keeps what waits from the workers, which start meanwhile and find nothing; absent where the system cannot. */
  hold?(): Promise<unknown>;
  /** Gives back what `hold` kept. */
  release?(): Promise<unknown>;
  /** Tasks that have not ended; asked often, so it must be cheap. */
  left(): Promise<number>;
  /** Everything the stores say. */
  standing(): Promise<Standing>;
}

/** Runs one task: a no-op that notes its time, or waits as the payload says. */
export type Handle = (payload: BenchPayload) => Promise<void> | undefined;

export interface WorkerSettings {
  /** Tasks at once. */
  readonly slots: number;
  /** Whether many tasks wait together or each is waited for; some systems have settings for either. */
  readonly tuning: 'throughput' | 'latency' | 'sleeping';
}

/** One system under measurement. Each function runs in a process of its own, which is killed when the run is over. */
export interface System {
  /** Creates what the system needs in fresh stores, and opens the submitting side. */
  openProducer(places: Places): Promise<Producer>;
  /** Starts the working side; absent where that is a program of its own. Resolves when it takes tasks. */
  openWorker?(places: Places, settings: WorkerSettings, handle: Handle): Promise<void>;
}
