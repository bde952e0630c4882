#include "io/unfinished.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace faltung::io {

namespace {

// A signal handler may not allocate or lock, so the names stand in fixed places.
constexpr std::size_t places = 16;     // one output at a time is usual
constexpr std::size_t longest = 4096;  // PATH_MAX of Linux
std::array<std::array<char, longest>, places> names;
enum State { unused, claimed, complete };  // a signal may come while another thread writes a name
std::array<std::atomic<State>, places> states;

extern "C" void on_signal(int signal) {
  for (std::size_t i = 0; i < places; ++i)
    if (states[i] == complete) ::unlink(names[i].data());
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// No signal arrives while a file exists that is not noted yet.
class Quiet {
 public:
  Quiet() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~Quiet() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

void remove_unfinished_when_interrupted() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, on_signal) == SIG_IGN) std::signal(signal, SIG_IGN);  // as nohup wants it
  std::signal(SIGXFSZ, SIG_IGN);
}

int make_unfinished(std::string& pattern) {
  if (pattern.size() >= longest) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const Quiet quiet;
  const int descriptor = ::mkstemp(pattern.data());
  if (descriptor < 0) return -1;
  for (std::size_t i = 0; i < places; ++i) {
    if (State expected = unused; !states[i].compare_exchange_strong(expected, claimed)) continue;
    std::memcpy(names[i].data(), pattern.c_str(), pattern.size() + 1);
    states[i] = complete;
    break;
  }
  return descriptor;
}

void forget_unfinished(const std::string& path) {
  for (std::size_t i = 0; i < places; ++i)
    if (states[i] == complete && path == names[i].data()) states[i] = unused;
}

}  // namespace faltung::io
