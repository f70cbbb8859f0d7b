// @ts-check

/** Something the person at the keyboard can do something about; the message says what. */
export class StackError extends Error {
  /**
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}
