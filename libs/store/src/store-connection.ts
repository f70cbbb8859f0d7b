import { Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';

export interface StoreConnectionConfig extends ClientConfig {
  /** How long the server may be silent to an ordinary statement, in milliseconds. Should be more than `statement_timeout`. */
  readonly answerMs: number;
  /** The same within `longAnswers`; also the end of all patience with an answer that trickles in. */
  readonly longAnswerMs: number;
}

/** The slowest line, in bytes a millisecond, on which a large statement is still waited for. */
const SLOWEST_LINE = 50;

/**
 * One connection to PostgreSQL, given up when it has gone dead:
 * - A statement is waited for as long as it may take, and 1 s more for each 50 kB that has to be sent. An answer that is
 *   arriving is waited for, up to `longAnswerMs` in all. Then everything on the connection fails with `ETIMEDOUT`, and the
 *   pool makes a new one: whoever came next would only wait behind the same silence.
 * - Its loss is never an uncaught error. Whoever uses it hears of it from the pool and the query runner; between the two of
 *   them, while it changes hands, nobody listens.
 */
export class StoreConnection extends Client {
  private answerMs: number;
  private readonly longAnswerMs: number;

  constructor(config: StoreConnectionConfig) {
    super(config);
    this.answerMs = config.answerMs;
    this.longAnswerMs = config.longAnswerMs;
    this.on('error', () => undefined);
    const ask = this.query.bind(this) as (...args: readonly unknown[]) => unknown;
    this.query = ((...args: readonly unknown[]) => {
      const answer = ask(...args);
      if (!(answer instanceof Promise)) return answer;
      return answer.finally(this.watch(sentBytes(args)));
    }) as Client['query'];
  }

  /** Lets each statement of `work` be unanswered for `longAnswerMs`. */
  async longAnswers<T>(work: () => Promise<T>): Promise<T> {
    const before = this.answerMs;
    this.answerMs = this.longAnswerMs;
    try {
      return await work();
    } finally {
      this.answerMs = before;
    }
  }

  /** Gives the connection up when nothing comes; answers how to end the watch. */
  private watch(bytes: number): () => void {
    const { answerMs } = this;
    const patientUntilMs = performance.now() + this.longAnswerMs;
    let heardBytes = this.heardBytes;
    let ended = false;
    const judge = () => {
      if (ended) return;
      const isArriving = this.heardBytes > heardBytes && performance.now() < patientUntilMs;
      if (!isArriving) return this.giveUp();
      heardBytes = this.heardBytes;
      timer = setTimeout(look, answerMs);
    };
    // A busy event loop comes to its timers before it reads what has arrived meanwhile.
    const look = () => setImmediate(judge);
    let timer = setTimeout(look, Math.min(answerMs + bytes / SLOWEST_LINE, this.longAnswerMs));
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }

  private get heardBytes(): number {
    const { stream } = this.connection;
    return stream instanceof Socket ? stream.bytesRead : 0;
  }

  private giveUp(): void {
    const silence = Object.assign(new Error('PostgreSQL has not answered in time'), { code: 'ETIMEDOUT' });
    this.connection.stream.destroy(silence);
  }
}

/** Of a statement's parameters; what is not text is short. */
function sentBytes([statement, parameters]: readonly unknown[]): number {
  const values = parameters ?? (statement as { readonly values?: unknown }).values;
  if (!Array.isArray(values)) return 0;
  return values.reduce((sum: number, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}
