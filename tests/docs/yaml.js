// This file is where the YAML of the documentation is read: maps, lists, texts behind `|`, quoted and plain texts, comments. It
// is as much of YAML as the samples need, and throws at anything else. Every scalar is a text.

/** @typedef {string | { [name: string]: Yaml } | Yaml[]} Yaml */

/**
 * @param {string} text
 * @returns {any}
 */
export function readYaml(text) {
  const lines = text.split('\n').map((line) => ({
    indent: line.length - line.trimStart().length,
    text: line.trim(),
    raw: line,
  }));
  const reader = new Reader(lines);
  const value = reader.readBlock(0);
  reader.expectEnd();
  return value;
}

class Reader {
  #lines;
  #at = 0;

  /** @param {{ indent: number, text: string, raw: string }[]} lines */
  constructor(lines) {
    this.#lines = lines;
  }

  /**
   * A map or a list whose lines are indented by this much.
   *
   * @param {number} indent
   * @returns {Yaml}
   */
  readBlock(indent) {
    return this.#peek()?.text.startsWith('- ') ? this.#readList(indent) : this.#readMap(indent);
  }

  expectEnd() {
    const rest = this.#peek();
    if (rest) throw new Error(`unexpected YAML: ${rest.raw}`);
  }

  /** The next line that says something. */
  #peek() {
    while (/^(#.*)?$/.test(this.#lines[this.#at]?.text ?? '-')) this.#at += 1;
    return this.#lines[this.#at];
  }

  #readList(indent) {
    const list = [];
    for (
      let line = this.#peek();
      line?.indent === indent && line.text.startsWith('- ');
      line = this.#peek()
    ) {
      if (/^- [\w.-]+:( |$)/.test(line.text)) {
        // The first member of a map stands behind the dash.
        line.text = line.text.slice(2);
        line.indent += 2;
        list.push(this.#readMap(indent + 2));
      } else {
        this.#at += 1;
        list.push(readScalar(line.text.slice(2)));
      }
    }
    return list;
  }

  #readMap(indent) {
    /** @type {{ [name: string]: Yaml }} */
    const map = {};
    for (let line = this.#peek(); line?.indent === indent; line = this.#peek()) {
      const [, name, value] = line.text.match(/^([\w.-]+):(?: +(.*))?$/) ?? [];
      if (name === undefined) throw new Error(`unexpected YAML: ${line.raw}`);
      if (name in map) throw new Error(`\`${name}\` stands twice`);
      this.#at += 1;
      map[name] = this.#readValue(value, indent);
    }
    return map;
  }

  #readValue(value, indent) {
    if (value === '|') return this.#readText();
    if (value !== undefined) return readScalar(value);
    const next = this.#peek();
    if (!next || next.indent <= indent) throw new Error('a name without a value');
    return this.readBlock(next.indent);
  }

  /** The lines behind a `|`, without their indentation. Here `#` begins no comment. */
  #readText() {
    const start = this.#at;
    const { indent } = this.#lines[start];
    const isInside = (line) => line && (line.text === '' || line.indent >= indent);
    while (isInside(this.#lines[this.#at])) this.#at += 1;
    const text = this.#lines.slice(start, this.#at).map(({ raw }) => raw.slice(indent));
    return `${text.join('\n').trimEnd()}\n`;
  }
}

/** @param {string} text */
function readScalar(text) {
  if (/^'.*'$/.test(text)) return text.slice(1, -1).replaceAll("''", "'");
  if (/^["'[{&*!|>%@`]| #|: /.test(text)) throw new Error(`unexpected YAML: ${text}`);
  return text;
}
