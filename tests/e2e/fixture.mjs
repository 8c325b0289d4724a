// Starts what a file of tests needs before its tests, and stops it after them. Each function returns an object whose
// members are set when the tests run.
import { after, before } from 'node:test';

import { SignerClient } from '../../clients/node/index.mjs';
import { Broker } from './broker.mjs';
import { startDaemon } from './daemon.mjs';
import { startIdentityProvider } from './identity_provider.mjs';

const TIMEOUT_MS = 10_000;

async function startSigner(fixture, options) {
  fixture.daemon = await startDaemon(options);
  fixture.signer = new SignerClient({ target: fixture.daemon.unixTarget, timeoutMs: TIMEOUT_MS });
}

async function startBroker(fixture) {
  fixture.idp = await startIdentityProvider();
  fixture.broker = await Broker.connect(fixture.signer, fixture.idp);
  fixture.app = await Broker.connect(fixture.signer, fixture.idp, fixture.idp.publicClient);
}

// There is one hook for all, because several at the top of a file would run concurrently.
function useStarted(start) {
  const fixture = {};
  before(() => start(fixture));
  after(async () => {
    fixture.signer?.close();
    fixture.stub?.close();
    await fixture.idp?.stop();
    await fixture.daemon?.stop();
  });
  return fixture;
}

// Returns { daemon, signer }.
export function useDaemon(options) {
  return useStarted((fixture) => startSigner(fixture, options));
}

// Returns { daemon, signer, stub }: the stub calls by the contract alone.
export function useStub(options) {
  return useStarted(async (fixture) => {
    await startSigner(fixture, options);
    const { SignerStub } = await import('./contract.mjs');
    fixture.stub = new SignerStub(fixture.daemon.unixTarget);
  });
}

// Returns { daemon, signer, idp, broker, app }: the broker is a confidential client of the provider, the app a public
// one.
export function useBroker(options) {
  return useStarted(async (fixture) => {
    await startSigner(fixture, options);
    await startBroker(fixture);
  });
}
