// The environment of a task process, which inherits nothing else from the caller.

/** @typedef {import('./variables.js').Variables} Variables */

/**
 * @typedef {object} Endpoint a service connection
 * @property {string} [url]
 * @property {string} scheme
 * @property {Record<string, string>} [parameters]
 * @property {Record<string, string>} [data]
 */

// LANG and the like are left out: a task must not depend on the machine's language.
const INHERITED = ['PATH', 'HOME', 'SystemRoot'];

/** What a process of the agent inherits. @returns {Record<string, string>} */
export function inheritedEnvironment() {
  return Object.fromEntries([
    ...INHERITED.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined),
    // Where `npm run coverage` has Node record which lines of the task ran.
    ...(process.env.TASK_COVERAGE ? [['NODE_V8_COVERAGE', process.env.TASK_COVERAGE]] : []),
  ]);
}

/**
 * What the agent's handler adds for a Node task. It comes last, so a step's `env:` cannot override it.
 *
 * @param {object} task
 * @param {Map<string, string>} task.inputs
 * @param {Variables} task.variables
 * @param {Variables} task.taskVariables
 * @param {Record<string, Endpoint>} task.endpoints
 * @returns {Record<string, string>}
 */
export function taskEnvironment({ inputs, variables, taskVariables, endpoints }) {
  return Object.fromEntries([
    ['TF_BUILD', 'True'],
    ...[...inputs].map(([name, value]) => [`INPUT_${environmentName(name)}`, value]),
    ...variableEntries(variables),
    ...[...taskVariables].map(({ name, value }) => [`VSTS_TASKVARIABLE_${environmentName(name)}`, value]),
    ...Object.entries(endpoints).flatMap(([id, endpoint]) => endpointEntries(id.toLowerCase(), endpoint)),
  ]);
}

/**
 * @param {string} name
 * @param {boolean} [preserveCase]
 */
export function environmentName(name, preserveCase = false) {
  const formatted = name.replace(/[. ]/g, '_');
  return preserveCase ? formatted : formatted.toUpperCase();
}

/**
 * The environment of a script in a later step: public variables under their environment names, but no secrets.
 *
 * @param {Variables} variables
 * @returns {Record<string, string>}
 */
export function scriptEnvironment(variables) {
  return Object.fromEntries(publicEntries(variables));
}

/** @param {Variables} variables */
function publicEntries(variables) {
  return [...variables]
    .filter(({ isSecret }) => !isSecret)
    .map(({ name, value, preserveCase }) => [environmentName(name, preserveCase), value]);
}

/** @param {Variables} variables */
function variableEntries(variables) {
  const secrets = [...variables].filter(({ isSecret }) => isSecret);
  const names = [...variables].filter(({ isSecret }) => !isSecret).map(({ name }) => name);
  return [
    ...publicEntries(variables),
    ['VSTS_PUBLIC_VARIABLES', JSON.stringify(names)],
    // Node tasks get secrets with this prefix, and the task library removes them.
    ...secrets.map(({ name, value, preserveCase }) => [
      `SECRET_${environmentName(name, preserveCase)}`,
      value,
    ]),
    ['VSTS_SECRET_VARIABLES', JSON.stringify(secrets.map(({ name }) => name))],
  ];
}

/**
 * @param {string} id
 * @param {Endpoint} endpoint
 */
function endpointEntries(id, { url = '', scheme, parameters = {}, data = {} }) {
  return [
    [`ENDPOINT_URL_${id}`, url],
    [`ENDPOINT_AUTH_${id}`, JSON.stringify({ parameters, scheme })],
    [`ENDPOINT_AUTH_SCHEME_${id}`, scheme],
    ...prefixed(`ENDPOINT_AUTH_PARAMETER_${id}_`, parameters),
    [`ENDPOINT_DATA_${id}`, JSON.stringify(data)],
    ...prefixed(`ENDPOINT_DATA_${id}_`, data),
  ];
}

/**
 * @param {string} prefix
 * @param {Record<string, string>} values
 */
function prefixed(prefix, values) {
  return Object.entries(values).map(([key, value]) => [prefix + environmentName(key), value]);
}
