import { join } from 'node:path';
import { readIfThere } from './config';

/**
 * The address of a store that `npm run stack` or `npm start` runs on this machine, as it stands in `.millrace/stack.json`.
 * Throws, saying what to do, outside development or when nothing runs.
 */
export function stackUrl(nodeEnv: string, field: 'databaseUrl' | 'redisUrl'): string {
  const name = field === 'databaseUrl' ? 'DATABASE_URL' : 'REDIS_URL';
  if (nodeEnv !== 'development') throw new Error(`${name}: must be set`);
  const text = readIfThere(join('.millrace', 'stack.json'));
  const url = text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>)[field];
  if (typeof url === 'string') return url;
  throw new Error(`${name}: is unset and no store of this clone is running; start them with: npm run stack`);
}
