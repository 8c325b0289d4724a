"""Makes HTTP/2 and protobuf bytes, valid (RFC 9113, RFC 7541) and corrupted."""

import random

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4
SIGN_PROOF, BATCH_SIGN_PROOFS = (f"/proofmint.v1.ProofSigner/{name}" for name in ("SignProof", "BatchSignProofs"))


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """Encodes a protobuf field whose value is bytes or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def sign_request(nonce=b""):
    return field(1, 1) + field(2, b"POST") + field(3, b"https://idp.example/token") + (field(4, nonce) if nonce else b"")


def batch_request(size):
    return field(1, sign_request()) * size


def grpc_message(message):
    return b"\0" + len(message).to_bytes(4, "big") + message


def headers(stream, path, flags=END_HEADERS):
    """Encodes the HEADERS frame of a call, in HPACK literals."""
    block = b"\x83\x86"  # :method POST, :scheme http
    for name, value in ((":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers")):
        block += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return frame(HEADERS, flags, stream, block)


def call(stream, path, message):
    return headers(stream, path) + frame(DATA, END_STREAM, stream, grpc_message(message))


GREETING = PREFACE + frame(SETTINGS, 0, 0)


def spoil(chance, data):
    """Returns `data` with one to four changes: flipped bits, other bytes, and pieces removed, repeated or inserted."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(data) + 1)
        how = chance.randrange(6)
        if how == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif how == 1 and place < len(data):
            data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        elif how == 2:
            del data[place:place + chance.randrange(1, 9)]
        elif how == 3:
            data[place:place] = data[place:place + chance.randrange(1, 33)]
        elif how == 4:
            data[place:place] = chance.randbytes(chance.randrange(1, 17))
        else:
            del data[place:]
    return bytes(data)


class Attack:
    """Attack is what one connection sends: `data`, in which `frames` frames are corrupted. If the daemon can read all of it
    (`answered`), the sender waits for the answers."""

    def __init__(self, data, frames, answered):
        self.data, self.frames, self.answered = data, frames, answered


def spoilt_messages(chance, calls=50):
    """Makes calls, one after the other, whose HTTP/2 is valid and whose messages are corrupted."""
    data = GREETING
    for i in range(calls):
        path, message = chance.choice(((SIGN_PROOF, sign_request(b"nonce")), (BATCH_SIGN_PROOFS, batch_request(3))))
        body = grpc_message(spoil(chance, message)) if chance.random() < 0.8 else spoil(chance, grpc_message(message))
        data += headers(2 * i + 1, path) + frame(DATA, END_STREAM, 2 * i + 1, body)
    return Attack(data, calls, True)


def any_frame(chance, stream):
    """Makes a frame that is valid by itself, but perhaps not at its place."""
    number = chance.randrange(2**31)
    return chance.choice((
        lambda: headers(stream, SIGN_PROOF),
        lambda: headers(stream, SIGN_PROOF, flags=0),
        lambda: frame(DATA, chance.randrange(2), stream, grpc_message(sign_request())),
        lambda: frame(PRIORITY, 0, stream, number.to_bytes(4, "big") + b"\x10"),
        lambda: frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big")),
        lambda: frame(SETTINGS, 0, 0, chance.randrange(1, 7).to_bytes(2, "big") + number.to_bytes(4, "big")),
        lambda: frame(PING, chance.randrange(2), 0, chance.randbytes(8)),
        lambda: frame(GOAWAY, 0, 0, bytes(8)),
        lambda: frame(WINDOW_UPDATE, 0, chance.choice((0, stream)), number.to_bytes(4, "big")),
        lambda: frame(CONTINUATION, END_HEADERS, stream, b"\x83\x86"),
        lambda: frame(PUSH_PROMISE, END_HEADERS, stream, bytes(4) + b"\x83"),
    ))()


def spoilt_frames(chance, frames=8):
    """Makes a valid call, then frames of all kinds, most of them corrupted."""
    data, count = GREETING + call(1, SIGN_PROOF, sign_request()), 0
    for _ in range(frames):
        one = any_frame(chance, chance.choice((0, 1, 3, 5, 2 * chance.randrange(2**30) + 1)))
        if chance.random() < 0.9:
            one, count = spoil(chance, one), count + 1
        data += one
    return Attack(data, count, False)


def rapid_resets(_, calls=100):
    """Makes calls that are reset at once (rapid reset); each counts as a corrupted frame."""
    data = GREETING
    for stream in range(1, 2 * calls, 2):
        data += call(stream, SIGN_PROOF, sign_request()) + frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big"))
    return Attack(data, calls, True)


def garbage(chance):
    start = chance.choice((b"", PREFACE, GREETING, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"))
    return Attack(start + chance.randbytes(chance.randrange(1, 2000)), 1, False)


def cut_off(chance):
    data = GREETING + call(1, BATCH_SIGN_PROOFS, batch_request(20))
    return Attack(data[:chance.randrange(len(data))], 1, False)


# The weights are such that the daemon reads most frames instead of closing the connection before them.
KINDS = ((spoilt_messages, 10), (spoilt_frames, 60), (rapid_resets, 2), (garbage, 15), (cut_off, 13))


def attacks(seed, frames):
    """Yields attacks of all kinds with at least `frames` corrupted frames in all; the same seed repeats them."""
    chance = random.Random(seed)
    kinds, weights = zip(*KINDS)
    while frames > 0:
        attack = chance.choices(kinds, weights)[0](chance)
        frames -= attack.frames
        yield attack
