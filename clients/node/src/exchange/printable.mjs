// Makes text of an identity provider fit for errors and logs.

const CHARACTERS_AT_MOST = 256;

// Returns at most 256 characters of a text, in which "?" stands for each run of what is not printable ASCII.
export function printable(text) {
  return text.replace(/[^\x20-\x7e]+/g, '?').slice(0, CHARACTERS_AT_MOST);
}
