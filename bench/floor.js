// The least that a short run can take: a process of Node that makes one HTTPS request and prints a line.

import https from 'node:https';

const request = https.request(process.env.URL, { method: 'POST' }, (response) => {
  response.resume().on('end', () => process.stdout.write(`${response.statusCode}\n`));
});
request.end('{}');
