import type { FinalStatus, Json } from '@millrace/contracts';

/** How a task reaches the platform. `lpush` and `zadd` are plain Redis commands, as any program may send them. */
export type Way = 'rest' | 'lpush' | 'zadd';

/** One kind of task of the mix. */
export interface Kind {
  readonly name: string;
  /** Of every hundred tasks. All shares add up to 100. */
  readonly share: number;
  readonly way: Way;
  readonly type: 'http_request' | 'send_email' | 'noop';
  /** How each of them must end. */
  readonly ends: FinalStatus;
}

/** One task of a run, and how it must end. */
export interface PlannedTask {
  readonly taskId: string;
  readonly kind: Kind;
  readonly payload: Json;
  /** Further fields, under their REST names; durations in milliseconds. */
  readonly options: Readonly<Record<string, Json>>;
}

/** Where the counterparts of a run listen. */
export interface Counterparts {
  /** The web server, without a trailing slash. */
  readonly webUrl: string;
}

/** The mix: every way in, every way to end. */
export const KINDS: readonly Kind[] = [
  { name: 'HTTP request', share: 22, way: 'rest', type: 'http_request', ends: 'success' },
  { name: 'HTTP, first answer 503', share: 6, way: 'rest', type: 'http_request', ends: 'success' },
  { name: 'HTTP, always 500', share: 2, way: 'rest', type: 'http_request', ends: 'failed' },
  { name: 'e-mail', share: 16, way: 'rest', type: 'send_email', ends: 'success' },
  { name: 'e-mail, first put off', share: 3, way: 'rest', type: 'send_email', ends: 'success' },
  { name: 'e-mail, refused', share: 1, way: 'rest', type: 'send_email', ends: 'failed' },
  { name: 'short work', share: 18, way: 'rest', type: 'noop', ends: 'success' },
  { name: 'urgent', share: 10, way: 'rest', type: 'noop', ends: 'success' },
  { name: 'delayed', share: 6, way: 'rest', type: 'noop', ends: 'success' },
  { name: 'fails once', share: 3, way: 'rest', type: 'noop', ends: 'success' },
  { name: 'fails always', share: 2, way: 'rest', type: 'noop', ends: 'failed' },
  { name: 'cancelled', share: 1, way: 'rest', type: 'noop', ends: 'cancelled' },
  { name: 'raw LPUSH', share: 7, way: 'lpush', type: 'http_request', ends: 'success' },
  { name: 'raw ZADD', share: 3, way: 'zadd', type: 'noop', ends: 'success' },
];

const SHARES = 100;
/** Coprime to the shares, so that neighbours are of different kinds. */
const STRIDE = 37;
const MAX_PRIORITY = 9;
/** Delayed tasks are due this long after their submit, at most. */
const MAX_DELAY_MS = 8_000;

/** Plans the tasks of one run. The same count gives the same mix; ids start with `run`, so that runs never meet. */
export function planTasks(count: number, run: string, counterparts: Counterparts): PlannedTask[] {
  const hundred = KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
  return Array.from({ length: count }, (_, index) => {
    const kind = hundred[(index * STRIDE) % SHARES];
    if (!kind) throw new Error('The shares of the mix do not add up to 100');
    const taskId = `${run}-${index}`;
    return { taskId, kind, ...contentOf(kind, index, counterparts) };
  });
}

function contentOf(kind: Kind, index: number, { webUrl }: Counterparts): Pick<PlannedTask, 'payload' | 'options'> {
  const delayMs = 1_000 + ((index * 13) % (MAX_DELAY_MS - 1_000));
  const body = { text: `Task ${index}`, amounts: [index, index / 2] };
  const web = (path: string) => ({ url: `${webUrl}/${path}/${index}`, method: 'POST', body });
  const mail = (who: string) => ({
    from: 'demo@millrace.test',
    to: `${who}-${index}@millrace.test`,
    subject: `Task ${index}`,
    text: 'A real message to a real server.',
  });

  switch (kind.name) {
    case 'HTTP request':
    case 'raw LPUSH':
      return { payload: web('fine'), options: { max_retry: 3 } };
    case 'HTTP, first answer 503':
      return { payload: web('busy'), options: { max_retry: 3 } };
    case 'HTTP, always 500':
      return { payload: web('broken'), options: { max_retry: 1, retry_delay: 200 } };
    case 'e-mail':
      return { payload: mail('reader'), options: {} };
    case 'e-mail, first put off':
      return { payload: mail('grey'), options: { max_retry: 3, retry_delay: 300 } };
    case 'e-mail, refused':
      return { payload: mail('nobody'), options: { max_retry: 1, retry_delay: 200 } };
    case 'urgent':
      return { payload: { sleep: 5 }, options: { priority: 1 + (index % MAX_PRIORITY) } };
    case 'delayed':
      // Urgent as well, so that their start shows how punctual delays are and not how long the queue is.
      return { payload: {}, options: { delay: delayMs, priority: MAX_PRIORITY } };
    case 'fails once':
      return { payload: { fail: 1 }, options: { max_retry: 2, retry_delay: 100 } };
    case 'fails always':
      return { payload: { fail: 100 }, options: { max_retry: 2, retry_delay: 100 } };
    case 'cancelled':
      return { payload: {}, options: { delay: 3_600_000 } };
    case 'raw ZADD':
      return { payload: {}, options: { delay: delayMs } };
    default:
      return { payload: { sleep: 1 + (index % 20) }, options: {} };
  }
}
