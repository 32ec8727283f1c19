// The lower bound for one attachment: nothing but Node's own streams, from HTTPS through AES-256-GCM into a file. The
// answer's first 12 bytes are the nonce, its last 16 the tag.

import { createDecipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import https from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const { URL: url, KEY: key, TARGET: target } = process.env;
const response = await new Promise((resolve, reject) => https.get(url, resolve).on('error', reject));
let left = Number(response.headers['content-length']) - 16;
let decipher;
let tag = Buffer.alloc(0);

const open = new Transform({
  transform(chunk, _, done) {
    let rest = chunk;
    if (!decipher) {
      decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64'), rest.subarray(0, 12));
      rest = rest.subarray(12);
      left -= 12;
    }
    const content = rest.subarray(0, Math.max(0, left));
    left -= content.length;
    tag = Buffer.concat([tag, rest.subarray(content.length)]);
    done(null, decipher.update(content));
  },
  flush(done) {
    decipher.setAuthTag(tag);
    done(null, decipher.final());
  },
});
await pipeline(response, open, createWriteStream(target));
