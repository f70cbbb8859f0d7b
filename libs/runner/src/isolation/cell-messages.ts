import { PAYLOAD_LIMITS, type Json } from '@millrace/contracts';
import type { StartedTask } from '@millrace/store';
import type { EndedAttempt, Failure } from '@millrace/tasks';
import { AttemptSuperseded, AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from '../abort-reasons';

/** What a worker tells a cell. */
export type ToCell =
  { readonly kind: 'run'; readonly task: StartedTask } | { readonly kind: 'abort'; readonly reason: AbortName };

/** What a cell tells its worker. Results, failures and progress come as they are to be recorded. */
export type FromCell =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progressJson: string }
  | { readonly kind: 'ended'; readonly ended: EndedInCell };

/** How an attempt ends in a cell that lives on. */
export type EndedInCell = Extract<EndedAttempt, { kind: 'returned' | 'failed' | 'cancelled' | 'interrupted' }>;

type AbortName = 'timed_out' | 'cancelled' | 'stopping' | 'superseded';

/** Longest message, in characters: the largest result with every character of it escaped once more, and some. */
export const MOST_MESSAGE_CHARS = 2 * PAYLOAD_LIMITS.resultBytes + 64 * 1024;

/** The message on one line. */
export function encodeMessage(message: ToCell | FromCell): string {
  return JSON.stringify(message);
}

/** Reads what a worker sent; it is trusted. */
export function readToCell(text: string): ToCell {
  const message = JSON.parse(text) as ToCell;
  return message.kind === 'run' ? { kind: 'run', task: withInstants(message.task) } : message;
}

/** Reads what a cell sent, where the code of a handler may have put it together; null for what no cell sends. */
export function readFromCell(text: string): FromCell | null {
  if (text.length > MOST_MESSAGE_CHARS) return null;
  try {
    const message = JSON.parse(text) as Record<string, unknown>;
    if (message['kind'] === 'ready') return { kind: 'ready' };
    if (message['kind'] === 'progress' && typeof message['progressJson'] === 'string') {
      return { kind: 'progress', progressJson: message['progressJson'] };
    }
    if (message['kind'] !== 'ended') return null;
    const ended = readEnded(message['ended'] as Record<string, unknown>);
    return ended && { kind: 'ended', ended };
  } catch {
    return null;
  }
}

/** The name of a reason, which is all that crosses over. */
export function nameOf(reason: AbortReason): AbortName {
  if (reason instanceof TaskCancelled) return 'cancelled';
  if (reason instanceof WorkerStopping) return 'stopping';
  return reason instanceof AttemptSuperseded ? 'superseded' : 'timed_out';
}

/** The reason a cell's handler sees; `timeoutMs` is the attempt's, if it has one. */
export function reasonOf(name: AbortName, timeoutMs: number | null): AbortReason {
  switch (name) {
    case 'cancelled':
      return new TaskCancelled();
    case 'stopping':
      return new WorkerStopping();
    case 'superseded':
      return new AttemptSuperseded();
    case 'timed_out':
      return new AttemptTimedOut(timeoutMs ?? 0);
    default:
      return name satisfies never;
  }
}

const INSTANTS = ['slotAt', 'runAt', 'expiresAt', 'cancelRequestedAt', 'createdAt', 'startedAt'] as const;

function withInstants(task: StartedTask): StartedTask {
  const instants = INSTANTS.map((field) => [field, task[field] && new Date(task[field])] as const);
  return { ...task, ...Object.fromEntries(instants) };
}

function readEnded({ kind, resultJson, failure }: Record<string, unknown>): EndedInCell | null {
  if (kind === 'cancelled' || kind === 'interrupted') return { kind };
  if (kind === 'returned') return isJson(resultJson) ? { kind, resultJson } : null;
  return kind === 'failed' && isFailure(failure) ? { kind, failure } : null;
}

function isJson(text: unknown): text is string | null {
  if (text === null) return true;
  if (typeof text !== 'string') return false;
  JSON.parse(text) satisfies Json;
  return true;
}

function isFailure(value: unknown): value is Failure {
  const { kind, message, delayMs } = value as Record<string, unknown>;
  const delayed = Number.isSafeInteger(delayMs) && Number(delayMs) >= 0;
  if (kind === 'snooze') return delayed;
  if (typeof message !== 'string') return false;
  return kind === 'retry_after' ? delayed : kind === 'error' || kind === 'non_retryable';
}
