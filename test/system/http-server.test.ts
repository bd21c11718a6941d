/** The few pages over HTTP. */
import { createConnection } from 'node:net';

import { expect } from 'chai';

import type { Bound } from '../../src/common/io/ports.ts';
import { serveHttp } from '../../src/coordination/io/http-server.ts';

const host = '127.0.0.1';

describe('the HTTP server', () => {
  let server: Bound | undefined;
  let notReady: string | undefined;

  before(async () => {
    server = await serveHttp({
      host,
      port: 0,
      status: () => ({ epoch: 12, state: 'healthy' }),
      text: () => 'epoch 12, healthy',
      ready: () => notReady,
      metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'piazza_up 1\n' },
    });
  });

  after(() => server?.close());

  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://${host}:${server?.port}${path}`, { method });

  it('tells the status as JSON and as text', async () => {
    const status = await ask('/status?pretty');
    expect(status.headers.get('content-type')).to.match(/^application\/json/);
    expect(await status.json()).to.deep.equal({ epoch: 12, state: 'healthy' });
    expect(await (await ask('/')).text()).to.equal('epoch 12, healthy\n');
  });

  it('answers probes', async () => {
    expect(await (await ask('/healthz')).text()).to.equal('ok\n');
    expect((await ask('/readyz')).status).to.equal(200);
    notReady = 'the journal is being read';
    const answer = await ask('/readyz');
    expect(answer.status).to.equal(503);
    expect(await answer.text()).to.equal('the journal is being read\n');
    expect((await ask('/healthz')).status).to.equal(200);
  });

  it('hands the metrics over in their own type', async () => {
    const metrics = await ask('/metrics');
    expect(metrics.headers.get('content-type')).to.equal('text/plain; version=0.0.4');
    expect(await metrics.text()).to.equal('piazza_up 1\n');
  });

  it('answers HEAD with the head', async () => {
    const answer = await ask('/status', 'HEAD');
    expect(answer.status).to.equal(200);
    expect(Number(answer.headers.get('content-length'))).to.be.greaterThan(10);
    expect(await answer.text()).to.equal('');
  });

  it('says what it does not have, and what it does not do', async () => {
    const missing = await ask('/admin');
    expect(missing.status).to.equal(404);
    expect(await missing.text()).to.equal('nothing is here; there are / /status /healthz /readyz /metrics\n');
    const write = await ask('/status', 'POST');
    expect(write.status).to.equal(405);
    expect(write.headers.get('allow')).to.equal('GET, HEAD');
  });

  it('turns strange bytes and endless headers away', async () => {
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const socket = createConnection({ host, port: server?.port ?? 0 });
      const answer = await new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (chunk) => (text += chunk.toString()));
        socket.on('error', () => undefined).on('close', () => resolve(text));
        socket.write(bytes);
      });
      expect(answer).to.match(/^HTTP\/1\.1 4(00|31) /);
    }
    expect((await ask('/healthz')).status).to.equal(200);
  });
});
