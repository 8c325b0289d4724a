// Reads YAML as Kubernetes and Prometheus do: version 1.1, where 0440 is octal. Strict: no duplicate key, no warning.
import { parseAllDocuments } from 'yaml';

export function parseDocuments(text) {
  return parseAllDocuments(text, { version: '1.1', strict: true, uniqueKeys: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS();
  });
}
