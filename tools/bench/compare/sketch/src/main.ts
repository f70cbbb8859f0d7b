/**
 * What Millrace costs without its promises: a row before the acknowledgement, Redis for dispatch, a start and an outcome many
 * rows a statement, and nothing else. No attempts, retries, delays, leases of single tasks, repair, counts, checks or metrics.
 */
import type { System } from '../../host/src/system';
import { openProducer } from './producer';
import { SketchWorker } from './worker';

export const sketch: System = {
  openProducer,
  openWorker: (places, settings, handle) => SketchWorker.open(places, settings, handle),
};
