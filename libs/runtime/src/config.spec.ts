import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsInt, Max, Min } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findApiKey, parseApiKeys } from './api-keys';
import { InvalidConfig, loadConfig, type Environment } from './config';
import { describeConfig, helpText, nearMisses } from './describe-config';
import { ServiceConfig } from './service.config';
import { DurationSetting, IsDuration, Setting } from './setting';

class ThingConfig extends ServiceConfig {
  @Setting({ doc: 'How many things.' })
  @IsInt()
  @Min(1)
  @Max(10)
  thingCount = 3;

  @DurationSetting({ doc: 'How long a thing waits.' })
  @IsDuration({ minMs: 1_000, maxMs: 60_000 })
  thingWaitMs = 5_000;

  @Setting({ doc: 'Whether things.' })
  thingEnabled = true;

  @Setting({ doc: 'Where things are.' })
  thingFolders: readonly string[] = [];
}

const STORES = { DATABASE_URL: 'postgres://u:p@localhost/db', REDIS_URL: 'redis://localhost' };

const load = (env: Environment) => loadConfig(ThingConfig, { ...STORES, ...env });

function problemsOf(env: Environment): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems;
    throw error;
  }
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a configuration', () => {
  it('takes defaults for what is unset or empty', () => {
    expect(load({ THING_COUNT: '' })).toMatchObject({
      thingCount: 3,
      thingWaitMs: 5_000,
      host: '127.0.0.1',
      authMode: 'none',
    });
  });

  it('reads each kind of value', () => {
    expect(load({ THING_COUNT: '7', THING_WAIT: '1m', THING_ENABLED: 'false', THING_FOLDERS: 'a, b,' })).toMatchObject({
      thingCount: 7,
      thingWaitMs: 60_000,
      thingEnabled: false,
      thingFolders: ['a', 'b'],
    });
  });

  it('lists everything that is wrong at once, by the names of the variables', () => {
    const problems = problemsOf({ THING_COUNT: '11', THING_WAIT: '2h', THING_ENABLED: 'yes', LOG_LEVEL: 'loud' });
    expect(problems).toEqual([
      expect.stringMatching(/^LOG_LEVEL: must be one of/),
      'THING_COUNT: must not be greater than 10',
      'THING_WAIT: must be from 1s to 1m',
      'THING_ENABLED: must be true or false; got "yes"',
    ]);
  });

  it.each(['1e1', '0x10', ' 5', '5.5', '-1', 'NaN', '99999999999999999999'])(
    'takes %j for no number of things',
    (text) => {
      expect(problemsOf({ THING_COUNT: text })).toHaveLength(1);
    },
  );

  it('never repeats a secret', () => {
    const problems = problemsOf({ API_KEYS: 'tooshort', DATABASE_URL: 'mysql://user:hunter2@host/db' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toMatch(/tooshort|hunter2/);
  });

  it('reads secrets from files, and refuses both ways at once', () => {
    const file = join(folder, 'keys');
    writeFileSync(file, '# rotation\nold:0123456789abcdef\nnew:fedcba9876543210\n');
    expect(load({ API_KEYS_FILE: file, AUTH_MODE: 'keys' }).apiKeys.map(({ name }) => name)).toEqual(['old', 'new']);
    expect(problemsOf({ API_KEYS_FILE: file, API_KEYS: '0123456789abcdef' })).toEqual([
      'API_KEYS: is set twice, by itself and by API_KEYS_FILE',
    ]);
    expect(problemsOf({ API_KEYS_FILE: join(folder, 'none') })).toEqual(['API_KEYS_FILE: cannot be read (ENOENT)']);
  });

  it('asks for keys as soon as others than this machine can reach the service', () => {
    for (const env of [{ HOST: '0.0.0.0' }, { HOST: '::' }, { HOST: '10.0.0.1' }, { NODE_ENV: 'production' }]) {
      expect(problemsOf(env), JSON.stringify(env)).toEqual([expect.stringMatching(/^API_KEYS: .*openssl/)]);
    }
    for (const HOST of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(problemsOf({ HOST })).toEqual([]);
    expect(problemsOf({ HOST: '0.0.0.0', AUTH_MODE: 'none' })).toEqual([
      expect.stringMatching(/^AUTH_MODE: none is only/),
    ]);
  });

  it('lists a missing key beside other faults, but not beside a bad one', () => {
    const exposed = { HOST: '0.0.0.0', THING_COUNT: '0' };
    expect(problemsOf(exposed)).toEqual([expect.stringMatching(/^THING_COUNT/), expect.stringMatching(/^API_KEYS/)]);
    expect(problemsOf({ ...exposed, API_KEYS: 'short' })).toEqual([
      expect.stringMatching(/^API_KEYS: entry 1/),
      expect.stringMatching(/^THING_COUNT/),
    ]);
  });

  it('does not start without stores outside development', () => {
    const env = { NODE_ENV: 'production', API_KEYS: '0123456789abcdef' };
    expect(() => loadConfig(ThingConfig, env)).toThrow(/DATABASE_URL: must be set\n.*REDIS_URL: must be set/);
  });
});

describe('the description of a configuration', () => {
  it('shows names, defaults and docs as a person would write them', () => {
    expect(describeConfig(ThingConfig).find(({ name }) => name === 'THING_WAIT')).toEqual({
      name: 'THING_WAIT',
      defaultText: '5s',
      defaultValue: '5s',
      doc: 'How long a thing waits.',
      secret: false,
    });
    expect(helpText('things', ThingConfig)).toContain('API_KEYS_FILE reads it from a file');
  });

  it('recognises a misspelt variable and leaves others alone', () => {
    expect(nearMisses(ThingConfig, { THING_COUTN: '1', HOME: '/', API_KEYS_FIL: 'x', WORKER_PORT: '1' })).toEqual([
      'THING_COUTN is not a variable of this service; did you mean THING_COUNT?',
      'API_KEYS_FIL is not a variable of this service; did you mean API_KEYS_FILE?',
    ]);
  });
});

describe('keys', () => {
  it('are found by their whole text alone', () => {
    const keys = parseApiKeys('ci:0123456789abcdef');
    expect(findApiKey(keys, '0123456789abcdef')?.name).toBe('ci');
    for (const text of ['', '0123456789abcde', '0123456789abcdef0', 'ci:0123456789abcdef']) {
      expect(findApiKey(keys, text)).toBeUndefined();
    }
  });
});
