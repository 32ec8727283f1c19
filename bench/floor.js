// The lower bound of a short run: a Node process that makes one HTTPS request and prints a line.

import https from 'node:https';

const request = https.request(process.env.URL, { method: 'POST' }, (response) => {
  response.resume().on('end', () => process.stdout.write(`${response.statusCode}\n`));
});
request.end('{}');
