import { describe, expect, it } from 'vitest';
import { parseCrontab } from './crontab';
import { setOfCrontab } from './crontab-set';

describe('a crontab', () => {
  it('is read as cron reads it', () => {
    const { jobs, faults } = parseCrontab(
      [
        '# backups',
        'SHELL=/bin/sh',
        'MAILTO="ops@example.com"',
        '',
        '  30 2 * * 1-5   /opt/backup.sh --full > /dev/null 2>&1',
        'CRON_TZ=Europe/Berlin',
        "PATH = '/usr/bin'",
        '@daily\tdate +\\%F',
        '0 6 * * mon mail -s Hello ops%Dear ops,%it works.',
        'CRON_TZ=',
        '0 0 1 1 * true',
        '@every 90s  poll --once',
      ].join('\r\n'),
    );

    expect(faults).toEqual([]);
    const base = { SHELL: '/bin/sh', MAILTO: 'ops@example.com' };
    const env = { ...base, PATH: '/usr/bin' };
    const job = { stdin: null, env };
    expect(jobs).toEqual([
      {
        ...job,
        line: 5,
        cron: '30 2 * * 1-5',
        timezone: 'UTC',
        env: base,
        command: '/opt/backup.sh --full > /dev/null 2>&1',
      },
      { ...job, line: 8, cron: '@daily', timezone: 'Europe/Berlin', command: 'date +%F' },
      {
        ...job,
        line: 9,
        cron: '0 6 * * mon',
        timezone: 'Europe/Berlin',
        command: 'mail -s Hello ops',
        stdin: 'Dear ops,\nit works.',
      },
      { ...job, line: 11, cron: '0 0 1 1 *', timezone: 'UTC', command: 'true' },
      { ...job, line: 12, cron: '@every 90s', timezone: 'UTC', command: 'poll --once' },
    ]);
  });

  it('tells of every bad line, with the character', () => {
    const { faults } = parseCrontab(
      [
        '0 25 * * * late',
        '  0 6 * * mox bad day',
        '* * * * *',
        '@reboot start',
        'TZ=Mars/Base',
        'nonsense',
        '@nightly x',
        '0 0 31 2 * never',
      ].join('\n'),
    );
    expect(faults.map(({ field, position }) => [field, position])).toEqual([
      ['line 1', 3],
      ['line 2', 11],
      ['line 3', 10],
      ['line 4', undefined],
      ['line 5', undefined],
      ['line 6', 9],
      ['line 7', 1],
      ['line 8', 5],
    ]);
  });
});

describe('the set of a crontab', () => {
  const options = { type: 'shell', dryRun: true, prune: false, prefix: 'host1.' };
  const namesOf = (text: string) => setOfCrontab(text, options).entries.map(({ name }) => name);

  it('names schedules by their commands, whatever their times and order', () => {
    const before = namesOf('0 1 * * * a --x\n0 2 * * * b\n0 3 * * * b\n');
    const after = namesOf('5 5 * * * b\n# b runs once a day now\n@daily a --x\n');
    expect(before).toEqual([
      expect.stringMatching(/^host1\.a-x-[0-9a-f]{8}$/),
      expect.stringMatching(/^host1\.b-[0-9a-f]{8}$/),
      `${before[1]}-2`,
    ]);
    expect(after).toEqual([before[1], before[0]]);
  });

  it('has names that schedules can have, whatever the commands', () => {
    for (const name of namesOf(`* * * * * ./${'x'.repeat(500)}\n* * * * * [ -f ]\n* * * * * 時\n`)) {
      expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
    }
  });
});
