// An address for a Unix socket, however long the path to it is.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>

#include "src/fs/fd.hpp"

namespace bossa::daemon {

/// sun_path holds 108 bytes. The folder is opened and named by its descriptor, which stays open as long as this object.
class ControlPath {
public:
  ControlPath(const std::string& directory, std::string_view name);
  [[nodiscard]] bool ok() const { return static_cast<bool>(folder_); }
  [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] socklen_t size() const { return sizeof address_; }
  [[nodiscard]] int folder() const { return folder_.get(); }

private:
  fs::Fd folder_;
  sockaddr_un address_{};
};

} // namespace bossa::daemon
