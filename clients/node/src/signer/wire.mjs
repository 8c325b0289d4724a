// Writes and reads the protobuf wire format, as far as the messages of the contract need it:
// https://protobuf.dev/programming-guides/encoding/.

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const VARINT_BYTES_AT_MOST = 10;
// Below this a length takes one byte.
const ONE_BYTE_LIMIT = 0x80;
const TWO_BYTE_LIMIT = 0x4000;

export function varintSize(value) {
  if (value < ONE_BYTE_LIMIT) return 1;
  if (value < TWO_BYTE_LIMIT) return 2;
  let size = 2;
  for (let rest = Math.floor(value / TWO_BYTE_LIMIT); rest > 0; rest = Math.floor(rest / ONE_BYTE_LIMIT)) size++;
  return size;
}

// Writer fills a buffer of a size that its user has calculated. Field numbers are below 16, so a tag is one byte.
export class Writer {
  constructor(size) {
    this.buffer = Buffer.allocUnsafe(size);
    this.position = 0;
  }

  // Writes an integer from 0 to 2^53 - 1.
  varint(value) {
    let rest = value;
    while (rest >= ONE_BYTE_LIMIT) {
      this.buffer[this.position++] = (rest % ONE_BYTE_LIMIT) | ONE_BYTE_LIMIT;
      rest = Math.floor(rest / ONE_BYTE_LIMIT);
    }
    this.buffer[this.position++] = rest;
  }

  // Writes an int32 or int64, which takes ten bytes if it is negative.
  signedVarint(value) {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.buffer[this.position++] = Number(rest & 0x7fn) | ONE_BYTE_LIMIT;
    this.buffer[this.position++] = Number(rest);
  }

  varintTag(field) {
    this.buffer[this.position++] = (field << 3) | VARINT;
  }

  lengthTag(field, length) {
    this.buffer[this.position++] = (field << 3) | LENGTH_DELIMITED;
    this.varint(length);
  }

  // Writes a string whose UTF-8 form has `length` bytes.
  string(field, text, length) {
    this.lengthTag(field, length);
    if (length === text.length) {
      this.buffer.write(text, this.position, length, 'latin1'); // It is ASCII.
    } else {
      this.buffer.write(text, this.position, length, 'utf8');
    }
    this.position += length;
  }

  bytes(field, bytes) {
    this.lengthTag(field, bytes.length);
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }
}

const malformed = () => new RangeError('message: malformed protobuf');

// Reader reads the fields of one message: the bytes of `buffer` from `position` to `end`. Every method throws a
// RangeError where the bytes are not protobuf, and reads nothing outside the message.
export class Reader {
  constructor(buffer, position = 0, end = buffer.length) {
    this.buffer = buffer;
    this.position = position;
    this.end = end;
    this.wireType = VARINT;
  }

  // Returns the number of the next field, or 0 at the end of the message.
  nextField() {
    if (this.position >= this.end) return 0;
    const tag = this.varint();
    this.wireType = tag & 7;
    return tag >>> 3;
  }

  // Reads an integer from 0 to 2^64 - 1; above 2^53 it is not exact.
  varint() {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < VARINT_BYTES_AT_MOST; i++) {
      if (this.position >= this.end) throw malformed();
      const byte = this.buffer[this.position++];
      value += (byte & 0x7f) * factor;
      if (byte < ONE_BYTE_LIMIT) return value;
      factor *= ONE_BYTE_LIMIT;
    }
    throw malformed();
  }

  // Reads an int32 or int64.
  signedVarint() {
    const start = this.position;
    const value = this.varint();
    if (value < 2 ** 63) return value;
    let exact = 0n;
    for (let i = start, shift = 0n; i < this.position; i++, shift += 7n) {
      exact |= BigInt(this.buffer[i] & 0x7f) << shift;
    }
    return Number(BigInt.asIntN(64, exact));
  }

  // Reads the length of a field and returns where its bytes end; they begin at `position`.
  #lengthDelimited() {
    if (this.wireType !== LENGTH_DELIMITED) throw malformed();
    const length = this.varint();
    const end = this.position + length;
    if (end > this.end) throw malformed();
    return end;
  }

  // Reads an embedded message.
  message() {
    const end = this.#lengthDelimited();
    const reader = new Reader(this.buffer, this.position, end);
    this.position = end;
    return reader;
  }

  // Reads a string that is ASCII by contract.
  ascii() {
    const end = this.#lengthDelimited();
    const text = this.buffer.toString('latin1', this.position, end);
    this.position = end;
    return text;
  }

  string() {
    const end = this.#lengthDelimited();
    const text = this.buffer.toString('utf8', this.position, end);
    this.position = end;
    return text;
  }

  // Reads bytes and returns a copy, so that the message can be freed.
  bytes() {
    const end = this.#lengthDelimited();
    const copy = Buffer.from(this.buffer.subarray(this.position, end));
    this.position = end;
    return copy;
  }

  skip() {
    switch (this.wireType) {
      case VARINT:
        this.varint();
        break;
      case FIXED64:
        this.position += 8;
        break;
      case LENGTH_DELIMITED:
        this.position = this.#lengthDelimited();
        break;
      case FIXED32:
        this.position += 4;
        break;
      default:
        throw malformed();
    }
    if (this.position > this.end) throw malformed();
  }
}
