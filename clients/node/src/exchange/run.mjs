// Drives an exchange with a signer and a fetch.

const BODY_BYTES_AT_MOST = 1 << 20;
// The request certainly did not reach the server if its connection could not be made.
const NOT_CONNECTED = [
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT',
];

function wasSent(error) {
  const causes = [error, error?.cause, ...(error?.cause?.errors ?? [])];
  return !causes.some((cause) => NOT_CONNECTED.includes(cause?.code));
}

// Reads a body up to one byte more than the exchange looks at.
async function readBody(response) {
  const chunks = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > BODY_BYTES_AT_MOST) break;
  }
  return Buffer.concat(chunks);
}

async function answerOf(response, readsBody, sentAt) {
  const body = readsBody ? await readBody(response) : Buffer.alloc(0);
  return { status: response.status, headers: [...response.headers], body, sentAt, receivedAt: Date.now() };
}

// Carries an exchange through to its end and returns its outcome. send({ number, headers }) makes the HTTP request of
// an attempt once, without following redirects, and returns a Response; its rejection means that no answer came.
// readsBody(response) says whether to read the body; without it, it is always read.
export async function runExchange(exchange, signer, send, { readsBody = () => true, signal, timeoutMs } = {}) {
  while (exchange.next !== 'done') {
    const begin = performance.now();
    if (exchange.next === 'sign') {
      const proof = await signer.signProof(exchange.proofRequest(), { signal, timeoutMs }).catch((error) => error);
      if (signal?.aborted) throw signal.reason;
      exchange.onProof(proof, performance.now() - begin);
      continue;
    }
    const sentAt = Date.now();
    let answer;
    try {
      const response = await send(exchange.attempt());
      answer = await answerOf(response, readsBody(response), sentAt);
    } catch (error) {
      exchange.onTransportError(error, wasSent(error), performance.now() - begin);
      continue;
    }
    exchange.onAnswer(answer);
  }
  return exchange.outcome();
}
