/** A name that a URL and a metric label could not carry. */
export class InvalidScheduleName extends Error {
  constructor(readonly scheduleName: string) {
    super(
      `A schedule's name must be 1 to 128 of A-Z a-z 0-9 . _ - and begin with a letter or digit; got "${scheduleName}"`,
    );
    this.name = 'InvalidScheduleName';
  }
}
