import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { SeriesHistogram } from './series-histogram';

/** A metric's name (starts with `millrace_`), its meaning, and the names of its labels: never task ids or free text. */
export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/** Its labels are those of each series. */
export interface SeriesHistogramOptions extends Omit<MetricOptions<never>, 'labelNames'> {
  /** Default as for `histogram`. */
  readonly buckets?: readonly number[];
}

/** Upper bounds, in seconds, for how long something that a person waits for takes. */
const DEFAULT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of this process, as `/metrics` shows them. A metric asked for twice is the same metric. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  /** `collect` is called at each scrape, to add what was counted elsewhere since the last one. */
  counter<Label extends string>(
    { name, help, labelNames = [] }: MetricOptions<Label>,
    collect?: (counter: Counter<Label>) => void,
  ): Counter<Label> {
    const existing = this.registry.getSingleMetric(name) as Counter<Label> | undefined;
    if (existing) return existing;
    const counter: Counter<Label> = new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect ? { collect: () => collect(counter) } : {}),
    });
    return counter;
  }

  /** `collect` is called at each scrape and sets the gauge; it must not wait for anything slow. */
  gauge<Label extends string>(
    { name, help, labelNames = [] }: MetricOptions<Label>,
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const existing = this.registry.getSingleMetric(name) as Gauge<Label> | undefined;
    if (existing) return existing;
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect ? { collect: () => collect(gauge) } : {}),
    });
    return gauge;
  }

  /** `buckets`: upper bounds, in the unit of the name; default 5 ms to 10 s, in seconds. */
  histogram<Label extends string>({
    name,
    help,
    labelNames = [],
    buckets = DEFAULT_BUCKETS,
  }: MetricOptions<Label> & { readonly buckets?: readonly number[] }): Histogram<Label> {
    const existing = this.registry.getSingleMetric(name) as Histogram<Label> | undefined;
    return existing ?? new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.registry] });
  }

  /** Like `histogram`, for what is observed with every task or request: its user keeps the series of each set of labels. */
  seriesHistogram({ name, help, buckets = DEFAULT_BUCKETS }: SeriesHistogramOptions): SeriesHistogram {
    const existing = this.registry.getSingleMetric(name) as unknown as SeriesHistogram | undefined;
    return existing ?? new SeriesHistogram(this.registry, name, help, buckets).register();
  }

  /** Adds what every process shows: CPU, memory, event loop, and which build this is. */
  addProcessMetrics(service: string, version: string): void {
    collectDefaultMetrics({ register: this.registry });
    this.gauge({
      name: 'millrace_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['service', 'version'],
    }).set({ service, version }, 1);
  }
}
