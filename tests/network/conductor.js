// The time of a task under test, which passes second by second, and only when the test lets it.

import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

/** @typedef {Awaited<ReturnType<typeof startConductor>>} Conductor */

/** The script that the task has to be started with. */
export const DRIVEN_TIME = fileURLToPath(new URL('driven-time.cjs', import.meta.url));

export async function startConductor() {
  /** @type {net.Socket | undefined} */
  let task;
  let owedSeconds = 0;
  const server = net.createServer((socket) => {
    task = socket.on('error', () => {});
    task.write(Buffer.alloc(owedSeconds));
    owedSeconds = 0;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    environment: { CONDUCTOR: String(port), FIXED_CLOCK: '2026-03-04T05:06:07Z' },
    /** @param {number} seconds */
    pass(seconds) {
      if (task) task.write(Buffer.alloc(seconds));
      else owedSeconds += seconds;
    },
    close() {
      task?.destroy();
      server.close();
    },
  };
}
