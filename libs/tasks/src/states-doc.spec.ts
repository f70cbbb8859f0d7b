import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TASK_STATUSES } from '@millrace/contracts';
import { LEGAL_TRANSITIONS } from '@millrace/store';
import { describe, expect, it } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../../../docs/states.md'), 'utf8');

const pairs = (pattern: RegExp) =>
  [...new Set([...page.matchAll(pattern)].map(([, from, to]) => `${from}>${to}`))].sort();

describe('the page about the states of a task', () => {
  const allowed = TASK_STATUSES.flatMap((from) => LEGAL_TRANSITIONS[from].map((to) => `${from}>${to}`)).sort();

  it('draws exactly the transitions that the record allows', () => {
    expect(pairs(/^ {2}(\w+) --> (\w+) :/gm)).toEqual(allowed);
  });

  it('lists exactly the transitions that the record allows', () => {
    expect(pairs(/^\| `(\w+)`\s+\| `(\w+)`\s+\|/gm)).toEqual(allowed);
  });
});
