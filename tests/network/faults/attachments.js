// Faults in the download of an attachment.

import { LARGE, PASSWORD, SMALL } from '../world.js';
import * as hint from './hints.js';
import { forEver, forEverWhile, onceWhile, refused, survived } from './row.js';

const small = (faults) => ({ secrets: [PASSWORD, SMALL], faults });
const large = (faults) => ({ secrets: [PASSWORD, LARGE], faults });
const on = (fault) => ({ on: 'download', ...fault });

const EXCERPT = {
  small: '  2 | Database/file/small.pem > file:small.pem\n    | ^^^^^^^^^^^^^^^^^^^^^^^',
  large: '  2 | Database/file/large.bin > file:large.bin\n    | ^^^^^^^^^^^^^^^^^^^^^^^',
};
const failed = (what, reason, advice = '') =>
  `line 2, column 1: the download of the attachment \`${what === 'small' ? 'small.pem' : 'large.bin'}\` failed${reason}\n` +
  `${EXCERPT[what]}${advice}`;
const unreadable = (what) =>
  `line 2, column 1: the attachment \`${what === 'small' ? 'small.pem' : 'large.bin'}\` cannot be opened: its content does ` +
  `not decrypt with its key\n${EXCERPT[what]}\nhint: run the pipeline again; if it still fails, upload it to the record again`;

/** Redirects from the address of an attachment to itself, this many times. */
function redirects(count, to = (path) => path) {
  const done = new WeakMap();
  return (request, world) => {
    const before = done.get(world) ?? 0;
    if (request.fileUid === undefined || before === count) return undefined;
    done.set(world, before + 1);
    return { status: 302, headers: { location: to(request.path) } };
  };
}

/** Few enough bytes that the task only holds them: while it writes to disk, no time is counted against the server. */
const NOTHING_TO_WRITE = 20;

/** @type {import('./row.js').Group} */
export const attachments = {
  title: 'An attachment',
  rows: [
    survived('status 503', 'tries again', 3, small([on({ status: 503 })]), {
      log: ['the download of the attachment `small.pem` failed with status 503; trying again'],
    }),
    survived(
      'status 429, to come back in 5 s',
      'waits and tries again',
      3,
      small([on({ status: 429, headers: { 'retry-after': '5' } })]),
    ),
    refused(
      'status 503 every time',
      failed(
        'small',
        ' with status 503',
        "\nhint: Keeper's storage is out of service; run the pipeline again",
      ),
      5,
      small(forEver(on({ status: 503 }))),
    ),
    refused('status 404', failed('small', ' with status 404'), 2, small([on({ status: 404 })])),
    survived('its address has expired', 'asks Keeper for a new one', 4, small([on({ expired: true })]), {
      log: ["an attachment's address has expired; asking Keeper for a new one"],
    }),
    survived(
      'the address of a large one has expired',
      'asks Keeper for a new one',
      4,
      large([on({ expired: true })]),
    ),
    survived(
      'its address has expired, and Keeper throttles then',
      'waits and asks again',
      5,
      small([null, on({ expired: true }), { throttled: true }]),
    ),
    refused(
      'its new address has expired as well',
      failed('small', ' with status 403', hint.EXPIRED),
      4,
      small(forEver(on({ expired: true }))),
    ),
    survived('breaks off', 'loads it again', 3, large([on({ breakAfter: 500_000 })])),
    refused(
      'breaks off every time',
      failed('large', ': no answer from HOST: the connection broke (ECONNRESET)', hint.STORAGE),
      5,
      large(forEver(on({ breakAfter: 500_000 }))),
    ),
    survived(
      'stops in the middle',
      'loads it again after 30 s',
      3,
      large(onceWhile(35, on({ hangAfter: NOTHING_TO_WRITE }))),
    ),
    refused(
      'stops in the middle every time',
      failed(
        'large',
        ': no answer from HOST: it stopped in the middle of its answer (BODY_TIMEOUT)',
        hint.STORAGE,
      ),
      5,
      large(forEverWhile(35, on({ hangAfter: NOTHING_TO_WRITE }))),
    ),
    survived(
      'comes at one byte a second',
      'loads it again after 30 s',
      3,
      small(onceWhile(35, on({ trickle: { bytes: 1, everyMs: 1_000 } }))),
    ),
    survived('takes longer than the time limit, but comes', 'takes its time', 2, {
      ...large((request, world) => {
        if (request.fileUid !== undefined) world.time.pass(20);
        return undefined;
      }),
      agent: () => ({ inputs: { timeoutInSeconds: '10' } }),
    }),
    survived(
      'does not end where its record says',
      'loads it again, whatever its size',
      3,
      large([on({ endless: true, chunked: true })]),
      { warnings: ['line 2: the attachment is larger than its record says (1000000 bytes)'] },
    ),
    survived(
      'a small one does not end where its record says',
      'loads it again, to the disk',
      3,
      small([on({ endless: true })]),
      { warnings: ['line 2: the attachment is larger than its record says (15 bytes)'] },
    ),
    refused(
      'is compressed',
      failed('small', ': it is compressed, which was not requested (ENCODED)'),
      2,
      small([on({ headers: { 'content-encoding': 'br' } })]),
    ),
    refused('a small one has a wrong byte', unreadable('small'), 2, small([on({ flipByte: -1 })])),
    refused('a large one has a wrong byte in its tag', unreadable('large'), 2, large([on({ flipByte: -1 })])),
    refused(
      'a large one is cut short, and announced so',
      unreadable('large'),
      2,
      large([on({ truncate: 500_000 })]),
    ),
    refused(
      'a web page comes in its place',
      unreadable('small'),
      2,
      small([on({ status: 200, body: '<html>Please sign in</html>' })]),
    ),
    refused('nothing comes in its place', unreadable('large'), 2, large([on({ status: 200, body: '' })])),
    survived('is redirected three times', 'follows', 5, small(redirects(3))),
    survived('a large one is redirected', 'follows', 3, large(redirects(1))),
    refused(
      'is redirected again and again',
      failed('small', ': it is redirected too many times (REDIRECTS)'),
      5,
      small(redirects(9)),
    ),
    refused(
      'is redirected to HTTP without TLS',
      failed('small', ': it is redirected to an address that is not https (REDIRECT_NOT_HTTPS)'),
      2,
      small(redirects(1, () => 'http://localhost/')),
    ),
    refused('is redirected to nowhere', failed('small', ' with status 302'), 2, small([on({ status: 302 })])),
    survived('has to come by the proxy', 'goes that way', 2, {
      ...large([]),
      proxy: {},
      agent: ({ proxy }) => ({ variables: { 'Agent.ProxyUrl': proxy.url } }),
    }),
    survived('the tunnel breaks in the middle of it', 'loads it again', 3, {
      ...large([]),
      proxy: { faults: [{ breakAfter: 200_000 }] },
      agent: ({ proxy }) => ({ variables: { 'Agent.ProxyUrl': proxy.url } }),
    }),
  ],
};
