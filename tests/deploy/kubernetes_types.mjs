// Checks objects with the types and validators that kubernetes-models generates from Kubernetes' OpenAPI.
import { join } from 'node:path';

import ts from 'typescript';

const moduleOf = ({ apiVersion, kind }) => `kubernetes-models/${apiVersion}/${kind}`;
const nameOf = ({ kind, metadata }) => `${kind} ${metadata?.name}`;

// Returns the errors of TypeScript for the objects as literals of their types: unlike a validator of a JSON schema it
// also refuses fields that do not exist.
export function typeErrors(objects) {
  const path = join(import.meta.dirname, 'objects.ts'); // The file is never written.
  const text = objects.map((object, i) =>
    `import type { I${object.kind} as T${i} } from '${moduleOf(object)}';\n` +
    `export const object${i}: T${i} = ${JSON.stringify(object, null, 1)};\n`).join('');
  const options = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    noEmit: true,
    skipLibCheck: true,
    strict: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, text, options.target) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === path || fileExists.call(host, name);
  host.readFile = (name) => (name === path ? text : readFile.call(host, name));
  const lines = text.split('\n');
  return ts.getPreEmitDiagnostics(ts.createProgram([path], options, host)).map(({ file, start, messageText }) => {
    const line = file ? lines[file.getLineAndCharacterOfPosition(start).line] : '';
    return `${line.trim()} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

// Returns the errors of the validators about values, such as numbers out of range.
export async function valueErrors(objects) {
  const errors = [];
  for (const object of objects) {
    const { [object.kind]: Model } = await import(moduleOf(object));
    try {
      new Model(object).validate();
    } catch (error) {
      errors.push(`${nameOf(object)}: ${error.message}`);
    }
  }
  return errors;
}
