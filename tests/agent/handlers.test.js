import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chooseNode } from './handlers.js';

test('the agent prefers the newest handler, and asks about the C library for the older one alone', () => {
  for (const [declared, machine, expected] of /** @type {const} */ ([
    [['Node20_1'], {}, 'node20_1 starts'],
    [['Node20_1'], { hasOldGlibc: true }, 'node16 starts warns'],
    [['Node20_1', 'Node24'], {}, 'node20_1 starts'],
    [['Node20_1', 'Node24'], { hasOldGlibc: true }, 'node20_1'],
    [['Node20_1', 'Node24'], { usesNode24Data: true }, 'node24 starts'],
    [['Node20_1', 'Node24'], { selectsEnhanced: true }, 'node20_1 starts warns'],
    [['Node20_1'], { selectsEnhanced: true }, 'node20_1 starts'],
    [['Node20_1'], { selectsEnhanced: true, hasOldGlibc: true, restrictsEol: true }, 'node16 warns'],
    [['Node16'], {}, 'node16 starts warns'],
    [[], {}, 'node warns'],
  ])) {
    const { node, starts, warns } = chooseNode([...declared], machine);
    const found = [node, starts && 'starts', warns && 'warns'].filter(Boolean).join(' ');
    assert.equal(found, expected, JSON.stringify([declared, machine]));
  }
});
