/** There is no schedule of this name. */
export class ScheduleNotFound extends Error {
  constructor(readonly scheduleName: string) {
    super(`There is no schedule named "${scheduleName}"`);
    this.name = 'ScheduleNotFound';
  }
}

/** Another schedule has the name that a new one was to get. */
export class ScheduleNameTaken extends Error {
  constructor(readonly scheduleName: string) {
    super(`There already is a schedule named "${scheduleName}"; names are unique`);
    this.name = 'ScheduleNameTaken';
  }
}

/** The schedule has changed since the version that was meant. */
export class ScheduleVersionMismatch extends Error {
  constructor(
    readonly scheduleName: string,
    readonly expected: number,
    readonly version: number,
  ) {
    super(`The schedule "${scheduleName}" is at version ${version}, not ${expected}`);
    this.name = 'ScheduleVersionMismatch';
  }
}

/** What was asked does not fit the state of the schedule. */
export class ScheduleStateConflict extends Error {
  constructor(
    readonly scheduleName: string,
    readonly reason: string,
  ) {
    super(`The schedule "${scheduleName}" ${reason}`);
    this.name = 'ScheduleStateConflict';
  }
}
