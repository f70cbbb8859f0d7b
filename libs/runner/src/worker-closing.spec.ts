import { CLOSING_MS } from '@millrace/runtime';
import { expect, test } from 'vitest';
import { WORKER_CLOSING_MS } from './worker';

/** After the worker the pool closes, which waits for a statement until it is given up. */
const POOL_MS = 8_000;

test('a worker that both stores have left ends, its outcomes saved, before its service is given up', () => {
  expect(WORKER_CLOSING_MS + POOL_MS).toBeLessThanOrEqual(CLOSING_MS);
});
