// bossa-attack: runs the attacks against a live server and prints one line for each, in the manner of TAP.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "compat-tests/attack/attacks.hpp"

using namespace bossa;
using namespace bossa::attack;

namespace {

constexpr const char* usage =
    "usage: bossa-attack --server HOST:PORT --user NAME --password PASSWORD --user2 NAME --password2 PASSWORD --local DIR --outside DIR --pid PID\n"
    "                    [--only PART-OF-NAME]... [--list]\n"
    "Attacks a server of ours whose shares compat-tests/attack/run makes. The exit status is 1 if a rule did not hold or none was asked.\n";

void still_serves(const Scene& scene) {
  auto mount = mounted(scene);
  EXPECT(NEED(mount.session->call(requests::echo())).ok());
}

bool run(const Attack& attack, const Scene& scene) {
  auto began = std::chrono::steady_clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  try {
    attack.run(scene);
    still_serves(scene);
    std::printf("ok - %s [%s] %.2f s\n", attack.name, attack.rule, seconds());
    return true;
  } catch (const Failed& failure) {
    std::printf("not ok - %s [%s]\n  %s\n", attack.name, attack.rule, failure.what());
    return false;
  }
}

std::vector<Attack> all() {
  std::vector<Attack> attacks;
  for (auto family : {header_attacks, negotiate_attacks, logon_attacks, signing_attacks, sealing_attacks, confusion_attacks, path_attacks,
                      rights_attacks, body_attacks, context_attacks, channel_attacks, durable_attacks, flood_attacks, race_attacks}) {
    auto some = family();
    attacks.insert(attacks.end(), some.begin(), some.end());
  }
  return attacks;
}

/// Sets one option; false for one that is not known.
bool take(Scene& scene, std::vector<std::string>& only, const std::string& name, const std::string& value) {
  if (name == "--server") {
    auto endpoint = client::parse_endpoint(value);
    if (endpoint) scene.server = *endpoint;
    return static_cast<bool>(endpoint);
  }
  const std::pair<const char*, std::string*> texts[] = {
      {"--user", &scene.user.user},           {"--password", &scene.user.password}, {"--user2", &scene.other_user.user},
      {"--password2", &scene.other_user.password}, {"--local", &scene.local},            {"--outside", &scene.outside},
      {"--pid", &scene.pid}};
  if (name == "--only") return only.push_back(value), true;
  for (const auto& [word, text] : texts)
    if (name == word) return *text = value, true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Scene scene;
  std::vector<std::string> only;
  bool list = false;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--list") {
      list = true;
    } else if (i + 1 >= argc || !take(scene, only, name, argv[++i])) {
      return std::fputs(usage, stderr), 2;
    }
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  int passed = 0, failed = 0;
  for (const auto& attack : all()) {
    bool chosen = only.empty();
    for (const auto& part : only) chosen = chosen || std::strstr(attack.name, part.c_str()) != nullptr;
    if (!chosen) continue;
    if (list) {
      std::printf("%s [%s]\n", attack.name, attack.rule);
      continue;
    }
    run(attack, scene) ? ++passed : ++failed;
  }
  if (list) return 0;
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0 || passed == 0;
}
