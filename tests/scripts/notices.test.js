// Licences: which of several is chosen, where its text is, and how it is separated from the copyright lines.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { chooseLicences, licenceFiles } from '../../scripts/components.js';
import { splitLicence, writeNotices } from '../../scripts/notices.js';

test('of an expression, all that AND joins is kept to and the shortest that OR offers', () => {
  for (const [expression, chosen] of [
    ['MIT', ['MIT']],
    ['Apache-2.0 OR MIT', ['MIT']],
    ['Unlicense OR MIT', ['MIT']],
    ['(MIT OR Apache-2.0) AND Unicode-3.0', ['MIT', 'Unicode-3.0']],
    ['MIT OR (Apache-2.0 AND BSD-3-Clause)', ['MIT']],
    ['GPL-3.0-only', []],
    ['MIT AND GPL-3.0-only', []],
    ['', []],
  ]) {
    assert.deepEqual(chooseLicences(expression), chosen, expression);
  }
});

test('the text of a licence is that of the package, or nothing is packed', (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['LICENSE-APACHE', 'LICENSE-MIT', 'LICENSE-UNICODE', 'README.md']) {
    writeFileSync(join(folder, name), name);
  }
  const found = (expression) => licenceFiles('thing', expression, folder).map((file) => basename(file));
  assert.deepEqual(found('MIT OR Apache-2.0'), ['LICENSE-MIT']);
  assert.deepEqual(found('(MIT OR Apache-2.0) AND Unicode-3.0'), ['LICENSE-MIT', 'LICENSE-UNICODE']);
  for (const expression of ['ISC', 'GPL-3.0-only', undefined]) {
    assert.throws(() => found(expression), {
      message: `thing has the licence "${expression}", of which no known text is in ${folder}`,
    });
  }
});

test('a licence is whose it is and what it says', () => {
  assert.deepEqual(
    splitLicence(
      '\r\nThe MIT License (MIT)\r\n\r\nCopyright (c) 2026 A\r\n\r\nPermission is\r\ngranted.\r\n',
    ),
    {
      copyrights: ['Copyright (c) 2026 A'],
      terms: 'Permission is\ngranted.',
    },
  );
  assert.deepEqual(splitLicence('Permission is granted.\nCopyright notices stay.'), {
    copyrights: [],
    terms: 'Permission is granted.\nCopyright notices stay.',
  });
});

test('packages with the same terms share them, however the lines are broken', (t) => {
  const folder = temporaryFolder(t);
  const component = (name, text) => {
    writeFileSync(join(folder, name), text);
    return {
      kind: 'npm',
      name,
      version: '1.0.0',
      licence: 'MIT',
      licenceFiles: [join(folder, name)],
      uses: [],
    };
  };
  const notices = writeNotices([
    component('one', 'MIT License\n\nCopyright (c) 1 One\n\nPermission is granted.'),
    component('other', 'Copyright (c) 2 Other\nPermission\nis granted.'),
  ]);
  assert.ok(
    notices.endsWith(
      '\none 1.0.0\n  Copyright (c) 1 One\nother 1.0.0\n  Copyright (c) 2 Other\n\nPermission is granted.\n',
    ),
    notices,
  );
});

test('a text with a gap for the owner names the owner of the package', (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'MIT.txt');
  writeFileSync(file, 'MIT License\n\nCopyright (c) <year> <copyright holders>\n\nPermission is granted.\n');
  const own = {
    kind: 'cargo',
    name: 'one',
    version: '1.0.0',
    licence: 'MIT',
    licenceFiles: [file],
    uses: [],
  };
  const notices = writeNotices([{ ...own, holder: 'Ada' }]);
  assert.ok(notices.endsWith('\none 1.0.0\n  Copyright (c) Ada\n\nPermission is granted.\n'), notices);
});

/** @param {import('node:test').TestContext} t */
function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'ksm-licences-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
