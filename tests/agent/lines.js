// Turns the bytes of one output stream into lines: `\n`, `\r\n` or a lone `\r` ends one.

import { StringDecoder } from 'node:string_decoder';

export class LineReader {
  // UTF-8 characters may be split between two chunks.
  #decoder = new StringDecoder('utf8');
  #rest = '';
  #afterReturn = false;
  #onLine;

  /** @param {(line: string) => void} onLine */
  constructor(onLine) {
    this.#onLine = onLine;
  }

  /**
   * @param {Buffer} chunk
   * @returns {string} the text of the chunk
   */
  push(chunk) {
    const text = this.#decoder.write(chunk);
    this.#read(text);
    return text;
  }

  /**
   * Ends the last line if it has no line end.
   *
   * @returns {string} the replacement for a character that was never completed
   */
  end() {
    const text = this.#decoder.end();
    this.#read(text);
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
    return text;
  }

  /** @param {string} text */
  #read(text) {
    if (text === '') return;
    // A `\r` at the end of a chunk has ended its line; the `\n` of the next chunk belongs to it.
    const unread = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    const lines = (this.#rest + unread).split(/\r\n|[\r\n]/);
    this.#rest = lines.pop() ?? '';
    lines.forEach(this.#onLine);
  }
}
