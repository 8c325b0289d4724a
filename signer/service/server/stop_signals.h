// Blocks the signals that stop a server.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_

#include <csignal>

namespace proofmint::service {

// BlockStopSignals blocks SIGTERM and SIGINT in this thread and all that it
// starts, and returns them for sigwait(), which alone receives them. It also
// ignores signals that would end the process: SIGPIPE; SIGXFSZ, so that a line
// which exceeds a file size limit fails as any other that cannot be written;
// and SIGHUP, SIGUSR1 and SIGUSR2, which other daemons take as requests to read
// their files again: changed files are reloaded without them. Call it before
// the first thread is started.
inline sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (int ignored : {SIGPIPE, SIGXFSZ, SIGHUP, SIGUSR1, SIGUSR2}) {
    std::signal(ignored, SIG_IGN);
  }
  return signals;
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_STOP_SIGNALS_H_
