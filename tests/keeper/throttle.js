// Keeper's throttle, which counts the requests of each client at each endpoint.

/**
 * @typedef {object} ThrottleOptions
 * @property {number} [requests] how many pass
 * @property {number} [windowMs] how long the count is kept after the latest request
 * @property {403} [by] the status until June 2026, instead of 429
 * @property {() => number} [now] milliseconds
 */

/**
 * Counts requests as Keeper does: the counter of a client at an endpoint lasts ten seconds, and each request, even a
 * refused one, restarts that time. Only silence ends a ban.
 *
 * @param {ThrottleOptions} options
 */
export function makeThrottle({ requests = 100, windowMs = 10_000, now = () => performance.now() } = {}) {
  /** @type {Map<string, { count: number, endsAt: number }>} */
  const counters = new Map();
  return {
    /**
     * @param {string} clientId
     * @param {string} endpoint
     */
    isOver(clientId, endpoint) {
      const key = `${endpoint} ${clientId}`;
      const counter = counters.get(key);
      const count = counter && now() < counter.endsAt ? counter.count + 1 : 1;
      counters.set(key, { count, endsAt: now() + windowMs });
      return count > requests;
    },
  };
}
