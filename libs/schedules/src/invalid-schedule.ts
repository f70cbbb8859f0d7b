import type { FieldError } from '@millrace/contracts';

/** One bad field of a schedule. */
export interface ScheduleFault extends FieldError {
  /** Of a cron expression or a time zone: the character that is wrong, counted from 1. */
  readonly position?: number;
}

/** Thrown for a schedule that means nothing; names every bad field as in REST: `cron[1]`, `exclude[0]`, `timezone`. */
export class InvalidSchedule extends Error {
  constructor(readonly errors: readonly ScheduleFault[]) {
    super(errors.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.name = 'InvalidSchedule';
  }
}

/** Thrown by `parseCron`; the message ends in the character that is wrong. */
export class CronSyntaxError extends Error {
  /**
   * @param position of the first wrong character, counted from 1; one past the end when something is missing there
   */
  constructor(
    readonly expression: string,
    readonly position: number,
    readonly reason: string,
  ) {
    super(`${reason} (character ${position} of "${expression}")`);
    this.name = 'CronSyntaxError';
  }

  /** The expression with a caret under the wrong character, in two lines. */
  pointer(): string {
    return `${this.expression}\n${' '.repeat(this.position - 1)}^`;
  }
}
