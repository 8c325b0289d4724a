// YAML as Kubernetes and Prometheus read it: version 1.1, where 0440 is octal. Strictly: no key twice, no warning.
import { parseAllDocuments } from 'yaml';

export function parseDocuments(text) {
  return parseAllDocuments(text, { version: '1.1', strict: true, uniqueKeys: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS();
  });
}
