import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { IsIn, IsInt, IsNotEmpty, IsString, Matches, Max, Min } from 'class-validator';
import { MAX_DURATION_MS, MAX_RETRY_LIMIT, PAYLOAD_LIMITS, parseRoutes, type Route } from '@millrace/contracts';
import { MAKE_A_KEY, parseApiKeys, type ApiKey } from './api-keys';
import type { CrossChecked } from './config';
import { DurationSetting, IsDuration, Setting } from './setting';
import { stackUrl } from './stack-file';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** What every service is configured with. A service extends it with its own fields. */
export class ServiceConfig implements CrossChecked {
  @Setting({ doc: '`development`, `test` or `production`; anything but `development` is meant for machines alone.' })
  @IsIn(['development', 'test', 'production'])
  nodeEnv: 'development' | 'test' | 'production' = 'development';

  @Setting({
    doc: 'PostgreSQL, as `postgres://user:password@host:port/database`.',
    secret: true,
    derive: (config: ServiceConfig) => stackUrl(config.nodeEnv, 'databaseUrl'),
    defaultText: 'in development the database that `npm run stack` or `npm start` runs',
  })
  @Matches(/^postgres(ql)?:\/\//, { message: 'must be set, as postgres://user:password@host:port/database' })
  databaseUrl = '';

  @Setting({
    doc: 'Redis or Valkey, as `redis://host:port` or `rediss://…`.',
    secret: true,
    derive: (config: ServiceConfig) => stackUrl(config.nodeEnv, 'redisUrl'),
    defaultText: 'in development the server that `npm run stack` or `npm start` runs',
  })
  @Matches(/^rediss?:\/\//, { message: 'must be set, as redis://host:port' })
  redisUrl = '';

  @Setting({ doc: 'Most connections this process opens to PostgreSQL.' })
  @IsInt()
  @Min(1)
  @Max(1_000)
  databasePoolSize = 10;

  @Setting({
    doc: 'Address to listen on.',
    derive: (config: ServiceConfig) => (config.nodeEnv === 'production' ? '0.0.0.0' : '127.0.0.1'),
    defaultText: '127.0.0.1 in development, 0.0.0.0 in production',
  })
  @IsString()
  @IsNotEmpty()
  host = '';

  @Setting({ doc: 'Least severe lines to log.' })
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
  logLevel = 'info';

  @Setting({
    doc: '`keys`: static keys guard everything but health and metrics. `none`: only on loopback in development.',
    derive: (config: ServiceConfig) => (config.isPrivate() ? 'none' : 'keys'),
    defaultText: '`none` on loopback in development, else `keys`',
  })
  @IsIn(['none', 'keys'])
  authMode: 'none' | 'keys' = 'keys';

  @Setting({
    doc: 'Keys that are let in, separated by commas (in a file one a line), each with an optional `name:` before it.',
    secret: true,
    parse: parseApiKeys,
    show: () => '',
  })
  apiKeys: readonly ApiKey[] = [];

  @DurationSetting({ doc: 'How long a stopping service may take to finish what is running.' })
  @IsDuration({ minMs: 0, maxMs: 3_600_000 })
  shutdownTimeoutMs = 25_000;

  @Setting({ doc: 'First word of every Redis key; on Redis Cluster it must carry a hash tag, such as `{millrace}`.' })
  @Matches(/^[A-Za-z0-9_.{}-]{1,64}$/, { message: 'must be 1 to 64 characters of A-Z a-z 0-9 _ . - { }' })
  queueRedisPrefix = 'millrace';

  @Setting({ doc: 'Retries of a task that names no number of its own; the first start is not a retry.' })
  @IsInt()
  @Min(0)
  @Max(MAX_RETRY_LIMIT)
  queueMaxRetry = 3;

  @DurationSetting({ doc: 'Wait before the first retry of a task that names none.' })
  @IsDuration({ minMs: 0, maxMs: MAX_DURATION_MS })
  queueRetryDelayMs = 5_000;

  @Setting({
    doc: 'Which queue a type goes to: `send_email:mail,report.*:reports`.',
    parse: parseRoutes,
    show: (routes: readonly Route[]) => routes.map(({ pattern, queue }) => `${pattern}:${queue}`).join(','),
  })
  queueRoutes: readonly Route[] = [];

  @Setting({ doc: 'Largest payload of a task, in bytes of JSON.' })
  @IsInt()
  @Min(1_024)
  @Max(1_000_000)
  taskMaxPayload: number = PAYLOAD_LIMITS.bytes;

  /** Whether only programs of this machine reach the service, and a person works on it. */
  isPrivate(): boolean {
    return this.nodeEnv !== 'production' && isLoopback(this.host);
  }

  problems(): readonly string[] {
    if (this.authMode === 'none' && !this.isPrivate()) {
      return ['AUTH_MODE: none is only for a loopback HOST outside production; set it to keys'];
    }
    if (this.authMode === 'keys' && this.apiKeys.length === 0) {
      return [
        `API_KEYS: at least one key is needed (or a file of keys in API_KEYS_FILE); make one with: ${MAKE_A_KEY}`,
      ];
    }
    return [];
  }
}

/** Whether an address to listen on can be reached from this machine alone. */
function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  if (isIPv4(host)) return LOOPBACK.check(host, 'ipv4');
  return isIPv6(host) && LOOPBACK.check(host, 'ipv6');
}
