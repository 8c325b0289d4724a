// Tests the Kubernetes examples against Kubernetes' own types, strictly, and against each other and the daemon.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { health, withDaemon, withDirectory } from './daemon.mjs';
import { typeErrors, valueErrors } from './kubernetes_types.mjs';
import { makeCertificates } from './certificates.mjs';
import { knownFlags, programPath, read, run } from './repository.mjs';
import { parseDocuments } from './yaml.mjs';

const SIDECAR = 'deploy/kubernetes/sidecar.yaml';
const FLEET = 'deploy/kubernetes/fleet.yaml';

const objects = Object.fromEntries([SIDECAR, FLEET].map((path) => [path, parseDocuments(read(path))]));
const only = (path, kind) => {
  const found = objects[path].filter((object) => object.kind === kind);
  assert.equal(found.length, 1, `${path}: ${kind}`);
  return found[0];
};
const podOf = (path) => only(path, 'Deployment').spec.template;
const containersOf = (path) => [...(podOf(path).spec.initContainers ?? []), ...podOf(path).spec.containers];
const daemonOf = (path) => containersOf(path).find((container) => container.name === 'proofmint');
const flag = (container, name) =>
  container.args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);

for (const path of [SIDECAR, FLEET]) {
  test(`${path}: every object has the type that Kubernetes expects, without an unknown field`, () => {
    assert.deepEqual(typeErrors(objects[path]), []);
  });

  test(`${path}: every value is in its range`, async () => {
    assert.deepEqual(await valueErrors(objects[path]), []);
  });

  test(`${path}: no container has more rights than it needs`, () => {
    const { securityContext: pod, automountServiceAccountToken } = podOf(path).spec;
    assert.equal(automountServiceAccountToken, false);
    for (const { name, securityContext, resources } of containersOf(path)) {
      assert.equal(securityContext.runAsNonRoot, true, name);
      assert.ok((securityContext.runAsUser ?? pod.runAsUser) > 0, name);
      assert.equal(securityContext.readOnlyRootFilesystem, true, name);
      assert.equal(securityContext.allowPrivilegeEscalation, false, name);
      assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name);
      assert.deepEqual(securityContext.seccompProfile, { type: 'RuntimeDefault' }, name);
      // Only Guaranteed quality of service gives a container exclusive CPUs.
      assert.deepEqual(resources.requests, resources.limits, name);
    }
    assert.match(daemonOf(path).resources.requests.cpu, /^[0-9]+$/);
  });

  test(`${path}: every volume that is mounted exists, and the socket is in memory`, () => {
    const volumes = new Map(podOf(path).spec.volumes.map((volume) => [volume.name, volume]));
    const mounts = containersOf(path).flatMap(({ volumeMounts = [] }) => volumeMounts);
    const mounted = new Set(mounts.map(({ name }) => name));
    assert.deepEqual([...mounted].sort(), [...volumes.keys()].sort());
    const socket = /unix:\/\/([^,]*)/.exec(flag(daemonOf(path), 'listen'))[1];
    assert.ok(socket.length <= 107);
    const mount = daemonOf(path).volumeMounts.find(({ mountPath }) => socket.startsWith(`${mountPath}/`));
    assert.ok(!mount.readOnly);
    assert.equal(volumes.get(mount.name).emptyDir.medium, 'Memory');
    assert.ok(volumes.get(mount.name).emptyDir.sizeLimit);
    assert.ok(podOf(path).spec.securityContext.fsGroup > 0);
  });

  test(`${path}: the daemon and the probes know their flags`, () => {
    const daemonFlags = knownFlags('proofmintd');
    for (const argument of daemonOf(path).args) assert.ok(daemonFlags.has(argument.split('=')[0]), argument);
    const healthFlags = knownFlags('proofmint', 'health');
    const services = {
      startupProbe: 'proofmint.v1.ProofSigner', livenessProbe: 'liveness', readinessProbe: 'proofmint.v1.ProofSigner',
    };
    for (const [probe, service] of Object.entries(services)) {
      const [program, command, ...flags] = daemonOf(path)[probe].exec.command;
      assert.deepEqual([program, command], ['proofmint', 'health']);
      for (const argument of flags) assert.ok(healthFlags.has(argument.split('=')[0]), argument);
      assert.ok(flags.includes(`--service=${service}`), probe);
      const target = flags.find((argument) => argument.startsWith('--target=')).slice('--target='.length);
      assert.ok(flag(daemonOf(path), 'listen').split(',').includes(target), `${probe}: ${target}`);
    }
  });

  test(`${path}: the pod is what its Deployment selects`, () => {
    const { selector } = only(path, 'Deployment').spec;
    for (const [label, value] of Object.entries(selector.matchLabels)) {
      assert.equal(podOf(path).metadata.labels[label], value);
    }
  });
}

test('sidecar: Proofmint is a native sidecar that allows the broker to call', () => {
  const { spec } = podOf(SIDECAR);
  assert.equal(spec.initContainers[0].name, 'proofmint');
  assert.equal(spec.initContainers[0].restartPolicy, 'Always');
  const [broker] = spec.containers;
  assert.equal(flag(daemonOf(SIDECAR), 'allowed_uids'), String(broker.securityContext.runAsUser));
  assert.notEqual(broker.securityContext.runAsUser, daemonOf(SIDECAR).securityContext.runAsUser);
});

test('fleet: every selector matches the pods of the Deployment', () => {
  const { labels } = podOf(FLEET).metadata;
  const selectors = {
    Service: only(FLEET, 'Service').spec.selector,
    PodDisruptionBudget: only(FLEET, 'PodDisruptionBudget').spec.selector.matchLabels,
    NetworkPolicy: only(FLEET, 'NetworkPolicy').spec.podSelector.matchLabels,
  };
  for (const constraint of podOf(FLEET).spec.topologySpreadConstraints) {
    selectors[constraint.topologyKey] = constraint.labelSelector.matchLabels;
  }
  assert.equal(Object.keys(selectors).length, 5);
  for (const [what, selector] of Object.entries(selectors)) {
    assert.ok(Object.keys(selector).length > 0, what);
    for (const [label, value] of Object.entries(selector)) assert.equal(labels[label], value, what);
  }
  const { scaleTargetRef, metrics, minReplicas } = only(FLEET, 'HorizontalPodAutoscaler').spec;
  assert.equal(scaleTargetRef.name, only(FLEET, 'Deployment').metadata.name);
  assert.equal(only(FLEET, 'Deployment').spec.replicas, undefined);
  assert.equal(metrics[0].containerResource.container, 'proofmint');
  assert.ok(minReplicas > only(FLEET, 'PodDisruptionBudget').spec.maxUnavailable);
});

test('fleet: the namespace, the account and the Secrets are defined in the file', () => {
  const namespace = only(FLEET, 'Namespace').metadata.name;
  for (const { kind, metadata } of objects[FLEET]) {
    if (['Namespace', 'ClusterRoleBinding'].includes(kind)) continue;
    assert.equal(metadata.namespace, namespace, kind);
  }
  const account = only(FLEET, 'ServiceAccount').metadata.name;
  assert.equal(podOf(FLEET).spec.serviceAccountName, account);
  assert.deepEqual(only(FLEET, 'ClusterRoleBinding').subjects, [{ kind: 'ServiceAccount', name: account, namespace }]);
  const secret = only(FLEET, 'Secret');
  const volume = podOf(FLEET).spec.volumes.find((candidate) => candidate.secret?.secretName === secret.metadata.name);
  const mount = daemonOf(FLEET).volumeMounts.find(({ name }) => name === volume.name);
  const path = flag(daemonOf(FLEET), 'kek_file');
  assert.ok(path.startsWith(`${mount.mountPath}/`));
  assert.ok(Object.hasOwn(secret.stringData, path.slice(mount.mountPath.length + 1)));
});

test('fleet: every port is one that is served', () => {
  const ports = new Map(containersOf(FLEET).flatMap((container) => container.ports).map((port) => [port.name, port]));
  const listen = flag(daemonOf(FLEET), 'listen').split(',');
  assert.ok(listen.includes(`0.0.0.0:${ports.get('grpc').containerPort}`));
  const service = only(FLEET, 'Service').spec;
  assert.equal(service.clusterIP, 'None');
  for (const { port, targetPort } of service.ports) assert.equal(ports.get(targetPort).containerPort, port);
  const proxy = containersOf(FLEET).find(({ name }) => name === 'metrics');
  assert.equal(flag(proxy, 'secure-listen-address'), `0.0.0.0:${ports.get('metrics').containerPort}`);
  assert.equal(flag(proxy, 'upstream'), `http://${flag(daemonOf(FLEET), 'metrics_listen')}/`);
  const allowed = only(FLEET, 'NetworkPolicy').spec.ingress.flatMap((rule) => {
    assert.ok(rule.from.length > 0);
    return rule.ports.map(({ port }) => port);
  });
  assert.deepEqual(allowed, ['grpc', 'metrics']);
});

test('fleet: the grace period of a pod is longer than its drain', () => {
  const lameDuck = /^([0-9]+)s$/.exec(flag(daemonOf(FLEET), 'lame_duck'))[1];
  assert.ok(podOf(FLEET).spec.terminationGracePeriodSeconds >= Number(lameDuck) + 15);
});

// Returns the arguments of a container adapted to this machine: its folders in `directory`, and free ports.
function localArguments(container, directory) {
  for (const { mountPath } of container.volumeMounts) mkdirSync(join(directory, mountPath), { recursive: true });
  return container.args.map((argument) => argument
    .replace(/(=|,|unix:\/\/)(\/(?:run|etc)\/proofmint)/g, `$1${directory}$2`)
    .replace(/(0\.0\.0\.0|127\.0\.0\.1):[0-9]+/g, '127.0.0.1:0')
    .replace(/--lame_duck=.*/, '--lame_duck=0s'));
}

test('sidecar: the daemon serves with these arguments', () => withDirectory(async (directory) => {
  const args = localArguments(daemonOf(SIDECAR), directory);
  await withDaemon([programPath('proofmintd'), ...args], ([address]) => {
    assert.equal(health(`--target=${address}`, '--service=proofmint.v1.ProofSigner'), 'SERVING');
    assert.equal(health(`--target=${address}`, '--service=liveness'), 'SERVING');
  });
}));

test('fleet: the daemon serves allowed SANs with these arguments, and refuses the placeholder of a KEK',
  () => withDirectory(async (directory) => {
    const args = localArguments(daemonOf(FLEET), directory);
    const spiffe = flag(daemonOf(FLEET), 'allowed_sans').replace(/\*$/, 'one');
    const tls = join(directory, '/etc/proofmint/tls');
    makeCertificates(tls, { server: 'DNS:proofmint.proofmint.svc,IP:127.0.0.1', client: `URI:${spiffe}` });
    const kek = join(directory, '/etc/proofmint/kek/kek');
    const write = (text) => {
      writeFileSync(kek, text);
      chmodSync(kek, 0o440);
    };
    write(only(FLEET, 'Secret').stringData.kek);
    assert.throws(() => run(programPath('proofmintd'), args), /kek_file: line 1/);
    chmodSync(kek, 0o600);
    write(run(programPath('proofmint'), ['kek', 'new']));
    await withDaemon([programPath('proofmintd'), ...args], (addresses) => {
      const unix = addresses.find((address) => address.startsWith('unix:'));
      assert.equal(health(`--target=${unix}`), 'SERVING');
      const tcp = addresses.find((address) => !address.startsWith('unix:'));
      assert.equal(health(`--target=${tcp}`, `--tls_certificate=${join(tls, 'client.crt')}`,
        `--tls_key=${join(tls, 'client.key')}`, `--tls_ca=${join(tls, 'ca.crt')}`), 'SERVING');
    });
  }));
