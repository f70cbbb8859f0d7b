/** When something was written: `mono` is the machine's monotonic clock in milliseconds, the same for all processes. */
export interface Moment {
  readonly mono: number;
  /** Epoch milliseconds by the writer's clock, which a fault may have moved. */
  readonly wall: number;
}

/** How a task must end; `any` where the fault decides. */
export type Expected = 'success' | 'failed' | 'cancelled' | 'any';

/** A line of `submits.jsonl`: what the submitter asked for, and what it heard. */
export type SubmitLine = Moment &
  (
    | { readonly kind: 'invoke'; readonly op: string; readonly ids: readonly string[]; readonly expect: Expected[] }
    /** A 2xx: these tasks are promised. */
    | { readonly kind: 'ok'; readonly op: string; readonly status: number }
    /** A 4xx: nothing was done. */
    | { readonly kind: 'refused'; readonly op: string; readonly status: number }
    /** Anything else: it may or may not have been done. */
    | { readonly kind: 'unknown'; readonly op: string; readonly reason: string }
  );

/** A line of `effects-<pid>.jsonl`: what a handler did. */
export type EffectLine = Moment & {
  readonly task_id: string;
  readonly attempt: number;
  readonly pid: number;
} &
  /** `crashes`: it is about to take its process down. `isolated`: which it has to itself. */
  (
    | { readonly kind: 'start'; readonly crashes?: true; readonly isolated?: true }
    | { readonly kind: 'end'; readonly how: 'returned' | 'threw' | 'aborted'; readonly nonce: string }
  );

/** A line of `nemesis.jsonl`: what was done to the platform. */
export type FaultLine = Moment & {
  readonly kind: 'fault';
  readonly what: string;
  /** Processes that may be taken for lost because of it. */
  readonly harmed: readonly number[];
  /** Processes that stood still until then. */
  readonly resumed?: readonly number[];
};

/** A line of `wishes.jsonl`: what an operator wanted of a task, and what was answered. */
export type WishLine = Moment &
  (
    | {
        readonly kind: 'wish';
        readonly wish: number;
        readonly what: 'cancel' | 'retry';
        readonly task_id: string;
      }
    | {
        readonly kind: 'answer';
        readonly wish: number;
        /** Null when there was no answer. */
        readonly status: number | null;
        /** The task as the answer shows it. */
        readonly shown?: { readonly status: string; readonly attempt: number };
      }
  );

/** A line of `watches.jsonl`: in which time every slot of a schedule was to be served, by the clock of the database. */
export type WatchLine = Moment & {
  readonly kind: 'watch';
  readonly schedule: string;
  /** The schedule is due at every multiple of this since 1970. */
  readonly every_ms: number;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Its slots run a function that is exclusive. */
  readonly exclusive?: {
    /** What is to become of a slot that comes while the function runs. */
    readonly overlap: 'skip' | 'queue_all';
    readonly lease_ms: number;
  };
};

/** A line of `functions-<pid>.jsonl`: an exclusive function began in a scheduler, or came to an end. */
export type FunctionLine = Moment & {
  readonly schedule: string;
  /** Epoch milliseconds. */
  readonly slot_at: number;
  /** New with each run, and part of what it returns. */
  readonly run: string;
  readonly pid: number;
} & ({ readonly kind: 'begin' } | { readonly kind: 'end'; readonly how: 'returned' | 'threw' | 'aborted' });

/** A row of `schedule_slots`; moments are epoch milliseconds. */
export interface SlotRecord {
  readonly schedule: string;
  readonly slot_at: number;
  readonly outcome: string;
  readonly task_id: string | null;
  readonly late_ms: number;
  /** When the transaction began that decided about it first. */
  readonly decided_at: number;
}

/** A task that a schedule submitted for a slot, by its own row. */
export interface SlotTaskRecord {
  readonly schedule: string;
  readonly slot_at: number;
  readonly task_id: string;
}

/** The task of an exclusive function's run; moments are epoch milliseconds by the clock of the database. */
export interface FunctionTaskRecord extends SlotTaskRecord {
  readonly status: string;
  readonly error_code: string | null;
  readonly worker_id: string | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly result: unknown;
}

/** A task's row, as far as the rules look at it. */
export interface TaskRecord {
  readonly task_id: string;
  readonly type: string;
  readonly status: string;
  readonly attempt: number;
  readonly retry_count: number;
  readonly max_retry: number;
  readonly error_code: string | null;
  readonly scheduled: boolean;
  /** Milliseconds from the moment the task was due to its last start; null when it has none. */
  readonly started_after_due_ms: number | null;
  readonly result: unknown;
}

/** A row of `task_attempts`. */
export interface AttemptRecord {
  readonly task_id: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly worker_id: string | null;
  /** Epoch milliseconds. */
  readonly finished_at: number;
}

/** A row of `audit_log` about a task that somebody cancelled or retried. */
export interface AuditRecord {
  readonly task_id: string;
  readonly action: 'cancel' | 'request_cancel' | 'retry';
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Everything the rules judge. */
export interface Evidence {
  readonly submits: readonly SubmitLine[];
  readonly effects: readonly EffectLine[];
  readonly faults: readonly FaultLine[];
  readonly wishes: readonly WishLine[];
  readonly watches: readonly WatchLine[];
  readonly slots: readonly SlotRecord[];
  readonly slotTasks: readonly SlotTaskRecord[];
  readonly functions: readonly FunctionLine[];
  readonly functionTasks: readonly FunctionTaskRecord[];
  readonly tasks: readonly TaskRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly audit: readonly AuditRecord[];
  /** `SELECT status, count(*) … GROUP BY 1`. */
  readonly counted: Readonly<Record<string, number>>;
  /** What `GET /tasks/stats` answered on each api process. */
  readonly stats: readonly Readonly<Record<string, number>>[];
  /** Redis keys that ought to be empty, with what is left in them. */
  readonly leftovers: Readonly<Record<string, number>>;
}
