import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonRetryableError } from '@millrace/runner';
import { configWith, contextOf } from './handler.fixture';
import { SendEmailHandler } from './send-email.handler';

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

describe('send_email', () => {
  const mailbox: Received[] = [];
  let server: SMTPServer;
  let mailer: SendEmailHandler;

  beforeAll(async () => {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _session, done) => {
        if (address.startsWith('nobody')) done(Object.assign(new Error('No such mailbox'), { responseCode: 550 }));
        else if (address.startsWith('full')) done(Object.assign(new Error('Mailbox full'), { responseCode: 452 }));
        else done();
      },
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const from = envelope.mailFrom ? envelope.mailFrom.address : '';
          mailbox.push({
            from,
            to: envelope.rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString(),
          });
          done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    mailer = new SendEmailHandler(configWith({ smtpUrl: `smtp://127.0.0.1:${port}`, mailFrom: 'us@example.com' }));
  });

  afterAll(async () => {
    mailer.onApplicationShutdown();
    await new Promise<void>((resolve) => server.close(resolve));
  });

  it('delivers to everybody named', async () => {
    const result = await mailer.handle(
      {
        to: 'Ann <ann@example.com>',
        cc: ['bob@example.com'],
        bcc: 'eve@example.com',
        subject: 'Hello – you',
        text: 'plain',
        html: '<b>rich</b>',
        headers: { 'X-Campaign': '7' },
      },
      contextOf({ taskId: 'mail-1' }),
    );

    expect(result).toMatchObject({ message_id: '<mail-1@millrace>', rejected: [] });
    expect(mailbox.at(-1)).toMatchObject({
      from: 'us@example.com',
      to: ['ann@example.com', 'bob@example.com', 'eve@example.com'],
    });
    const text = mailbox.at(-1)?.text ?? '';
    expect(text).toContain('Message-ID: <mail-1@millrace>');
    expect(text).toContain('X-Campaign: 7');
    expect(text).not.toContain('eve@example.com');
  });

  it('fails for good when the server refuses the recipient', async () => {
    const failed = mailer.handle({ to: 'nobody@example.com', subject: 's', text: 't' }, contextOf());
    await expect(failed).rejects.toThrow(NonRetryableError);
  });

  it('fails, to be retried, when the server says later', async () => {
    const failed = mailer.handle({ to: 'full@example.com', subject: 's', text: 't' }, contextOf());
    await expect(failed).rejects.toThrow(/full|452|rejected/i);
    await expect(failed).rejects.not.toBeInstanceOf(NonRetryableError);
  });

  it.each([
    [{ subject: 's', text: 't' }, /to/],
    [{ to: [], subject: 's', text: 't' }, /to/],
    [{ to: 'no address', subject: 's', text: 't' }, /to/],
    [{ to: 'a@example.com\r\nBcc: x@example.com', subject: 's', text: 't' }, /to/],
    [{ to: 'a@example.com', subject: 'a\r\nBcc: x@example.com', text: 't' }, /subject/],
    [{ to: 'a@example.com', subject: 's' }, /text/],
    [{ to: 'a@example.com', subject: 's', text: { path: '/etc/passwd' } }, /text/],
    [{ to: 'a@example.com', subject: 's', text: 't', headers: { Bcc: 'x@example.com' } }, /headers/],
    [{ to: 'a@example.com', subject: 's', text: 't', headers: { 'X-A': 'b\nBcc: x@example.com' } }, /headers/],
    [{ to: 'a@example.com', subject: 's', text: 't', from: 'x\n@example.com' }, /from/],
    [{ to: 'a@example.com', subject: 's', text: 't', attachments: [] }, /attachments/],
  ])('refuses %j for good', async (payload, field) => {
    const before = mailbox.length;
    const refused = mailer.handle(payload, contextOf());

    await expect(refused).rejects.toThrow(NonRetryableError);
    await expect(refused).rejects.toThrow(field);
    expect(mailbox).toHaveLength(before);
  });

  it('writes a file in development when there is no server', async () => {
    const { file = '' } = await new SendEmailHandler(configWith({})).handle(
      { to: 'ann@example.com', subject: 'Kept', text: 'plain' },
      contextOf({ taskId: 'spec-mail' }),
    );

    expect(await readFile(file, 'utf8')).toContain('Subject: Kept');
    await rm(file);
  });

  it('does not pretend to send in production without a server', async () => {
    const mute = new SendEmailHandler(configWith({ nodeEnv: 'production' }));
    const refused = mute.handle({ to: 'ann@example.com', subject: 's', text: 't' }, contextOf());
    await expect(refused).rejects.toThrow('SMTP_URL is not set');
  });
});
