import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRules, registeredSeries, usedMetrics } from './alerts';
import { workspaceRoot } from './paths';

const rules = readRules(join(workspaceRoot, 'docs', 'alerts.yaml'));
const series = registeredSeries();
const runbook = readFileSync(join(workspaceRoot, 'docs', 'runbook.md'), 'utf8');

it('finds the metrics that the services register, with their labels', () => {
  expect(series.get('millrace_schedule_lateness_seconds_bucket')).toEqual({ kind: 'histogram', labels: [] });
  expect(series.get('millrace_loop_runs_total')).toEqual({ kind: 'counter', labels: ['loop', 'result'] });
  expect(usedMetrics('sum(rate(millrace_a{b="c", d=~"e|f"}[5m])) / millrace_g')).toEqual([
    { name: 'millrace_a', labels: ['b', 'd'] },
    { name: 'millrace_g', labels: [] },
  ]);
});

it('has no two alerts of one name', () => {
  const names = rules.map(({ alert }) => alert);

  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(rules)('$alert', ({ alert, expr, labels, annotations }) => {
  it('asks for metrics that a service shows, by labels that they have', () => {
    const used = usedMetrics(expr);

    expect(used.length).toBeGreaterThan(0);
    for (const metric of used) {
      expect([...series.keys()]).toContain(metric.name);
      for (const label of metric.labels) expect(series.get(metric.name)?.labels).toContain(label);
    }
  });

  it('takes the increase of what only rises', () => {
    for (const [, name = ''] of expr.matchAll(/\b(?:rate|increase)\((\w+)/g)) {
      expect(series.get(name)?.kind).not.toBe('gauge');
    }
  });

  it('groups by labels that its metrics have', () => {
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
    const known = new Set([...usedMetrics(expr).flatMap(({ name }) => series.get(name)?.labels ?? []), 'le']);

    for (const label of grouped) expect([...known]).toContain(label);
    for (const text of Object.values(annotations)) {
      for (const [, label] of text.matchAll(/\$labels\.(\w+)/g)) expect(grouped).toContain(label);
    }
  });

  it('says how bad it is and what it means, and the runbook says what to do', () => {
    expect(['critical', 'warning']).toContain(labels['severity']);
    expect(annotations['summary']).toBeTruthy();
    expect(annotations['description']).toBeTruthy();
    expect(runbook).toContain(alert);
  });
});
