/** One bad field of what was submitted, named as in REST and on the wire: `payload.a[3]`, `max_retry`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** Thrown by a submit that breaks a rule; nothing of it was recorded or queued. */
export class InvalidTask extends Error {
  constructor(readonly errors: readonly FieldError[]) {
    super(errors.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.name = 'InvalidTask';
  }
}
