/** Argument by which a program is told to run one isolated attempt instead of its service. */
export const ISOLATED_ARGUMENT = '--isolated-attempt';

/**
 * What this process or thread is.
 *
 * - `service`: the service itself.
 * - `cell`: a child process or a thread of the same program, which has one attempt to itself. It builds the whole
 *   application and neither listens nor takes tasks; whatever else should not happen there asks for the role.
 */
export type ProgramRole = 'service' | 'cell';

/** How this process was started, and whether another one like it can be. Injectable everywhere. */
export class Program {
  /** @param file The program to start for a cell; null where there is none, as in a spec. */
  constructor(
    readonly file: string | null = null,
    readonly role: ProgramRole = 'service',
  ) {}

  /** The program that Node was started with. */
  static started(argv: readonly string[] = process.argv): Program {
    return new Program(argv[1] ?? null, argv.includes(ISOLATED_ARGUMENT) ? 'cell' : 'service');
  }
}

/** What a cell does once the application stands; the worker engine provides it. */
export abstract class CellDuty {
  /** Resolves when the attempt is over and everything about it is said. */
  abstract serve(): Promise<void>;
}
