import { describe, expect, it } from 'vitest';
import { AT, attempt, ended, evidence, row, rulesOf, second, started, submitted } from './evidence.fixture';
import type { EffectLine, SubmitLine } from './records';
import { judge } from './rules';

describe('judge', () => {
  it('finds nothing in a run that kept every promise', () => {
    expect(judge(evidence())).toEqual([]);
  });

  it('finds a promised task without a row', () => {
    expect(rulesOf(evidence({ tasks: [], effects: [], counted: {}, stats: [{}] }))).toEqual(['nothing lost']);
  });

  it('lets a task of unknown fate be there or not', () => {
    expect(rulesOf(evidence({ submits: submitted('a', 'unknown') }))).toEqual([]);
    const absent = { submits: submitted('a', 'unknown'), tasks: [], effects: [], counted: {}, stats: [{}] };
    expect(rulesOf(evidence(absent))).toEqual([]);
  });

  it('finds a row of a refused submit, and one that nobody submitted', () => {
    expect(rulesOf(evidence({ submits: submitted('a', 'refused') }))).toEqual(['nothing unexpected']);
    expect(rulesOf(evidence({ submits: [] }))).toEqual(['nothing unexpected']);
  });

  it('finds a request that was recorded in part', () => {
    const invoke: SubmitLine = { kind: 'invoke', op: 'op', ids: ['a', 'b'], expect: ['success', 'success'], ...AT };
    expect(rulesOf(evidence({ submits: [invoke] }))).toEqual(['all or none']);
  });

  it('finds a task that has not ended', () => {
    const tasks = [row('a', { status: 'processing' })];
    expect(rulesOf(evidence({ tasks, counted: { processing: 1 }, stats: [{ processing: 1 }] }))).toEqual([
      'everything ends',
    ]);
  });

  it('finds a task that ended otherwise than its work', () => {
    const tasks = [row('a', { status: 'failed', error_code: 'handler_error' })];
    expect(rulesOf(evidence({ tasks, counted: { failed: 1 }, stats: [{ failed: 1 }] }))).toEqual([
      'one effective outcome',
    ]);
  });

  it('finds a result that another attempt than the last one made', () => {
    const tasks = [row('a', { attempt: 2, retry_count: 1, result: { nonce: 'nonce-1', attempt: 1 } })];
    expect(rulesOf(second('failed', { tasks }))).toEqual(['one effective outcome']);
  });

  it('finds an attempt that started twice, and one that the row does not know', () => {
    expect(rulesOf(evidence({ effects: [started('a'), started('a'), ended('a')] }))).toEqual(['starts explained']);
    expect(rulesOf(evidence({ effects: [started('a'), ended('a'), started('a', 2)] }))).toEqual(['starts explained']);
  });

  it('wants a recorded reason for every further start', () => {
    expect(rulesOf(second('snoozed'))).toEqual([]);
    expect(rulesOf(second('interrupted'))).toEqual([]);
    expect(rulesOf(second('succeeded'))).toEqual(['starts explained']);
    expect(rulesOf(second('snoozed', { attempts: [attempt('a', 2, 'succeeded')] }))).toEqual(['starts explained']);
  });

  it('lets two attempts run at once only when the worker of the first was lost', () => {
    const effects = [started('a'), started('a', 2), ended('a', 1, 220), ended('a', 2)];
    const faults = [{ kind: 'fault', what: 'SIGSTOP', harmed: [101], ...AT } as const];
    expect(rulesOf(second('lost', { effects, faults }))).toEqual([]);
    expect(rulesOf(second('snoozed', { effects }))).toEqual(['no overlap']);
  });

  it('finds a lost worker to whom nothing was done', () => {
    expect(rulesOf(second('lost'))).toEqual(['nobody lost who lives']);
  });

  it('takes it to be no fault of the worker when a task takes down the process that it has to itself', () => {
    const crash: EffectLine = { ...started('a', 1, 100, 202), kind: 'start', crashes: true, isolated: true };
    expect(rulesOf(second('lost', { effects: [crash, started('a', 2), ended('a', 2)] }))).toEqual([]);
  });

  it('finds a task that took down more than two workers', () => {
    const crashes = [1, 2, 3].map((number): EffectLine => ({
      ...started('a', number, number * 100),
      kind: 'start',
      crashes: true,
    }));
    const broken = evidence({
      effects: [...crashes, started('a', 4), ended('a', 4)],
      tasks: [row('a', { attempt: 4, result: { nonce: 'nonce-4', attempt: 4 } })],
      attempts: [1, 2, 3].map((number) => attempt('a', number, 'lost')),
    });
    expect(rulesOf(broken)).toEqual(['two workers at most']);
  });

  it('holds retries to failures', () => {
    expect(rulesOf(second('failed'))).toEqual(['budget']);
    expect(rulesOf(evidence({ tasks: [row('a', { retry_count: 1 })] }))).toEqual(['budget']);
  });

  it('finds a start before its time', () => {
    expect(rulesOf(evidence({ tasks: [row('a', { started_after_due_ms: -800 })] }))).toEqual(['not early']);
  });

  it('finds what is left in Redis, and counts that do not agree', () => {
    expect(rulesOf(evidence({ leftovers: { 'p:leases': 2 } }))).toEqual(['no leftovers']);
    expect(rulesOf(evidence({ stats: [{ success: 1 }, { success: 2 }] }))).toEqual(['counts agree']);
  });
});
