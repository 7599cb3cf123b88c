// Settings that differ from client to client: an `include` or `config file` with %I, %m, %U and the like in its name.
#pragma once
#include <memory>

#include "src/policy/macros.hpp"
#include "src/policy/settings.hpp"

namespace bossa::session {

/// Reads the configuration once more for one client. Thread-safe; keeps what it has read, so asking twice is cheap.
class ClientSettings {
 public:
  virtual ~ClientSettings() = default;
  /// Nothing: that client's configuration cannot be taken.
  [[nodiscard]] virtual std::shared_ptr<const policy::Settings> read(const policy::MacroContext& client) const = 0;
};

}  // namespace bossa::session
