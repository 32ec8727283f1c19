// The matrix: every fault that the task is known to meet.

import { answers, refusals, rotations } from './answers.js';
import { attachments } from './attachments.js';
import { certificates } from './certificates.js';
import { connections, silence } from './connections.js';
import { proxies } from './proxies.js';

/** @type {import('./row.js').Group[]} */
export const MATRIX = [
  connections,
  silence,
  certificates,
  proxies,
  answers,
  refusals,
  rotations,
  attachments,
];
