import { availableParallelism } from 'node:os';
import {
  ArrayUnique,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import {
  ARTIFACT_FOLDERS_TEXT,
  artifactFolders,
  DurationSetting,
  IsDuration,
  ServiceConfig,
  Setting,
} from '@millrace/runtime';
import { parseServedQueues } from '@millrace/runner';
import { BUILTIN_TYPES } from './builtin-types';

/** In development, from the folder the worker runs in. */
const SPILL_FOLDER = '.millrace/spill';

/** What a worker is configured with. */
export class WorkerConfig extends ServiceConfig {
  @Setting({ doc: 'Port of the health, metrics and statistics of the worker.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  workerPort = 3001;

  @Setting({ doc: 'Whether the worker takes tasks; with `false` it only answers health and statistics.' })
  @IsBoolean()
  queueEnabled = true;

  @Setting({ doc: 'Tasks running at once in one worker process.' })
  @IsInt()
  @Min(1)
  @Max(10_000)
  queueWorkers = 10;

  @Setting({
    doc: 'Isolated attempts running at once in one worker process, each in a child process or a thread of its own and in a slot of `QUEUE_WORKERS`.',
    derive: () => availableParallelism(),
    defaultText: 'the number of processors',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  queueIsolatedWorkers = 1;

  @Setting({
    doc: 'Queues this worker serves, with weights: `critical:6,default:3`.',
    parse: parseServedQueues,
    show: (queues: ReadonlyMap<string, number>) =>
      [...queues].map(([name, weight]) => name + (weight > 1 ? `:${weight}` : '')).join(','),
  })
  queueQueues: ReadonlyMap<string, number> = new Map([['default', 1]]);

  @DurationSetting({
    doc: 'How long a claim is exclusive unless renewed; a lost worker is noticed after half as long again.',
  })
  @IsDuration({ minMs: 1_000, maxMs: 3_600_000 })
  queueLeaseMs = 30_000;

  @DurationSetting({ doc: 'Longest sleep between two looks at the delayed tasks.' })
  @IsDuration({ minMs: 100, maxMs: 600_000 })
  queuePollIntervalMs = 5_000;

  @Setting({
    doc: 'Outcomes that wait in memory while PostgreSQL does not take them; beyond that tasks keep their slots.',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  workerOutcomeBuffer = 10_000;

  @Setting({
    doc: 'Folder where outcomes are saved that PostgreSQL does not take, for any worker with this folder to record; empty: they wait in memory, and tasks of a worker that ends before that run again.',
    derive: (config: WorkerConfig) => (config.nodeEnv === 'development' ? SPILL_FOLDER : ''),
    defaultText: '`.millrace/spill` in development, else none',
  })
  @MaxLength(1_024)
  workerSpillFolder = '';

  @Setting({ doc: 'Most bytes of outcomes in that folder.' })
  @IsInt()
  @Min(65_536)
  @Max(16 * 1024 ** 3)
  workerSpillLimit = 256 * 1024 ** 2;

  @Setting({
    doc: 'Which of the built-in task types this deployment serves; empty items are ignored, `none` serves none.',
  })
  @IsIn([...BUILTIN_TYPES, 'none'], {
    each: true,
    message: `must be a list of ${BUILTIN_TYPES.join(', ')}, or none`,
  })
  @ArrayUnique({ message: 'must name no type twice' })
  workerBuiltinTypes: readonly string[] = BUILTIN_TYPES;

  @Setting({ doc: 'Whether `http_request` may reach private, loopback and link-local addresses.' })
  @IsBoolean()
  httpRequestAllowPrivate = false;

  @Setting({
    doc: 'Mail server of `send_email`, as `smtp://user:password@host:587`; without it, in development, mails are written to `.millrace/mail`.',
    secret: true,
  })
  @Matches(/^(smtps?:\/\/.+)?$/, { message: 'must be smtp://… or smtps://…' })
  smtpUrl = '';

  @Setting({ doc: 'Sender of mails that name none.' })
  @IsOptional()
  @IsEmail({ allow_display_name: true, require_tld: false })
  mailFrom = 'millrace@localhost';

  @Setting({
    doc: 'Folders that `cleanup_files` may clean, as absolute paths.',
    derive: (config: WorkerConfig) => artifactFolders(config.nodeEnv),
    defaultText: ARTIFACT_FOLDERS_TEXT,
  })
  @Matches(/^(\/|[A-Za-z]:[\\/])/, { each: true, message: 'must be absolute paths' })
  cleanupFolders: readonly string[] = [];
}
