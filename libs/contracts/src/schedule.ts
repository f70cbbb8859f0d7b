/**
 * What to do with slots that were not fired in time, because no scheduler ran or the schedule's row could not be written:
 * `skip` them, fire the latest `once`, or fire `all` within the window.
 */
export const MISFIRE_POLICIES = ['skip', 'once', 'all'] as const;
export type MisfirePolicy = (typeof MISFIRE_POLICIES)[number];

/**
 * What to do with a slot while an earlier task of the schedule is unfinished: `allow` both, `skip` the slot, `queue_one` or
 * `queue_all` slots behind it, or `cancel_running` and start when it has ended.
 */
export const OVERLAP_POLICIES = ['allow', 'skip', 'queue_one', 'queue_all', 'cancel_running'] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/**
 * What became of a slot: its task was `submitted`; it is `waiting` for an earlier task to end; it was `skipped` by the
 * overlap policy; its submission was `refused`, because an unfinished task holds its unique key or its payload is invalid.
 */
export const SLOT_OUTCOMES = ['submitted', 'waiting', 'skipped', 'refused'] as const;
export type SlotOutcome = (typeof SLOT_OUTCOMES)[number];

/** Why a slot was fired: it came due, an operator asked for a run now, or for a past range. */
export const SLOT_ORIGINS = ['schedule', 'trigger', 'backfill'] as const;
export type SlotOrigin = (typeof SLOT_ORIGINS)[number];

/** Begins the types of tasks that record what a function of a scheduler did; the name of its schedule follows. */
export const FUNCTION_TYPE_PREFIX = 'scheduled:';

/** Whether tasks of this type record runs of a function: they run where they were recorded, and wait in no queue. */
export const isFunctionType = (type: string): boolean => type.startsWith(FUNCTION_TYPE_PREFIX);

/** 1 to 128 characters that a URL and a metric label can carry. */
export const SCHEDULE_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Names that paths of the REST interface have taken. */
export const RESERVED_SCHEDULE_NAMES: readonly string[] = ['preview', 'apply', 'import', 'pause', 'resume'];
