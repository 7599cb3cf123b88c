// bossa-client-check: runs checks against a live SMB server and prints one line for each, in the manner of TAP.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "compat-tests/client/checks.hpp"

using namespace bossa;
using namespace bossa::checks;

namespace {

constexpr const char* usage =
    "usage: bossa-client-check --server HOST:PORT --user NAME --password PASSWORD [--user2 NAME --password2 PASSWORD]\n"
    "                          [--share SHARE] [--only PART-OF-NAME] [--list]\n"
    "Both users must be able to write to the share. The exit status is 1 if a check failed or none ran.\n";

bool run(const Check& check, const Target& target) {
  try {
    check.run(target);
    std::printf("ok - %s\n", check.name);
    return true;
  } catch (const Failed& failure) {
    std::printf("not ok - %s\n  %s\n", check.name, failure.what());
    return false;
  }
}

} // namespace

int main(int argc, char** argv) {
  Target target;
  std::string only;
  bool list = false;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--list") {
      list = true;
      continue;
    }
    std::string value = i + 1 < argc ? argv[++i] : "";
    auto endpoint = client::parse_endpoint(value);
    if (name == "--server" && endpoint)
      target.server = *endpoint;
    else if (name == "--user")
      target.user.user = value;
    else if (name == "--password")
      target.user.password = value;
    else if (name == "--user2")
      target.other_user.user = value;
    else if (name == "--password2")
      target.other_user.password = value;
    else if (name == "--share")
      target.share = value;
    else if (name == "--only")
      only = value;
    else {
      std::fputs(usage, stderr);
      return 2;
    }
  }
  auto checks = honest_checks();
  for (auto& check : hostile_checks()) checks.push_back(std::move(check));
  int failed = 0, passed = 0;
  for (const auto& check : checks) {
    if (std::strstr(check.name, only.c_str()) == nullptr) continue;
    if (list)
      std::printf("%s\n", check.name);
    else
      ++(run(check, target) ? passed : failed);
    std::fflush(stdout);
  }
  if (list) return 0;
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
