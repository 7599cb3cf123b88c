// A bossad on a configuration, for `verify`: on a port and in a folder of its own, so that no running server is disturbed.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "src/client/transport.hpp"

namespace bossa::migrate {

struct EngineOptions {
  std::string program;               ///< bossad; empty: the one beside this program, else the one in the path
  std::vector<std::string> options;  ///< more "name=value" for --option
  bool fusion = false;               ///< language of the configuration
};

/// Serves the configuration's own shares and accounts at 127.0.0.1 until it is destroyed. Ends with this process, whatever ends that.
class Engine {
 public:
  /// `error` says why there is none, with what the server said.
  [[nodiscard]] static std::unique_ptr<Engine> start(const std::string& configuration, const EngineOptions& options, std::string& error);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  [[nodiscard]] client::Endpoint endpoint() const;

 private:
  Engine() = default;
  bool launch(const std::string& configuration, const EngineOptions& options, std::string& error);
  bool wait_until_ready(std::string& error);
  std::string folder_;
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace bossa::migrate
