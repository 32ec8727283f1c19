/**
 * The bill of materials of the task in CycloneDX: the files that run on the agent, and what each consists of. It does not say
 * when or where it was made, so the same build gives the same bytes.
 */

import { sha256 } from './fingerprint.js';

/**
 * @param {{ name: string, version: string, licence: string }} product
 * @param {Record<string, Uint8Array>} files the scripts and the module, by name
 * @param {import('./components.js').Component[]} components
 */
export function writeSbom(product, files, components) {
  const root = `pkg:generic/${product.name}@${product.version}`;
  const fileRefs = Object.keys(files).sort();
  const contents = {
    metadata: {
      component: {
        type: 'application',
        'bom-ref': root,
        name: product.name,
        version: product.version,
        purl: root,
        licenses: [{ expression: product.licence }],
      },
    },
    components: [
      ...fileRefs.map((name) => ({
        type: 'file',
        'bom-ref': name,
        name,
        hashes: [{ alg: 'SHA-256', content: sha256(files[name]) }],
      })),
      ...components.map(describeComponent),
    ],
    dependencies: [
      { ref: root, dependsOn: fileRefs },
      ...fileRefs.map((name) => ({ ref: name, dependsOn: components.filter(isIn(name)).map(purl) })),
      ...components.map((component) => ({
        ref: purl(component),
        dependsOn: components
          .filter(({ kind, name }) => kind === component.kind && component.uses.includes(name))
          .map(purl),
      })),
    ],
  };
  const head = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(contents),
    version: 1,
  };
  return `${JSON.stringify({ ...head, ...contents }, undefined, 2)}\n`;
}

function describeComponent(component) {
  const { name, version, licence, hash } = component;
  return {
    type: 'library',
    'bom-ref': purl(component),
    name,
    version,
    ...(hash && {
      hashes: [{ alg: hash.algorithm.toUpperCase().replace('SHA', 'SHA-'), content: hash.hex }],
    }),
    licenses: [{ expression: licence }],
    purl: purl(component),
  };
}

const purl = ({ kind, name, version }) => `pkg:${kind === 'rust' ? 'generic' : kind}/${name}@${version}`;

/** The npm packages are in the script, beside wasm-bindgen's glue; the crates and Rust's own library in the module. */
function isIn(file) {
  switch (file) {
    case 'main.js':
      return ({ kind, name }) => kind === 'npm' || name === 'wasm-bindgen';
    case 'core_bg.wasm':
      return ({ kind }) => kind !== 'npm';
    default:
      return () => false;
  }
}

/** A UUID made from what the bill says. */
function serialNumber(contents) {
  const [, a, b, c, d, e] = sha256(JSON.stringify(contents)).match(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})/);
  return `urn:uuid:${a}-${b}-5${c}-8${d}-${e}`;
}
