// Lists what makes each alert fire: a healthy daemon, with some of its series changed. Values are in promtool's
// notation, one value per minute: "5x40" stays at 5, "0+60x40" grows by 60. Time begins at 0; alerts are
// evaluated after MINUTES.
export const MINUTES = 30;

const INSTANCE = { job: 'proofmint', instance: 'one:9465' };
const DAY = 86_400;

// The series of a healthy daemon: 60,000 proofs a minute, a few refusals below all thresholds, a rolling restart, and
// one certificate that came before its key. A process of another job restarts all the time.
export const WELL = {
  'up': '1x40',
  'proofmint_serving': '1x40',
  'proofmint_build_info{version="0.1.0",kernel="avx2"}': '1x40',
  'process_start_time_seconds': '7x40',
  'process_start_time_seconds{job="other",instance="two:80"}': '1+1x40',
  'proofmint_self_checks_total{result="ok"}': '0+6x40',
  'proofmint_self_checks_total{result="error"}': '0x40',
  'proofmint_proofs_total': '0+60000x40',
  'proofmint_errors_total{reason="KEY_GENERATION_FAILED"}': '0+100x40',
  'proofmint_errors_total{reason="INVALID_HTU"}': '0+100x40',
  'proofmint_errors_total{reason="OVERLOADED"}': '0+100x40',
  'proofmint_errors_total{reason="DRAINING"}': '0+2000x40',
  'proofmint_errors_total{reason="CALLER_QUOTA_EXCEEDED"}': '0+30x40',
  'proofmint_errors_total{reason="CALLER_NOT_ALLOWED"}': '0x40',
  'proofmint_queue_seconds_bucket{le="0.02"}': '0+59700x40',
  'proofmint_queue_seconds_bucket{le="0.05"}': '0+59900x40',
  'proofmint_queue_seconds_bucket{le="0.1"}': '0+60000x40',
  'proofmint_queue_seconds_bucket{le="+Inf"}': '0+60000x40',
  'proofmint_keys_taken_total{algorithm="ES256",source="pool"}': '0+54000x40',
  'proofmint_keys_taken_total{algorithm="ES256",source="on_demand"}': '0+6000x40',
  'proofmint_key_pool_capacity{algorithm="ES256"}': '2048x40',
  'proofmint_key_pool_memory_locked': '1x40',
  'proofmint_connections_closed_total{reason="open_calls"}': '0x25 1x15',
  'proofmint_connections_refused_total{reason="not_allowed"}': '0x40',
  'proofmint_connections_refused_total{reason="penalty"}': '0x40',
  'proofmint_tls_handshake_failures_total': '0+1x40',
  'proofmint_tls_certificate_expiry_timestamp_seconds': `${30 * DAY}x40`,
  'proofmint_reloads_total{what="tls",result="ok"}': '0+1x40',
  'proofmint_reloads_total{what="tls",result="error"}': '0x20 1x20',
  'proofmint_audit_dropped_total': '0x40',
  'proofmint_log_dropped_total': '0x40',
};

// Maps each alert to the series that differ, its labels beside those of the instance, and its summary without the
// instance.
export const FIRES = {
  ProofmintDown: { series: { up: '0x40' }, summary: 'no metrics; the daemon is down or cannot be reached.' },
  ProofmintNotServing: {
    series: { proofmint_serving: '0x40' },
    summary: 'the daemon runs but is not ready and refuses every call.',
  },
  ProofmintSelfCheckFailed: {
    series: { 'proofmint_self_checks_total{result="error"}': '0x25 1x15' },
    labels: { result: 'error' },
    summary: 'a self-check failed: its proof could not be made or did not verify.',
  },
  ProofmintRestarting: {
    series: { process_start_time_seconds: '0x20 1x2 2x2 3x16' },
    summary: 'started 3 times in 15 minutes.',
  },
  ProofmintErrors: {
    series: { proofmint_proofs_total: '0+88100x40', 'proofmint_errors_total{reason="SIGNING_FAILED"}': '0+9570x40' },
    labels: { reason: 'SIGNING_FAILED' },
    summary: '9.57% of proofs fail with SIGNING_FAILED.',
  },
  ProofmintShedding: {
    series: { proofmint_proofs_total: '0+77770x40', 'proofmint_errors_total{reason="OVERLOADED"}': '0+20000x40' },
    summary: 'refuses 20% of proofs because it is overloaded.',
  },
  ProofmintQueueSlow: {
    series: {
      'proofmint_queue_seconds_bucket{le="0.02"}': '0x40',
      'proofmint_queue_seconds_bucket{le="0.05"}': '0+59000x40',
    },
    summary: '1 % of calls wait longer than 70ms in the queue.',
  },
  ProofmintPoolMisses: {
    series: { 'proofmint_keys_taken_total{algorithm="ES256",source="on_demand"}': '0+18000x40' },
    labels: { algorithm: 'ES256' },
    summary: '25% of ES256 keys are made on demand, because the pool is empty.',
  },
  ProofmintBadRequests: {
    series: { proofmint_proofs_total: '0+87770x40', 'proofmint_errors_total{reason="INVALID_HTU"}': '0+10000x40' },
    labels: { reason: 'INVALID_HTU' },
    summary: '10% of requests are invalid: INVALID_HTU.',
  },
  ProofmintCallerOverQuota: {
    series: { 'proofmint_errors_total{reason="CALLER_QUOTA_EXCEEDED"}': '0+100x40' },
    summary: 'a caller asks for more than --caller_rate allows.',
  },
  ProofmintStrangers: {
    series: { 'proofmint_errors_total{reason="CALLER_NOT_ALLOWED"}': '0+123x40' },
    summary: 'refused 1230 calls and connections of callers that are not allowed.',
  },
  ProofmintHostilePeer: {
    series: { 'proofmint_connections_refused_total{reason="penalty"}': '0+60x40' },
    labels: { reason: 'penalty' },
    summary: 'cut off 600 connections that harm it: penalty.',
  },
  ProofmintHandshakeFailures: {
    series: { proofmint_tls_handshake_failures_total: '0+60x40' },
    summary: 'TLS handshakes fail, 1 a second.',
  },
  ProofmintCertificateExpiresSoon: {
    series: { proofmint_tls_certificate_expiry_timestamp_seconds: `${3 * DAY + MINUTES * 60}x40` },
    summary: 'its certificate is valid for 3d 0h 0m 0s more.',
  },
  ProofmintCertificateExpires: {
    series: { proofmint_tls_certificate_expiry_timestamp_seconds: `${3600 + MINUTES * 60}x40` },
    summary: 'its certificate is valid for 1h 0m 0s more.',
    also: ['ProofmintCertificateExpiresSoon'],
  },
  ProofmintReloadFailed: {
    series: { 'proofmint_reloads_total{what="tls",result="ok"}': '1x40' },
    labels: { what: 'tls', result: 'error' },
    summary: 'a new tls was refused; the old one is still in use.',
  },
  ProofmintMemoryNotLocked: {
    series: { proofmint_key_pool_memory_locked: '0x40' },
    summary: 'private keys may be swapped out.',
  },
  ProofmintAuditDropped: {
    series: { proofmint_audit_dropped_total: '0+1x40' },
    summary: '10 audit lines are lost.',
  },
  ProofmintLogDropped: {
    series: { proofmint_log_dropped_total: '0+1x40' },
    summary: '10 log lines are lost.',
  },
};

const withInstance = (series) => {
  if (series.includes('job=')) return series;
  const [, name, labels] = /^(\w+)(?:\{(.*)\})?$/.exec(series);
  return `${name}{${[labels, `job="${INSTANCE.job}"`, `instance="${INSTANCE.instance}"`].filter(Boolean).join(',')}}`;
};

// Returns one test of promtool: the series, and for each alert of `alerts` whether it fires.
function scenario(alerts, { series = {}, fires = [] }) {
  return {
    interval: '1m',
    input_series: Object.entries({ ...WELL, ...series })
      .map(([name, values]) => ({ series: withInstance(name), values })),
    alert_rule_test: alerts.map((alert) => ({
      eval_time: `${MINUTES}m`,
      alertname: alert.name,
      exp_alerts: fires.includes(alert.name) ? [{
        exp_labels: { ...INSTANCE, ...FIRES[alert.name].labels, severity: alert.severity },
        exp_annotations: { summary: `${INSTANCE.instance}: ${FIRES[alert.name].summary}` },
      }] : [],
    })),
  };
}

// Returns promtool's tests: a healthy daemon, which fires no alert; one whose pool is switched off, which fires none
// either; and for each alert a daemon that fires only that one. `alerts` are {name, severity}.
export function promtoolTests(alerts) {
  const noPool = {
    'proofmint_key_pool_capacity{algorithm="ES256"}': '0x40',
    'proofmint_keys_taken_total{algorithm="ES256",source="on_demand"}': '0+60000x40',
  };
  return [
    scenario(alerts, {}),
    scenario(alerts, { series: noPool }),
    ...alerts.filter(({ name }) => !FIRES[name].also).map(({ name }) =>
      scenario(alerts, { series: FIRES[name].series, fires: [name] })),
    // An alert that never fires alone is tested without those that fire with it.
    ...alerts.filter(({ name }) => FIRES[name].also).map(({ name }) => scenario(
      alerts.filter((alert) => !FIRES[name].also.includes(alert.name)), { series: FIRES[name].series, fires: [name] })),
  ];
}
