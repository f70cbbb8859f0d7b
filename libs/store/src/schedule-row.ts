import type {
  Backoff,
  Json,
  MisfirePolicy,
  OverlapPolicy,
  SlotOrigin,
  SlotOutcome,
  TaskStatus,
} from '@millrace/contracts';

/** Who keeps a schedule: operators through the api, or the code of the schedulers. */
export type ScheduleSource = 'api' | 'code';

/** When a schedule fires; exactly one of `cron`, `everyMs` and `at` is given. */
export interface ScheduleTiming {
  readonly cron: readonly string[] | null;
  readonly everyMs: number | null;
  readonly phaseMs: number;
  readonly at: Date | null;
  /** IANA name. */
  readonly timezone: string;
  readonly exclude: readonly string[];
  readonly startsAt: Date | null;
  readonly endsAt: Date | null;
  readonly maxRuns: number | null;
  readonly jitterMs: number;
}

/** A schedule as somebody defines it, complete: every default is applied. */
export interface ScheduleDefinition extends ScheduleTiming {
  readonly type: string;
  readonly payload: Json;
  /** Null: the queue that the type is routed to when a slot fires. */
  readonly queue: string | null;
  readonly priority: number;
  readonly userId: string | null;
  /** Null, like the next ones: the default of tasks when a slot fires. */
  readonly maxRetry: number | null;
  readonly retryDelayMs: number | null;
  readonly backoff: Backoff | null;
  readonly timeoutMs: number | null;
  readonly misfire: MisfirePolicy;
  readonly misfireWindowMs: number;
  /** Late slots that misfire `all` fires at once. */
  readonly misfireLimit: number;
  readonly overlap: OverlapPolicy;
  /** Null: failures never pause it. */
  readonly pauseAfterFailures: number | null;
}

/** The next slot and when it fires; null: there is none. */
export type NextSlot = { readonly slotAt: Date; readonly runAt: Date } | null;

/** A schedule and where it stands. */
export interface ScheduleRow extends ScheduleDefinition {
  readonly id: number;
  readonly name: string;
  readonly source: ScheduleSource;
  /** The application whose code declares it; null: it is no schedule of code. */
  readonly declaredBy: string | null;
  /** When a running scheduler last declared it; null: it is no schedule of code. */
  readonly declaredAt: Date | null;
  /** Since when code declares it no more. */
  readonly orphanedAt: Date | null;
  readonly paused: boolean;
  readonly pauseReason: string | null;
  /** The first slot that nothing was decided about. */
  readonly nextSlotAt: Date | null;
  /** When that slot fires: itself and its jitter. */
  readonly nextRunAt: Date | null;
  /** The slot that was submitted last by the clock. */
  readonly lastRunAt: Date | null;
  readonly runCount: number;
  readonly missedCount: number;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Which schedules a process fires. */
export interface Firing {
  /** The application whose declared schedules it fires. */
  readonly application: string;
  /** Names of those that it has the code of. */
  readonly declared: readonly string[];
  /** `own`: no others. `all`: those of the api as well. */
  readonly scope: FiringScope;
}

export type FiringScope = 'own' | 'all';

/** Which schedules a list holds. What is left out does not narrow it. */
export interface ScheduleFilter {
  /** Part of the name. */
  readonly q?: string | undefined;
  readonly type?: string | undefined;
  readonly queue?: string | undefined;
  readonly source?: ScheduleSource | undefined;
  readonly paused?: boolean | undefined;
  /** Only schedules that code declares no more, or only others. */
  readonly orphaned?: boolean | undefined;
}

/** Which part of a list. `cursor` continues another page of the same filter and takes the place of `page`. */
export interface SchedulePageRequest {
  /** From 1, the default. */
  readonly page?: number | undefined;
  readonly pageSize: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Part of a list, by name. */
export interface SchedulePage {
  readonly items: readonly ScheduleRow[];
  readonly total: number;
  /** Continues the list; null: this was the last page. */
  readonly nextCursor: string | null;
}

/** Which slots of a schedule. What is left out does not narrow them. */
export interface RunsRequest {
  /** Continues a list: slots before this one. */
  readonly before?: Date | null | undefined;
  readonly outcome?: SlotOutcome | undefined;
  readonly limit: number;
}

/** One slot and what became of it and its task. */
export interface ScheduleRun {
  readonly slotAt: Date;
  readonly outcome: SlotOutcome;
  readonly origin: SlotOrigin;
  readonly reason: string | null;
  readonly lateMs: number;
  readonly decidedAt: Date;
  readonly taskId: string | null;
  /** Null: no task, or retention has removed it. The same for all that follows. */
  readonly taskDbId: number | null;
  readonly status: TaskStatus | null;
  readonly attempt: number | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly errorCode: string | null;
}

/** A version of a schedule that somebody made. */
export interface ScheduleVersion {
  readonly version: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: 'create' | 'replace' | 'delete';
  /** Columns of `schedules`. */
  readonly definition: Json;
}

/** What somebody did to schedules. */
export interface ScheduleAudit {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly schedule: string;
  readonly detail: Json;
}

/** What became of a `put`. */
export type SchedulePut =
  | { readonly kind: 'created' | 'replaced' | 'unchanged'; readonly schedule: ScheduleRow }
  | { readonly kind: 'version_mismatch'; readonly version: number }
  | { readonly kind: 'name_taken' }
  /** The api and the applications do not take schedules from each other, unless code declares it no more. */
  | { readonly kind: 'other_source'; readonly source: ScheduleSource; readonly declaredBy: string | null }
  | { readonly kind: 'missing' };

/** What a slot becomes, decided by whoever fires it. */
export interface NewSlot {
  readonly scheduleId: number;
  readonly slotAt: Date;
  /** Slot and jitter; lateness is counted from here. Null: it is not late, because somebody has just asked for it. */
  readonly dueAt: Date | null;
  readonly outcome: SlotOutcome;
  readonly origin: SlotOrigin;
  readonly reason: string | null;
  readonly taskId: string | null;
}

/** How a schedule goes on after its due slots. */
export interface ScheduleAdvance {
  readonly scheduleId: number;
  readonly next: NextSlot;
  /** The last slot that was submitted; null: none was. */
  readonly lastRunAt: Date | null;
  readonly runs: number;
  readonly missed: number;
  /** Pauses it; null: it goes on. */
  readonly pauseReason: string | null;
}

/** What a schedule has under way. */
export interface ScheduleUnderWay {
  readonly unfinished: number;
  readonly waiting: number;
}
