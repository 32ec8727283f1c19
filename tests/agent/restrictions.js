// The `restrictions` of a task: what they let it do.

/** @typedef {import('./definition.js').Restrictions} Restrictions */
/** @typedef {import('./commands.js').Command} Command */

const ALLOWED_WHEN_RESTRICTED = new Set([
  'task.complete',
  'task.debug',
  'task.issue',
  'task.logdetail',
  'task.logissue',
  'task.prependpath',
  'task.setprogress',
  'task.setsecret',
  'task.settaskvariable',
  'task.setvariable',
  'telemetry.publish',
]);

/**
 * @param {Restrictions | undefined} restrictions
 * @param {Command} command
 */
export function isCommandAllowed(restrictions, { area, event }) {
  if (restrictions?.commands?.mode?.toLowerCase() !== 'restricted') return true;
  return ALLOWED_WHEN_RESTRICTED.has(`${area}.${event}`.toLowerCase());
}

/**
 * @param {Restrictions | undefined} restrictions
 * @param {string} name
 */
export function isSettable(restrictions, name) {
  const patterns = restrictions?.settableVariables?.allowed;
  return patterns === undefined || patterns.some((pattern) => glob(pattern).test(name));
}

/** Supports `*` and `?`, all that matters in a glob for variable names. @param {string} pattern */
function glob(pattern) {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}
