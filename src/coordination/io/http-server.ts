/**
 * A few pages for people, probes and collectors, over HTTP.
 *
 *    /         the status as text          /healthz  ok, as long as the process serves
 *    /status   the status as JSON          /readyz   ok, or 503 and the reason
 *    /metrics  for Prometheus
 *
 * Read only: nothing that arrives here changes anything, so a request's body is not even looked at. It does
 * not know what a status says. Everything about a request is bounded: a port that is open to a network meets
 * slow and strange clients.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import type { Bound } from '../../common/io/ports.ts';

const HEADER_BYTES_MAX = 8 * 1024;
const REQUEST_MS_MAX = 10_000;
const KEEP_ALIVE_MS = 5_000;
const CONNECTIONS_MAX = 256;

/** A page that needs longer than this is not worth waiting for; probes give up sooner. */
const ANSWER_MS_MAX = 5_000;

export interface HttpOptions {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  /** What `/status` says, as a value for JSON. */
  readonly status: () => unknown;
  /** What `/` says. */
  readonly text: () => string | Promise<string>;
  /** Why it is not ready; undefined when it is. */
  readonly ready: () => string | undefined;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
}

/** Rejects with the system's error (`EADDRINUSE`, …) if it cannot listen there. */
export function serveHttp(options: HttpOptions): Promise<Bound> {
  const pages = pagesOf(options);
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      void answer(pages, request, response);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      // Nobody could be let in, for want of descriptors: that one's loss, and it will ask again.
      server.on('error', () => undefined);
      resolve({ port: portOf(server), close: () => closed(server) });
    });
  });
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Pages = ReadonlyMap<string, () => Page | Promise<Page>>;

const TEXT = 'text/plain; charset=utf-8';

function pagesOf({ status, text, ready, metrics }: HttpOptions): Pages {
  return new Map<string, () => Page | Promise<Page>>([
    ['/', async () => ({ status: 200, type: TEXT, body: withLineEnd(await text()) })],
    [
      '/status',
      async () => ({
        status: 200,
        type: 'application/json; charset=utf-8',
        body: `${JSON.stringify(await status(), undefined, 2)}\n`,
      }),
    ],
    ['/healthz', () => line(200, 'ok')],
    [
      '/readyz',
      () => {
        const why = ready();
        return why === undefined ? line(200, 'ok') : line(503, why);
      },
    ],
    ['/metrics', async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() })],
  ]);
}

/** Rejects only where a page is broken by a mistake of ours, which ends the process. */
async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  response.on('error', () => undefined);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const page = isRead
    ? await inTime(pageFor(pages, request.url ?? '/'))
    : line(405, 'only GET and HEAD are answered here');
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    'content-type': page.type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(page.status === 405 ? { allow: 'GET, HEAD', connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function pageFor(pages: Pages, url: string): Page | Promise<Page> {
  const path = url.split('?', 1)[0] ?? '/';
  const page = pages.get(path);
  return page === undefined ? line(404, `nothing is here; there are ${[...pages.keys()].join(' ')}`) : page();
}

async function inTime(page: Page | Promise<Page>): Promise<Page> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Page>((resolve) => {
    timer = setTimeout(() => {
      resolve(line(503, `no answer within ${ANSWER_MS_MAX} ms`));
    }, ANSWER_MS_MAX);
  });
  try {
    return await Promise.race([page, late]);
  } finally {
    clearTimeout(timer);
  }
}

const line = (status: number, text: string): Page => ({ status, type: TEXT, body: `${text}\n` });

const withLineEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
