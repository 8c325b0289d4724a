// Makes text of an identity provider fit for errors and logs.

const CHARACTERS_AT_MOST = 256;

// Returns a text in which "?" stands for each run of what is not printable ASCII.
export const replaceOdd = (text) => text.replace(/[^\x20-\x7e]+/g, '?');

// Returns the first 256 characters.
export const cut = (text) => text.slice(0, CHARACTERS_AT_MOST);

export const printable = (text) => cut(replaceOdd(text));
