import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { NonRetryableError, readPayload, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { WorkerConfig } from '../worker.config';
import { SendEmailPayload } from './send-email.payload';

/** Where mails go in development, from the folder the worker runs in. */
const MAIL_FOLDER = join('.millrace', 'mail');

/** A mail server that takes longer than this for a step is as good as away, in milliseconds. */
const CONNECT_MS = 10_000;
const SILENCE_MS = 30_000;

/** What `send_email` records. */
interface MailResult {
  /** The same at every attempt, so that a mail that was sent twice can be told. */
  readonly message_id: string;
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  /** Where the mail lies, when it was written instead of sent. */
  readonly file?: string;
}

/** What nodemailer answers, as far as it is used here. */
interface SentMail {
  readonly accepted?: readonly (string | { address: string })[];
  readonly rejected?: readonly (string | { address: string })[];
  readonly message?: unknown;
}

/** Sends a mail through `SMTP_URL`; without it, outside production, writes an `.eml` file. */
@Injectable()
@TaskHandler('send_email', { timeout: '2m', description: 'Sends a mail through SMTP_URL.' })
export class SendEmailHandler implements Handler, OnApplicationShutdown {
  private readonly transport;

  constructor(private readonly config: WorkerConfig) {
    // What a payload says must never make the mailer read a file or a URL of its own.
    const safe = { disableFileAccess: true, disableUrlAccess: true };
    this.transport = config.smtpUrl
      ? createTransport({
          url: config.smtpUrl,
          pool: true,
          maxConnections: 5,
          connectionTimeout: CONNECT_MS,
          greetingTimeout: CONNECT_MS,
          socketTimeout: SILENCE_MS,
          ...safe,
        })
      : createTransport({ streamTransport: true, buffer: true, newline: 'unix', ...safe });
  }

  onApplicationShutdown(): void {
    this.transport.close();
  }

  async handle(payload: unknown, { task, attempt, signal }: TaskContext): Promise<MailResult> {
    const { to, cc, bcc, subject, text, html, from, headers } = readPayload(SendEmailPayload, payload);
    const { smtpUrl, nodeEnv, mailFrom } = this.config;
    if (!smtpUrl && nodeEnv === 'production') throw new NonRetryableError('SMTP_URL is not set');

    const messageId = `<${task.taskId}@millrace>`;
    const sender = from ?? mailFrom;
    const sent = await this.send({ to, cc, bcc, subject, from: sender, headers, messageId, ...content(text, html) });
    signal.throwIfAborted();
    const result = { message_id: messageId, accepted: addresses(sent.accepted), rejected: addresses(sent.rejected) };
    if (smtpUrl) return result;
    return { ...result, accepted: [...to, ...cc, ...bcc], file: await keep(sent, `${task.taskId}-${attempt}.eml`) };
  }

  private async send(mail: SendMailOptions): Promise<SentMail> {
    try {
      return (await this.transport.sendMail(mail)) as SentMail;
    } catch (error) {
      throw isRefused(error) ? new NonRetryableError(`The mail server refuses it: ${(error as Error).message}`) : error;
    }
  }
}

function content(text: string | undefined, html: string | undefined): Pick<SendMailOptions, 'text' | 'html'> {
  return { ...(text === undefined ? {} : { text }), ...(html === undefined ? {} : { html }) };
}

/** A 5xx answer to sender, recipient or content is final; the server says so itself. A failed login may be mended. */
function isRefused(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
}

function addresses(list: SentMail['accepted'] = []): string[] {
  return list.map((item) => (typeof item === 'string' ? item : item.address));
}

async function keep({ message }: SentMail, name: string): Promise<string> {
  const file = join(MAIL_FOLDER, name.replaceAll(':', '_'));
  await mkdir(MAIL_FOLDER, { recursive: true });
  await writeFile(file, message as Buffer);
  return file;
}
