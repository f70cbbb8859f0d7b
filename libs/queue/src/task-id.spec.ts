import { expect, it } from 'vitest';
import { newTaskId } from './task-id';

it('makes UUIDs of version 7 that rise, whatever the clock does', () => {
  const nowMs = Date.UTC(2040, 0, 1);
  const clock = [...Array.from({ length: 2_000 }, () => nowMs), nowMs - 60_000, nowMs + 1, nowMs + 2];

  const ids = clock.map((ms) => newTaskId(ms));

  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(Number.parseInt((ids[0] ?? '').replaceAll('-', '').slice(0, 12), 16)).toBe(nowMs);
});

it('makes ids whose random parts do not repeat', () => {
  const parts = Array.from({ length: 2_000 }, () => newTaskId().slice(-10));

  expect(new Set(parts).size).toBe(parts.length);
});
