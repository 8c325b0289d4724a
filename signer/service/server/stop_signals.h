// Blocks the signals that stop a server.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_

#include <csignal>

namespace proofmint::service {

// BlockStopSignals blocks SIGTERM and SIGINT in this thread and all that it
// starts, and returns them for sigwait(), which alone receives them. It also
// ignores SIGPIPE, and SIGHUP, because changed files are reloaded without it.
// Call it before the first thread is started.
inline sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  return signals;
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_
