import { createTransport, type Transporter } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mailbox } from './mailbox';
import { WebServer } from './web-server';

describe('the web server', () => {
  const web = new WebServer();
  let url = '';

  beforeAll(async () => {
    url = await web.start();
  });
  afterAll(() => web.stop());

  it('counts every request, and what it served by path', async () => {
    const statuses = [];
    for (const path of ['/fine/1', '/fine/1', '/broken/2']) statuses.push((await fetch(url + path)).status);

    expect(statuses).toEqual([200, 200, 500]);
    expect(web.requests).toBe(3);
    expect([...web.served]).toEqual([['/fine/1', 2]]);
  });

  it('puts a busy path off once, saying for how long', async () => {
    const first = await fetch(`${url}/busy/1`);
    const second = await fetch(`${url}/busy/1`);

    expect([first.status, first.headers.get('retry-after'), second.status]).toEqual([503, '1', 200]);
  });
});

describe('the mailbox', () => {
  const mailbox = new Mailbox();
  let transport: Transporter;

  beforeAll(async () => {
    transport = createTransport(await mailbox.start());
  });
  afterAll(async () => {
    transport.close();
    await mailbox.stop();
  });

  const send = (to: string) =>
    transport.sendMail({ from: 'demo@millrace.test', to, text: 'x' }).then(
      () => 250,
      (error: { responseCode?: number }) => error.responseCode,
    );

  it('counts what each address got', async () => {
    expect(await send('reader-1@millrace.test')).toBe(250);
    expect(await send('reader-1@millrace.test')).toBe(250);

    expect(mailbox.received.get('reader-1@millrace.test')).toBe(2);
  });

  it('puts grey addresses off once and refuses nobody for good, counting neither', async () => {
    expect([await send('grey-1@millrace.test'), await send('grey-1@millrace.test')]).toEqual([451, 250]);
    expect([await send('nobody-1@millrace.test'), await send('nobody-1@millrace.test')]).toEqual([550, 550]);

    expect(mailbox.received.get('grey-1@millrace.test')).toBe(1);
    expect(mailbox.received.has('nobody-1@millrace.test')).toBe(false);
  });
});
