/** A program whose thread logs more than a stream between threads holds, and ends in the same breath. */
import { isMainThread, Worker } from 'node:worker_threads';
import { Logger } from '@nestjs/common';
import { JsonLogger } from '../json-logger';

if (isMainThread) {
  new Worker(new URL(import.meta.url));
} else {
  Logger.overrideLogger(new JsonLogger({ service: 'things', level: 'info' }));
  const logger = new Logger('Thread');
  for (let line = 1; line <= 1_000; line++) logger.log('Talking', { line });
  process.exit(0);
}
