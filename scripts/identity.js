/**
 * The names and ids of identity.json in the manifests: those of the release, or those of the private preview, which has ids of
 * its own so that both can be installed side by side.
 */

import { inProject, readJson } from './paths.js';

const TASK = 'ms.vss-distributed-task.task';
const CONNECTION = 'ms.vss-endpoint.service-endpoint-type';

/** The identity of a variant in identity.json, which has only the differences for the preview. */
export function readIdentity(variant = 'released') {
  const { released, preview } = readJson(inProject('identity.json'));
  return variant === 'preview' ? { ...released, ...preview } : released;
}

/** The manifest of the extension under this identity. */
export function identifyExtension(manifest, identity, version = manifest.version) {
  const { publisher, extensionId, extensionName, repository, support } = identity;
  return {
    ...manifest,
    id: extensionId,
    publisher,
    version,
    name: extensionName,
    public: identity.public,
    repository: { type: 'git', uri: repository },
    links: { home: { uri: repository }, support: { uri: support }, issues: { uri: support } },
    contributions: manifest.contributions.map((contribution) => identifyContribution(contribution, identity)),
  };
}

function identifyContribution(contribution, identity) {
  switch (contribution.type) {
    case TASK:
      return { ...contribution, id: identity.taskContribution };
    case CONNECTION: {
      const { connectionContribution: id, connectionType: name, connectionTitle: displayName } = identity;
      return { ...contribution, id, properties: { ...contribution.properties, name, displayName } };
    }
    default:
      return contribution;
  }
}

/** The manifest of the task under this identity. */
export function identifyTask(task, identity, version) {
  return {
    ...task,
    id: identity.taskId,
    friendlyName: identity.taskTitle,
    author: identity.author,
    helpMarkDown: linkedTo(identity.repository, task.helpMarkDown),
    ...(version && { version: taskVersion(version) }),
    inputs: task.inputs.map((input) => ({
      ...input,
      helpMarkDown: linkedTo(identity.repository, input.helpMarkDown),
      type: input.type.startsWith('connectedService:')
        ? `connectedService:${identity.connectionType}`
        : input.type,
    })),
  };
}

/** A text whose links to pages of the project are absolute. @param {string} repository @param {string} text */
export const linkedTo = (repository, text) =>
  text.replaceAll(/\]\((?=docs\/|SECURITY)/g, `](${repository}/blob/main/`);

/** A version as task.json writes it. */
function taskVersion(version) {
  const [Major, Minor, Patch] = version.split('.').map(Number);
  return { Major, Minor, Patch };
}

/**
 * The version of a preview: that of the sources, with the number of the build in the last place. Agents never fetch the
 * same version twice, so each preview needs its own.
 */
export const previewVersion = (version, build) => version.replace(/\d+$/, String(build));
