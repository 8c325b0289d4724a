// Proofmint for Node: DPoP proofs (RFC 9449) from a running proofmintd, and the exchange with an identity provider.

/** The JWS algorithm of a proof. Ed25519 and EdDSA are two names of the same signature (RFC 9864, RFC 8037). */
export type Algorithm = 'ES256' | 'Ed25519' | 'EdDSA';

// ---------------------------------------------------------------------------------------------------------- signer

/** Describes the HTTP request that a proof is for. Limits are those of SignProofRequest in proof_signer.proto. */
export interface ProofRequest {
  /** Default: the server's, ES256. */
  algorithm?: Algorithm;
  /** The method. Default: POST. */
  htm?: string;
  /** The URL, exactly as it is called. */
  htu: string;
  /** The server's latest DPoP-Nonce. Default: none. */
  nonce?: string;
  /** The access token that goes with the proof: its SHA-256 becomes the claim "ath". The token itself is never sent. */
  accessToken?: string;
  /** The key of an earlier proof. Default: a new key. */
  keyHandle?: Uint8Array;
  /** Whether to return a handle of the key, for userinfo or a refresh. */
  returnKeyHandle?: boolean;
  /** Seconds to add to the claim "iat", from -300 to 300. */
  iatOffset?: number;
}

/** One proof. It is for one request: never send it twice. */
export interface Proof {
  /** The value of the header DPoP. */
  jwt: string;
  /** The thumbprint of the key (RFC 7638): what a token that is bound to it has as `cnf.jkt`. */
  jkt: string;
  /** Seconds since 1970. */
  iat: number;
  /** Keep it as secret as the token that is bound to the key. Undefined unless `returnKeyHandle` was set. */
  keyHandle: Buffer | undefined;
}

export interface CallOptions {
  /** Rejects the call with its reason. */
  signal?: AbortSignal;
  /** Deadline of the call with all its retries, in milliseconds. Default: that of the client. */
  timeoutMs?: number;
}

/** Paths of PEM files. They are read again for every connection, so replaced files need no restart. */
export interface TlsFiles {
  certificate: string;
  key: string;
  /** The certificate authorities of the server. */
  ca: string;
}

export interface SignerClientOptions {
  /**
   * Where the signers are: unix:///PATH, HOST:PORT, or several of them with commas between; dns:///HOST:PORT is HOST:PORT.
   * Of several addresses, those of one host name included, each in turn gets a batch, as long as its health check says
   * that it serves. Default: $PROOFMINT_TARGET, else unix:///run/proofmint/proofmintd.sock.
   */
  target?: string;
  /** For a server with mTLS. Default: no TLS. */
  tls?: TlsFiles;
  /** Default deadline of a call, in milliseconds. Default: 2000. */
  timeoutMs?: number;
  /**
   * How long a call may wait for others to leave with it, in milliseconds, from 0 to 100. Default: 1. It waits only
   * when calls overlap so often that company can be expected; a caller that waits for each proof before the next never
   * does.
   */
  batchDelayMs?: number;
  /** Calls in a batch, at most 256. Default: 256. */
  maxBatchSize?: number;
  /** Default: 2. */
  maxBatchesInFlight?: number;
  /** Calls without a proof so far; a call over that rejects with RESOURCE_EXHAUSTED. Default: 65536. */
  maxQueued?: number;
}

export interface Capabilities {
  algorithms: string[];
  maxBatchSize: number;
  /** Seconds. */
  maxIatOffset: number;
  version: string;
  kernel: string;
}

/** Counts since the start, and how many calls have no proof so far. */
export interface SignerClientStats {
  calls: number;
  proofs: number;
  failures: number;
  batches: number;
  /** Calls in all batches, retries included. */
  items: number;
  retries: number;
  /** Retries that the budget did not allow. */
  retriesRefused: number;
  pending: number;
}

/** What a proof is made by: SignerClient, or a stand-in in tests. */
export interface Signer {
  signProof(request: ProofRequest, options?: CallOptions): Promise<Proof>;
}

/**
 * Calls proofmintd: concurrent calls leave together, and each is retried by itself, after the delay that the server
 * asks for, within its deadline and a budget that all calls share. A restart of the daemon makes calls late and not
 * fail. One for a process; it connects at the first call, and keeps the process running only while calls are pending.
 */
export class SignerClient implements Signer {
  /** Throws a TypeError that names the option at fault. */
  constructor(options?: SignerClientOptions);
  /** Rejects with a SignerError, the reason of `signal`, or a TypeError for an argument of a wrong type. */
  signProof(request: ProofRequest, options?: CallOptions): Promise<Proof>;
  getCapabilities(options?: { timeoutMs?: number }): Promise<Capabilities>;
  readonly stats: SignerClientStats;
  /** Rejects what is pending with CANCELLED, and every later call. */
  close(): void;
}

/** Why there is no proof. docs/errors.md of Proofmint lists the reasons. */
export class SignerError extends Error {
  constructor(code: string, message: string, details?: {
    reason?: string; field?: string; retryAfterMs?: number; retryable?: boolean; cause?: unknown;
  });
  /** The name of a gRPC status code, such as INVALID_ARGUMENT. */
  readonly code: string;
  /** Stable, such as INVALID_HTU; undefined for an error that the server did not make. */
  readonly reason: string | undefined;
  /** The field at fault, named as in proof_signer.proto. */
  readonly field: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
}

// -------------------------------------------------------------------------------------------------------- exchange

export type Verdict =
  | 'granted' /** the server granted the request */
  | 'not_bound' /** it did, but the token is not bound to a key */
  | 'binding_mismatch' /** the token is bound to another key than ours */
  | 'proof_rejected' /** it refused the proof */
  | 'nonce_rejected' /** it challenged again, or gave no nonce that can be used */
  | 'refused' /** it refused for a reason that is not DPoP */
  | 'malformed_answer' /** its answer cannot be used */
  | 'idp_unavailable' /** it was not reached, or answered that it cannot now */
  | 'signer_unavailable' /** no proof now; nothing was sent; try again */
  | 'signer_refused' /** no proof; a retry will not help */
  | 'not_sent'; /** the request was not sent */

/** What is known about the key that a token is bound to: nothing, what the server says, or what the token shows. */
export type Binding = 'none' | 'claimed' | 'confirmed' | 'mismatch';

/** How an exchange ended. Its texts hold no secret, except `body` and `keyHandle`. */
export interface Outcome {
  verdict: Verdict;
  /** Whether the caller may go on. */
  ok: boolean;
  binding: Binding;
  /** The likely cause where the verdict alone does not tell it; "none" otherwise. */
  hint: string;
  /** "dpop", "bearer" or another, in lower case; '' without a token or without a type. */
  idpTokenType: string;
  /** A token came, of another type than DPoP. */
  downgrade: boolean;
  /** The key of the last proof, to which tokens are bound. */
  jkt: string;
  keyHandle: Uint8Array | undefined;
  /** What the server answered to the last attempt, or "dpop_key_generation_failed". Printable ASCII, without secrets. */
  error: string;
  errorDescription: string;
  /** Of the last attempt; 0 without an answer. */
  httpStatus: number;
  /** HTTP requests. */
  attempts: number;
  /** Answers that asked for another nonce. */
  nonceChallenges: number;
  nonceMalformed: boolean;
  nonceAmbiguous: boolean;
  /** Whether the same request may be made again: it was certainly not carried out, or does no harm twice. */
  safeToRepeat: boolean;
  retryAfterMs: number | undefined;
  /** How far the server's clock is ahead of ours. */
  clockSkewMs: number | undefined;
  locationHost: string;
  contentType: string;
  bodySize: number;
  signerError: SignerError | undefined;
  transportError: unknown;
  /** Of all proofs. */
  signerMs: number;
  /** One for each attempt. */
  idpMs: number[];
  /** The body of the last answer, with tokens and all; empty if it is larger than 1 MiB. */
  body: string | Uint8Array;
}

export interface NonceKey {
  issuer: string;
  clientId: string;
  /** Issued by the authorization server or by the resource server. */
  from: 'as' | 'rs';
}

/** Remembers the latest nonce of each server, in memory. Share one among all fetches of a process. */
export class NonceStore {
  /** `capacity` is how many nonces it holds. Default: 16384. */
  constructor(capacity?: number);
  /** '' if there is none. */
  get(key: NonceKey): string;
  put(key: NonceKey, nonce: string): void;
  /** Forgets the nonce if it still is `ifStill`. */
  forget(key: NonceKey, ifStill: string): void;
}

export interface ExchangeOptions {
  /** The provider's issuer identifier and our client there: nonces are kept by both. */
  issuer: string;
  clientId: string;
  /** Of the request, exactly as it is called. */
  url: string;
  algorithm?: Algorithm;
  keyHandle?: Uint8Array;
  returnKeyHandle?: boolean;
  /** Whether the client authenticates itself: if the signer refuses `keyHandle`, a refresh goes on with a new key. */
  confidentialClient?: boolean;
  /** Seconds. */
  iatOffset?: number;
  /** "require": a token that is not bound to our key is an error. Default: "report". */
  binding?: 'report' | 'require';
}

/** An HTTP response. Times are milliseconds since 1970. */
export interface HttpAnswer {
  status: number;
  headers: [name: string, value: string][];
  body: string | Uint8Array;
  sentAt: number;
  receivedAt: number;
}

/** One HTTP request. Add exactly these headers, send it at once and never twice, with a new client assertion. */
export interface Attempt {
  number: number;
  headers: [name: string, value: string][];
}

/**
 * One HTTP request with a proof, as a state machine without I/O, for HTTP clients other than fetch: ask `next`, do it,
 * report the result. A call out of turn throws.
 */
export class Exchange {
  private constructor();
  static token(options: ExchangeOptions, grantType: string, nonces: NonceStore): Exchange;
  static pushed(options: ExchangeOptions, nonces: NonceStore): Exchange;
  static resource(
    options: ExchangeOptions, htm: string, accessToken: string, tokenType: string, nonces: NonceStore,
  ): Exchange;
  readonly next: 'sign' | 'send' | 'done';
  proofRequest(): ProofRequest;
  onProof(proof: Proof | Error, tookMs?: number): void;
  attempt(): Attempt;
  onAnswer(answer: HttpAnswer): void;
  /** `sent`: the request, or a part of it, may have reached the server. */
  onTransportError(error: unknown, sent: boolean, tookMs?: number): void;
  outcome(): Outcome;
}

/** Carries an exchange through with a signer and a function that makes one HTTP request. */
export function runExchange(
  exchange: Exchange, signer: Signer, send: (attempt: Attempt) => Promise<Response>,
  options?: CallOptions & { readsBody?: (response: Response) => boolean },
): Promise<Outcome>;

export interface DpopFetchOptions {
  issuer: string;
  clientId: string;
  algorithm: Algorithm;
  /** Default: a store of its own. */
  nonces?: NonceStore;
  /**
   * The key for every request: of a code that is pinned by dpop_jkt, or of a login in another process. Pushed
   * authorization requests have a proof only with it, because that proof pins the code to the key (RFC 9449 section
   * 10.1).
   */
  keyHandle?: Uint8Array;
  confidentialClient?: boolean;
  iatOffset?: number;
  binding?: 'report' | 'require';
  /**
   * Authenticates the client again for a second attempt, by changing the form or the headers of the first. Necessary
   * with private_key_jwt, whose assertion must not be sent twice.
   */
  authenticate?: (form: URLSearchParams, headers: Headers) => void | Promise<void>;
  /** Called at the end of every exchange, before its fetch resolves. `record` is missing for a pushed request. */
  onOutcome?: (outcome: Outcome, about: {
    kind: 'token' | 'pushed' | 'resource'; grantType: string | undefined; record: LogRecord | undefined;
  }) => void;
  /** Returns the trace of the current request, 32 hexadecimal digits, for its log record. */
  traceId?: () => string | undefined;
  /** What makes the requests. Default: the global fetch. */
  fetch?: typeof globalThis.fetch;
}

/**
 * Returns a fetch that adds proofs to token requests, pushed authorization requests and requests with an access token,
 * and answers one nonce challenge of each. It fits openid-client and oauth4webapi as their `customFetch`; do not give
 * them a DPoP handle of their own. A token that came through it is later sent with the key that it is bound to.
 *
 * It holds the bodies of requests in memory, to send them twice if it must.
 *
 * It resolves with the server's last answer, also if that is a refusal. It rejects with an ExchangeError if there is no
 * proof, or if a granted token must not be used; with the error of `fetch` if no answer came.
 */
export function dpopFetch(signer: Signer, options: DpopFetchOptions): Fetch;

/** A fetch whose body may be all that openid-client sends. */
export type Fetch = (
  input: string | URL | Request,
  init?: Omit<RequestInit, 'body'> & { body?: RequestInit['body'] | ArrayBuffer | Uint8Array | ReadableStream },
) => Promise<Response>;

export class ExchangeError extends Error {
  readonly outcome: Outcome;
}

// -------------------------------------------------------------------------------------- metadata, binding and logs

/** The members of an identity provider's metadata that DPoP needs; what is not published is undefined. */
export interface ServerMetadata {
  issuer: string;
  token_endpoint: string;
  userinfo_endpoint?: string;
  introspection_endpoint?: string;
  revocation_endpoint?: string;
  authorization_endpoint?: string;
  pushed_authorization_request_endpoint?: string;
  jwks_uri?: string;
  mtls_endpoint_aliases: {
    token_endpoint?: string;
    userinfo_endpoint?: string;
    introspection_endpoint?: string;
    revocation_endpoint?: string;
    pushed_authorization_request_endpoint?: string;
  };
  dpop_signing_alg_values_supported?: string[];
  code_challenge_methods_supported?: string[];
  response_types_supported?: string[];
  grant_types_supported?: string[];
}

/**
 * Reads the answer of discovery for `issuer` (OpenID Connect Discovery 4.2, RFC 8414). Throws a TypeError unless its
 * issuer is `issuer` byte for byte, it has a token endpoint, and each endpoint is an absolute https URL without
 * userinfo and fragment, or with `allowHttpOnLoopback` an http URL of this host.
 */
export function parseServerMetadata(
  json: string | Uint8Array, issuer: string, options?: { allowHttpOnLoopback?: boolean },
): ServerMetadata;

/** Replaces each endpoint by its alias for clients that authenticate with a certificate (RFC 8705 section 5). */
export function withMtlsAliases(metadata: ServerMetadata): ServerMetadata;

/** For how many seconds metadata with this header Cache-Control may be used. */
export function freshForSeconds(cacheControl: string): number;

/** Says when the metadata of one issuer has to be fetched again. Times are milliseconds. */
export class MetadataCache {
  readonly metadata: ServerMetadata | undefined;
  shouldFetch(now: number): boolean;
  /** Call it when a proof was rejected or TLS failed: the provider may have changed what it accepts. */
  doubt(): void;
  /** Returns a text for the log if the algorithms are others than before, and '' otherwise. */
  store(metadata: ServerMetadata, cacheControl: string, now: number): string;
  onFetchFailed(now: number): void;
}

/**
 * Returns the first algorithm of `wanted` that the provider publishes, with the name to send: of Ed25519 and EdDSA
 * either stands for the other, unless `exactLabel` is set. `advertised` is false if the provider publishes none; it may
 * not support DPoP then. Throws an AlgorithmError if none fits: going on without DPoP must be a decision.
 */
export function chooseAlgorithm(
  wanted: Algorithm[], metadata: { dpop_signing_alg_values_supported?: string[] },
  options?: { ifNotAdvertised?: 'try_first' | 'refuse'; exactLabel?: boolean },
): { algorithm: Algorithm; advertised: boolean };

export class AlgorithmError extends Error {}

/** To which key a token is bound, as far as it can be read. */
export interface TokenKey {
  readable: boolean;
  jkt: string | undefined;
}

/** Reads a JWT access token without verifying it: advice, never an authorization (RFC 9068 section 6). */
export function keyOfToken(accessToken: string): TokenKey;

/** Reads an introspection response, a JSON text (RFC 7662). */
export function keyOfIntrospection(json: string): TokenKey;

export interface LogContext {
  issuer?: string;
  clientId?: string;
  grantType?: string;
  traceId?: string;
  /** What failed after the token came, such as "id_token: signature does not verify". Must hold no secret. */
  laterFailure?: string;
}

/** What a broker logs of one login. It never holds a token, proof, nonce, key handle, code or body. */
export interface LogRecord {
  /** "s" if the login succeeded, otherwise "f". */
  type: 's' | 'f';
  description: string;
  issuer?: string;
  client_id?: string;
  grant_type?: string;
  trace_id?: string;
  /** In every record of a connection with DPoP, and in no other. */
  dpop_signing_alg?: string;
  /** Only if a token came. */
  idp_token_type?: string;
  binding?: Binding;
  downgrade?: boolean;
  /** The signer's audit log has it, too. */
  jkt?: string;
  upstream_userinfo_fetch?: { status: number; dpop_bound: boolean };
  outcome: Verdict;
  hint?: string;
  /** The ultimate one: a nonce challenge that was answered is not an error. */
  error?: string;
  error_description?: string;
  http_status?: number;
  idp_ms: number[];
  location_host?: string;
  content_type?: string;
  body_size?: number;
  retry_after_s?: number;
  attempts?: number;
  nonce_challenges?: number;
  nonce_malformed?: true;
  nonce_ambiguous?: true;
  clock_skew_s?: number;
  signer_code?: string;
  signer_reason?: string;
  signer_field?: string;
  signer_ms?: number;
}

export function logRecord(
  context: LogContext, configured: Algorithm | undefined, token: Outcome, userinfo?: Outcome,
): LogRecord;
