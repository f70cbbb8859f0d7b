import { HttpProblem } from '@millrace/runtime';
import { describe, expect, it } from 'vitest';
import { readYaml } from './read-yaml';

function faultOf(text: string): string {
  try {
    return `read ${JSON.stringify(readYaml(text))}`;
  } catch (error) {
    if (!(error instanceof HttpProblem)) throw error;
    const [fault] = error.problem.errors ?? [];
    return `${fault?.field}: ${fault?.message}`;
  }
}

describe('a YAML document', () => {
  it('is read as the JSON it stands for', () => {
    const text = `
defaults: &mail { type: send_email, timezone: Europe/Berlin }
schedules:
  - name: a # no comment is kept
    at: 2030-01-01T00:00:00Z
    on: yes
    port: 0x1F
    exclude: ["12-25"]
    payload:
      text: |
        two
        lines
      same: *mail
      nothing: ~
      ratio: 1.5
`;
    expect(readYaml(text)).toEqual({
      defaults: { type: 'send_email', timezone: 'Europe/Berlin' },
      schedules: [
        {
          name: 'a',
          at: '2030-01-01T00:00:00Z',
          on: 'yes',
          port: 31,
          exclude: ['12-25'],
          payload: {
            text: 'two\nlines\n',
            same: { type: 'send_email', timezone: 'Europe/Berlin' },
            nothing: null,
            ratio: 1.5,
          },
        },
      ],
    });
  });

  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level += 1) {
    const [name, before] = [String.fromCharCode(97 + level), String.fromCharCode(96 + level)];
    bomb.push(`${name}: &${name} [${Array<string>(10).fill(`*${before}`).join(', ')}]`);
  }

  it.each([
    ['a: 1\na: 2', 'line 2'],
    ['a: [1', 'line 1, column'],
    ['a: !!js/function "x"', 'line 1'],
    ['a: !custom x', 'line 1'],
    ['a: 1\n---\nb: 2', 'single document'],
    ['', ''],
    ['- 1', 'must be a mapping'],
    ['text', 'must be a mapping'],
    ['? [a, b]\n: 1', 'line 1'],
    ['a: { n: 9007199254740993 }', 'a.n: must be a number that keeps its digits'],
    ['a: [.inf]', 'a[0]: must be a number'],
    ['a: .nan', 'a: must be a number'],
    ['a: "\\0"', 'a: holds a NUL'],
    ['a: "\\ud800"', 'a: holds half of a surrogate pair'],
    ['__proto__: { x: 1 }', '__proto__: is a key that is not accepted'],
    ['a: *nobody', 'line 1, column'],
    ['a: &a { b: *a }', 'refers to itself'],
    [bomb.join('\n'), 'too large once its aliases'],
    [`a: ${'['.repeat(100)}${']'.repeat(100)}`, 'line 1, column'],
    [`a: ${'['.repeat(200_000)}`, ''],
  ])('%# is refused with what is wrong: %s', (text, fault) => {
    const told = faultOf(text);
    expect(told).toContain(fault);
    expect(told).not.toMatch(/^read/);
    expect(told.length).toBeLessThan(500);
  });
});
