// The life of the daemon: configuration, log, pid file, listeners, signals.
#pragma once
#include "daemon/options.hpp"

namespace bossa::daemon {

/// Serves until SIGTERM or SIGINT. SIGHUP reads the configuration anew; one that cannot be taken leaves the old one in force.
/// Gives the exit status of the process: 0 after a clean stop, 1 when the start failed.
[[nodiscard]] int serve(const Options& options);

/// --test-config: reads the configuration and prints its findings on standard error, FILE:LINE:COLUMN first. 0: it would be
/// taken.
[[nodiscard]] int test_configuration(const Options& options);

/// --print-pid-file: where serve() would write its process id; for the init script. 1 when the configuration cannot be taken.
[[nodiscard]] int print_pid_file(const Options& options);

} // namespace bossa::daemon
