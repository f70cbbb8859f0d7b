/** A store that runs on this machine; stopped, killed and restarted at will, on the same port and data. */
export interface Store {
  /** Where clients connect; holds the password. */
  readonly url: string;
  readonly port: number;
  /** Number of the server's first process. */
  readonly pid: number;
  /** Resolves with the reason when the process that runs now has ended; never rejects. */
  readonly exited: Promise<string>;
  /** Ends the server politely and, when that takes too long, by force. Does nothing when it has ended. */
  stop(): Promise<void>;
  /** Sends a signal; SIGKILL, SIGSTOP and SIGCONT reach its children as well. After SIGKILL it waits for the end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops the server if it runs and starts it again; resolves when it answers. */
  restart(): Promise<void>;
}

export interface PostgresOptions {
  /**
   * Folder of this server alone: data, password and process record. Under root every user must be able to pass through
   * its parents.
   */
  readonly dataDir: string;
  /** Port on 127.0.0.1; any free one when absent. */
  readonly port?: number | undefined;
  /** `durable` survives a power loss; `volatile`, for tests, a kill -9 of the server only. */
  readonly durability: 'durable' | 'volatile';
  /** File that gets the server's output, appended. */
  readonly log: string;
  /** Further server settings, such as `{ max_connections: '200' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts the embedded PostgreSQL and creates its data at the first time.
 *
 * - Listens on 127.0.0.1 only, and asks for a random password that is kept in `dataDir`.
 * - Under root it runs as `nobody`, from a copy in `dataFolder()`.
 * - A server that an earlier, killed start left on this folder is stopped first.
 *
 * Throws `PortTakenError`; throws when the data belongs to another major version (nothing is changed) or the server
 * does not start.
 */
export function startPostgres(options: PostgresOptions): Promise<Store>;

export interface RedisOptions {
  /** Folder of this server alone: data, settings and process record. */
  readonly dataDir: string;
  /** Port on 127.0.0.1; any free one when absent. */
  readonly port?: number | undefined;
  /** `appendonly` writes a log that is synced every second; `none` forgets all at a restart. */
  readonly persistence: 'appendonly' | 'none';
  /** File that gets the server's output, appended. */
  readonly log: string;
  /** What clients must say; none when absent. At most 256 characters of `A-Za-z0-9_-`. */
  readonly password?: string;
  /** Further settings as on the command line, such as `['--maxmemory', '16mb']`. */
  readonly extraArgs?: readonly string[];
  /** Called with a line for people when something takes long (a download). */
  readonly progress?: (line: string) => void;
}

/**
 * Starts Redis or Valkey (6.2 or newer) from the PATH, or else the distribution's package, unpacked into `.millrace/`.
 *
 * A server that an earlier, killed start left on this folder is stopped first. Throws `PortTakenError`; throws
 * `RedisNotFoundError`, which says what to do, when there is no server to start.
 */
export function startRedis(options: RedisOptions): Promise<Store>;

/** Something the person at the keyboard can do something about; the message says what. */
export class StackError extends Error {}

/** There is no Redis here and none could be unpacked. The message names the command to run and the variable to set. */
export class RedisNotFoundError extends StackError {}

/** A port that was asked for is taken. */
export class PortTakenError extends StackError {
  constructor(port: number, variable?: string);
  readonly port: number;
}

export interface FreePortOptions {
  /** Name of the variable that set the port; then no other port will do. */
  readonly explicit?: string | undefined;
  /** Address to listen on, default 127.0.0.1. */
  readonly host?: string;
  /** Ports that are spoken for, though nobody listens on them yet. */
  readonly except?: readonly number[];
}

/**
 * Finds a free TCP port: the preferred one or one of the next hundred; 0 takes any. Whoever listens must still be
 * ready to find it taken. Throws `PortTakenError` when the port was set explicitly and is taken.
 */
export function freePort(preferred: number, options?: FreePortOptions): Promise<number>;

/** The root of this clone. */
export const workspaceRoot: string;

/** The clone's own hidden folder, `<root>/.millrace`. Nothing is created. */
export function cloneFolder(root?: string): string;

/**
 * Where the stores of a clone keep their data: `<root>/.millrace`, or, under root (`uid` 0),
 * `/var/lib/millrace/<hash of the path>`. Nothing is created.
 */
export function dataFolder(root?: string, uid?: number): string;

/**
 * Creates a folder for the stores of one run of tests, under `dataFolder()`. It is named after this process;
 * `removeDeadRunFolders` removes it once that has ended.
 */
export function createRunFolder(): string;

/** Removes the folders of runs that have ended, after stopping what they left running. Answers how many there were. */
export function removeDeadRunFolders(): Promise<number>;

/** The folders of runs whose process still lives. */
export function livingRunFolders(): string[];

/** Removes one folder of a run, after stopping the servers in it. */
export function removeRunFolder(folder: string): Promise<void>;

// For the launchers, which are checked with JavaScript allowed; the types are those of the sources.
export { lastLines } from './log-tail.mjs';
export { createFolder } from './paths.mjs';
export { isFree } from './ports.mjs';
export { identityOf, isAlive, isIdentity } from './process-identity.mjs';
export { recordProcesses, signalProcess, stopProcess, stopRecorded, waitUntil } from './process-record.mjs';
