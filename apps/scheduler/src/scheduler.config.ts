import {
  ARTIFACT_FOLDERS_TEXT,
  artifactFolders,
  DurationSetting,
  IsDuration,
  ServiceConfig,
  Setting,
} from '@millrace/runtime';
import { IsBoolean, IsInt, IsUrl, Matches, Max, Min, ValidateIf } from 'class-validator';

const DAY_MS = 86_400_000;

/** What the scheduler is configured with. */
export class SchedulerConfig extends ServiceConfig {
  @Setting({ doc: 'Port of the scheduler.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  schedulerPort = 3002;

  @DurationSetting({
    doc: 'How long a claim is exclusive unless renewed; a lost worker is noticed after half as long again.',
  })
  @IsDuration({ minMs: 1_000, maxMs: 3_600_000 })
  queueLeaseMs = 30_000;

  @DurationSetting({ doc: 'How long tasks that succeeded are kept.' })
  @IsDuration({ minMs: 1_000, maxMs: 36_500 * DAY_MS })
  retentionSuccessMs = 30 * DAY_MS;

  @DurationSetting({ doc: 'How long tasks that failed are kept.' })
  @IsDuration({ minMs: 1_000, maxMs: 36_500 * DAY_MS })
  retentionFailedMs = 90 * DAY_MS;

  @DurationSetting({ doc: 'How long cancelled tasks are kept.' })
  @IsDuration({ minMs: 1_000, maxMs: 36_500 * DAY_MS })
  retentionCancelledMs = 30 * DAY_MS;

  @Setting({
    doc: 'Schedules that `/metrics` shows one by one, four series each: those of the code first, then the oldest. 0: none.',
  })
  @IsInt()
  @Min(0)
  @Max(10_000)
  scheduleMetricsLimit = 100;

  @Setting({ doc: 'Whether old files are removed from CLEANUP_FOLDERS every day.' })
  @IsBoolean()
  cleanupEnabled = true;

  @Setting({
    doc: 'Folders that `cleanup_files` may clean, as absolute paths.',
    derive: (config: SchedulerConfig) => artifactFolders(config.nodeEnv),
    defaultText: ARTIFACT_FOLDERS_TEXT,
  })
  @Matches(/^(\/|[A-Za-z]:[\\/])/, { each: true, message: 'must be absolute paths' })
  cleanupFolders: readonly string[] = [];

  @DurationSetting({ doc: 'Age from which the daily cleanup removes a file.' })
  @IsDuration({ minMs: 60_000, maxMs: 3_650 * DAY_MS })
  cleanupOlderThanMs = 7 * DAY_MS;

  @Setting({ doc: 'Whether the example of a third-party sync runs.' })
  @IsBoolean()
  syncEnabled = false;

  @Setting({ doc: 'Address that the example of a third-party sync posts to.' })
  @ValidateIf((config: SchedulerConfig) => config.syncEnabled)
  @IsUrl({ protocols: ['http', 'https'], require_tld: false, require_protocol: true })
  syncUrl = '';
}
