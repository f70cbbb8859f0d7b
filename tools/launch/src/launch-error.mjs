// @ts-check

/** Something the person at the keyboard can do something about; the message says what. */
export class LaunchError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'LaunchError';
  }
}
