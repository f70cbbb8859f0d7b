import { afterEach, expect, it, vi } from 'vitest';
import { InvalidSettings, readSettings } from './settings';

afterEach(() => vi.unstubAllEnvs());

it('measures everything five times unless told otherwise', () => {
  const settings = readSettings([]);

  expect(settings.rounds).toBe(5);
  expect(settings.systems).toContain('graphile-worker');
  expect(settings.scenarios).toContain('drain');
});

it('measures ours alone without peers', () => {
  expect(readSettings(['--peers', 'none']).systems).toEqual([
    'millrace',
    'millrace-rest',
    'millrace-raw',
    'fastify-insert',
    'sketch',
  ]);
});

it.each([
  [['--scenario', 'drain,nothing'], /--scenario must be of .*got "nothing"/],
  [['--peers', 'millrace'], /--peers must be of/],
  [['--rounds', '0'], /--rounds must be a whole number from 1/],
  [['--fast'], /--fast/],
  [['--form', 'long'], /--form must be of full, smoke/],
])('refuses %j with the name of the argument', (args, message) => {
  expect(() => readSettings(args)).toThrow(message);
  expect(() => readSettings(args)).toThrow(InvalidSettings);
});

it('files are seen from the folder in which the command was typed', () => {
  vi.stubEnv('INIT_CWD', '/somewhere/below');

  expect(readSettings(['--report', 'r.json', '--publish', '/r.json'])).toMatchObject({
    report: '/somewhere/below/r.json',
    publish: '/r.json',
  });
});
