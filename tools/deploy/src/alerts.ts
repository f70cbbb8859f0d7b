import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { workspaceRoot } from './paths';

/** A rule of Prometheus, as far as it is looked at. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A metric that some service registers. */
export interface RegisteredMetric {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

/** A metric that an expression selects, with the labels it asks for. */
export interface UsedMetric {
  readonly name: string;
  readonly labels: readonly string[];
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

const SOURCES = ['apps', 'libs'];
const REGISTRATION = /\.(counter|gauge|histogram)\(\s*\{\s*name: '(\w+)',[^[\]]*?(?:labelNames: \[([^\]]*)\]|\})/g;
const SELECTION = /\b(millrace_\w+)(?:\{([^}]*)\})?/g;
const MATCHER = /(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g;
/** What Prometheus shows of a histogram. */
const HISTOGRAM_SERIES = ['_bucket', '_sum', '_count'];

export function readRules(file: string): readonly AlertRule[] {
  return (load(readFileSync(file, 'utf8')) as RuleFile).groups.flatMap(({ rules }) => rules);
}

/** Every series that a service may show, by its name, read from where the code registers it. */
export function registeredSeries(): ReadonlyMap<string, RegisteredMetric> {
  const series = new Map<string, RegisteredMetric>();
  for (const file of SOURCES.flatMap(sourceFiles)) {
    for (const [, kind, name = '', labels = ''] of readFileSync(file, 'utf8').matchAll(REGISTRATION)) {
      const metric = { kind: kind as RegisteredMetric['kind'], labels: namesIn(labels) };
      const names = kind === 'histogram' ? HISTOGRAM_SERIES.map((ending) => name + ending) : [name];
      for (const shown of names) series.set(shown, metric);
    }
  }
  return series;
}

export function usedMetrics(expression: string): UsedMetric[] {
  return [...expression.matchAll(SELECTION)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(MATCHER)].map(([, label = '']) => label),
  }));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(workspaceRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ts$/.test(path) && !/\.(spec|fixture)\.ts$|node_modules/.test(path))
    .map((path) => join(workspaceRoot, folder, path));
}

function namesIn(list: string): string[] {
  return [...list.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
}
