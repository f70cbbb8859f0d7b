/** Tells the schedulers that a schedule was made, changed or resumed, so that its next moment may come sooner. */
export const SCHEDULES_CHANNEL = 'millrace_schedules';
