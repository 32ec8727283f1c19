// The agent's choice of Node for a task, from the handlers in its task.json.

/**
 * @typedef {object} Machine
 * @property {boolean} [hasOldGlibc] one too old for Node 20 and 24, as on RHEL 7 or in such a container
 * @property {boolean} [usesNode24Data] AGENT_USE_NODE24_WITH_HANDLER_DATA, or the server's flag for the same
 * @property {boolean} [selectsEnhanced] the agent's newer strategy, which moves tasks up to a supported Node
 * @property {boolean} [restrictsEol] AGENT_RESTRICT_EOL_NODE_VERSIONS
 */

/** In order of preference. */
const HANDLERS = ['Node24', 'Node20_1', 'Node16', 'Node10', 'Node'];

/**
 * The folder of the Node that the agent starts, whether that works, and whether it draws a warning. Follows NodeHandler
 * of the agent's version 5.278.
 *
 * @param {string[]} declared
 * @param {Machine} [machine]
 * @returns {{ node: string, starts: boolean, warns: boolean }}
 */
export function chooseNode(declared, { hasOldGlibc = false, usesNode24Data = false, ...machine } = {}) {
  const handler = HANDLERS.find((known) => declared.includes(known));
  if (machine.selectsEnhanced) {
    const wants24 = handler === 'Node24';
    const node = hasOldGlibc ? 'node16' : wants24 && usesNode24Data ? 'node24' : 'node20_1';
    return {
      node,
      starts: !(hasOldGlibc && machine.restrictsEol),
      warns: hasOldGlibc || (wants24 && !usesNode24Data),
    };
  }
  if (handler === 'Node24') {
    // Only here the agent does not check the C library.
    if (!usesNode24Data) return { node: 'node20_1', starts: !hasOldGlibc, warns: false };
    return { node: hasOldGlibc ? 'node16' : 'node24', starts: true, warns: hasOldGlibc };
  }
  if (handler === 'Node20_1') {
    return { node: hasOldGlibc ? 'node16' : 'node20_1', starts: true, warns: hasOldGlibc };
  }
  return { node: (handler ?? 'Node').toLowerCase(), starts: handler !== undefined, warns: true };
}
