// bossad: the SMB server. Takes smbd's command line.
#include <fmt/format.h>

#include "daemon/options.hpp"
#include "daemon/server_process.hpp"

int main(int count, char** words) {
  using namespace bossa::daemon;
  auto parsed = parse_options({words, words + count});
  const auto& options = parsed.options;
  if (!parsed.error.empty()) {
    fmt::print(stderr, "{}\n", parsed.error);
    if (parsed.show_usage) fmt::print(stderr, "\n{}", usage_text(options.program));
    return 1;
  }
  switch (options.action) {
  case Action::print_version: fmt::print("{}", version_text()); return 0;
  case Action::print_build_options: fmt::print("{}", build_options_text()); return 0;
  case Action::print_help: fmt::print("{}", help_text(options.program)); return 0;
  case Action::print_usage: fmt::print("{}", usage_text(options.program)); return 0;
  case Action::print_pid_file: return print_pid_file(options);
  case Action::test_config: return test_configuration(options);
  case Action::serve: break;
  }
  return serve(options);
}
