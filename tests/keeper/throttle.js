// The way in which Keeper counts requests: each client at each endpoint by itself.

/**
 * @typedef {object} ThrottleOptions
 * @property {number} [requests] so many pass
 * @property {number} [windowMs] the count is kept so long, from the latest request on
 * @property {403} [by] the status until June 2026, instead of 429
 * @property {() => number} [now] milliseconds
 */

/**
 * Counts requests as Keeper does: the counter of a client at an endpoint lives ten seconds, and each request, also one
 * that is refused, renews that time. Only silence ends a ban.
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
