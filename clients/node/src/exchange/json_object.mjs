// Reads JSON that another party wrote: the answers of an identity provider.

// A byte order mark stays in the text, so that JSON.parse refuses it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Returns the object that `text`, a string or UTF-8 bytes, is; undefined for anything else.
export function parseJsonObject(text) {
  let value;
  try {
    value = JSON.parse(typeof text === 'string' ? text : utf8.decode(text));
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Returns an own member that is a string; empty if there is none.
export function stringMember(object, name) {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : '';
}
