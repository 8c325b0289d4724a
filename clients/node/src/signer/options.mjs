// Checks the options of a client.

const BATCH_SIZE_AT_MOST = 256; // The contract's limit.
export const TIMEOUT_MS_AT_MOST = 3_600_000;

// The numeric options: the default, the smallest and the largest value of each.
const NUMBERS = {
  timeoutMs: [2_000, 1, TIMEOUT_MS_AT_MOST],
  batchDelayMs: [1, 0, 100],
  maxBatchSize: [BATCH_SIZE_AT_MOST, 1, BATCH_SIZE_AT_MOST],
  maxBatchesInFlight: [2, 1, 16],
  maxQueued: [65_536, 1, 1 << 24],
};

// Returns `value` if it is an integer in the range. Throws a TypeError that names it otherwise.
export function checkNumber(name, value, min, max) {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new TypeError(`${name}: got ${value}, want an integer from ${min} to ${max}`);
  }
  return value;
}

// Returns the numeric options with their defaults. Throws a TypeError that names the option at fault.
export function checkOptions(options) {
  const checked = {};
  for (const [name, [byDefault, min, max]] of Object.entries(NUMBERS)) {
    checked[name] = checkNumber(name, options[name] ?? byDefault, min, max);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NUMBERS, name) && !['target', 'tls'].includes(name)) {
      throw new TypeError(`options: unknown member ${name}`);
    }
  }
  return checked;
}
