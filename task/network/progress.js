/**
 * How far a request has come, and whether anything still moves. Time is counted in ticks of one second, so that a
 * machine that slept, or a core that computed, is not taken for a server that is silent.
 */

/** @typedef {keyof typeof PHASES} Phase */

const TICK_MS = 1_000;

/** The phases of a request: how many seconds each may take, and the code if it takes longer. */
const PHASES = /** @type {const} */ ({
  name: { limitS: 15, code: 'NAME_TIMEOUT' },
  connect: { limitS: 15, code: 'CONNECT_TIMEOUT' },
  tunnel: { limitS: 30, code: 'TUNNEL_TIMEOUT' },
  tls: { limitS: 15, code: 'TLS_TIMEOUT' },
  // How long these two may take is said by the core.
  answer: { limitS: undefined, code: 'ANSWER_TIMEOUT' },
  body: { limitS: undefined, code: 'BODY_TIMEOUT' },
});
/** In the time of its phase a body has to bring so many bytes, so that a request of one byte a second ends as well. */
const MIN_BODY_BYTES = 16 * 1024;

export class Progress {
  /** What is known of a certificate's issuer. @type {string | undefined} */
  issuer;
  /** Whether it is still the proxy that answers, and not yet the server. */
  isAtProxy = false;
  /** The code of the time limit that ended it. @type {import('../../pkg/core.js').FailureCode | undefined} */
  timeout;
  /** What was wrong with the answer's form, which its reader does not see. @type {Error | undefined} */
  protocolError;
  /** Whether that was the limit of the whole run. */
  isOutOfTime = false;

  /** @type {Phase} */
  #phase = 'name';
  #idleS = 0;
  #bytes = 0;
  #totalS = 0;
  #isHeldUp = false;
  #timeoutMs;
  #silenceS;
  #end;
  #timer;

  /**
   * @param {{ timeoutMs?: number, silenceMs: number }} limits for all of it, and for a server's silence
   * @param {() => void} end called when a limit is over
   */
  constructor({ timeoutMs, silenceMs }, end) {
    this.#timeoutMs = timeoutMs;
    this.#silenceS = silenceMs / TICK_MS;
    this.#end = end;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * @param {Phase} phase
   * @param {{ isAtProxy?: boolean }} [whom]
   */
  enter(phase, { isAtProxy = false } = {}) {
    this.#phase = phase;
    this.isAtProxy = isAtProxy;
    this.#idleS = 0;
    this.#bytes = 0;
  }

  /** @param {number} bytes of the body that have come */
  receive(bytes) {
    this.#bytes += bytes;
  }

  /**
   * Waits for something of our own, such as the disk, for which the server is not to blame.
   *
   * @param {Promise<void>} work
   */
  async holdUp(work) {
    this.#isHeldUp = true;
    try {
      await work;
    } finally {
      this.#isHeldUp = false;
    }
  }

  finish() {
    clearInterval(this.#timer);
  }

  #tick() {
    this.#totalS++;
    if (this.#timeoutMs !== undefined && this.#totalS * TICK_MS >= this.#timeoutMs) {
      this.#giveUp({ isOutOfTime: true });
    } else if (!this.#isHeldUp && ++this.#idleS >= (PHASES[this.#phase].limitS ?? this.#silenceS)) {
      this.#judgePhase();
    }
  }

  #judgePhase() {
    if (this.#phase === 'body' && this.#bytes >= MIN_BODY_BYTES) {
      this.enter('body');
    } else {
      this.#giveUp({ isOutOfTime: false });
    }
  }

  /** @param {{ isOutOfTime: boolean }} reason */
  #giveUp({ isOutOfTime }) {
    this.finish();
    this.timeout = PHASES[this.#phase].code;
    this.isOutOfTime = isOutOfTime;
    this.#end();
  }
}
